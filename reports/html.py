"""A report as one HTML file that needs nothing else: no network, no fonts, no framework."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import jinja2
import pandas as pd

from . import summary
from .failures import report
from .sections import Table
from .updates import Plot, drifts
from .verdicts import VERDICTS
from .wording import safe

# Everything is escaped: names and reasons come from case files and frameworks.
_TEMPLATES = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)


def template(name: str) -> jinja2.Template:
    """A page's template; whatever is put into it is escaped."""
    return _TEMPLATES.get_template(name)


def as_html(
    frame: pd.DataFrame,
    *,
    title: str = "gradparity",
    date: str = "",
    about: Mapping[str, str] | None = None,
) -> str:
    """Write the report of a run as a page; the parameters are those of ``as_markdown``."""
    facts = ({"Date": date} if date else {}) | dict(about or {})
    return as_page(
        title,
        summary.sentence(frame),
        outcome(frame),
        report(frame),
        facts=facts,
        plots=drifts(frame),
        footer="Every row of the run is in results.parquet and results.csv.",
    )


def as_page(
    title: str,
    sentence: str,
    outcome: str,
    tables: Sequence[Table],
    *,
    facts: Mapping[str, str] | None = None,
    plots: Sequence[Plot] = (),
    footer: str = "",
) -> str:
    """Write tables, and plots of drifts, as a page."""
    return template("report.html").render(
        title=safe(title),
        sentence=safe(sentence),
        outcome=outcome,
        facts={safe(name): safe(text) for name, text in (facts or {}).items()},
        tables=tables,
        plots=plots,
        verdicts=VERDICTS,
        footer=footer,
    )


def outcome(frame: pd.DataFrame) -> str:
    """The word beside the title."""
    if frame.empty:
        return "empty"
    return "passed" if summary.failures(frame).empty else "failed"
