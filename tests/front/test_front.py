"""What ``import gradparity`` gives, and what it costs."""

import ast
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import gradparity as gp

ROOT = Path(__file__).parents[2]
FRONT = ROOT / "front" / "__init__.py"

#: Prints whatever a statement loads that comes neither with Python nor from the front itself.
PROBE = """\
import sys
before = set(sys.modules)
{statement}
loaded = set(sys.modules) - before - {{"gradparity"}}
print(*sorted(name for name in loaded if name.split(".")[0] not in sys.stdlib_module_names))
"""


def loaded(statement):
    return python("-c", PROBE.format(statement=statement)).stdout.split()


def python(*arguments, cwd=None):
    return subprocess.run(  # noqa: S603  our own interpreter and arguments
        [sys.executable, *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        cwd=cwd,
    )


def test_importing_it_loads_nothing_else():
    assert loaded("import gradparity") == []


@pytest.mark.parametrize(
    ("statement", "module"),
    [
        ("import gradparity; gradparity.run", "pandas"),
        ("from gradparity import summary", "pandas"),
        ("import gradparity; gradparity.Case", "numpy"),
    ],
)
def test_a_name_loads_what_it_needs(statement, module):
    assert module in loaded(statement)


def test_an_error_is_caught_without_loading_numpy():
    found = loaded("import gradparity; gradparity.BadCase, gradparity.__version__")
    assert found == ["gradparity.refimpl", "gradparity.refimpl.errors"]


def test_every_public_name_is_there():
    assert dir(gp) == sorted(gp.__all__)
    assert all(getattr(gp, name) is not None for name in gp.__all__)
    assert issubclass(gp.BadCases, gp.BadCase)
    assert issubclass(gp.BadCase, gp.GradparityError)
    with pytest.raises(AttributeError, match="no attribute 'rnu'"):
        gp.rnu  # noqa: B018  looking is the test


def test_a_type_checker_sees_the_names_that_are_loaded():
    (block,) = (
        node
        for node in ast.parse(FRONT.read_text("utf-8")).body
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name)
    )
    seen = {
        alias.name: node.module
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert {*seen, "__version__"} == set(gp.__all__)
    for name, module in seen.items():
        home = import_module(f"gradparity.{module}")
        assert getattr(gp, name) is getattr(home, name)


def test_it_is_the_front_and_says_that_it_is_typed():
    (folder,) = map(Path, gp.__path__)
    assert (folder / "__init__.py").read_bytes() == FRONT.read_bytes()
    assert (folder / "py.typed").exists()


@pytest.mark.parametrize("inside", [True, False], ids=["in the repository", "elsewhere"])
def test_it_is_a_command_too(inside, tmp_path):
    done = python("-m", "gradparity", "--version", cwd=ROOT if inside else tmp_path)
    assert (done.returncode, done.stdout) == (0, f"gradparity {gp.__version__}\n")
    bad = python("-m", "gradparity", "lint", "nowhere.yaml", cwd=tmp_path)
    assert bad.returncode == 2
    assert bad.stderr == "gradparity: no such file or folder: nowhere.yaml\n"
