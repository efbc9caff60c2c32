"""Drafts of reports to frameworks' developers: an entry with the mathematics it is judged by."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ...cases.case import Case
from ...refimpl.ops import TABLE
from ...refimpl.optimizers import RULES
from ...reports.atlas import Entry
from ...reports.upstream import Draft


def draft_of(entry: Entry, adapter: str, case: Case, title: str = "") -> Draft:
    """The draft of what an entry has of a framework, and the case that it is made of records."""
    records = [d for d in case.model.divergences if adapter in d.adapters]
    return Draft(
        entry,
        adapter,
        formulas=tuple(formulas(entry)),
        because=tuple(dict.fromkeys(d.because for d in records)),
        agree_by=tuple(dict.fromkeys(d.said for d in records if d.said)),
        title=title,
        thread=next((url for d in records for url in d.see.split()), ""),
    )


def formulas(entry: Entry) -> Iterator[str]:
    """What the entry's functions are, and their derivatives, as the reference's table has them."""
    for name in entry.functions:
        if name in RULES:
            yield from RULES[name].formula.splitlines()
            yield f"from {RULES[name].source}"
        row = TABLE.get(name)
        if row is None:
            continue
        arguments = ", ".join(row.arguments)
        if row.formula:
            yield f"{name}({arguments}) = {row.formula}"
        for argument, derivative in zip(row.arguments, row.derivatives, strict=True):
            if derivative is not None:
                joined = derivative if _whole(derivative) else f"g·({derivative})"
                yield f"the gradient in {argument}, given g of the result: {joined}"


def _whole(derivative: str) -> bool:
    """Whether a derivative is told as the whole rule, which mentions the incoming g."""
    return re.search(r"\bg\b", derivative) is not None
