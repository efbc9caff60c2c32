"""Where rounding alone decides which branch is taken, either is right."""

from dataclasses import replace
from pathlib import Path
from textwrap import dedent

import numpy as np
import pytest

from gradparity.adapters.numpy_reference import NumpyAdapter
from gradparity.cases import load_text
from gradparity.refimpl.ops import TABLE
from gradparity.verify import Runner
from gradparity.verify.truth.baseline import baseline

TEXT = """
case: decided
about: A product that is more than 19 by rounding alone, or plainly.
params: {{x: 1.9, w: {{normal: [2]}}}}
program: |
  z = x * 10
  def over(a):
      return a * w + 1
  def under(a):
      return a * a * w - 1
  y = cond(z > {bound}, over, under, x)
  loss = sum(y * w)
"""


def tasks(bound):
    cases, faults = load_text(TEXT.format(bound=bound), Path("made-up.yaml"))
    assert not faults
    return cases[0].tasks(["float64", "float32"])


def taking(*, truth):
    """The reference, which answers every comparison with this."""
    greater = replace(TABLE["greater"], forward=lambda a, b: np.full(np.shape(a - b), truth))
    return NumpyAdapter({**TABLE, "greater": greater})


@pytest.mark.parametrize("dtype", [0, 1])
@pytest.mark.parametrize("truth", [True, False])
def test_either_branch_is_right_where_rounding_decides(truth, dtype):
    task = tasks(19)[dtype]
    rows = Runner([taking(truth=truth)]).rows(task)
    names = {name for _, name, _ in baseline(task).truth}

    assert {row["verdict"] for row in rows} == {"agree"}
    assert {row["tensor"] for row in rows} >= {"y", "loss", "x", "w"}
    assert not any("/return" in name for name in names)


@pytest.mark.parametrize("dtype", [0, 1])
def test_what_neither_branch_gives_is_wrong_where_rounding_decides(dtype):
    subtract = replace(TABLE["subtract"], forward=lambda a, b: a - b * 1.01)
    greater = taking(truth=False)
    greater._rows = {**greater._rows, "subtract": subtract}
    rows = Runner([greater]).rows(tasks(19)[dtype])

    assert any(row["verdict"] == "differs" and row["tensor"] == "y" for row in rows)


@pytest.mark.parametrize("bound", [18, 20])
def test_the_other_branch_is_wrong_where_nothing_is_near(bound):
    for task in tasks(bound):
        rows = Runner([taking(truth=bound == 20)]).rows(task)

        assert {"y", "loss"} <= {r["tensor"] for r in rows if r["verdict"] == "differs"}
        right = Runner([taking(truth=bound == 18)]).rows(task)
        assert {row["verdict"] for row in right} == {"agree"}
        inside = "over/return:0" if bound == 18 else "under/return:0"
        assert inside in {row["tensor"] for row in right}
        assert inside not in {r["tensor"] for r in rows if r["verdict"] == "agree"}


@pytest.mark.parametrize("away", [1e-14, 1e-6])
def test_what_the_dtype_alone_leaves_of_an_exact_zero_is_no_branch(away):
    """The reference's own rounding is one of many, and another's is neither that nor the zero."""
    text = """
    case: still
    about: The pseudoinverse of a matrix whose first column is zero.
    params: {x: [[0.0, 2.11191, -0.164388], [0.0, 0.52029, -0.103968]]}
    program: "y = linalg.pinv(x)"
    dtypes: [float64]
    checks: [value]
    """
    cases, faults = load_text(dedent(text), Path("made-up.yaml"))
    assert not faults
    pinv = TABLE["linalg.pinv"].forward
    moved = replace(
        TABLE["linalg.pinv"], forward=lambda x: pinv(x) + away * np.array([[1.0], [0.0], [0.0]])
    )
    other = NumpyAdapter({**TABLE, "linalg.pinv": moved})
    task = cases[0].tasks()[0]
    (row,) = (row for row in Runner([other]).rows(task) if row["check"] == "value")

    assert (row["verdict"] == "differs") == (away == 1e-6)
