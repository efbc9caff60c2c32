"""Runs that lie in a few tight clusters took branches; runs that spread did not."""

import numpy as np
import pytest

from gradparity.verify.measure.branches import branches

RNG = np.random.default_rng(3)


def around(*centres, width=1e-15):
    return [np.array([c + width * RNG.uniform(-1, 1)]) for c in centres]


def test_two_tight_clusters_are_branches():
    found = branches(np.array([0.0]), around(0, 10, 0, 10, 10, 0, 0, 10))
    assert found is not None
    assert found.where.all()
    assert found.smooth[0] < 1e-13


def test_what_rounding_magnifies_is_none():
    spread = [np.array([x]) for x in RNG.normal(size=8)]
    assert branches(np.array([0.1]), spread) is None


def test_only_the_element_that_jumps_is_opened():
    runs = [np.array([10.0 * (k % 2), 5.0 + 1e-3 * RNG.normal()]) for k in range(8)]
    found = branches(np.array([0.0, 5.0]), runs)
    assert found is not None
    assert found.where.tolist() == [True, False]
    assert found.taken(np.array([9.9, 6.0]), np.array([0.0, 5.0])).tolist() == [10.0, 5.0]


def test_what_lies_between_is_right_only_where_it_is_asked_for():
    found = branches(np.array([0.0]), around(0, 1, 0, 1, 0, 1, 0, 1, width=0))
    assert found is not None
    half = np.array([0.5])
    assert found.taken(half, np.array([0.0]), between=True) == 0.5
    assert found.taken(half, np.array([0.0])) in (0.0, 1.0)
    assert found.taken(np.array([-0.5]), np.array([0.0]), between=True) == 0.0


def test_sides_of_a_branch_cut_are_no_interval():
    sides = [np.array([1.5 + (-1) ** k * 2j]) for k in range(8)]
    found = branches(np.array([1.5 + 2j]), sides)
    assert found is not None
    assert found.taken(np.array([1.5 + 0j]), np.array([1.5 + 2j]), between=True).imag in (2, -2)


@pytest.mark.parametrize("dtype", [bool, np.int64])
def test_whole_numbers_that_runs_differ_in_are_branches(dtype):
    want = np.array([1, 0]).astype(dtype)
    runs = [want, np.array([0, 0]).astype(dtype)]
    found = branches(want, runs)
    assert found is not None
    assert found.where.tolist() == [True, False]
    assert branches(want, [want, want]) is None
