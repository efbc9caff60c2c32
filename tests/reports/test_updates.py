from __future__ import annotations

import itertools
import math
import re

import pytest

from gradparity.reports.columns import frame
from gradparity.reports.html import as_html
from gradparity.reports.markdown import as_markdown
from gradparity.reports.updates import HEIGHT, LINE, WIDTH, drifts, partings

from .conftest import make_failing, make_row


def trajectory(adapter="jax", tensor="W", first=3, steps=6, verdict="differs", **changed):
    """Rows of an update that is off from one step on, ten times as far at each."""
    for step in range(steps):
        off = step >= first
        yield make_row(
            "adam",
            adapter,
            check="update",
            tensor=tensor,
            step=step,
            verdict=verdict if off else "agree",
            max_abs=10.0 ** (step - 10) if off else 1e-17,
            **changed,
        )


def test_an_update_parts_at_its_first_wrong_step_and_slot():
    rows = [*trajectory(), *trajectory(tensor="W.m", first=4), *trajectory(tensor="W.v", first=3)]
    found = partings(frame(rows))
    assert found[["tensor", "step"]].to_numpy().tolist() == [["W.v", 3]]


def test_each_adapter_and_point_parts_by_itself():
    rows = [
        *trajectory("jax"),
        *trajectory("torch", first=1, verdict="known"),
        *trajectory("numpy", first=6),
        *trajectory("jax", first=2, point="b1=0.5"),
    ]
    found = partings(frame(rows))
    assert set(zip(found["adapter"], found["point"], found["step"], strict=True)) == {
        ("jax", "", 3),
        ("torch", "", 1),
        ("jax", "b1=0.5", 2),
    }


def test_gradients_that_are_off_are_no_partings():
    assert partings(frame([make_failing()])).empty
    assert partings(frame([])).empty


def test_reports_name_where_updates_part():
    results = frame([*trajectory(tensor="W.m"), *trajectory(first=4)])
    for text in (as_markdown(results), as_html(results)):
        assert "Where updates part" in text
    assert re.search(r"\| adam\S+ \| W\.m \| 3 \|", as_markdown(results))


def test_drifts_are_drawn_for_every_adapter_of_a_task_that_is_off():
    (plot,) = drifts(frame([*trajectory("jax"), *trajectory("torch", first=9)]))
    assert plot.title == "adam[float64]"
    assert [series.name.split()[0] for series in plot.series] == ["jax", "torch"]  # top down
    for series in plot.series:
        points = [tuple(map(float, point.split(","))) for point in series.points.split()]
        assert len(points) == 6
        assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in points)
    jax = [float(point.split(",")[1]) for point in plot.series[0].points.split()]
    assert jax[3] > jax[4] > jax[5]  # upwards on the page


@pytest.mark.parametrize("error", [0.0, math.nan, math.inf])
def test_a_drift_without_a_size_is_drawn_all_the_same(error):
    rows = list(trajectory())
    rows[-1]["max_abs"] = error
    (plot,) = drifts(frame(rows))
    assert "nan" not in plot.series[0].points


def test_single_steps_and_agreement_are_not_drawn():
    assert drifts(frame([])) == []
    assert drifts(frame(trajectory(first=0, steps=1))) == []
    assert drifts(frame(trajectory(first=9))) == []
    assert "<svg" not in as_html(frame(trajectory(first=9)))


def test_the_page_draws_them_without_any_script():
    text = as_html(frame(trajectory(point="<b>")))
    assert text.count("<svg") == 1
    assert text.count("<polyline") == 1
    assert "&lt;b&gt;" in text
    assert "<b>" not in text


def test_names_beside_lines_stand_apart_and_an_adapter_keeps_its_colour():
    near = [*trajectory("numpy", first=9), *trajectory("torch", first=9), *trajectory("jax")]
    alone = [{**row, "case": "sgd"} for row in [*trajectory("torch")]]
    first, second = drifts(frame([*near, *alone]))
    heights = [series.y for series in first.series]
    assert min(b - a for a, b in itertools.pairwise(heights)) >= LINE
    colours = {series.name.split()[0]: series.colour for series in first.series}
    assert len(set(colours.values())) == 3
    assert [series.colour for series in second.series] == [colours["torch"]]
