from __future__ import annotations

import os

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gradparity.reports import files
from gradparity.reports.as_text import as_csv
from gradparity.reports.columns import frame
from gradparity.reports.differences import differences
from gradparity.reports.errors import BadResults
from gradparity.reports.reading import read


@pytest.mark.thinned(3)
def test_all_files_are_written_and_nothing_else(results, tmp_path):
    paths = files.write(results, tmp_path / "deep" / "out")
    assert [path.name for path in paths] == list(files.NAMES)
    written = sorted(path.name for path in (tmp_path / "deep/out").iterdir())
    assert written == sorted([*files.NAMES, "history.jsonl"])


@pytest.mark.thinned(3)
def test_round_trip(results, tmp_path):
    files.write(results, tmp_path)
    for name in ("", "results.parquet", "results.csv"):
        pd.testing.assert_frame_equal(read(tmp_path / name), results, check_exact=True)


#: The columns of results before their order was changed; the last ones are not in all of them.
OLDER = [
    *("case", "point", "dtype", "adapter", "version", "check", "tensor", "step", "verdict"),
    *("kind", "max_abs", "max_rel", "max_ulp", "noise_ratio", "tolerance", "worst_index", "got"),
    *("want", "blame", "seconds", "reason", "path", "outlier", "got_imag", "want_imag"),
    *("where", "tags", "kink", "uncompared", "draw"),
]


@pytest.mark.parametrize("count", [20, 25, 28])
@pytest.mark.parametrize("name", ["results.parquet", "results.csv"])
def test_older_results_are_read_and_nothing_is_new_since(mixed, tmp_path, name, count):
    older = mixed[OLDER[:count]]
    older.to_parquet(tmp_path / "results.parquet", index=False)
    (tmp_path / "results.csv").write_text(as_csv(older), encoding="utf-8", newline="")
    held = read(tmp_path / name)
    assert list(held.columns) == list(mixed.columns)
    pd.testing.assert_frame_equal(held[OLDER[:count]], older, check_exact=True)
    assert differences(held, mixed).empty


def test_a_folder_may_have_the_csv_file_alone(mixed, tmp_path):
    files.write(mixed, tmp_path)
    (tmp_path / "results.parquet").unlink()
    pd.testing.assert_frame_equal(read(tmp_path), mixed, check_exact=True)


TEXTS = st.text()


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    max_examples=30,
)
@given(
    st.lists(
        st.fixed_dictionaries(
            {"case": TEXTS, "reason": TEXTS, "verdict": st.just("agree")},
            optional={
                "got": st.floats(),
                "max_abs": st.floats(),
                "step": st.integers(0, 2**62),
            },
        ),
        max_size=4,
    )
)
def test_any_text_and_number_come_back_from_both(tmp_path, rows):
    written = frame(rows)
    written.to_parquet(tmp_path / "results.parquet", index=False)
    (tmp_path / "results.csv").write_text(as_csv(written), encoding="utf-8", newline="")
    for name in ("results.parquet", "results.csv"):
        pd.testing.assert_frame_equal(read(tmp_path / name), written, check_exact=True)


def test_writing_again_replaces(agreeing, mixed, tmp_path):
    files.write(agreeing, tmp_path)
    files.write(mixed, tmp_path)
    pd.testing.assert_frame_equal(read(tmp_path), mixed)


def test_a_write_that_fails_leaves_the_old_file_and_no_other(tmp_path, monkeypatch):
    path = tmp_path / "report.md"
    path.write_bytes(b"old")

    def fail(*_):
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", fail)
    monkeypatch.setattr("pathlib.Path.replace", fail)
    with pytest.raises(OSError, match="disk full"):
        files.put(tmp_path, {path.name: b"new"})
    assert path.read_bytes() == b"old"
    assert [path] == list(tmp_path.iterdir())


def test_a_folder_that_is_a_file_is_an_oserror(mixed, tmp_path):
    (tmp_path / "out").write_text("I am a file")
    with pytest.raises(OSError, match="out"):
        files.write(mixed, tmp_path / "out")


def test_csv_texts_stand_as_they_are(hostile, tmp_path):
    files.write(hostile, tmp_path)
    assert "=HYPERLINK(1)" in (tmp_path / "results.csv").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["results.parquet", "results.csv"])
def test_a_truncated_file_is_refused(mixed, tmp_path, name):
    files.write(mixed, tmp_path)
    path = tmp_path / name
    content = path.read_bytes()
    for keep in (0, 1, 10, 0.3, 0.6, 0.97, -1):
        cut = content[: int(keep * len(content)) if 0 < keep < 1 else keep]
        assert not cut.endswith(b"\n")
        path.write_bytes(cut)
        with pytest.raises(BadResults, match=f"{name}: .*(truncated|not)"):
            read(path)


def test_a_missing_file(tmp_path):
    with pytest.raises(BadResults, match="nowhere: no such file or folder"):
        read(tmp_path / "nowhere")
    with pytest.raises(BadResults, match=r"no results\.parquet and no results\.csv"):
        read(tmp_path)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", b"name,age\nAnn,3\n"),
        ("b.csv", b"\xff\xfe\x00\n"),
        ("c.csv", b"\n"),
        ("d.parquet", b"PAR1 and then nothing of the kind PAR1"),
        ("e.txt", b"hello\n"),
    ],
)
def test_a_foreign_file(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(BadResults, match=name):
        read(tmp_path / name)


def test_a_foreign_parquet_file(tmp_path):
    pd.DataFrame({"name": ["Ann"]}).to_parquet(tmp_path / "x.parquet")
    with pytest.raises(BadResults, match=r"x\.parquet: not the results of a run: no column case"):
        read(tmp_path / "x.parquet")


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("got", "a lot", "column got should be float64|not a table of results"),
        ("step", "first", "column step should be Int64|not a table of results"),
        ("verdict", "fine", "no such verdict: 'fine'; expected one of error, differs"),
    ],
)
@pytest.mark.parametrize("name", ["x.parquet", "x.csv"])
def test_wrong_values(mixed, tmp_path, column, value, said, name):
    bad = mixed.assign(**{column: value})
    if name.endswith("csv"):
        bad.to_csv(tmp_path / name, index=False)
    else:
        bad.to_parquet(tmp_path / name)
    with pytest.raises(BadResults, match=said):
        read(tmp_path / name)
