"""What is off by little more than a bound is right where all that led to it is right by itself."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gradparity.adapters.numpy_reference import NumpyAdapter
from gradparity.cases import load_text
from gradparity.refimpl.ops import TABLE
from gradparity.verify import Runner
from gradparity.verify.measure.noise import bound_of
from gradparity.verify.selftest.operation_faults import spoiled
from gradparity.verify.truth.baseline import baseline

from ...adapters import wrong

#: A chain whose bound grows with the root of its length, and a bias with its length.
LENGTH = 40

CHAIN = f"""
case: chain
about: Many products, one after another.
params: {{x: [0.75, 1.1]}}
program: |
  v0 = x * 1.0123
{chr(10).join(f"  v{k} = v{k - 1} * {1.0123 if k % 2 else 0.9877}" for k in range(1, LENGTH))}
output: v{LENGTH - 1}
dtypes: [float64]
"""

DIFF = """
case: differences
about: Of a sum of differences, which leaves the ends.
params: {x: [0.615, 0.981, 0.113, 0.188]}
program: |
  d = diff(x, axis=0)
  y = sum(d * 0.3)
dtypes: [float64]
"""


def task(text):
    cases, faults = load_text(text, Path("made-up.yaml"))
    assert not faults
    return cases[0].tasks()[0]


def biased(units):
    """The reference, each product of which is too large by so many units of roundoff."""
    row = TABLE["multiply"]

    def forward(a, b):
        return row.forward(a, b) * (1 + units * 2.0**-53)

    return NumpyAdapter({**TABLE, "multiply": replace(row, forward=forward)})


def verdict(adapter, asked, tensor, check="value"):
    rows = Runner([adapter]).rows(asked)
    (row,) = [r for r in rows if (r["check"], r["tensor"], r["step"]) == (check, tensor, 0)]
    return row["verdict"], row["proof"]


def test_right_operations_may_add_up_to_a_little_more_than_a_bound():
    asked, output = task(CHAIN), f"v{LENGTH - 1}"
    base = baseline(asked)
    bound = bound_of(base.noise["value", output, 0], np.dtype("float64"))
    got = biased(3).run(asked).steps[0].values[output]
    over = np.abs(got - base.truth["value", output, 0]) / bound
    assert 1 < over.max() < 4
    assert verdict(biased(3), asked, output) == ("agree", "local")


@pytest.mark.parametrize("times", [1.5, 3.0])
def test_what_no_operation_accounts_for_is_off(times):
    asked, output = task(CHAIN), f"v{LENGTH - 1}"
    base = baseline(asked)
    bound = bound_of(base.noise["value", output, 0], np.dtype("float64"))

    def spoil(trace):
        trace.steps[0].values[output] = trace.steps[0].values[output] + times * bound

    told, _ = verdict(wrong.Wrong(NumpyAdapter(), spoil), asked, output)
    assert told == "differs"


def test_a_wrong_operation_is_off_by_however_little():
    asked = task(CHAIN)
    told, _ = verdict(biased(40), asked, f"v{LENGTH - 1}")
    assert told == "differs"


@pytest.mark.parametrize(("left", "expected"), [(2.0**-55, "agree"), (1e-12, "differs")])
def test_a_rounding_may_be_left_of_like_terms(left, expected):
    """As by a compiler that rounds one of two like products and not the other."""
    asked, runs = task(DIFF), []

    def spoil(trace):
        runs.append(trace)
        if len(runs) <= 2:  # as it is and of another cotangent; then each use stands for itself
            trace.steps[0].grads["x"] = trace.steps[0].grads["x"] + [0.0, left, 0.0, 0.0]

    told, _ = verdict(wrong.Wrong(NumpyAdapter(), spoil), asked, "x", "grad")
    assert told == expected


#: Rows but the first have a gradient of terms that cancel.
SIGNS = """
case: signs
about: A step by the sign of a gradient, of which another order of summing leaves nothing.
params: {p: [[1.75, -0.25, 0.15], [-0.2, 2.7, 0.15], [0.25, -0.25, 3.4]]}
program: |
  y = mean(idct(p, axis=0))
optimizer: {signum: {lr: 0.03, momentum: 0.9}}
dtypes: [float64]
"""


@pytest.mark.parametrize(("further", "expected"), [(0.0, "agree"), (0.01, "differs")])
def test_where_rounding_decides_a_sign_nothing_is_right_too_and_no_other_step(further, expected):
    whole = spoiled(TABLE["idct"], 0, lambda c, *_: np.where(np.abs(c) < 1e-12, 0.0, c))

    def spoil(trace):
        for step in trace.steps:
            if "p" in step.params:
                step.params["p"] = step.params["p"] + further * (step.grads["p"] == 0)

    adapter = wrong.Wrong(NumpyAdapter({**TABLE, "idct": whole}), spoil)
    rows = Runner([adapter]).rows(task(SIGNS))
    (row,) = [r for r in rows if (r["check"], r["tensor"]) == ("update", "p")]
    assert row["verdict"] == expected, row["reason"]


#: Under a name whose draws come to such terms.
SATURATED = """
case: gen2-028
about: Terms of saturated slopes that nearly cancel, long into a training.
inputs: {x: {normal: [12, 4]}, t: {normal: [12, 3]}}
params: {W: {normal: [4, 3]}, b: {zeros: [3]}}
program: |
  h = tanh(x @ W + b)
  loss = mse(h, t)
optimizer: {adam: {lr: 0.05}}
steps: 55
batch: {size: 3, order: shuffled}
schedule: {warmup_cosine: {warmup: 10, start: 0.1, steps: 99}}
dtypes: [float32]
"""


@pytest.mark.slow
def test_terms_that_each_lose_what_a_textbook_s_slope_does_may_be_off_by_more():
    """1 - tanh² of numbers near ±1; the sum of three such terms is a fiftieth of them."""
    rows = Runner(["numpy", "torch"]).rows(task(SATURATED))
    assert {row["verdict"] for row in rows} == {"agree"}
    late = [r for r in rows if (r["check"], r["tensor"], r["step"]) == ("grad", "W", 54)]
    assert {r["adapter"]: r["proof"] for r in late}["torch"] == "local"


UNDERFLOWS = """
case: sign-of-what-underflows
about: A gradient of 1e-75 has a sign in wider precision alone, and Rprop moves by it.
inputs: {a: [1.3, 1.7]}
params: {x: -1.3, w: [-1.0, -9.0]}
program: |
  p = gammainc(a, sigmoid(polygamma(exp(x - w), n=4)))
  y = mean(p ** 2)
dtypes: [float32]
optimizer: {rprop: {lr: 0.03}}
"""


def test_the_sign_of_a_gradient_that_underflows_is_not_believed():
    """Runs that round it up or down need not have come to zero, as the reference itself does."""
    asked = task(UNDERFLOWS)
    assert {row["verdict"] for row in Runner(["numpy"]).rows(asked)} <= {"agree", "blind"}
    gone, kept = baseline(asked).noise["update", "w", 0]
    assert gone >= 0.02
    assert kept < 1e-6
