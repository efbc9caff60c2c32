from __future__ import annotations

import math

import pytest

from gradparity.reports import summary
from gradparity.reports.columns import frame


def test_a_task_has_its_worst_rows_verdict(mixed):
    held = summary.tasks(mixed).set_index(["case", "adapter"])["verdict"].to_dict()
    assert held == {
        ("one-layer", "numpy"): "agree",
        ("one-layer", "torch"): "agree",
        ("softmax", "jax"): "differs",
        ("tie", "torch"): "stale",
        ("max", "jax"): "known",
        ("ctc", "jax"): "unsupported",
        ("slow", "torch"): "skipped",
        ("bad", "torch"): "error",
    }


def test_counts_by_adapter_and_verdict(mixed):
    counts = summary.by_verdict(mixed)
    assert list(counts.itertuples(index=False, name=None)) == [
        ("jax", "0.10.2", "differs", 1, 2),
        ("jax", "0.10.2", "unsupported", 1, 0),
        ("jax", "0.10.2", "known", 1, 1),
        ("jax", "0.10.2", "agree", 0, 1),
        ("numpy", "2.4.6", "agree", 1, 1),
        ("torch", "2.13.0", "error", 1, 0),
        ("torch", "2.13.0", "stale", 1, 1),
        ("torch", "2.13.0", "skipped", 1, 0),
        ("torch", "2.13.0", "agree", 1, 1),
    ]


def test_every_task_and_comparison_is_counted_once(results):
    counts = summary.by_verdict(results)
    assert len(summary.tasks(results)) == counts["tasks"].sum()
    assert (results["check"] != "run").sum() == counts["rows"].sum()


def test_the_worst_come_by_noise_ratio_then_relative_error(row):
    made = frame(
        [
            row("a", noise_ratio=1.0, max_rel=0.1),
            row("b", noise_ratio=1.0, max_rel=0.2),
            row("c", noise_ratio=math.inf),
            row("d", noise_ratio=math.nan, max_rel=9.0),
            row("e", noise_ratio=5.0),
            row("e", noise_ratio=4.0, tensor="b"),
            row("f", noise_ratio=1e9, verdict="known"),
            row("g", noise_ratio=1e9, check="update"),
            row("h", noise_ratio=0.0, max_rel=0.0, max_abs=0.0),
            row("i", noise_ratio=math.nan, max_rel=math.nan, max_abs=math.nan),
        ]
    )
    assert list(summary.worst(made, "grad", 4)["case"]) == ["c", "e", "b", "a"]
    assert list(summary.worst(made, "grad")["case"]) == ["c", "e", "b", "a", "d"]
    assert list(summary.worst(made, "update")["case"]) == ["g"]


def test_reasons_count_tasks_and_rows(row):
    made = frame(
        [
            row(verdict="known", reason="ties", tensor="a"),
            row(verdict="known", reason="ties", tensor="b"),
            row(verdict="known", reason="ties", tensor="b", dtype="float32"),
            row(verdict="known", reason="other", tensor="c"),
        ]
    )
    held = summary.reasons(made, "known")
    assert list(zip(held["reason"], held["tasks"], held["rows"], strict=True)) == [
        ("ties", 2, 3),
        ("other", 1, 1),
    ]


def test_seconds_count_once_a_task(agreeing):
    assert summary.totals(agreeing)["seconds"] == 0.25 * 12


def test_totals(mixed):
    totals = summary.totals(mixed)
    assert (totals["cases"], totals["tasks"], totals["runs"]) == (7, 7, 8)
    assert totals["comparisons"] == 7
    assert totals["verdicts"]["differs"] == 1


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([], "Nothing was run: no rows."),
        ([{}], "1 case, 1 adapter, 1 comparison: all agree."),
        (
            [{}, {"verdict": "known", "tensor": "b"}],
            "1 case, 1 adapter, 2 comparisons: all agree, except 1 recorded divergence that held.",
        ),
        (
            [{"adapter": "numpy"}],
            (
                "1 case, 1 adapter, 1 comparison: the reference agrees with its own truth; no "
                "framework was compared."
            ),
        ),
        (
            [{"adapter": "numpy"}, {"verdict": "skipped", "check": "run"}],
            (
                "1 case, 2 adapters, 1 comparison: the reference agrees with its own truth; no "
                "framework was compared (1 run skipped)."
            ),
        ),
        (
            [{"adapter": "numpy"}, {"adapter": "numpy", "verdict": "known", "tensor": "b"}],
            (
                "1 case, 1 adapter, 2 comparisons: the reference agrees with its own truth, "
                "except 1 recorded divergence that held; no framework was compared."
            ),
        ),
        ([{"adapter": "numpy"}, {}], "1 case, 2 adapters, 2 comparisons: all agree."),
        (
            [{"verdict": "unsupported", "check": "run"}],
            "1 case, 1 adapter, 0 comparisons: nothing could be compared (1 run unsupported).",
        ),
        (
            [{}, {"case": "b", "verdict": "differs"}, {"case": "c", "verdict": "skipped"}],
            "1 of 3 cases differs: b (torch) (1 run skipped).",
        ),
        (
            [
                {"case": name, "adapter": adapter, "verdict": "differs"}
                for name in "abcde"
                for adapter in ("torch", "jax")
            ],
            "5 of 5 cases differ: a (torch, jax), b (torch, jax), c (torch, jax) and 2 more.",
        ),
        (
            [{"verdict": "error", "check": "run"}, {"case": "b", "verdict": "stale"}],
            "1 of 2 cases ended in an error: one-layer (torch); 1 of 2 cases is stale: b (torch).",
        ),
    ],
)
def test_the_sentence(row, rows, expected):
    assert expected == summary.sentence(frame(row(**changed) for changed in rows))


def test_only_a_run_without_failures_is_said_to_agree(results):
    agrees = "all agree" in summary.sentence(results)
    assert agrees == (len(results) > 0 and summary.failures(results).empty)


def test_counts_by_case_are_those_of_the_tasks(results):
    counts = summary.by_case(results)
    assert list(counts.columns) == ["case", "adapter", "verdict", "tasks", "rows"]
    runs = summary.tasks(results)
    assert counts["tasks"].sum() == len(runs)
    assert counts["rows"].sum() == len(summary.compared(results))
    for row in counts.to_dict(orient="records"):
        same = (runs[["case", "adapter", "verdict"]] == list(row.values())[:3]).all(axis="columns")
        assert row["tasks"] == same.sum()


def test_counts_by_case_have_the_frames_order_and_the_worst_first(row):
    rows = [
        row("b", "torch", dtype="float32"),
        row("b", "torch", verdict="differs"),
        row("b", "torch", tensor="v"),
        row("a", "jax"),
        row("b", "jax"),
    ]
    assert summary.by_case(frame(rows)).to_numpy().tolist() == [
        ["b", "torch", "differs", 1, 2],
        ["b", "torch", "agree", 1, 1],
        ["a", "jax", "agree", 1, 1],
        ["b", "jax", "agree", 1, 1],
    ]


def test_what_failed_first_is_one_row_for_each_case_and_adapter(row, failing):
    rows = [
        row("a", "jax"),
        failing("a", "jax", tensor="first"),
        failing("a", "jax", tensor="second"),
        failing("a", "torch", tensor="third", verdict="stale"),
        failing("b", "jax", tensor="fourth", verdict="known"),
    ]
    assert list(summary.failed_first(frame(rows))["tensor"]) == ["first", "third"]


def test_what_no_reference_was_there_for_is_said(row):
    peers = row(case="two-texts", adapter="torch", proof="peers")
    said = summary.sentence(frame([peers, row(case="other", adapter="torch")]))
    assert "without a reference, frameworks beside each other alone: two-texts" in said
    assert "without a reference" not in summary.sentence(frame([row(adapter="torch")]))
