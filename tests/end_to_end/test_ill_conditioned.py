"""What magnifies rounding on purpose does not alarm, unless a fault is above its noise."""

import numpy as np
import pytest

from gradparity.adapters.numpy_reference import NumpyAdapter
from gradparity.cases.loading import catalogue, load_files
from gradparity.refimpl.rounding import unit_roundoff
from gradparity.verify import Runner
from gradparity.verify.judging.rows import FAILING
from gradparity.verify.judging.verdicts import judge
from gradparity.verify.measure.noise import MULTIPLE
from gradparity.verify.truth.baseline import baseline

CASES, FAULTS = load_files([catalogue() / "ill-conditioned.yaml"])
TASKS = [task for case in CASES for task in case.tasks(["float64", "float32"])]


class Shifted(NumpyAdapter):
    """The reference with the gradient of one parameter moved, all elements alike."""

    def __init__(self, name, by):
        super().__init__()
        self._moved, self._by = name, by

    def run(self, task):
        trace = super().run(task)
        grads = trace.steps[0].grads
        held = grads[self._moved]
        grads[self._moved] = (held + self._by).astype(held.dtype)
        return trace


def failing(rows):
    return [row for row in rows if row["verdict"] in (*FAILING, "error")]


def off(adapters, task):
    return failing(Runner(adapters).rows(task))


def marked(given, name):
    """A parameter of a test; two hundred steps of a map take their time."""
    long = name.startswith("chaotic-map")
    return pytest.param(given, id=name, marks=[pytest.mark.slow] if long else [])


def test_there_are_such_cases():
    assert not FAULTS
    assert len(CASES) >= 9
    assert len(TASKS) == 2 * sum(len(case.points()) for case in CASES)


@pytest.mark.slow
@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.id)
def test_no_framework_alarms(task):
    assert off(["numpy", "torch", "jax"], task) == []


@pytest.mark.thinned(7)
@pytest.mark.parametrize("case", [marked(case, case.name) for case in CASES])
def test_the_reference_does_not_alarm_however_it_is_drawn(case):
    drawn = [task for n in range(2, 5) for task in case.redrawn(n).tasks(["float32"])]
    assert [row for task in drawn for row in off(["numpy"], task)] == []


@pytest.mark.thinned(4)
@pytest.mark.parametrize("task", [marked(task, task.id) for task in TASKS])
def test_a_fault_above_the_noise_alarms_and_one_far_below_it_need_not(task):
    base, name = baseline(task), next(iter(task.params))
    noise = base.noise["grad", name, 0]

    def judged(by):
        """End to end: what each operation does by itself can tell far smaller faults."""
        adapter = Shifted(name, by)
        rows = failing(judge(task, adapter, "", adapter.run(task), base))
        return [row for row in rows if row["kind"] != "local"]

    assert name in {row["tensor"] for row in judged(4 * MULTIPLE * noise)}
    assert judged(noise / 16) == []


@pytest.mark.parametrize("case", [marked(case, case.name) for case in CASES])
def test_the_noise_is_far_above_the_unit_roundoff(case):
    """So a fixed tolerance would cry wolf here, or let faults through elsewhere."""
    task = case.tasks(["float32"])[-1]
    base, name = baseline(task), next(iter(task.params))
    key = "grad", name, 0
    relative = float(np.max(base.noise[key]) / np.max(np.abs(base.truth[key])))
    assert relative > 8 * unit_roundoff(task.dtype)
