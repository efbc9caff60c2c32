from __future__ import annotations

import pandas as pd
import pytest

from gradparity.reports.columns import KEY, frame
from gradparity.reports.differences import as_text, differences, sentence
from gradparity.reports.errors import BadResults


def changes(old, new, **options):
    found = differences(frame(old), frame(new), **options)
    columns = ["change", "worse", "was", "now"]
    return [tuple(row) for row in found[columns].itertuples(index=False)]


def test_nothing_changed(results):
    found = differences(results, results)
    assert len(found) == 0
    assert as_text(found) == "Nothing changed."


def test_columns_and_dtypes_are_the_same_without_changes(mixed, agreeing):
    none, some = differences(mixed, mixed), differences(agreeing, mixed)
    pd.testing.assert_series_equal(none.dtypes, some.dtypes)
    assert list(none.columns)[: len(KEY)] == KEY


@pytest.mark.parametrize(
    ("was", "now", "worse"),
    [
        ("agree", "differs", True),
        ("known", "stale", True),
        ("unsupported", "error", True),
        ("agree", "unsupported", True),
        ("differs", "agree", False),
        ("differs", "known", False),
        ("differs", "error", False),
        ("unsupported", "agree", False),
    ],
)
def test_verdicts(row, was, now, worse):
    found = changes([row(verdict=was)], [row(verdict=now)])
    assert found == [("verdict", worse, was, now)]


def test_a_new_kind_is_a_change(failing):
    assert changes([failing()], [failing(kind="shape")]) == [
        ("verdict", False, "differs (error)", "differs (shape)")
    ]


@pytest.mark.parametrize(
    ("was", "now", "reported"),
    [
        (1.0, 2.0, False),
        (1.0, 2.1, True),
        (0.0, 1.9, False),
        (0.0, 2.1, True),
        (5.0, 1.0, False),
        (3.0, float("inf"), True),
        (float("inf"), float("inf"), False),
        (float("nan"), 5.0, False),
    ],
)
def test_errors_that_grew(row, was, now, reported):
    found = changes([row(noise_ratio=was)], [row(noise_ratio=now)])
    assert [change for change, *_ in found] == ["error"] * reported


def test_the_factor(row):
    old, new = [row(noise_ratio=1.0)], [row(noise_ratio=3.0)]
    assert len(changes(old, new, factor=2.9)) == 1
    assert len(changes(old, new, factor=3.0)) == 0


def test_rows_that_appear_and_vanish(row, failing):
    assert changes([row(), row("old")], [row(), failing("new"), row("fine")]) == [
        ("vanished", True, "agree", ""),
        ("appeared", True, "", "differs (error)"),
        ("appeared", False, "", "agree"),
    ]


def test_what_came_and_went_is_told_in_groups(row, failing):
    gone = [row(f"case-{k}", tensor=t) for k in range(5) for t in ("W", "b", "c", "d")]
    came = [row("new", adapter=a, tensor=t) for a in ("torch", "jax") for t in ("W", "b")]
    text = as_text(differences(frame([row(), *gone]), frame([row(), *came, failing("case-0")])))
    lines = [" ".join(line.split()) for line in text.splitlines()]
    assert "5 cases torch float64 grad 20 agree" in lines
    assert any(line.startswith("new jax, torch float64 grad W, b 4 agree") for line in lines)
    assert [line for line in lines if line.startswith("case-0 jax")]  # what fails stands by itself
    assert len([line for line in lines if line.startswith("case-")]) == 1


def test_versions(row):
    old = [row(version="2.12"), row(adapter="jax")]
    new = [row(version="2.13"), row(adapter="jax")]
    assert changes(old, new) == [("version", False, "2.12", "2.13")]


def test_from_nothing_and_to_nothing(agreeing):
    none = frame([])
    assert set(differences(none, agreeing)["change"]) == {"appeared"}
    assert set(differences(agreeing, none)["change"]) == {"vanished"}
    assert len(differences(none, none)) == 0


def test_two_rows_for_one_tensor_are_refused(row):
    double = frame([row(), row()])
    with pytest.raises(BadResults, match=r"old results have two rows for grad W of one-layer"):
        differences(double, frame([]))
    with pytest.raises(BadResults, match="the new results"):
        differences(frame([]), double)


def test_the_text(row, failing):
    old = [row(), row(tensor="b", noise_ratio=1.5), row(version="2.12", tensor="c")]
    new = [
        row(verdict="differs", kind="error", reason="off"),
        row(tensor="b", noise_ratio=4.5),
        row(tensor="c"),
        failing(),
    ]
    assert (
        as_text(differences(frame(old), frame(new)))
        == """\
Verdicts that changed (1)
task                      check  tensor  step  was    now              reason  where
one-layer[torch-float64]  grad   W          0  agree  differs (error)  off     \
cases/one-layer.yaml:1

Errors that grew (1)
task                      check  tensor  step  was  now  growth
one-layer[torch-float64]  grad   b          0  1.5  4.5       3

Rows that appeared (1)
case     adapters  dtypes   checks  tensors  rows  verdict          reason   \
                             where
softmax  jax       float64  grad    W           1  differs (error)  \
error 0.0015 exceeds 1e-12 at (0, 3)  cases/softmax.yaml:1

Versions that changed (1)
adapter  was           now
torch    2.12, 2.13.0  2.13.0

3 changes for the worse (verdicts that changed: 1, errors that grew: 1, \
rows that appeared: 1, versions that changed: 1)."""
    )


def test_better_is_not_said_to_be_worse(row):
    found = differences(frame([row(verdict="differs")]), frame([row()]))
    assert sentence(found) == "Nothing is worse (verdicts that changed: 1)."


def test_hostile_text_is_shown_safely(hostile):
    text = as_text(differences(frame([]), hostile[hostile["verdict"] == "differs"]))
    assert "\x1b" not in text
