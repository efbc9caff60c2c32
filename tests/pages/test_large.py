"""The page of a whole catalogue, made up: how large it is, and that it can be used."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gradparity.reports.columns import BY_NAME, conform
from gradparity.reports.html import as_html
from gradparity.reports.pages.sheets import Node, Sheet

CATALOGUE = Path(__file__).parents[2] / "cases" / "catalogue"

#: Of the catalogue over three frameworks.
CASES, TASKS, ROWS = 1_571, 6_341, 237_458


@pytest.fixture(scope="module")
def page_file(tmp_path_factory):
    """As many rows as the catalogue has, with numbers as hard to compress, and its own texts."""
    chance = np.random.default_rng(0)
    task = np.sort(chance.integers(0, TASKS, ROWS // 3))
    count = len(task)
    single = pd.DataFrame(
        {
            "case": np.array([f"case-number-{k % CASES}" for k in range(TASKS)])[task],
            "point": np.array([f"axis={k // CASES}" for k in range(TASKS)])[task],
            "dtype": np.array(["float64", "float32"])[task % 2],
            "check": np.array(["value", "grad", "update"])[np.arange(count) % 3],
            "tensor": np.array([f"w{k}" for k in range(40)])[np.arange(count) % 40],
            "step": np.arange(count) % 7,
            "where": np.array([f"/c/area{k % 90}.yaml:{k}" for k in range(CASES)])[task % CASES],
            "tags": "one two",
            "proof": "end-to-end",
        }
    )
    parts = []
    for adapter in ("numpy", "torch", "jax"):
        numbers = {
            name: np.where(chance.random(count) < 0.2, 0, 10 ** chance.normal(-12, 2.5, count))
            for name in ("max_abs", "max_rel", "max_ulp", "noise_ratio", "power", "got", "want")
        }
        off = chance.random(count) < 0.006
        parts.append(
            single.assign(
                adapter=adapter,
                version="1.2.3",
                verdict=np.where(off, "known", "agree"),
                reason=np.where(off, "It is recorded.", ""),
                tolerance=1e-12,
                worst_index="(0, 3)",
                seconds=0.1,
                **numbers,
            )
        )
    made = pd.concat(parts, ignore_index=True)
    missing = {name: None for name in BY_NAME if name not in made}
    frame = conform(made.assign(**missing).assign(kind="", max_ulp=made["max_ulp"]))
    texts = [
        text
        for path in sorted(CATALOGUE.rglob("*.yaml"))
        for text in path.read_text("utf-8").split("\n---\n")
    ]
    nodes = tuple(Node(f"v{k}", "operation", "exp", (f"v{k - 1}",)) for k in range(1, 7))
    sheets = {
        name: Sheet(name, "About it.", text=texts[k % len(texts)], line=1, nodes=nodes)
        for k, name in enumerate(frame["case"].unique())
    }
    path = tmp_path_factory.mktemp("large") / "report.html"
    path.write_text(as_html(frame, sheets=sheets), "utf-8")
    return path


@pytest.mark.slow
def test_it_is_under_three_megabytes_and_answers(visit, page_file):
    assert page_file.stat().st_size < 3_000_000
    page = visit(page_file)
    assert page.locator("#count").inner_text().startswith("1,571 cases")
    page.fill("#f-q", "case-number-77")
    page.wait_for_function("document.querySelector('#count').textContent.startsWith('11 cases')")
    page.evaluate("location.hash = '#/rows?sort=noise_ratio&dir=down'")
    page.wait_for_selector("table.rows")
