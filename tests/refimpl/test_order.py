"""Ranks: what infinities and NaN do to a quantile."""

import numpy as np
import pytest

from gradparity.refimpl.ops import TABLE


@pytest.mark.parametrize(
    ("x", "q", "expected"),
    [
        ([-np.inf, 1.0], 0.5, -np.inf),
        ([1.0, np.inf], 0.5, np.inf),
        ([-np.inf, -np.inf], 0.5, -np.inf),
        ([-np.inf, 1.0, np.inf], 0.5, 1.0),
        ([1.0, 2.0, np.inf], 0.5, 2.0),
        ([-np.inf, np.inf], 0.5, np.nan),
        ([1.0, 3.0], 0.25, 1.5),
        ([1.0, np.nan, 3.0], 0.5, np.nan),
        ([1.0, np.nan, 3.0], 0.0, np.nan),
    ],
)
def test_quantiles_of_infinities_and_of_nan(x, q, expected):
    with np.errstate(invalid="ignore"):
        y = TABLE["quantile"].forward(np.array(x), q=q)

    np.testing.assert_array_equal(y, expected)
