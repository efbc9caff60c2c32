import pytest

from . import adapters


@pytest.fixture(scope="module")
def hostile_adapters(tmp_path_factory):
    """The adapters that misbehave are installed, here and in processes that are started."""
    folder = tmp_path_factory.mktemp("hostile")
    adapters.install(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))
        patch.setenv("PYTHONPATH", str(folder), prepend=":")
        yield folder
