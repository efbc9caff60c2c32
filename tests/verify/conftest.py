import pytest

from .engine import faulty


@pytest.fixture
def faulty_adapters(tmp_path_factory, monkeypatch):
    """The adapters of ``faulty`` are installed, here and in processes that are started."""
    folder = tmp_path_factory.mktemp("faulty")
    faulty.install(folder)
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setenv("PYTHONPATH", str(folder), prepend=":")
