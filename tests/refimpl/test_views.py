from __future__ import annotations

import numpy as np
import pytest

from gradparity.refimpl.optimizers.views import View, joined, parts
from gradparity.refimpl.rounding import Noise, NoisyArray

COMPLEX = np.array([[1 + 2j, 3 - 4j]])
PARAMS = {"W": COMPLEX, "b": np.float64(5.0).reshape(()), "e": np.zeros((0, 2))}


def test_a_complex_array_is_pairs_of_real_ones():
    assert np.array_equal([[[1, 2], [3, -4]]], parts(COMPLEX))
    assert np.array_equal(COMPLEX, joined(parts(COMPLEX)))


def test_a_part_that_is_no_number_spoils_no_other():
    x = np.array([complex(np.nan, 1), complex(2, np.inf)])
    back = joined(parts(x))
    assert np.isnan(back[0].real)
    assert (back[0].imag, back[1].real, back[1].imag) == (1, 2, np.inf)


@pytest.mark.parametrize("dtype", [np.complex64, np.complex128, np.clongdouble])
def test_precision_is_kept(dtype):
    assert joined(parts(COMPLEX.astype(dtype))).dtype == dtype


def test_one_parameter_keeps_its_shape():
    view = View({"W": COMPLEX}, whole=False)
    assert view.of({"W": COMPLEX}).shape == (1, 2, 2)
    assert np.array_equal(COMPLEX, view.back(view.of({"W": COMPLEX}))["W"])
    assert view.back(np.float64(3.0))["W"] == 3.0


def test_all_parameters_are_one_vector_and_come_back():
    view = View(PARAMS, whole=True)
    seen = view.of(PARAMS)
    assert np.array_equal([1, 2, 3, -4, 5], seen)
    back = view.back(seen)
    assert all(np.array_equal(PARAMS[name], back[name]) for name in PARAMS)


def test_rows_of_such_vectors_are_cut_as_well():
    back = View(PARAMS, whole=True).back(np.arange(10.0).reshape(2, 5))
    assert np.array_equal([[[0 + 1j, 2 + 3j]], [[5 + 6j, 7 + 8j]]], back["W"])
    assert np.array_equal([4, 9], back["b"])
    assert back["e"].shape == (2, 0, 2)


def test_noise_goes_along():
    noisy = Noise(1, np.float64).array(COMPLEX)
    assert isinstance(joined(parts(noisy)), NoisyArray)
