"""The entries of the atlas in another release."""

from __future__ import annotations

import subprocess
import sys
import zipfile

import pytest

from gradparity.refimpl.errors import BadUsage
from gradparity.verify.atlas.against import entries_there, framework, interpreter


@pytest.fixture
def release(tmp_path, monkeypatch):
    """A release that only this machine has: a wheel that pip finds without a network."""
    info = "autograd-99.1.dist-info"
    files = {
        "autograd/__init__.py": "there = True\n",
        f"{info}/METADATA": "Metadata-Version: 2.1\nName: autograd\nVersion: 99.1\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/RECORD": "",
    }
    with zipfile.ZipFile(tmp_path / "autograd-99.1-py3-none-any.whl", "w") as wheel:
        for name, text in files.items():
            wheel.writestr(name, text)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    return "autograd==99.1"


ASKED = """
import autograd, gradparity
from importlib.metadata import version
print(autograd.there, version("autograd"), gradparity.__file__)
"""


@pytest.mark.slow
def test_nothing_but_the_release_is_another(release):
    import gradparity  # noqa: PLC0415  the path of this one

    with interpreter(release) as python:
        done = subprocess.run(  # noqa: S603  ours
            [python, "-c", ASKED], capture_output=True, text=True, check=True
        )
    assert done.stdout.split() == ["True", "99.1", gradparity.__file__]
    assert not python.exists()


@pytest.mark.usefixtures("release")
def test_a_release_that_is_not_there_is_said():
    with (
        pytest.raises(BadUsage, match=r"autograd==99.2 cannot be installed: .*autograd==99.2"),
        interpreter("autograd==99.2"),
    ):
        pass


@pytest.mark.parametrize(
    ("requirement", "name"),
    [("torch==2.12.0", "torch"), ("jaxlib<0.9", "jax"), ("optax", "jax"), ("Autograd", "autograd")],
)
def test_a_requirement_is_of_a_framework(requirement, name):
    assert framework(requirement) == name


@pytest.mark.parametrize("requirement", ["pandas==1", "numpy==1", "--index-url=x", "", "=="])
def test_another_requirement_is_refused(requirement):
    with pytest.raises(BadUsage, match="no release of a framework"):
        framework(requirement)


@pytest.mark.slow
def test_the_entries_are_run_by_the_interpreter():
    there = entries_there(sys.executable, ["torch"], ["abs-at-zero"])
    ((version, did),) = there["abs-at-zero"]["torch"].items()
    assert version.startswith("2.")
    assert did


def test_an_interpreter_without_gradparity_is_said(tmp_path):
    with pytest.raises(BadUsage, match="cannot be started"):
        entries_there(tmp_path / "none", ["torch"], ["abs-at-zero"])
    mute = tmp_path / "mute"
    mute.write_text("#!/bin/sh\necho no module of that name >&2\nexit 1\n", "utf-8")
    mute.chmod(0o700)
    with pytest.raises(BadUsage, match=r"no JSON.*no module of that name"):
        entries_there(mute, ["torch"], ["abs-at-zero"])
