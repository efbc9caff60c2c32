"""Redrawing spreads evenly over the cases that draw, and counts what alarms."""

from collections import Counter
from pathlib import Path

import numpy as np

from gradparity.adapters.numpy_reference import NumpyAdapter
from gradparity.cases import load_text
from gradparity.refimpl.ops import TABLE
from gradparity.verify import Runner
from gradparity.verify.faults import spoiled
from gradparity.verify.redraw import alarms, redrawn

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


def test_drawings_are_spread_evenly_and_those_of_a_case_follow_one_another():
    tasks = list(redrawn(cases(), 12))
    assert len(tasks) == 12
    names = [task.case.partition("~")[0] for task in tasks]
    assert names == sorted(names)
    drawn = Counter(
        (task.case.partition("~")[0], task.point.get("k"), task.dtype) for task in tasks
    )
    assert len(drawn) == 5
    assert set(drawn.values()) == {2, 3}


def test_no_two_drawings_are_alike():
    tasks = [t for t in redrawn(cases(), 50) if t.dtype == "float64" and t.point.get("k") != 2]
    arrays = {task.params["w"].tobytes() for task in tasks}
    assert len(arrays) == len(tasks) == 20


def test_fewer_than_there_are_tasks_are_spread_over_them_too():
    assert [task.case for task in redrawn(cases(), 2)] == ["drawn~1", "single~1"]


def test_only_the_dtypes_asked_for_are_drawn():
    assert {task.dtype for task in redrawn(cases(), 6, ["float32"])} == {"float32"}


def test_a_wrong_adapter_alarms_and_a_right_one_does_not():
    wrong = {**TABLE, "tanh": spoiled(TABLE["tanh"], 0, lambda c, *_: c * (1 + 1e-5))}
    for adapter, expected in ((NumpyAdapter(), 0), (NumpyAdapter(wrong), 12)):
        runner = Runner([adapter])
        tasks = [task for task in redrawn(cases(), 15) if task.case.startswith("drawn")]
        assert sum(bool(alarms(task, runner.rows(task))) for task in tasks) == expected


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
    rows = runner.rows(task)
    assert {row["verdict"] for row in rows if row["tensor"] == "w"} == {"stale"}
    assert "w" not in {row["tensor"] for row in alarms(task, rows)}
