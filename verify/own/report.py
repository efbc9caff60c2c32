"""What a comparison of two pieces of code found, for people and for programs."""

from __future__ import annotations

import html
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from ...reports.html import Found, as_page
from ...reports.sections import Head, Table
from ...reports.wording import number, safe
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
        if kinds & {"value", "grad"} or self._apart("mathematics"):
            known = dict.fromkeys(f.cause for f in self.findings if f.cause and f.differs)
            said = f": {'; '.join(known)}" if known else ""
            if "value" not in kinds | self._apart("mathematics"):
                return f"{a} and {b}'s gradients differ{said}."
            return f"{a} and {b} are not the same mathematics{said}."
        return f"{a} and {b} are the same mathematics, but {self._but(kinds)}."

    def _but(self, kinds: set[str]) -> str:
        """What differs of two sides that are the same mathematics."""
        if kinds == {"training"}:
            found = next(f for f in self.findings if f.kind == "training")
            return "are not trained alike" + (f": {found.cause}" if found.cause else "")
        told = [f for f in self.findings if f.differs or not kinds]
        causes = (f.cause or f.note for f in told)
        return next(filter(None, causes), "a run is off the truth of its own program")

    def _apart(self, check: str) -> set[str]:
        """What is apart in a check: values, gradients."""
        return {r["kind"] for r in self.rows if r["check"] == check and r["verdict"] != "agree"}

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
        target = Path(path)
        target.write_text(self._page(), encoding="utf-8")
        return target

    def _page(self) -> str:
        a, b = self.sides
        notes = [("not captured", gap) for gap in self.gaps] + [("note", n) for n in self.notes]
        tables = (
            Table("Checks", (Head("check"), *_COUNTS), tuple(self._counts())),
            Table("Notes", (Head("what"), Head("text")), tuple(notes)),
            Table("Every comparison", _HEADS, tuple(map(_cells, self.rows))),
        )
        return as_page(
            f"{a} and {b}",
            self.sentence,
            self.verdict,
            [table for table in tables if table],
            findings=[_found(finding) for finding in self.findings],
        )

    def _counts(self) -> Iterator[tuple[str, ...]]:
        """Of each check, how many tensors agree, of how many."""
        for check, words in CHECKS.items():
            rows = [r for r in self.rows if r["check"] == check]
            if rows:
                agree = sum(r["verdict"] == "agree" for r in rows)
                yield (words, str(agree), str(len(rows)))


#: What a finding of each kind is.
_HEAD_OF = {
    "value": "the sides part",
    "grad": "the values agree, the gradients part",
    "kink": "a kink, where there is no derivative",
    "own kink": "a kink, where there is no derivative",
    "own gradient": "a gradient that is not the derivative of its own forward pass",
    "as run": "a side is off the truth of its own program",
    "training": "training parts",
    "narrow": "a narrower dtype inside",
    "surrogate": "gradients by a rule that is no derivative",
}

_COUNTS = (Head("agree", "number"), Head("tensors", "number"))
_NUMBERS = {"max_abs": "error", "max_rel": "relative", "noise_ratio": "noise ratio"}
_NUMBERS |= {"tolerance": "bound"}
_HEADS = tuple(
    Head(_NUMBERS.get(name, name), {"verdict": "verdict", "tensor": "code"}.get(name, "number"))
    if name in (*_NUMBERS, "draw", "verdict", "tensor")
    else Head(name)
    for name in COLUMNS
)


def _cells(row: Row) -> tuple[str, ...]:
    return tuple(
        safe(number(float(row[name]), 3) if name in _NUMBERS else str(row[name]))
        for name in COLUMNS
    )


def _found(finding: Finding) -> Found:
    """A finding as a page tells it."""
    code = tuple(f"{at}  [{at.size}]" if at.size else str(at) for at in finding.at)
    verdict = "differs" if finding.differs else "known"
    return Found(verdict, _HEAD_OF[finding.kind], code, tuple(_parts(finding)))


def _parts(finding: Finding) -> Iterator[tuple[str, str]]:
    """What is known of a finding: the cause, its effect, how to agree."""
    often = f" ({finding.times} times on this line)" if finding.times > 1 else ""
    if finding.cause:
        yield "because", f"{finding.cause}{often}"
    elif finding.kind in ("value", "grad", "training"):
        of = "setting of the optimizer" if finding.kind == "training" else "edit of one operation"
        yield "because", f"no single {of} explains it"
    if finding.effect:
        yield "effect", finding.effect
    if finding.agree:
        yield "to agree", finding.agree
    if finding.note:
        yield "", finding.note


def _text(finding: Finding) -> str:
    lines = [_HEAD_OF[finding.kind]]
    lines += [f"   {at}" + (f"  [{at.size}]" if at.size else "") for at in finding.at]
    lines += [f"   {f'{title}: ' if title else ''}{text}" for title, text in _parts(finding)]
    return "\n".join(lines)
