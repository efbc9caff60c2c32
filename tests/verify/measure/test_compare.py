from typing import Any

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from gradparity.verify.measure.compare import compare
from gradparity.verify.measure.dtypes import dtype_for

F32: Any = np.dtype("float32")


def judged(got, truth, *, dtype=F32, bound=1e-6, nan_expected: Any = False):
    truth = np.asarray(truth)
    if truth.dtype == np.float64 or truth.dtype.kind in "biu":
        wide = truth
    else:
        wide = truth.astype(np.complex128)
    if got is not None:
        got = np.asarray(got)
    bounds = np.full(wide.shape, bound)
    return compare(
        got, wide, dtype=dtype, noise=bounds / 6, bound=bounds, nan_expected=nan_expected
    )


def f32(*values):
    return np.array(values, "float32")


def test_what_is_right_agrees():
    outcome = judged(f32(1, 2), [1.0, 2.0])
    assert outcome.agrees
    assert outcome.max_abs == 0.0


def test_no_gradient_is_missing():
    assert judged(None, [0.0]).kind == "missing"


def test_a_scalar_is_not_a_row_of_one():
    outcome = judged(f32(1), 1.0)
    assert outcome.kind == "shape"
    assert outcome.reason == "shape (1,), expected ()"


def test_the_wrong_dtype_is_off_even_with_right_numbers():
    assert judged(np.array([1.0]), [1.0]).kind == "dtype"


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_value_that_is_not_finite_is_off_whatever_the_bound(bad):
    outcome = judged(f32(1, bad), [1.0, 2.0], bound=np.inf)
    assert outcome.kind == "non-finite"
    assert outcome.index == (1,)


def test_a_number_where_the_truth_is_nan_is_off():
    assert judged(f32(1), [np.nan]).kind == "non-finite"


def test_two_nans_agree_only_where_the_case_expects_nan():
    assert judged(f32(np.nan), [np.nan]).kind == "non-finite"
    assert judged(f32(np.nan), [np.nan], nan_expected=True).agrees
    nan_in_one_place = judged(
        f32(np.nan, np.nan), [np.nan, np.nan], nan_expected=np.array([True, False])
    )
    assert nan_in_one_place.index == (1,)


def test_the_same_infinity_agrees_and_the_other_does_not():
    assert judged(f32(np.inf), [np.inf]).agrees
    assert judged(f32(-np.inf), [np.inf]).kind == "non-finite"


def test_a_truth_beyond_the_dtype_is_its_infinity():
    assert judged(f32(np.inf), [1e39]).agrees
    assert judged(f32(3e38), [1e39]).kind == "non-finite"


def test_one_bad_element_among_many_is_found_whatever_the_mean():
    got = np.ones(10_001, "float32")
    got[77] = 1.5
    outcome = judged(got, np.ones(10_001))
    assert (outcome.kind, outcome.index, outcome.got) == ("error", (77,), 1.5)
    assert "1 of 10001 elements" in outcome.reason


def test_the_bound_itself_still_agrees():
    assert judged(f32(1.5), [1.0], bound=0.5).agrees
    assert judged(f32(1.5), [1.0], bound=np.nextafter(0.5, 0)).kind == "error"


def test_what_is_nan_alone_is_told_before_what_the_truth_is_as_well():
    outcome = judged(f32(np.nan, np.nan), [np.nan, 1.0])
    assert outcome.index == (1,)
    assert outcome.reason.startswith("nan where the truth is 1")


def test_a_bound_that_is_nan_lets_nothing_pass():
    assert judged(f32(1.5), [1.0], bound=np.nan).kind == "error"
    assert judged(f32(1), [1.0], bound=np.nan).kind == "error"


def test_empty_arrays_agree():
    assert judged(np.zeros((0, 3), "float32"), np.zeros((0, 3))).agrees


def test_whole_numbers_agree_exactly():
    assert judged(np.array([1, 2]), np.array([1, 2]), dtype=np.dtype("int64")).agrees
    narrow = np.array([1, 2], "int32")
    assert judged(narrow, np.array([1, 2]), dtype=np.dtype("int64")).agrees
    assert judged(np.array([1, 3]), np.array([1, 2]), dtype=np.dtype("int64")).kind == "error"
    assert judged(f32(1, 2), np.array([1, 2]), dtype=np.dtype("int64")).kind == "dtype"


def test_an_imaginary_error_counts():
    got = np.array([1 + 1e-3j], "complex64")
    assert judged(got, [1 + 0j], dtype=np.dtype("complex64")).kind == "error"


def test_half_types_are_compared():
    got = np.array([1.0078125], ml_dtypes.bfloat16)
    dtype = dtype_for("bfloat16", np.array([1.0]))
    outcome = judged(got, [1.0], dtype=dtype, bound=1e-3)
    assert outcome.kind == "error"
    assert outcome.max_ulp == 1.0


def test_the_magnitude_of_a_complex_number_is_real():
    assert dtype_for("complex64", np.array([1.0])) == np.dtype("float32")
    assert dtype_for("float32", np.array([True])) == np.dtype(bool)


@given(
    hnp.arrays("float32", st.integers(1, 6), elements=st.floats(-1e3, 1e3, width=32)),
    st.data(),
)
def test_moving_one_element_beyond_its_bound_is_always_found(truth, data):
    at = data.draw(st.integers(0, truth.size - 1))
    got = truth.copy()
    got[at] += np.float32(1)
    outcome = judged(got, truth.astype("float64"), bound=0.5)
    assert outcome.kind == "error"
    assert outcome.index == (at,)
