"""What a comparison of two pieces of code found, for people and for programs."""

from __future__ import annotations

import html
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from .finding import Finding
from .judging import COLUMNS, Row

#: What the checks are called.
CHECKS = {
    "mathematics": "the same mathematics (both programs in float64)",
    "run": "as run (each side beside the truth of its own program)",
    "own gradient": "own gradients (each side beside the derivative of its own forward pass)",
    "training": "training (both in float64, with the user's own optimizers)",
}

#: How many rows that differ are shown in a text.
MOST_ROWS = 6


@dataclass(frozen=True)
class Report:
    """Whether two sides are the same mathematics, where they part, why, and how to agree.

    ``verdict``
        ``same``, ``differs``, or ``unknown`` where a program could not be made of a side and
        nothing else differs.
    ``findings``
        What was found, in the order in which the sides part.
    ``frame``
        A DataFrame: one row a comparison of two tensors.
    """

    verdict: str
    sides: tuple[str, str]
    findings: tuple[Finding, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()
    #: What could not be captured, with its place.
    gaps: tuple[str, ...] = field(default=())

    @property
    def first(self) -> Finding | None:
        """Where the sides part first; None where they do not."""
        return next((f for f in self.findings if f.differs), None)

    @property
    def causes(self) -> tuple[str, ...]:
        """The causes that were proved, in order."""
        return tuple(f.cause for f in self.findings if f.cause)

    @property
    def frame(self) -> pd.DataFrame:
        """Every comparison."""
        return pd.DataFrame(list(self.rows), columns=list(COLUMNS))

    @property
    def sentence(self) -> str:
        """What a person should know first."""
        a, b = self.sides
        if self.verdict == "same":
            narrow = [f for f in self.findings if not f.differs]
            more = f", but {narrow[0].cause}" if narrow else ""
            return f"{a} and {b} are the same mathematics{more}."
        if self.verdict == "unknown":
            return f"{a} and {b} agree as far as was seen; not all of them could be captured."
        kinds = {f.kind for f in self.findings if f.differs}
        if kinds & {"value", "grad"} or not kinds:
            known = dict.fromkeys(f.cause for f in self.findings if f.cause and f.differs)
            said = f": {'; '.join(known)}" if known else ""
            what = "gradients differ" if kinds == {"grad"} else "are not the same mathematics"
            return f"{a} and {b}{'' if what.startswith('are') else chr(39) + 's'} {what}{said}."
        if kinds == {"training"}:
            found = next(f for f in self.findings if f.kind == "training")
            why = f": {found.cause}" if found.cause else ""
            return f"{a} and {b} are the same mathematics, but are not trained alike{why}."
        cause = next(f for f in self.findings if f.differs)
        return f"{a} and {b} are the same mathematics, but {cause.cause or cause.note}."

    def __str__(self) -> str:
        parts = [self.sentence, self._checks()]
        parts += [f"{k}. {_text(f)}" for k, f in enumerate(self.findings, 1)]
        parts += [f"not captured: {gap}" for gap in self.gaps]
        parts += [f"note: {note}" for note in self.notes]
        return "\n".join(part for part in parts if part)

    def __repr__(self) -> str:
        return str(self)

    def _checks(self) -> str:
        """A line a check: how many tensors agree, and the worst that do not."""
        lines = []
        for check, words in CHECKS.items():
            rows = [r for r in self.rows if r["check"] == check]
            if not rows:
                continue
            off = [r for r in rows if r["verdict"] != "agree"]
            lines.append(f"  {words}: {len(rows) - len(off)} of {len(rows)} tensors agree")
            shown = sorted(off, key=lambda r: r["kind"] != "value")[:MOST_ROWS]
            lines += [
                f"    {r['side']}: {r['kind']} of {r['tensor']}: {r['reason']}" for r in shown
            ]
            if len(off) > MOST_ROWS:
                lines.append(f"    and {len(off) - MOST_ROWS} more")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        """A piece of a page that needs nothing else; every text in it is escaped."""
        found = "".join(f"<li><pre>{html.escape(_text(f))}</pre></li>" for f in self.findings)
        notes = "".join(
            f"<p>{html.escape(n)}</p>"
            for n in (*(f"not captured: {g}" for g in self.gaps), *self.notes)
        )
        table = self.frame.to_html(index=False, border=0, escape=True, float_format="{:.3g}".format)
        return (
            f"<div><p><strong>{html.escape(self.sentence)}</strong></p><ol>{found}</ol>{notes}"
            f"<details><summary>{len(self.rows)} comparisons</summary>{table}</details></div>"
        )

    def save(self, path: str | Path) -> Path:
        """Write a page of its own that needs no other file.

        Raises
        ------
        OSError
            Where it cannot be written.
        """
        a, b = map(html.escape, self.sides)
        page = (
            f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{a} and {b}</title>'
            "<style>body{font:16px/1.5 system-ui,sans-serif;max-width:70em;margin:2em auto;"
            "padding:0 1em}pre{white-space:pre-wrap;background:#f6f6f6;padding:.7em}"
            "table{border-collapse:collapse;font-size:.85em}td,th{padding:.2em .6em;"
            "text-align:left;border-bottom:1px solid #ddd}</style></head>"
            f"<body><h1>{a} and {b}</h1>{self._repr_html_()}</body></html>"
        )
        target = Path(path)
        target.write_text(page, encoding="utf-8")
        return target


def _text(finding: Finding) -> str:
    heads = {
        "value": "the sides part",
        "grad": "the values agree, the gradients part",
        "own gradient": "a gradient that is not the derivative of its own forward pass",
        "as run": "a side is off the truth of its own program",
        "training": "training parts",
        "narrow": "a narrower dtype inside",
    }
    lines = [heads[finding.kind]]
    lines += [f"   {at}" + (f"  [{at.size}]" if at.size else "") for at in finding.at]
    known = finding.kind in ("value", "grad", "training")
    often = f" ({finding.times} times on this line)" if finding.times > 1 else ""
    lines.append(f"   because: {finding.cause}{often}" if finding.cause else "")
    if known and not finding.cause:
        of = "setting of the optimizer" if finding.kind == "training" else "edit of one operation"
        lines.append(f"   because: no single {of} explains it")
    lines += [f"   effect: {finding.effect}" if finding.effect else ""]
    lines += [f"   to agree: {finding.agree}" if finding.agree else ""]
    lines += [f"   {finding.note}" if finding.note else ""]
    return "\n".join(line for line in lines if line)
