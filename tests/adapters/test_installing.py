"""What is told to be typed is what the distribution's metadata asks for."""

import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from gradparity.adapters.installing import command, requirements

PROJECT = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8"))


@pytest.mark.parametrize("extra", ["torch", "jax", "cluster"])
def test_an_extra_s_requirements_are_named_with_their_versions(extra):
    words = shlex.split(command(extra))
    assert words[:2] == ["pip", "install"]
    assert words[2:] == PROJECT["project"]["optional-dependencies"][extra]


def test_the_command_is_quoted_for_a_shell(tmp_path):
    """A bare ``>=2.6`` would send what pip says to a file of that name."""
    shown = [sys.executable, "-c", "import sys; print(sys.argv[1:])"]
    line = command("torch").replace("pip install", shlex.join(shown))
    done = subprocess.run(  # noqa: S603  ours
        ["/bin/sh", "-c", line], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == repr(PROJECT["project"]["optional-dependencies"]["torch"])
    assert not list(tmp_path.iterdir())


def test_what_nobody_declares_has_no_command():
    assert command("no-such-extra") == ""
    assert command("torch", "no-such-distribution") == ""


@pytest.mark.parametrize(
    ("declared", "wanted"),
    [
        ("a>=1; extra == 'x'", ["a>=1"]),
        ('a; python_version < "4" and extra == "x"', ['a; python_version < "4"']),
        ('a; (python_version < "4" or b == "c") and (extra == "x")',
         ['a; (python_version < "4" or b == "c")']),
        ('a[b,c]~=1.0 ; extra == "x"', ["a[b,c]~=1.0"]),
        ("a>=1", []),
        ('a; python_version < "4"', []),
        ('a; extra == "xx"', []),
    ],
)  # fmt: skip
def test_markers_are_read(declared, wanted):
    assert requirements("x", [declared]) == wanted


def test_extras_are_compared_as_names_are():
    assert requirements("My_Net", ['a; extra == "my-net"']) == ["a"]
