"""Noise is held to the condition of operations, but only where that could be measured."""

from pathlib import Path

import numpy as np
import pytest

from gradparity.cases import load_text
from gradparity.verify.measure.noise import unseen
from gradparity.verify.truth.baseline import baseline

#: Of a softmax with one sure class: the slope to it is g less its mean, all of it rounding's.
TEXT = """
case: sure
about: The slope of a softmax to its sure class, behind another operation.
params: {x: [[0.023, -1.986, 1.469]]}
inputs: {c: [-1.0, 3.0, 3.0]}
program: |
  w = {first}
  v = softmax(w, axis=1)
  y = sum(square(v))
output: y
dtypes: [float32]
"""


#: The same powers, one of whose spellings has no exponent to move.
FIRST = ["pow(x, c)", "concat([c[0] / -x[:, :1], x[:, 1:] ** 3], axis=1)"]


@pytest.mark.parametrize("first", FIRST)
def test_a_power_that_leaves_its_domain_when_it_is_moved_tightens_nothing(first):
    """(-1.986)³ is a NaN as soon as the 3 is moved: what NaNs say of the condition is nothing."""
    cases, faults = load_text(TEXT.replace("{first}", first), Path("made-up.yaml"))
    assert not faults
    found = baseline(cases[0].tasks()[0])
    key = ("grad", "w", 0)
    hidden = unseen(found.truth[key], found.noise[key], np.dtype("float32"))
    assert hidden.tolist() == [[True, False, False]]
