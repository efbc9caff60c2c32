"""Compiled functions are shared by tasks that differ in their numbers alone."""

from dataclasses import replace

import numpy as np
import pytest

import gradparity.adapters.jax as adapters_jax
from gradparity.adapters.jax import KEPT, JaxAdapter
from gradparity.cases.task import Update

from .programs import line, one_layer, task


@pytest.fixture
def traced(monkeypatch):
    """The programs that JAX has traced, in order."""
    seen = []
    interpret = adapters_jax.interpret

    def watched(program, *rest):
        seen.append(program)
        return interpret(program, *rest)

    monkeypatch.setattr(adapters_jax, "interpret", watched)
    return seen


def trained(w: object = 0.5, lr=0.1, steps=3, dtype="float64"):
    made = one_layer(dtype, update=Update("adam", {"lr": lr}), steps=steps)
    return replace(made, params={**made.params, "W": np.asarray(w, dtype)})


def everything(trace):
    return [
        (name, x.dtype, x.tobytes())
        for step in trace.steps
        for arrays in (step.values, step.grads, step.params, step.slots)
        for name, x in arrays.items()
    ]


def test_other_numbers_are_run_without_tracing_again_and_give_the_same_bits(traced):
    adapter = JaxAdapter()
    adapter.run(trained(0.5))
    before = len(traced)
    again = adapter.run(trained(-0.75))
    assert len(traced) == before
    assert everything(again) == everything(JaxAdapter().run(trained(-0.75)))


def test_another_cotangent_is_no_other_program(traced):
    def halves(g):
        made = task(line("y", "multiply", "w", 0.5), params={"w": [1.0, 2.0]})
        return replace(made, given_cotangent=np.asarray(g))

    adapter = JaxAdapter()
    adapter.run(halves([1.0, 1.0]))
    before = len(traced)
    assert adapter.run(halves([4.0, 8.0])).steps[0].grads["w"].tolist() == [2.0, 4.0]
    assert len(traced) == before


@pytest.mark.parametrize(
    "other",
    [
        trained(lr=0.2),
        trained(dtype="float32"),
        trained([0.5, 0.25]),
        replace(trained(), update=None, checks=frozenset({"value"})),
        replace(trained(), update=None),
    ],
    ids=["rate", "dtype", "shape", "values-only", "no-update"],
)
def test_whatever_else_differs_is_traced_anew(traced, other):
    adapter = JaxAdapter()
    adapter.run(trained())
    before = len(traced)
    found = adapter.run(other)
    assert len(traced) > before
    assert everything(found) == everything(JaxAdapter().run(other))


def test_constants_of_another_type_are_another_program(traced):
    adapter = JaxAdapter()
    for power in (2, 2.0):
        before = len(traced)
        adapter.run(task(line("y", "pow", "w", power), params={"w": 3.0}))
        assert len(traced) > before


@pytest.mark.slow
def test_only_so_many_compiled_functions_are_kept():
    adapter = JaxAdapter()
    for size in range(KEPT + 3):
        values = task(line("y", "multiply", "w", 0.5), params={"w": np.ones(size)})
        adapter.run(replace(values, checks=frozenset({"value"})))
    assert len(adapter._held) == KEPT
