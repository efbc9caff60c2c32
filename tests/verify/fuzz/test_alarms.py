"""What alarms in random programs, and what it is sorted as."""

import pytest

from gradparity.adapters.base import Adapter
from gradparity.adapters.numpy_reference import NumpyAdapter
from gradparity.verify import load_cases
from gradparity.verify.engine.work import Here
from gradparity.verify.fuzz.alarms import alarms, sort_of
from gradparity.verify.fuzz.writing import case_of
from gradparity.verify.selftest.explained import Explainer

from ...adapters import wrong

#: So many programs, of this seed.
COUNT, SEED = 500, 1

#: Faults of frameworks whose size no record can tell: the adapter, a part of the reason, and why.
CONFIRMED = [
    ("jax", "fft_thunk.cc", "XLA's CPU compiler hands a Fourier transform a layout it refuses"),
    ("torch", "isFloatingType(grad", "where of a real and a complex array has no backward pass"),
    ("jax", "the VJP of normalize", "NaN at zero, as normalize-of-zero records"),
    ("torch", "the VJP of expit", "the slope far out is y·(1 - y), as sigmoid-tail records"),
    ("jax", "the VJP of expit", "the slope far out is y·(1 - y), as sigmoid-tail records"),
    ("torch", "the VJP of linalg.slogdet", "the sign's gradient is None, where it is zero"),
    ("jax", "the forward pass of betaln", "eight digits, as records of precision-gamma.yaml say"),
    ("jax", "the forward pass of linalg.det", "of a singular matrix of three rows, by cofactors"),
    ("jax", "the forward pass of scaled_dot_product_attention", "its softmax is float32's"),
    ("jax", "the forward pass of standardize", "the variance as a difference of squares"),
]


def of_every_parameter(trace):
    for name, g in trace.steps[0].grads.items():
        if name.startswith("p") and g is not None:
            trace.steps[0].grads[name] = g * 2 + 1


class Raising(Adapter):
    name = "numpy"

    def version(self):
        return "raises"

    def has(self, operation):
        return NumpyAdapter().has(operation)

    def run(self, task):  # noqa: ARG002  as every adapter's
        raise ArithmeticError("no")


def found(adapter, count=6, explain=lambda *_: ""):
    with Here([adapter]) as engine:
        return list(alarms(engine, (case_of(SEED, n) for n in range(count)), explain))


def test_right_programs_do_not_alarm():
    assert found("numpy") == []


def test_a_wrong_gradient_alarms_with_the_text_that_shows_it():
    held = found(wrong.Wrong(NumpyAdapter(), of_every_parameter))
    assert [alarm.task.split("[")[0] for alarm in held] == [f"fuzz-{SEED}-{n}" for n in range(6)]
    assert {alarm.sort for alarm in held} == {"framework"}
    assert held[0].text == case_of(SEED, 0)[1]
    assert "exceeds" in held[0].reason


def test_an_adapter_that_raises_alarms():
    held = found(Raising(), 2)
    assert [alarm.sort for alarm in held] == ["error", "error"]


def test_an_alarm_that_a_case_records_is_named_by_it():
    adapter = wrong.Wrong(NumpyAdapter(), of_every_parameter)
    (alarm,) = found(adapter, 1, lambda task, rows: f"{task.case}: {len(rows) > 0}")
    assert (alarm.sort, alarm.recorded) == ("recorded", f"fuzz-{SEED}-0: True")


@pytest.mark.parametrize(
    ("said", "sort"),
    [
        ({"kind": "kink"}, "kink"),
        ({"verdict": "error"}, "error"),
        ({"outlier": "reference"}, "reference"),
        ({"outlier": "torch"}, "framework"),
        ({}, "open"),
    ],
)
def test_alarms_are_sorted_by_what_the_rows_say(said, sort):
    row = {"verdict": "differs", "kind": "error", "outlier": "", "kink": "", **said}
    assert sort_of([row]) == sort


@pytest.mark.slow
@pytest.mark.parametrize("framework", ["torch", "jax"])
def test_random_programs_alarm_only_where_a_framework_is_off(framework):
    """Every alarm is recorded by a case of the catalogue, on a kink, or as in ``CONFIRMED``."""
    with Here(["numpy", framework]) as engine:
        explainer = Explainer(load_cases(), engine.runner)
        held = list(alarms(engine, (case_of(SEED, n) for n in range(COUNT)), explainer.explain))
    confirmed = [
        alarm
        for alarm in held
        if alarm.sort in ("recorded", "kink")
        or any(a == alarm.adapter and part in alarm.reason for a, part, _ in CONFIRMED)
    ]
    assert confirmed
    open_ = [alarm for alarm in held if alarm not in confirmed]
    assert open_ == [], "\n".join(f"{a.adapter}: {a.reason}\n{a.text}" for a in open_)
