"""What is noise, and what is an error that every noisy run makes."""

from pathlib import Path

import numpy as np
import pytest

from gradparity.cases import load_text
from gradparity.verify import Runner
from gradparity.verify.measure.noise import spread

CASE = """
case: scaled
about: A function that does not depend on the size of its argument, until a square overflows.
params: {{x: [{numbers}]}}
program: |
  y = x / sqrt(mean(x * x) + 1e-30)
cotangent: [1.0, 2.0, 5.0]
dtypes: [float32]
"""


def verdicts(numbers):
    cases, faults = load_text(CASE.format(numbers=numbers), Path("made-up.yaml"))
    assert not faults
    rows = Runner(["numpy"]).rows(cases[0].tasks()[0])
    return {row["verdict"] for row in rows if row["tensor"] != "y" or row["check"] == "value"}


def test_what_overflows_in_every_noisy_run_is_an_error_and_no_noise():
    assert verdicts("1e18, 2e18, 4e18") == {"agree"}
    assert verdicts("1e20, 2e20, 4e20") == {"differs"}


def test_runs_that_scatter_say_how_uncertain_a_result_is_however_far_off_they_are():
    want = np.array([1.0, 100.0])
    held = [np.array([x, 100.0]) for x in (0.2, 0.5, 0.3, 0.1, 0.4, 0.6, 0.2, 0.3)]
    found = spread(want, held)
    assert found[0] == pytest.approx(np.sqrt(np.mean([(1 - y[0]) ** 2 for y in held])))
    assert found[1] == 0


@pytest.mark.parametrize("other", [None, np.zeros(3)])
def test_a_run_without_such_a_tensor_says_that_nothing_is_known(other):
    want = np.array([1.0, -2.0])
    found = spread(want, [want, other, other, want, want, other, want, want])
    assert (found >= 1).all()
