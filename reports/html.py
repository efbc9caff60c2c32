"""A report as one HTML file that needs nothing else: no network, no fonts, no framework."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd

from . import summary
from .failures import Failure, causes, failures
from .pages.index import index, ordered
from .pages.lines import line_in
from .pages.linking import Links
from .pages.packing import packed
from .pages.proved import proved, uncompared
from .pages.rows import rows
from .pages.sheets import Sheet
from .sections import Table, details, overview
from .updates import Plot, drifts
from .verdicts import FAILING, VERDICTS
from .wording import counted, listed, safe

#: So many failures are told in full, and so many rows of each table; the page's data has all.
MOST_FAILURES, MOST_ROWS, MOST_PLOTS = 12, 50, 6

#: So many lines of a case are marked.
MOST_MARKS = 4


@dataclass(frozen=True)
class Found:
    """One thing that a page tells before its tables.

    ``verdict`` is how it is marked, ``code`` has lines of code with their places, ``parts`` are
    titles with what stands after them.
    """

    verdict: str
    head: str
    code: tuple[str, ...] = ()
    parts: tuple[tuple[str, str], ...] = ()


# Everything is escaped: names and reasons come from case files and frameworks.
_TEMPLATES = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)
_TEMPLATES.filters["cut"] = safe


def template(name: str) -> jinja2.Template:
    """A page's template; whatever is put into it is escaped."""
    return _TEMPLATES.get_template(name)


def as_html(
    frame: pd.DataFrame,
    *,
    title: str = "gradparity",
    date: str = "",
    about: Mapping[str, str] | None = None,
    sheets: Mapping[str, Sheet] | None = None,
    history: Sequence[Mapping[str, Any]] = (),
    progress: str = "",
    links: Links | None = None,
) -> str:
    """Write the report of a run as a page that has all of its rows.

    Parameters
    ----------
    frame
        The results.
    title, date, about
        As those of ``as_markdown``.
    sheets
        What is known of cases beside their rows, by name.
    history
        The runs that the folder has seen, as ``pages.history`` tells them, this one last.
    progress
        Of a run that goes on, how far it is.
    links
        Where the atlas is; None where there is none.
    """
    facts = ({"Date": date} if date else {}) | dict(about or {})
    told = failures(frame)
    worth = [table for table in (proved(frame), uncompared(frame)) if table]
    counts = [table for table in (overview(frame),) if table]
    left = told[MOST_FAILURES:]
    rest = listed(dict.fromkeys(one.case for one in left))
    data = {}
    if not frame.empty:
        held = ordered(frame)
        data = {
            "index": packed(index(held, sheets or {})),
            "rows": packed(rows(held)),
            "sheets": packed(_marked(frame, sheets or {})),
            "history": packed({"runs": [dict(run) for run in history]}),
        }
    return template("run.html").render(
        title=safe(title),
        sentence=safe(summary.sentence(frame)),
        outcome=outcome(frame),
        progress=progress,
        links=links or Links(),
        facts={safe(name): safe(text) for name, text in facts.items()},
        failed=[_told(one) for one in told[:MOST_FAILURES]],
        more_failed=f"and {counted(len(left), 'more failure')}: {rest}" if left else "",
        before=counts if told else [*counts, *worth],
        after=worth if told else [],
        tables=[_short(table) for table in _further(frame)],
        plots=drifts(frame, MOST_PLOTS),
        verdicts=VERDICTS,
        data=data,
        footer="Every row of the run is in results.parquet and results.csv.",
    )


def _told(one: Failure) -> dict[str, Any]:
    """A failure as the page has it: what stands after the case's name is ``said``."""
    return {
        "case": one.case,
        "said": one.head.removeprefix(f"{one.case}: "),
        **{name: getattr(one, name) for name in ("verdict", "cause", "remedy", "reason", "first")},
    }


def _further(frame: pd.DataFrame) -> list[Table]:
    """The tables for those who ask, all but what the page shows otherwise."""
    return [table for table in (causes(frame), *details(frame)) if table]


def _short(table: Table) -> Table:
    left = len(table.rows) - MOST_ROWS
    if left <= 0:
        return table
    note = f"{table.note} {counted(left, 'more row')} in report.md.".strip()
    return replace(table, rows=table.rows[:MOST_ROWS], note=note)


def _marked(frame: pd.DataFrame, sheets: Mapping[str, Sheet]) -> dict[str, Any]:
    """The sheets as data, with the lines that failing rows speak of."""
    data = {name: sheet.data() for name, sheet in sheets.items()}
    failing = frame[frame["verdict"].isin(FAILING) & frame["case"].isin(list(sheets))]
    firsts = failing.drop_duplicates(["case", "adapter", "check", "blame", "verdict"])
    for row in firsts.to_dict(orient="records"):
        if text := sheets[row["case"]].text:
            marks = data[row["case"]].setdefault("marks", [])
            line = line_in(text, row)
            if line not in marks and len(marks) < MOST_MARKS:
                marks.append(line)
    return data


def as_page(
    title: str,
    sentence: str,
    outcome: str,
    tables: Sequence[Table],
    *,
    facts: Mapping[str, str] | None = None,
    plots: Sequence[Plot] = (),
    findings: Sequence[Found] = (),
    footer: str = "",
) -> str:
    """Write tables, plots of drifts, and before them what was found one by one, as a page."""
    return template("report.html").render(
        title=safe(title),
        sentence=safe(sentence),
        outcome=outcome,
        progress="",
        facts={safe(name): safe(text) for name, text in (facts or {}).items()},
        tables=tables,
        plots=plots,
        findings=findings,
        verdicts=VERDICTS,
        footer=footer,
    )


def outcome(frame: pd.DataFrame) -> str:
    """The word beside the title."""
    if frame.empty:
        return "empty"
    return "passed" if summary.failures(frame).empty else "failed"
