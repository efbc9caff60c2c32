"""Losses of classes: what a class of no weight has to say."""

import numpy as np
import pytest

from gradparity.refimpl.ops import TABLE

X = np.array([[1.0, -np.inf, 2.0]])
LOSS = np.log(1 + np.e)


@pytest.mark.parametrize(
    ("name", "x", "target", "expected"),
    [
        ("cross_entropy", X, np.array([0]), LOSS),
        ("cross_entropy", X, np.array([[1.0, 0.0, 0.0]]), LOSS),
        ("cross_entropy", X, np.array([1]), np.inf),
        ("nll", X, np.array([2]), -2.0),
    ],
)
def test_a_class_of_no_weight_may_be_impossible(name, x, target, expected):
    with np.errstate(all="ignore"):
        y = TABLE[name].forward(x, target)

    np.testing.assert_allclose(y, expected, rtol=1e-15)
