"""A convolution holds a bounded part of its columns at once, and computes the same."""

import tracemalloc

import numpy as np
import pytest

from gradparity.refimpl.ops import TABLE, convolution
from gradparity.refimpl.tape import Tape


def passed(x, weight):
    """The result, and the cotangents of both arguments."""
    tape = Tape()
    leaves = tape.leaf(x), tape.leaf(weight)
    y = tape.apply(TABLE["conv"], *leaves, None, padding=1)
    value = y.value
    tape.backward(y, np.cos(value))
    return value, *(leaf.cotangent for leaf in leaves)


@pytest.fixture
def arrays():
    draw = np.random.default_rng(0)
    return draw.standard_normal((24, 4, 24, 24)), draw.standard_normal((4, 4, 3, 3))


@pytest.mark.parametrize("size", [1, 10_000, 50_000])
def test_parts_of_a_batch_give_what_the_whole_gives(arrays, monkeypatch, size):
    whole = passed(*arrays)
    monkeypatch.setattr(convolution, "BUFFER", size)
    for expected, actual in zip(whole, passed(*arrays), strict=True):
        np.testing.assert_allclose(actual, expected, rtol=0, atol=1e-13 * np.abs(expected).max())


def test_memory_keeps_to_the_buffer(arrays, monkeypatch):
    x, weight = arrays
    columns = x.nbytes * 9

    def peak():
        tracemalloc.start()
        try:
            passed(x, weight)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert peak() > columns
    monkeypatch.setattr(convolution, "BUFFER", columns // 8 // 24)
    # x, y, both cotangents, cos(y) and parts being joined: six arrays of their size are plenty.
    assert peak() < 6 * x.nbytes + 4 * columns // 24 < columns
