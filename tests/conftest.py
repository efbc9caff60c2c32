import pytest


@pytest.fixture(autouse=True, scope="session")
def _a_cache_of_its_own(tmp_path_factory):
    """What tests run is nobody's last run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADPARITY_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield
