from __future__ import annotations

import io
import json
import math

import pandas as pd

from gradparity.reports.as_text import as_csv, as_json
from gradparity.reports.columns import frame


def strictly(text):
    def refuse(word):
        raise AssertionError(f"{word} is no JSON")

    return json.loads(text, parse_constant=refuse)


def test_json_is_strict_and_whole(results):
    held = strictly(as_json(results))
    assert list(held) == ["summary", "rows"]
    assert len(held["rows"]) == len(results)
    for row, (_, expected) in zip(held["rows"], results.iterrows(), strict=True):
        assert list(row) == list(results.columns)
        for name, value in expected.items():
            if pd.isna(value):
                assert row[name] is None
            elif value in (math.inf, -math.inf):
                assert row[name] == str(value)
            else:
                assert row[name] == value


def test_json_is_ascii_and_one_row_a_line(hostile):
    text = as_json(hostile)
    assert text.isascii()
    assert len(text.splitlines()) == len(hostile) + 3


def test_infinities_and_missing_numbers(row):
    held = strictly(
        as_json(frame([row(got=math.inf, want=-math.inf, max_abs=math.nan, step=None)]))
    )
    first = held["rows"][0]
    assert (first["got"], first["want"], first["max_abs"], first["step"]) == (
        "inf",
        "-inf",
        None,
        None,
    )


def test_the_summary(mixed):
    held = strictly(as_json(mixed))["summary"]
    assert held["failing"] == ["bad", "softmax", "tie"]
    assert held["verdicts"]["stale"] == 1
    assert held["adapters"]["torch"] == {
        "version": "2.13.0",
        "tasks": {
            "error": 1,
            "differs": 0,
            "stale": 1,
            "blind": 0,
            "unsupported": 0,
            "skipped": 1,
            "known": 0,
            "agree": 1,
        },
    }
    assert held["sentence"].startswith("1 of 7 cases ended in an error")


def test_csv_reads_in_pandas_as_it_is(agreeing):
    held = pd.read_csv(io.StringIO(as_csv(agreeing)))
    assert list(held.columns) == list(agreeing.columns)
    assert list(held["max_abs"]) == list(agreeing["max_abs"])
