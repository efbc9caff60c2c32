from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradparity.reports.wording import counted, listed, number, pair, safe

FLOATS = st.floats(allow_nan=False)


@given(FLOATS, FLOATS)
def test_different_numbers_look_different(one, other):
    texts = pair(one, other)
    assert one == other or texts[0] != texts[1]


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_neighbours_look_different(value):
    above = math.nextafter(value, math.inf)
    assert len(set(pair(value, above))) == 2


def test_pairs_are_as_short_as_they_may_be():
    assert pair(0.5015, 0.5) == ("0.5015", "0.5")
    assert pair(0.1 + 0.2, 0.3) == ("0.30000000000000004", "0.29999999999999999")
    assert pair(math.nan, math.inf) == ("nan", "inf")
    assert pair(1 + 2j, 1 - 2j) == ("1+2j", "1-2j")


def test_numbers():
    assert [number(x) for x in (math.nan, 1.0, 1234567.0, -math.inf)] == [
        "",
        "1",
        "1.235e+06",
        "-inf",
    ]


def test_counting():
    assert (counted(1, "case"), counted(1234, "case"), counted(0, "case")) == (
        "1 case",
        "1,234 cases",
        "0 cases",
    )
    assert listed("abcde") == "a, b, c and 2 more"
    assert listed("abc") == "a, b, c"


@given(st.text())
def test_safe_text_is_one_line_without_control_characters(text):
    made = safe(text)
    assert not any(character < " " or "\x7f" <= character <= "\x9f" for character in made)
    assert len(made.splitlines()) <= 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\x1b[31mred", "\\x1b[31mred"),
        ("a\n  b", "a b"),
        ("\u202eabc", "\\u202eabc"),
        ("x" * 1000, "x" * 599 + "…"),
    ],
)
def test_safe_text(text, expected):
    assert expected == safe(text)
