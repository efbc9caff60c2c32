"""What is flushed to zero is told where it is made large, and blamed where it is made."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from gradparity.adapters.numpy_reference import NumpyAdapter
from gradparity.cases import load_text
from gradparity.refimpl.ops import TABLE
from gradparity.verify import Runner
from gradparity.verify.selftest.operation_faults import spoiled

#: The slope of expm1 is 3e-311, that of digamma half a million.
SLOPE = """
case: flushed
about: A slope that is next to nothing, times a large one.
params: {x: 0.0014}
program: |
  v = digamma(x)
  y = expm1(v)
output: y
cotangent: 1.0
checks: [value, grad]
dtypes: [float64]
"""

VALUE = """
case: flushed
about: A value that is next to nothing, times a large number.
params: {x: -714.0}
program: |
  w = exp(x)
  y = w * 1e6
output: y
checks: [value]
dtypes: [float64]
"""


def without_subnormal(y):
    """As XLA and TensorFlow have it."""
    return np.where(np.abs(y) < np.finfo(np.float64).tiny, 0.0, y)


def off(text, **rows):
    cases, faults = load_text(text, Path("made-up.yaml"))
    assert not faults
    adapter = NumpyAdapter({**TABLE, **rows})
    return [r for r in Runner([adapter]).rows(cases[0].tasks()[0]) if r["verdict"] != "agree"]


def test_a_slope_that_is_flushed_is_blamed_where_it_is_made():
    found = off(SLOPE, expm1=spoiled(TABLE["expm1"], 0, lambda c, *_: without_subnormal(c)))
    assert {row["tensor"] for row in found} == {"x"}
    said = "the VJP of expm1 in `expm1(v)`, line 2 of the program: it is held as zero"
    assert all(said in row["reason"] for row in found)


def test_a_value_that_is_flushed_is_blamed_where_it_is_made():
    row = TABLE["exp"]
    flushed = replace(row, forward=lambda x: without_subnormal(row.forward(x)))
    (found,) = off(VALUE, exp=flushed)
    assert (found["tensor"], found["blame"]) == ("y", "w")
    assert "the forward pass of exp in `exp(x)`" in found["reason"]
    assert "it is held as zero, in the value of w" in found["reason"]


def test_what_keeps_its_subnormal_numbers_is_in_order():
    assert off(SLOPE) == off(VALUE) == []
