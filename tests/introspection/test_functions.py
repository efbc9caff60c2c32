"""Every public function of the frameworks is an operation, or is listed with a reason."""

import jax
import optax
import pytest
import torch

from gradparity.cases.foreign import meant
from gradparity.refimpl.ops import TABLE
from gradparity.refimpl.optimizers import RULES

from .listed import KINDS, LISTED, lines, of_kind
from .public import MODULES, functions, modules
from .reached import evidence


def unaccounted(framework):
    """The functions of a framework that nothing is said of."""
    return [
        f"{module}.{name}"
        for module, found in modules(framework).items()
        for name in functions(found)
        if not evidence(framework, module, name) and name not in LISTED[framework].get(module, {})
    ]


@pytest.mark.parametrize("framework", MODULES)
def test_every_function_is_reached_or_listed_with_a_reason(framework):
    assert unaccounted(framework) == []


@pytest.mark.parametrize(
    ("framework", "module"),
    [
        ("torch", torch),
        ("torch", torch.special),
        ("jax", jax.nn),
        ("jax", jax.scipy.stats.norm),
        ("optax", optax.losses),
    ],
    ids=lambda x: getattr(x, "__name__", x),
)
def test_a_function_that_a_framework_gains_is_seen(framework, module, monkeypatch):
    monkeypatch.setattr(module, "gained", lambda x: x, raising=False)
    assert unaccounted(framework) == [f"{module.__name__}.gained"]


def test_what_writes_its_argument_and_what_is_a_class_or_a_type_is_no_other_function(monkeypatch):
    for name, what in {"gained_": print, "_gained": print, "Gained": int, "gains": torch}.items():
        monkeypatch.setattr(torch.linalg, name, what, raising=False)
    assert unaccounted("torch") == []


def test_an_operation_that_is_no_longer_spelled_is_missed(monkeypatch):
    framework, module, name = "torch", "torch.special", "erfcx"
    assert evidence(framework, module, name)
    monkeypatch.setitem(evidence.__globals__["CAPTURED"], framework, frozenset())
    monkeypatch.setitem(evidence.__globals__["LOWERED"], framework, frozenset())
    assert f"{module}.{name}" in unaccounted(framework)


def test_what_is_listed_is_there_and_not_reached():
    found = {(f, m): functions(x) for f in MODULES for m, x in modules(f).items()}
    stale = [
        f"{module}.{name}"
        for framework, module, name, _ in lines()
        if name not in found.get((framework, module), ()) or evidence(framework, module, name)
    ]
    assert stale == []


def test_every_reason_is_of_a_kind_and_says_something():
    for _, module, name, reason in lines():
        (kind,) = (k for k in KINDS if reason.startswith(k))
        assert reason.removeprefix(kind).strip(), f"{module}.{name}"


def test_another_name_is_of_an_operation_or_a_rule_of_ours():
    for kind in ("is ", "inside "):
        for _, module, name, ours in of_kind(kind):
            assert ours in TABLE or ours in RULES, f"{module}.{name}"
            answered = meant(f"{module}.{name}") if kind == "is " else ""
            assert answered in ("", ours), f"a program's {module}.{name} is answered {answered}"


def test_what_it_is_an_alias_of_is_accounted_for():
    for framework, module, name, other in of_kind("alias of "):
        home, _, last = other.rpartition(".")
        said = LISTED[framework].get(home, {}).get(last, "")
        kinds = ("is ", "parts: ", "database: ", "no derivative: ", "draws: ")
        assert evidence(framework, home, last) or said.startswith(kinds), f"{module}.{name}"
