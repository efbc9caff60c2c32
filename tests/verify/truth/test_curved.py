"""What rounding makes all of, squared: an error that is let pass before it is let pass after it."""

from pathlib import Path

import numpy as np
import pytest

from gradparity.adapters.numpy_reference import NumpyAdapter
from gradparity.cases import load_text
from gradparity.verify import Runner
from gradparity.verify.measure.noise import bound_of
from gradparity.verify.truth.baseline import baseline

from ...adapters import wrong

#: Its second element is of terms that cancel, its first is not.
TEXT = """
case: squared
about: The square of a difference that cancels.
params: {x: [1.103, 2.0e-7], y: [0.02, 2.0e-7]}
program: |
  v = rel_entr(x, y)
  w = {square}
output: w
dtypes: [float64]
"""


def case(square="square(v)"):
    cases, faults = load_text(TEXT.replace("{square}", square), Path("made-up.yaml"))
    assert not faults
    return cases[0]


def bounds(square):
    found = baseline(case(square).tasks()[0])
    return {
        name: bound_of(found.noise["value", name, 0], np.dtype("float64")) for name in ("v", "w")
    }


@pytest.mark.parametrize(("square", "power"), [("square(v)", 2), ("v * v * v * v", 4)])
def test_an_error_that_is_let_pass_is_let_pass_to_any_power(square, power):
    found = bounds(square)
    ratio = (found["w"][1] / found["v"][1] ** power) ** (1 / power)
    assert 0.4 < ratio < 4  # samples are but samples


def test_what_is_linear_has_no_larger_bound_for_it():
    found, alone = bounds("v * 3.0"), bounds("square(v)")
    assert found["v"][1] == alone["v"][1]
    assert found["w"][1] == pytest.approx(3 * found["v"][1], rel=0.2)


def test_an_element_that_a_bound_sees_has_no_larger_one_for_its_neighbour():
    found = bounds("square(v)")
    assert found["w"][0] < 1e-13 * found["w"].size


@pytest.mark.parametrize(("off", "verdict"), [(1e-24, "agree"), (1e-20, "differs")])
def test_a_wrong_value_beside_it_is_seen(off, verdict):
    def spoil(trace):
        trace.steps[0].values["w"] = trace.steps[0].values["w"] + np.array([0.0, off**2])

    adapter = wrong.Wrong(NumpyAdapter(), spoil)
    rows = Runner([adapter]).rows(case().tasks()[0])
    found = {row["tensor"]: row["verdict"] for row in rows if row["check"] == "value"}
    assert (found["w"] == "differs") == (verdict == "differs"), found
