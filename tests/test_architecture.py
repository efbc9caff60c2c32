"""Which package may import which, held by walking the imports."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

MAY_IMPORT = {
    "refimpl": set(),
    "cases": {"refimpl"},
    "adapters": {"refimpl", "cases"},
    "reports": set(),
    "verify": {"refimpl", "cases", "adapters", "reports"},
}

FRAMEWORKS = {"torch", "jax", "jaxlib", "optax"}

MODULES = [path for package in MAY_IMPORT for path in sorted((ROOT / package).rglob("*.py"))]


def imported(path, tree):
    """Every module an import statement names: ours as ``package.module``, others by their root."""
    place = path.relative_to(ROOT).with_suffix("").parts
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node, tuple(alias.name.split("."))
        elif isinstance(node, ast.ImportFrom):
            base = place[: len(place) - node.level] if node.level else ()
            name = tuple((node.module or "").split(".")) if node.module else ()
            for alias in node.names:
                yield node, (*base, *name, alias.name)


def ours(parts):
    """The package of ours that an import reaches, if any."""
    parts = parts[1:] if parts[0] == "gradparity" else parts
    return parts[0] if parts and parts[0] in MAY_IMPORT else None


def relative(path):
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_a_package_imports_only_what_stands_below_it(path):
    package = path.relative_to(ROOT).parts[0]
    reached = {
        ours(parts) for _, parts in imported(path, ast.parse(path.read_text(encoding="utf-8")))
    }
    assert reached - {None, package} <= MAY_IMPORT[package]


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_a_framework_is_imported_only_by_its_adapter(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    used = {parts[0] for _, parts in imported(path, tree) if parts[0] in FRAMEWORKS}
    place = path.relative_to(ROOT).parts
    allowed = set()
    if place[0] == "adapters" and place[1].startswith("torch"):
        allowed = {"torch"}
    if place[0] == "adapters" and place[1].startswith("jax"):
        allowed = {"jax", "jaxlib", "optax"}
    assert used <= allowed


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_no_function_imports_anything_but_a_framework(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    functions = [
        node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    inside = {
        parts[0]
        for function in functions
        for node, parts in imported(path, function)
        if node is not function
    }
    assert inside <= FRAMEWORKS


def test_imports_make_no_circle():
    graph = {}
    for path in MODULES:
        name = path.relative_to(ROOT).with_suffix("").parts
        name = name[:-1] if name[-1] == "__init__" else name
        graph[name] = {
            parts[:depth]
            for _, parts in imported(path, ast.parse(path.read_text(encoding="utf-8")))
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
