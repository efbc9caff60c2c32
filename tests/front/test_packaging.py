"""That every folder with code in it is installed."""

import runpy
from pathlib import Path

import pytest
import setuptools

ROOT = Path(__file__).parents[2]


@pytest.fixture
def packaged(monkeypatch):
    """What setup.py hands to setuptools."""
    handed = {}
    monkeypatch.setattr(setuptools, "setup", lambda **given: handed.update(given))
    monkeypatch.chdir(ROOT)
    runpy.run_path("setup.py")
    return handed


def test_every_folder_of_modules_is_a_package(packaged):
    folders = packaged["package_dir"]
    expected = {
        ".".join((package, *path.parent.relative_to(ROOT / folder).parts))
        for package, folder in folders.items()
        for path in (ROOT / folder).rglob("*.py")
    }
    assert sorted(expected) == sorted(packaged["packages"])


def test_no_folder_shadows_what_is_installed(packaged):
    assert not (ROOT / "gradparity").exists()
    assert packaged["package_dir"]["gradparity"] == "front"
