"""Redrawing spreads evenly over the cases that draw, and counts what alarms."""

import json
import re
from collections import Counter
from dataclasses import replace
from functools import wraps
from pathlib import Path

import numpy as np
import pytest

from gradparity.adapters.numpy_reference import NumpyAdapter
from gradparity.cases import load_text
from gradparity.refimpl.errors import BadUsage
from gradparity.refimpl.ops import TABLE
from gradparity.verify import Runner, load_cases
from gradparity.verify.commands.selftest import selftest as command
from gradparity.verify.selftest.explained import Explainer
from gradparity.verify.selftest.operation_faults import spoiled
from gradparity.verify.selftest.redraw import about, alarms, judged, redrawn

CASES = """
case: drawn
about: Drawn at two points.
params: {w: {normal: [3]}}
sweep: {k: [1, 2]}
program: |
  loss = sum(tanh(w * k))
---
case: written
about: Nothing is drawn.
params: {w: 0.5}
program: |
  loss = w * w
---
case: single
about: Drawn, at one dtype.
params: {w: {normal: [2]}}
dtypes: [float64]
program: |
  loss = sum(w * w)
"""


def cases(text=CASES):
    found, faults = load_text(text, Path("made-up.yaml"))
    assert not faults
    return found


def drawn(text, wanted, dtypes=("float64", "float32")):
    return [undrawn.draw() for undrawn in redrawn(cases(text), wanted, dtypes)]


def test_drawings_are_spread_evenly_and_those_of_a_case_follow_one_another():
    tasks = drawn(CASES, 12)
    assert len(tasks) == 12
    names = [task.case.partition("#")[0] for task in tasks]
    assert names == sorted(names)
    counted = Counter(
        (task.case.partition("#")[0], task.point.get("k"), task.dtype) for task in tasks
    )
    assert len(counted) == 5
    assert set(counted.values()) == {2, 3}


def test_no_two_drawings_are_alike():
    tasks = [t for t in drawn(CASES, 50) if t.dtype == "float64" and t.point.get("k") != 2]
    arrays = {task.params["w"].tobytes() for task in tasks}
    assert len(arrays) == len(tasks) == 20


def test_fewer_than_there_are_tasks_are_spread_over_them_too():
    assert [task.case for task in drawn(CASES, 2)] == ["drawn#2", "single#2"]


def test_only_the_dtypes_asked_for_are_drawn():
    assert {task.dtype for task in drawn(CASES, 6, ["float32"])} == {"float32"}


def test_a_wrong_adapter_alarms_and_a_right_one_does_not():
    wrong = {**TABLE, "tanh": spoiled(TABLE["tanh"], 0, lambda c, *_: c * (1 + 1e-5))}
    for adapter, expected in ((NumpyAdapter(), 0), (NumpyAdapter(wrong), 12)):
        runner = Runner([adapter])
        tasks = [task for task in redrawn(cases(), 15) if task.case.name == "drawn"]
        assert sum(bool(alarms(task, runner.rows(task.draw()))) for task in tasks) == expected


def test_a_recorded_divergence_is_no_alarm_though_it_is_of_another_size_now():
    text = (
        CASES.partition("---")[0]
        + """
divergences:
  - {adapters: [numpy], check: grad, tensor: w, kind: bug, value: [1, 2, 3], because: planted}
"""
    )
    zero = {**TABLE, "tanh": spoiled(TABLE["tanh"], 0, lambda c, *_: np.zeros_like(c))}
    runner = Runner([NumpyAdapter(zero)])
    (task,) = redrawn(cases(text), 1)
    rows = runner.rows(task.draw())
    assert {row["verdict"] for row in rows if row["tensor"] == "w"} == {"stale"}
    assert "w" not in {row["tensor"] for found in alarms(task, rows) for row in found}


RECORDED = """
case: recorded
about: At this number the operation is off by much.
params: {x: -0.4142}
program: |
  y = log1p(x)
divergences:
  - {adapters: [numpy], check: value, tensor: y, kind: precision, bound: {rel: 0.4},
     because: planted}
---
case: drawn
about: The same operation among others.
params: {x: {uniform: [20], low: -0.45, high: -0.35}}
dtypes: [float64]
program: |
  loss = sum(log1p(x) * x)
"""


def explanations(row, tasks=8):
    """For each alarm of redrawn tasks, in which one row of the table is wrong, what explains it."""
    catalogue = cases(RECORDED)
    runner = Runner([NumpyAdapter({**TABLE, row.name: row})])
    explainer = Explainer(catalogue, runner)
    return [
        explainer.explain(task.draw(), found)
        for task in redrawn(catalogue, tasks)
        for found in alarms(task, runner.rows(task.draw()))
    ]


def imprecise(name, epsilons, *, elsewhere=0.0):
    """An operation off by so many eps of float64 at the recorded number, by others elsewhere."""
    row = TABLE[name]

    @wraps(row.forward)
    def forward(x, *others):
        share = np.where(x == -0.4142, epsilons, elsewhere) * 2.0**-52
        return row.forward(x, *others) * (1 + share)

    return replace(row, forward=forward)


def test_an_alarm_is_explained_by_a_record_of_the_operation_that_is_blamed():
    assert explanations(imprecise("log1p", 200, elsewhere=150)) == ["recorded"] * 8


def test_an_error_larger_than_the_record_is_not_explained_by_it():
    assert explanations(imprecise("log1p", 200, elsewhere=2000)) == [""] * 8


def test_another_operation_or_direction_is_not_explained():
    assert explanations(imprecise("multiply", 200, elsewhere=150)) == [""] * 8
    slope = spoiled(TABLE["log1p"], 0, lambda c, *_: c * (1 + 2.0**-45))
    assert explanations(slope) == [""] * 8


def test_a_record_of_which_no_digit_is_left_explains_nothing():
    assert explanations(imprecise("log1p", 2.0**51, elsewhere=150)) == [""] * 8


@pytest.mark.parametrize("jobs", ["0", pytest.param("2", marks=pytest.mark.slow)])
def test_the_command_counts_alarms_and_those_that_are_explained(jobs, capsys):
    with pytest.raises(SystemExit) as ended:
        command(redraw=5, first=3, adapters="numpy", jobs=jobs, form="json")
    assert ended.value.code == 0
    held = json.loads(capsys.readouterr().out)
    assert (held["tasks"], held["alarms"], held["unexplained"]) == (3, [], 0)


@pytest.mark.slow
def test_an_alarm_of_jax_is_explained_by_what_is_recorded_of_its_log1p():
    record = "bce-past-the-range-of-log1p"
    catalogue = load_cases(["bce-reductions", record])
    runner = Runner(["jax"])
    explainer = Explainer(catalogue, runner)
    for number in (9, 46):
        for undrawn in catalogue[0].redrawn(number).undrawn(["float64"]):
            task = undrawn.draw()
            for found in alarms(undrawn, runner.rows(task)):
                assert explainer.explain(task, found) == record


def test_names_choose_the_cases_of_an_operation_of_a_rule_or_of_that_name():
    found = load_cases()
    assert [case.name for case in about(found, "take-axes")] == ["take-axes"]
    of_take = {case.name for case in about(found, "take")}
    assert "take-axes" in of_take
    assert "one-layer" not in of_take
    assert "one-layer" in {case.name for case in about(found, "sgd")}


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["taek"], "no operation, rule or case is called 'taek'; did you mean take?"),
        (["take", "take-axis"], "'take-axis'; did you mean take-axes?"),
        (["one-layer"], "no case of one-layer draws anything at float64, float32"),
    ],
)
def test_names_that_mean_nothing_to_redraw_are_refused(names, said):
    with pytest.raises(BadUsage, match=re.escape(said)):
        command(names, redraw=5, adapters="numpy", jobs="0", form="json")


def test_only_what_is_named_is_redrawn(capsys, monkeypatch):
    seen = []

    def watched(engine, tasks):
        for task, rows in judged(engine, tasks):
            seen.append(task.case.name)
            yield task, rows

    monkeypatch.setattr("gradparity.verify.commands.selftest.judged", watched)
    with pytest.raises(SystemExit) as end:
        command(["take-axes", "take-axes"], redraw=4, adapters="numpy", jobs="0", form="json")
    assert end.value.code == 0
    assert set(seen) == {"take-axes"}
    assert json.loads(capsys.readouterr().out)["tasks"] == len(seen) == 4
