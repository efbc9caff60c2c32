"""Constants against mpmath."""

import mpmath
import numpy as np
import pytest

from gradparity.refimpl import constants


@pytest.mark.parametrize("name", sorted(constants._CONSTANTS))
def test_constants_are_rounded_once(name):
    like = np.zeros(1, np.longdouble)
    wide, narrow = constants.constant(name, like), constants.constant(name, like.astype(np.float32))
    assert wide.dtype == np.longdouble
    assert narrow.dtype == np.float32
    assert narrow == np.float32(float(wide))
    assert constants.constant(name, like.astype(np.complex64)).dtype == np.float32


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("pi", lambda: mpmath.pi),
        ("sqrt2", lambda: mpmath.sqrt(2)),
        ("sqrt_2_over_pi", lambda: mpmath.sqrt(2 / mpmath.pi)),
        ("two_over_sqrt_pi", lambda: 2 / mpmath.sqrt(mpmath.pi)),
        ("inv_sqrt_2pi", lambda: 1 / mpmath.sqrt(2 * mpmath.pi)),
        ("sqrt_2pi", lambda: mpmath.sqrt(2 * mpmath.pi)),
        ("half_sqrt_pi", lambda: mpmath.sqrt(mpmath.pi) / 2),
        ("ln_pi", lambda: mpmath.log(mpmath.pi)),
        ("ln2", lambda: mpmath.log(2)),
        ("ln10", lambda: mpmath.log(10)),
    ],
)
def test_constants_are_what_they_are_called(name, known):
    with mpmath.workprec(200):
        assert abs(mpmath.mpf(constants._CONSTANTS[name]) - known()) < mpmath.mpf(10) ** -55
