from __future__ import annotations

import math

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradparity.reports.pages.packing import Words, numbers, packed, unpacked


@given(st.dictionaries(st.text(), st.lists(st.text() | st.integers(-(2**53), 2**53))))
def test_what_is_packed_comes_back(data):
    assert unpacked(packed(data)) == data


@given(st.lists(st.floats()))
def test_numbers_come_back_to_the_last_bit_and_nan_as_nothing(values):
    found = unpacked(packed({"x": numbers(values)}))["x"]
    assert found == [None if math.isnan(x) else x for x in values]


@given(st.floats(1e-300, 1e300))
def test_two_digits_are_within_a_twentieth(value):
    (found,) = unpacked(packed({"x": numbers([value], 2)}))["x"]
    assert found == pytest.approx(value, rel=0.051)


def test_what_is_packed_holds_no_markup():
    text = packed({"</script>": ["<b>", "\u2028"]})
    assert text.isascii()
    assert not set(text) & set("<>&\"' \n")


def test_a_nan_that_is_no_number_of_ours_is_refused():
    with pytest.raises(ValueError, match="JSON"):
        packed({"x": [math.nan]})


def test_words_are_kept_once():
    words = Words()
    assert [words("a"), words("b"), words("a")] == [0, 1, 0]
    assert words.column(pd.Series(["b", "c", "b"])) == [1, 2, 1]
    assert words.texts == ["a", "b", "c"]
