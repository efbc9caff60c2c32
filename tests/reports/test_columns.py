from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from gradparity.reports.columns import BY_NAME, COLUMNS, KEY, REQUIRED, conform, frame

CONTRACT = (
    "case, point, dtype, adapter, version, check, tensor, step, verdict, kind, max_abs, max_rel, "
    "max_ulp, noise_ratio, tolerance, worst_index, got, want, blame, seconds"
)


def test_required_columns_are_the_contracts():
    assert set(CONTRACT.split(", ")) == set(REQUIRED)
    assert set(REQUIRED) <= set(BY_NAME)


def test_what_a_row_is_comes_first_then_what_was_found(agreeing):
    first = "case, point, dtype, adapter, check, tensor, step, draw, verdict, kind, reason"
    assert list(agreeing.columns)[:11] == first.split(", ")
    assert first.split(", ")[:8] == KEY


def test_every_column_is_documented():
    assert all(column.about.endswith(".") for column in COLUMNS)


def test_dtypes_do_not_depend_on_the_rows(results):
    expected = frame([]).dtypes
    pd.testing.assert_series_equal(results.dtypes, expected)
    assert {"float64", "Int64", str(pd.Series([], dtype="str").dtype)} == set(expected.map(str))


def test_what_a_row_lacks_is_empty_or_nan():
    made = frame([{"case": "a", "max_abs": None, "step": None, "reason": None}])
    assert (made["case"][0], made["reason"][0], made["tags"][0]) == ("a", "", "")
    assert math.isnan(made["max_abs"][0])
    assert made["step"][0] is pd.NA


def test_numpys_scalars_are_taken():
    made = frame([{"step": np.int64(3), "got": np.float32(0.5), "want": np.longdouble(0.25)}])
    assert (made["step"][0], made["got"][0], made["want"][0]) == (3, 0.5, 0.25)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("a\r\nb\rc", "a\nb\nc"), ("\x00", "\\x00"), ("\udcff", "\\udcff"), ("λ 🎲", "λ 🎲")],
)
def test_what_files_cannot_hold_is_escaped(text, expected):
    assert expected == frame([{"reason": text}])["reason"][0]


def test_an_unknown_column_is_refused():
    with pytest.raises(ValueError, match=r"no such column: colour; expected case, point"):
        frame([{"case": "a", "colour": "red"}])


def test_conform_keeps_foreign_columns_behind(mixed):
    shuffled = mixed[mixed.columns[::-1]].assign(mine=range(len(mixed)))
    held = conform(shuffled)
    assert [*BY_NAME, "mine"] == list(held.columns)
    pd.testing.assert_frame_equal(held[list(BY_NAME)], mixed)


def test_conform_fills_what_is_not_required(mixed):
    held = conform(mixed[REQUIRED])
    assert list(BY_NAME) == list(held.columns)
    assert set(held["reason"]) == {""}


def test_conform_names_what_is_missing(mixed):
    with pytest.raises(ValueError, match="no column verdict, got"):
        conform(mixed.drop(columns=["verdict", "got"]))
