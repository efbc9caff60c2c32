"""What error a bound would let pass."""

import numpy as np

from gradparity.verify.measure.power import hides, power


def test_a_bound_as_large_as_the_truth_hides_a_zero():
    want = np.array([1.0, -1e-9, 0.0, np.inf, np.nan, 1e-310])
    assert hides(want, 1e-9, np.float64).tolist() == [False, True, False, False, False, False]


def test_power_is_the_largest_error_relative_to_its_element():
    assert power(np.array([2.0, 0.5, 0.0]), np.array([1.0, 1.0, 9.0]), np.float64) == 2.0
    assert np.isnan(power(np.zeros(2), 1.0, np.float64))
