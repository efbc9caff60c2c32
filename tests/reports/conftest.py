"""Made-up results."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
import pytest

from gradparity.reports.columns import frame

NAN = math.nan

WHOLE_RUN = {
    "check": "run",
    "tensor": "",
    "worst_index": "",
    **dict.fromkeys(
        ("max_abs", "max_rel", "max_ulp", "noise_ratio", "tolerance", "got", "want"), NAN
    ),
}


def make_row(case: str = "one-layer", adapter: str = "torch", **changed: Any) -> dict[str, Any]:
    row = {
        "case": case,
        "point": "",
        "dtype": "float64",
        "adapter": adapter,
        "version": {"torch": "2.13.0", "jax": "0.10.2", "numpy": "2.4.6"}.get(adapter, "1"),
        "check": "grad",
        "tensor": "W",
        "step": 0,
        "verdict": "agree",
        "kind": "",
        "max_abs": 1e-17,
        "max_rel": 2e-17,
        "max_ulp": 0.1,
        "noise_ratio": 0.3,
        "tolerance": 6e-16,
        "worst_index": "()",
        "got": 0.5,
        "want": 0.5,
        "blame": "",
        "seconds": 0.25,
        "reason": "",
        "outlier": "",
        "got_imag": 0.0,
        "want_imag": 0.0,
        "where": f"cases/{case}.yaml:1",
        "tags": "",
    }
    return row | changed


def make_failing(case: str = "softmax", adapter: str = "jax", **changed: Any) -> dict[str, Any]:
    given = {
        "verdict": "differs",
        "kind": "error",
        "max_abs": 1.5e-3,
        "max_rel": 3e-3,
        "noise_ratio": 9e12,
        "tolerance": 1e-12,
        "worst_index": "(0, 3)",
        "got": 0.5015,
        "want": 0.5,
        "blame": "z",
        "reason": "error 0.0015 exceeds 1e-12 at (0, 3)",
    }
    return make_row(case, adapter, **(given | changed))


HOSTILE = [
    "<script>alert(1)</script>",
    "a | b",
    "=HYPERLINK(1)",
    'quote " and, comma',
    "*bold* `code` [link](x) $x$",
    "zwei\nZeilen\r\nund\tmehr",
    "\x1b[31mred\x1b[0m \x07",
    "ünïcode λ 漢字 🎲",
    "</td></table>{{ 7 * 7 }}{% raw %}",
    "[bold red]markup[/]",
    "nan",
    "NA",
    "null",
    "\udcff",
    "\u202eright to left",
    "\\|",
]


@pytest.fixture
def row():
    return make_row


@pytest.fixture
def failing():
    return make_failing


@pytest.fixture
def agreeing() -> pd.DataFrame:
    return frame(
        make_row(case, adapter, dtype=dtype, check=check, tensor=tensor)
        for case in ("one-layer", "chain")
        for dtype in ("float64", "float32")
        for adapter in ("numpy", "torch", "jax")
        for check, tensor in (("value", "loss"), ("grad", "W"), ("update", "W"))
    )


@pytest.fixture
def mixed() -> pd.DataFrame:
    """Every verdict, and numbers of every kind."""
    return frame(
        [
            make_row("one-layer", "numpy"),
            make_row("one-layer", "torch"),
            make_failing("softmax", "jax"),
            make_failing(
                "softmax",
                "jax",
                tensor="b",
                kind="non-finite",
                max_abs=NAN,
                max_rel=NAN,
                noise_ratio=NAN,
                tolerance=NAN,
                got=NAN,
                want=-math.inf,
                reason="nan where the truth is -inf",
            ),
            make_row("softmax", "jax", tensor="c", noise_ratio=math.inf, max_rel=1.0),
            make_row("tie", "torch", verdict="stale", kind="kink", reason="it is gone"),
            make_row("max", "jax", verdict="known", kind="kink", reason="ties", noise_ratio=1e15),
            make_row("ctc", "jax", verdict="unsupported", reason="has no ctc", **WHOLE_RUN),
            make_row("slow", "torch", verdict="skipped", reason="takes an hour", **WHOLE_RUN),
            make_row("bad", "torch", verdict="error", kind="raised", reason="boom", **WHOLE_RUN),
        ]
    )


@pytest.fixture
def hostile() -> pd.DataFrame:
    """Hostile text wherever text may stand."""
    return frame(
        make_failing(
            f"{text} {place}",
            text,
            point=text,
            tensor=text,
            blame=text,
            reason=text,
            version=text,
            where=text,
            verdict=verdict,
            step=step,
            worst_index="()",
        )
        for place, text in enumerate(HOSTILE)
        for step, verdict in enumerate(("differs", "unsupported", "known", "agree"))
    )


@pytest.fixture(params=["none", "one", "agreeing", "mixed", "hostile"])
def results(request) -> pd.DataFrame:
    """Each kind of frame that a report must take."""
    if request.param == "none":
        return frame([])
    if request.param == "one":
        return frame([make_row()])
    return request.getfixturevalue(request.param)
