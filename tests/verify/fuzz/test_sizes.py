"""By how much an alarm is off, and whether a record of another size explains it."""

import math
from dataclasses import replace

import pytest

from gradparity.verify.fuzz.alarms import Alarm, alarms_in
from gradparity.verify.fuzz.records import Shown, explains

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
