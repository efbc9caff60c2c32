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
