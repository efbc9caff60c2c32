"""Which package may import which, held by walking the imports."""

import ast
import sys
from functools import cache
from pathlib import Path

import pytest

from gradparity.adapters.numpy_reference import NumpyAdapter
from gradparity.cases import load_text
from gradparity.verify import Runner

from .adapters import wrong

ROOT = Path(__file__).parents[1]

MAY_IMPORT = {
    "refimpl": set(),
    "cases": {"refimpl"},
    "adapters": {"refimpl", "cases"},
    "reports": set(),
    "verify": {"refimpl", "cases", "adapters", "reports"},
    "front": {"refimpl", "cases", "adapters", "reports", "verify"},
}

#: The rooms of verify, from the ground up: which other rooms each may import.
ROOMS = {
    "measure": set(),
    "slopes": {"measure"},
    "truth": {"measure", "slopes"},
    "local": {"measure", "truth"},
    "judging": {"measure", "slopes", "truth", "local"},
    "diagnosis": {"measure", "slopes", "truth", "local", "judging", "edits"},
    "storage": {"judging"},
    "engine": {"truth", "judging", "diagnosis", "storage"},
    "selection": set(),
    "linting": {"measure", "slopes", "truth", "storage", "selection"},
    "explain": {"measure", "truth", "judging", "engine", "selection"},
    "sheets": {"measure", "judging", "engine", "explain"},
    "atlas": {"measure", "truth", "judging", "engine", "selection"},
    "selftest": {"measure", "truth", "judging", "diagnosis", "engine", "edits"},
    "edits": set(),
    "own": {"measure", "slopes", "edits", "engine", "atlas", "selection"},
    "fuzz": {"measure", "truth", "judging", "engine", "storage", "atlas"},
    "reporting": {"judging"},
    "api": {"engine", "storage", "selection", "linting", "explain"},
    "pytest_plugin": {"judging", "engine", "selection", "linting", "own"},
    "interrupts": set(),
    "cli": {"commands", "interrupts"},
}

#: They put rooms together, and nothing of verify imports them.
FRONT = {"commands", "cli", "api", "pytest_plugin"}

#: A task goes through these, in this order.
ROAD = ["truth", "judging", "diagnosis"]

FRAMEWORKS = {"torch", "jax", "jaxlib", "optax", "flax", "equinox"}

MODULES = [path for package in MAY_IMPORT for path in sorted((ROOT / package).rglob("*.py"))]


@cache
def parsed(path):
    """The tree of a file, which several tests walk."""
    return ast.parse(path.read_text(encoding="utf-8"))


def imported(path, tree):
    """Every module an import statement names: ours as ``package.module``, others by their root."""
    place = path.relative_to(ROOT).with_suffix("").parts
    if place[0] == "front":  # the parent of the others, once installed
        place = place[1:]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node, tuple(alias.name.split("."))
        elif isinstance(node, ast.ImportFrom):
            base = place[: len(place) - node.level] if node.level else ()
            name = tuple((node.module or "").split(".")) if node.module else ()
            if node.level and not base and not name:
                name = ("gradparity",)
            for alias in node.names:
                yield node, (*base, *name, alias.name)


def ours(parts):
    """The package of ours that an import reaches, if any."""
    if parts[0] == "gradparity":
        return parts[1] if len(parts) > 1 and parts[1] in MAY_IMPORT else "front"
    return parts[0] if parts[0] in MAY_IMPORT else None


def relative(path):
    return str(path.relative_to(ROOT))


def too_far(paths, beyond):
    """What modules import beyond what they may, by where each stands."""
    return {relative(path): found for path in paths if (found := beyond(path))}


def test_a_package_imports_only_what_stands_below_it():
    def beyond(path):
        package = path.relative_to(ROOT).parts[0]
        reached = {ours(parts) for _, parts in imported(path, parsed(path))}
        return reached - {None, package} - MAY_IMPORT[package]

    assert too_far(MODULES, beyond) == {}


def rooms_reached(path):
    """The other rooms of verify that a module of it imports."""
    tree = parsed(path)
    reached = {parts[1] for _, parts in imported(path, tree) if parts[0] == "verify" and parts[1:]}
    return reached - {room_of(path)}


def room_of(path):
    return path.relative_to(ROOT / "verify").with_suffix("").parts[0]


IN_VERIFY = [p for p in MODULES if p.is_relative_to(ROOT / "verify") and p.parent.name != "verify"]


def test_a_room_imports_only_rooms_below_it():
    def beyond(path):
        room = room_of(path)
        return rooms_reached(path) - (set(ROOMS) - FRONT if room == "commands" else ROOMS[room])

    assert too_far(IN_VERIFY, beyond) == {}


def test_the_map_has_every_room_and_no_door_that_nobody_uses():
    used = {}
    for path in MODULES:
        if path.is_relative_to(ROOT / "verify") and room_of(path) != "__init__":
            used.setdefault(room_of(path), set()).update(rooms_reached(path))
    assert used.keys() - {"commands"} == ROOMS.keys()
    assert {r: used[r] for r in used if r not in ("commands", "cli")} == {
        r: doors for r, doors in ROOMS.items() if r != "cli"
    }


def test_every_room_says_what_goes_in_and_what_comes_out():
    for room in sorted({p.parent for p in IN_VERIFY}):
        said = ast.get_docstring(ast.parse((room / "__init__.py").read_text(encoding="utf-8")))
        assert said, room
        assert room.name == "commands" or ("In go" in said and "out" in said), room


CASE = """
case: walked
about: Two steps of a rule.
inputs: {x: [[1.0, 2.0], [0.5, -1.0]]}
params: {W: [[0.5], [0.25]]}
program: |
  z = x @ W
  loss = mean(tanh(z) ** 2)
optimizer: {adam: {lr: 0.1}}
steps: 2
dtypes: [float64]
"""


def test_a_task_that_fails_goes_through_each_room_once():
    adapter = wrong.Wrong(NumpyAdapter(), wrong.scaled("W", 1e-3))
    runner = Runner([adapter])
    (case,), _ = load_text(CASE, Path("walked.yaml"))
    (task,) = case.tasks()
    entered = []
    house, runners = f"{ROOT / 'verify'}/", str(ROOT / "verify/engine/runner.py")

    def watch(frame, event, _):  # asked of every call: names are compared as they are
        if event != "call" or frame.f_back is None or frame.f_back.f_code.co_filename != runners:
            return
        if frame.f_code.co_filename.startswith(house):
            entered.append(room_of(Path(frame.f_code.co_filename)))

    sys.setprofile(watch)
    try:
        rows = runner.rows_for(task, adapter.name)
    finally:
        sys.setprofile(None)
    # of what is labelled blind: an element of z is of terms that cancel
    assert {row["verdict"] for row in rows} == {"agree", "blind", "differs"}
    assert [room for room in entered if room != "engine"] == ROAD


def test_a_framework_is_imported_only_by_its_adapter():
    def beyond(path):
        used = {parts[0] for _, parts in imported(path, parsed(path)) if parts[0] in FRAMEWORKS}
        place = path.relative_to(ROOT).parts
        home = place[2] if place[:2] == ("adapters", "captures") else place[1]
        if place[0] == "adapters" and home.startswith("torch"):
            return used - {"torch"}
        if place[0] == "adapters" and home.startswith("jax"):
            return used - {"jax", "jaxlib", "optax", "flax", "equinox"}
        return used

    assert too_far(MODULES, beyond) == {}


def test_no_function_imports_anything_but_a_framework():
    def beyond(path):
        functions = (
            node
            for node in ast.walk(parsed(path))
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        )
        inside = {parts[0] for function in functions for _, parts in imported(path, function)}
        return inside - FRAMEWORKS

    assert too_far(MODULES, beyond) == {}


def test_imports_make_no_circle():
    graph = {}
    for path in MODULES:
        name = path.relative_to(ROOT).with_suffix("").parts
        name = name[:-1] if name[-1] == "__init__" else name
        graph[name] = {
            parts[:depth]
            for _, parts in imported(path, parsed(path))
            for depth in range(2, len(parts) + 1)
            if ours(parts) and parts[:depth] != name[:depth]  # a module's own packages come first
        }
    done, active = set(), []

    def visit(name):
        if name in done or name not in graph:
            return
        assert name not in active, " -> ".join(".".join(n) for n in [*active, name])
        active.append(name)
        for other in sorted(graph[name]):
            visit(other)
        active.pop()
        done.add(name)

    for name in graph:
        visit(name)


def test_the_walk_sees_an_import():
    tree = ast.parse("from ..verify.api import run\nimport torch")
    found = [parts for _, parts in imported(ROOT / "refimpl" / "made_up.py", tree)]
    assert found == [("verify", "api", "run"), ("torch",)]


@pytest.mark.parametrize(
    ("line", "reached"),
    [
        ("from .. import run", "front"),
        ("import gradparity", "front"),
        ("from gradparity import run", "front"),
        ("from .. import reports", "reports"),
        ("import gradparity.cases", "cases"),
        ("import pandas", None),
    ],
)
def test_the_walk_tells_what_is_reached(line, reached):
    found = [parts for _, parts in imported(ROOT / "verify" / "made_up.py", ast.parse(line))]
    assert [ours(parts) for parts in found] == [reached]


def test_the_walk_sees_what_the_front_imports():
    tree = ast.parse("from .verify.api import run")
    found = [parts for _, parts in imported(ROOT / "front" / "__init__.py", tree)]
    assert [ours(parts) for parts in found] == ["verify"]
