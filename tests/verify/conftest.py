import sys

import pytest

from gradparity.verify import cli

from .engine import faulty
from .small_cases import GOOD, SWEEP


@pytest.fixture
def faulty_adapters(tmp_path_factory, monkeypatch):
    """The adapters of ``faulty`` are installed, here and in processes that are started."""
    folder = tmp_path_factory.mktemp("faulty")
    faulty.install(folder)
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setenv("PYTHONPATH", str(folder), prepend=":")


@pytest.fixture
def gradparity(monkeypatch, capsys):
    """Run the command line in this process: its exit status, output and errors."""

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["gradparity", *map(str, arguments)])
        status = 0
        try:
            cli.main()
        except SystemExit as end:
            status = end.code or 0
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return call


@pytest.fixture
def small(tmp_path):
    path = tmp_path / "small.yaml"
    path.write_text(GOOD, "utf-8")
    return path


@pytest.fixture
def swept(tmp_path):
    path = tmp_path / "swept.yaml"
    path.write_text(SWEEP, "utf-8")
    return path
