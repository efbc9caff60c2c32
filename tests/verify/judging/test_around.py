"""Faults planted into what goes around a step are caught, and blamed on where they were planted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gradparity.adapters.attempt import attempt
from gradparity.adapters.base import Adapter
from gradparity.adapters.needing import needs
from gradparity.adapters.numpy_reference import NumpyAdapter, reference
from gradparity.cases import load_text
from gradparity.cases.loading import catalogue, load_files
from gradparity.cases.program import Program
from gradparity.cases.training_parts import FEATURES
from gradparity.refimpl.errors import Unsupported
from gradparity.refimpl.ops import TABLE
from gradparity.verify.engine.runner import Runner

CASES = {case.name: case for case in load_files([catalogue() / "loops.yaml"])[0]}


class Planted(NumpyAdapter):
    """The reference, of another task than it is asked for."""

    name = "planted"

    def __init__(self, change):
        super().__init__()
        self._change = change

    def program(self, task):
        return task.program("numpy")

    def run(self, task):
        changed = self._change(task)
        return reference(changed if changed is not None else task)


def _update(**parts):
    return lambda task: (
        task if task.update is None else replace(task, update=replace(task.update, **parts))
    )


def _around(part, **changes):
    def change(task):
        if part == "loss_scale":
            return replace(task, loss_scale=replace(task.loss_scale, **changes))
        if task.update is None:
            return task
        other = replace(getattr(task.update, part), **changes)
        return replace(task, update=replace(task.update, **{part: other}))

    return change


def _carrying(**state):
    """Other variables are carried; ``h="h"`` is what it was."""
    return lambda task: replace(task, state={**task.state, **state})


def _recast(before, after):
    """Every cast to one dtype is one to another."""

    def change(task):
        program = task.programs["*"]
        made = tuple(
            replace(i, attributes={"dtype": after}) if i.attributes.get("dtype") == before else i
            for i in program.instructions
        )
        return replace(task, programs={"*": Program(made, program.output, program.first)})

    return change


def rows_of(name, change, dtype=None):
    case = CASES[name]
    task = case.tasks([dtype or case.dtypes[0]])[0]
    return Runner([Planted(change)]).rows_for(task, "planted")


def off(rows):
    return [row for row in rows if row["verdict"] not in ("agree", "known")]


@pytest.mark.parametrize(
    ("name", "change", "tensor", "blame"),
    [
        ("accumulated-sum", _around("accumulate", mean=True), "w", "sgd"),
        ("accumulated-mean", _around("accumulate", passes=2), "w", "adamw"),
        ("accumulated-sum", _update(accumulate=None), "w", "sgd"),
        ("averaged-parameters", _around("ema", decay=0.1), "w.ema", "moving average"),
        ("averaged-parameters", _around("ema", start="zeros"), "w.ema", "moving average"),
        ("averaged-parameters", _around("ema", start="first"), "w.ema", "moving average"),
        ("averaged-parameters-debiased", _around("ema", debias=False), "w.ema", "moving average"),
        ("scaled-loss", _around("loss_scale", every=3), "loss.scale", "loss scale"),
        ("scaled-loss", _around("loss_scale", backoff=0.25), "loss.scale", "loss scale"),
        ("scaled-loss-of-tiny-gradients", _around("loss_scale", init=1.0), "w", None),
        ("running-statistics-carried", _carrying(running_mean="batch_mean"), "new_mean", None),
        ("state-without-an-update", _carrying(h="h"), "after", None),
        ("cast-to-a-half-and-back", _recast("float16", "bfloat16"), "h", "h"),
        ("cast-down-to-float32", _recast("float64", "float32"), "loss", "loss"),
    ],
)
def test_a_planted_fault_is_caught(name, change, tensor, blame):
    found = off(rows_of(name, change))
    assert tensor in {row["tensor"] for row in found}
    if blame is not None:
        assert blame in {row["blame"] for row in found}


def test_a_cast_that_loses_of_its_cotangent_is_blamed():
    row = replace(TABLE["astype"], vjps=(lambda g, y, x, *, dtype: g * 0.95,))  # noqa: ARG005
    adapter = NumpyAdapter(rows={**TABLE, "astype": row})
    task = CASES["cast-to-a-half-and-back"].tasks()[0]
    found = off(Runner([adapter]).rows_for(task, "numpy"))
    assert {row["tensor"] for row in found} == {"w", "h"} | {
        row["tensor"] for row in found if row["tensor"].startswith("h.")
    }
    assert {row["blame"] for row in found} == {"a"}  # its sub-expression, the last that is off
    assert "the VJP of astype in `astype(h, dtype='float32')`" in found[0]["reason"]


def test_an_update_that_should_have_been_left_out_is_caught():
    def unguarded(task):
        return None if task.update is None else replace(task, loss_scale=None)

    found = off(rows_of("scaled-loss", unguarded))
    assert {"w"} <= {row["tensor"] for row in found if row["check"] == "update"}


def test_what_overflows_in_a_narrow_dtype_overflows_in_the_truth():
    (task,) = CASES["scaled-loss"].tasks()
    for dtype in (None, np.float64):
        grads = [step.grads["w"] for step in reference(task, dtype=dtype).steps]
        assert [bool(np.isfinite(g).all()) for g in grads] == [False] * 4 + [True] * 2 + [False]


def test_large_batches_are_many_small_ones():
    """Four passes over a quarter of the rows each: the gradient of all rows."""
    (case,), _ = load_text(
        b"""
case: large
about: One large batch.
params: {w: {normal: [3, 2], seed: 1}}
inputs: {x: {normal: [8, 3], seed: 2}, y: {normal: [8, 2], seed: 3}}
program: |
  loss = mean((x @ w - y) ** 2)
optimizer: {sgd: {lr: 0.5}}
dtypes: [float64]
""",
        catalogue() / "large.yaml",
    )
    (large,) = case.tasks()
    small = CASES["accumulated-mean"].tasks(["float64"])[0]
    update = replace(small.update, rule="sgd", hyperparameters={"lr": 0.5}, clip=None)
    update = replace(update, schedule=None)
    small = replace(small, inputs=large.inputs, params=large.params, update=update, steps=4)
    np.testing.assert_allclose(
        reference(small).steps[-1].params["w"], reference(large).steps[-1].params["w"], rtol=1e-14
    )


def test_what_an_adapter_is_not_able_to_do_is_unsupported_and_not_run():
    class Plain(Adapter):
        name = "plain"

        def version(self):
            return "1"

        def run(self, task):  # noqa: ARG002  it is not to be called
            raise AssertionError("it is not run")

        def has(self, operation):
            return operation

    every = {need for case in CASES.values() for task in case.tasks() for need in needs(task)}
    assert every == set(FEATURES)
    for case in CASES.values():
        with pytest.raises(Unsupported, match="plain runs no case with"):
            attempt(Plain(), case.tasks()[0])


@pytest.mark.slow
def test_several_modes_are_run_beside_each_other():
    task = CASES["accumulated-mean"].tasks(["float64"])[0]
    rows = Runner(["numpy", "jax"]).rows(task)
    assert {row["adapter"] for row in rows} == {"numpy", "jax", "jax-eager"}
    assert not off(rows)
