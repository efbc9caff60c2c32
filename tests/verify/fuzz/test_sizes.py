"""By how much an alarm is off, and whether a record of another size explains it."""

import math
from dataclasses import replace

import pytest

from gradparity.verify.fuzz.alarms import Alarm, alarms_in
from gradparity.verify.fuzz.records import Shown, explains, explains_other

from .recorded import records_of

#: What a row says where a rule has something else than the reference.
ROW = {
    "verdict": "differs",
    "outlier": "paddle",
    "cause": "",
    "blame": "adamax",
    "adapter": "paddle",
    "dtype": "float32",
    "check": "update",
    "tensor": "p0.u",
    "noise_ratio": 0.3,
    "max_rel": 1.0,
    "got": 2e-8,
    "want": 1e-8,
    "got_imag": 0.0,
    "want_imag": 0.0,
    "reason": "off",
    "operation": "adamax",
    "direction": "update",
    "own_kind": "error",
    "own_over": 1e6,
    "textbook_ratio": math.nan,
}

#: What an operation is off by that no bound sees, in multiples of its noise: far more than all.
BEYOND = Alarm(
    *("t", "paddle", "float64", "framework", "grad", "k", "differs", "local", "y"),
    *("scaled_dot_product_attention", "backward", "", ""),
    noise_ratio=1e47,
    max_rel=math.inf,
)


@pytest.mark.parametrize("kind", ["local", "error"])
def test_what_a_rule_is_off_by_itself_is_read_as_what_an_operation_is(kind):
    (alarm,) = alarms_in("t", [{**ROW, "kind": kind}])
    assert alarm.own_ratio == pytest.approx(1.2e7)
    assert alarm.noise_ratio == pytest.approx(1.2e7 if kind == "local" else 0.3)


@pytest.mark.parametrize(
    ("shown", "ratio", "explained"),
    [
        ((1e30, 1e40), 1e47, True),
        ((1e30, 1e40), 1e15, False),  # of the truth's own size
        ((54.0, 1e15), 1e47, False),
        ((math.inf, 1e40), 1e47, False),  # of a zero, which has no noise
        ((1e-3, 1e40), 1e47, False),
    ],
)
def test_of_what_is_beyond_the_truth_altogether_no_size_is_told(shown, ratio, explained):
    """Paddle's e^-64 in place of e^-141, or of e^-300."""
    record = Shown("backward", "precision", finite=True, max_rel=shown[0], noise_ratio=shown[1])
    alarm = replace(BEYOND, noise_ratio=ratio)
    assert explains(record, alarm) is explained
    assert not explains(replace(record, direction="forward"), alarm)


@pytest.mark.parametrize(
    ("textbook", "explained"), [(0.9, True), (7.0, True), (math.nan, True), (60.0, False)]
)
def test_a_tail_is_explained_that_a_textbook_formula_loses_and_no_other(textbook, explained):
    """y·(1 - y) at 37 loses all, at 33 a fiftieth: a slope that is nothing there is a fault."""
    told = ("framework", "grad", "x", "differs", "error", "v", "sigmoid", "backward", "", "")
    alarm = Alarm("t", "jax", "float64", *told, noise_ratio=1.5e3, max_rel=1.0, own_ratio=1.5e3)
    alarm = replace(alarm, textbook_ratio=textbook)
    tail = Shown("backward", "precision", finite=True, max_rel=1.0, noise_ratio=1.7e3)
    assert explains(tail, alarm) is explained
    other = replace(alarm, dtype="float32")
    assert explains_other(2.0**-53, tail, other) is explained
    # Of a record that is no tail's nothing is asked, as of one of zeros.
    zeros = replace(tail, max_rel=math.inf, noise_ratio=1e14, away=1e-18)
    nothing = replace(alarm, max_rel=math.inf, noise_ratio=1e14, away=1e-18)
    assert explains(zeros, nothing)
    assert explains(replace(tail, noise_ratio=1e9), replace(alarm, noise_ratio=1e9, own_ratio=1e9))


@pytest.mark.parametrize("name", ["sigmoid-tail", "cholesky-unsymmetrised-gradient"])
def test_a_record_explains_no_fault_that_it_is_not_of(name):
    """A slope that is nothing at 33; a gradient of Cholesky's that is off above the diagonal."""
    told = ("framework", "grad", "x", "differs", "error", "v")
    if name == "sigmoid-tail":
        said = dict(noise_ratio=1.5e3, max_rel=1.0, own_ratio=1.5e3, textbook_ratio=60.0)
        alarm = Alarm("t", "jax", "float64", *told, "sigmoid", "backward", "", "", **said)
    else:
        said = dict(noise_ratio=1e15, max_rel=0.5)
        alarm = Alarm("t", "jax", "float64", *told, "linalg.cholesky", "backward", "", "", **said)
    with records_of(name, "jax") as records:
        assert records.explaining(alarm) == ""
        if name == "sigmoid-tail":
            known = replace(alarm, textbook_ratio=1.0)
            assert records.explaining(known) == name


def test_a_record_of_what_an_operation_is_lowered_to_explains_though_another_call_agrees():
    """torch.max splits a tie otherwise than torch.amax, by which it says that it agrees."""
    told = ("kink", "grad", "x", "differs", "kink", "v", "max", "backward", "", "")
    alarm = Alarm("t", "torch", "float64", *told, noise_ratio=1e15, max_rel=1.0)
    name = "max-along-an-axis-ties"
    with records_of(name, "torch") as records:
        assert records.explaining(alarm) == name
