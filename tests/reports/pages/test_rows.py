from __future__ import annotations

import math

import pandas as pd
import pytest

from gradparity.reports.columns import frame
from gradparity.reports.pages.index import areas, index, ordered
from gradparity.reports.pages.packing import packed, unpacked
from gradparity.reports.pages.rows import rows
from gradparity.reports.pages.sheets import Node, Record, Sheet


def page_of(results: pd.DataFrame, sheets=None, **said):
    held = ordered(results)
    return (
        held,
        unpacked(packed(index(held, sheets or {}))),
        unpacked(packed(rows(held, **said))),
    )


def told(found, rows, name):
    """A sparse column as the page reads it: row → what it has."""
    column = rows["sparse"][name]
    values = [rows["words"][k] for k in column["is"]] if column.get("text") else column["is"]
    return dict(zip(column["at"], values, strict=True))


@pytest.mark.parametrize("name", ["agreeing", "mixed", "hostile"])
def test_every_row_can_be_read_back(request, name):
    held, found, data = page_of(request.getfixturevalue(name))
    words, place = found["words"], 0
    for run, count in enumerate(found["runs"]["rows"]):
        for at in range(place, place + count):
            row = held.iloc[at]
            assert found["cases"]["name"][found["runs"]["case"][run]] == row["case"]
            for key in ("point", "dtype", "adapter", "version"):
                assert words[found["runs"][key][run]] == row[key]
            for key in ("check", "tensor", "kind", "proof"):
                assert data["words"][data[key][at]] == row[key]
            assert found["verdicts"][data["verdict"][at]] == row["verdict"]
            for key in ("max_abs", "max_ulp", "noise_ratio", "power"):
                assert data[key][at] == (None if math.isnan(row[key]) else row[key])
        place += count
    assert place == len(held)
    for key in ("reason", "blame", "cause", "worst_index"):
        assert told(found, data, key) == {k: v for k, v in enumerate(held[key]) if v}
    for key in ("got", "want", "tolerance"):
        assert told(found, data, key) == {
            k: v for k, v in enumerate(held[key]) if not math.isnan(v)
        }


def test_a_large_run_keeps_all_digits_of_what_does_not_agree(mixed):
    exact = 1.23456789e-7
    results = mixed.assign(max_abs=exact)
    _, found, data = page_of(results, whole=0)
    assert data["rounded"]
    for verdict, value in zip(data["verdict"], data["max_abs"], strict=True):
        agrees = found["verdicts"][verdict] == "agree"
        assert value == (1.2e-7 if agrees else exact)


def test_rows_of_a_run_that_are_apart_are_brought_together(row):
    results = frame([row("a", "torch"), row("a", "jax"), row("a", "torch", tensor="b")])
    assert list(ordered(results)["adapter"]) == ["torch", "torch", "jax"]


def test_a_run_has_its_worst_verdict_and_largest_ratio(row, failing):
    results = frame([row("a", noise_ratio=0.5, power=1e-9), failing("a", "torch", power=1e-3)])
    _, found, _ = page_of(results)
    assert found["verdicts"][found["runs"]["verdict"][0]] == "differs"
    assert found["runs"]["noise"] == [9e12]
    assert found["runs"]["power"] == [1e-9]  # of what agrees alone


def test_areas_are_files_without_what_all_begin_with(row):
    def areas_of(*wheres):
        names = [f"c{k}" for k in range(len(wheres))]
        held = frame(row(n, where=w) for n, w in zip(names, wheres, strict=True))
        return list(areas(held).values())

    assert areas_of("/x/y/a.yaml:3", "/x/y/b.yml:9") == ["a", "b"]
    assert areas_of("/x/a.yaml:3", "/x/corners/b.yaml:9") == ["a", "corners/b"]
    assert areas_of("/one/deep/a.yaml:3", "/other/b.yaml:9") == ["deep/a", "other/b"]
    assert areas_of("<dict> case", "") == ["<dict> case", ""]


def test_a_sheet_says_what_it_has_and_nothing_empty(row):
    sheet = Sheet(
        "a",
        about="one",
        operations=("exp",),
        nodes=(Node("x", "input"), Node("y", "output", "exp", ("x",))),
        records=(Record(("jax",), "grad", "x", "kink", "a tie"),),
    )
    _, found, _ = page_of(frame([row("a")]), {"a": sheet})
    assert found["cases"]["about"] == ["one"]
    assert [found["words"][k] for k in found["cases"]["operations"][0]] == ["exp"]
    assert sheet.data()["nodes"][0] == {"name": "x", "role": "input"}
    assert "derivation" not in sheet.data()
