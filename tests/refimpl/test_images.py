"""Images with pixels that are no numbers: what they touch, and what they do not."""

import numpy as np
import pytest

from gradparity.refimpl.ops import TABLE


@pytest.mark.parametrize(("mode", "reach"), [("linear", 1), ("cubic", 2), ("nearest", 1)])
def test_an_infinite_pixel_reaches_no_further_than_the_kernel(mode, reach):
    x = np.arange(8.0).reshape(1, 1, 8)
    x[..., 0] = np.inf
    with np.errstate(invalid="ignore"):
        y = TABLE["interpolate"].forward(x, size=24, mode=mode)[0, 0]
    places = (np.arange(24) + 0.5) / 3 - 0.5
    assert np.isfinite(y[places >= reach]).all()
    assert not np.isfinite(y[places < 0]).any()


def test_a_pixel_that_is_nan_wins_and_gets_the_gradient():
    x = np.array([[[1.0, np.nan, 3.0, 2.0]]])
    row, shape = TABLE["max_pool"], {"kernel_size": 2, "stride": 2}
    y = row.forward(x, **shape)
    assert np.array_equal(y, [[[np.nan, 3.0]]], equal_nan=True)
    (vjp,) = row.vjps
    assert np.array_equal(vjp(np.array([[[5.0, 7.0]]]), y, x, **shape), [[[0, 5, 7, 0]]])
