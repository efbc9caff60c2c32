"""Blame of update rules: at which step, in which slot; and of what is off at a later step."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gradparity.adapters.numpy_reference import NumpyAdapter
from gradparity.cases import load_text
from gradparity.refimpl.ops import TABLE
from gradparity.refimpl.optimizers import RULES
from gradparity.verify import Runner
from gradparity.verify.selftest.rule_faults import rewritten

CASE = """
case: trained
about: Four steps of Adam.
inputs: {x: {normal: [4, 3]}}
params: {W: {normal: [3, 2]}, b: {normal: [2]}}
program: |
  z = x @ W + b
  loss = mean(tanh(z) ** 2)
optimizer: {adam: {lr: 0.1}}
steps: 4
"""


def task():
    cases, faults = load_text(CASE, Path("made-up.yaml"))
    assert not faults
    return cases[0].tasks(["float64"])[0]


def failing(adapter):
    return [row for row in Runner([adapter]).rows(task()) if row["verdict"] == "differs"]


def adam(change):
    return NumpyAdapter(rules={**RULES, "adam": rewritten(RULES["adam"], change)})


@pytest.mark.parametrize("late", [0, 2])
def test_the_first_slot_that_a_rule_gets_wrong_is_named_with_its_step(late):
    def second_moment(update, g, param, state, step, **hyper):
        moved, after = update(g, param, state, step, **hyper)
        return moved, {**after, "v": after["v"] * 2} if step > late else after

    rows = failing(adam(second_moment))
    assert {row["blame"] for row in rows} == {"adam"}
    said = f"blamed: the update rule adam, at step {late + 1}, in W.v: error"
    assert all(said in row["reason"] for row in rows)
    (first,) = [row for row in rows if row["tensor"] == "W.v" and row["step"] == late]
    assert first["check"] == "update"
    assert {row["path"] for row in rows if row["tensor"] == "W"} == {"W.v → W"}


def test_a_rule_whose_slots_are_right_is_named_with_the_parameter():
    def turned(update, g, param, state, step, **hyper):
        moved, after = update(g, param, state, step, **hyper)
        return (2 * param - moved, after) if step == 3 else (moved, after)

    rows = failing(adam(turned))
    assert all("the update rule adam, at step 3, in W: error" in row["reason"] for row in rows)
    told = {(row["operation"], row["direction"], row["own_kind"]) for row in rows}
    assert told == {("adam", "update", "error")}


def test_an_operation_that_is_wrong_at_later_parameters_only_is_blamed_for_the_update():
    """Its first gradient is right: where the update goes wrong, the rule is not at fault."""
    right = TABLE["tanh"]
    seen = []

    def vjp(g, y, x, **_):
        first = seen or seen.append(x.copy())
        found = right.vjps[0](g, y, x)
        return found * 1.01 if first and not np.array_equal(seen[0], x) else found

    rows = failing(NumpyAdapter({**TABLE, "tanh": replace(right, vjps=(vjp,))}))
    assert min(row["step"] for row in rows) == 1
    assert {row["blame"] for row in rows} == {"loss"}
    assert all("the VJP of tanh" in row["reason"] for row in rows)


def test_what_is_stale_at_a_later_step_is_told_from_a_wrong_operation():
    class Stale(NumpyAdapter):
        def run(self, task):
            trace = super().run(task)
            for step in trace.steps[2:]:
                step.values["loss"] = trace.steps[1].values["loss"]
            return trace

    rows = failing(Stale())
    assert all("what is kept between steps, at step 3" in row["reason"] for row in rows)
    assert {row["blame"] for row in rows} == {"loss"}


def test_a_right_rule_is_not_blamed_for_a_wrong_gradient():
    wrong = replace(TABLE["tanh"], vjps=(lambda g, *_: g * 2,))
    rows = failing(NumpyAdapter({**TABLE, "tanh": wrong}))
    assert {row["blame"] for row in rows} == {"loss"}
    ways = {(row["check"], row["tensor"]): row["path"] for row in rows}
    assert ways["grad", "W"] == ways["update", "W"] == "loss → z → W"
    assert ways["grad", "z"] == "loss → z"


def test_an_operation_that_is_wrong_from_the_second_step_on_is_blamed_where_that_step_begins():
    """Asked for that step alone, the adapter is right: it is judged where it comes to it."""
    right = TABLE["tanh"]

    class Later(NumpyAdapter):
        def run(self, task):
            passed = []

            def vjp(g, y, x, **_):
                passed.append(x)
                return right.vjps[0](g, y, x) * (1.01 if len(passed) > 1 else 1.0)

            return NumpyAdapter({**TABLE, "tanh": replace(right, vjps=(vjp,))}).run(task)

    rows = failing(Later())
    assert min(row["step"] for row in rows) == 1
    assert all("the VJP of tanh" in row["reason"] for row in rows)
    assert {row["outlier"] for row in rows} == {"numpy"}
