"""The operations: formula, derivatives, kinks, and each framework's name for them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from gradparity import load_cases
from gradparity.adapters import registry
from gradparity.cases.case import Case
from gradparity.refimpl.operation import Operation
from gradparity.refimpl.ops import GROUPS
from gradparity.verify.commands.list import uses
from gradparity.verify.commands.ops import cases_by_operation

from .atlas import entries
from .writing import code, fence, plain, table

INTRODUCTION = """\
# {title}

{count} operations. In the formulas, *y* is the result, *g* the cotangent that arrives at it; a
derivative that does not mention *g* is multiplied by it.
"""


def pages() -> Mapping[str, str]:
    """A page a group of operations, and the table of groups."""
    cases = load_cases()
    counts = cases_by_operation(cases)
    made = [registry.make(name) for name in registry.defaults() if name != "numpy"]
    recorded = _recorded(cases)
    written = {}
    for group, rows in GROUPS.items():
        parts = [INTRODUCTION.format(title=group[0].upper() + group[1:], count=len(rows))]
        for row in rows:
            lines = [*_rules(row)]
            lines += [(one.name, code(one.has(row.name)) or "has none") for one in made]
            lines.append(("cases", str(counts[row.name])))
            if links := recorded.get(row.name):
                lines.append(("in the atlas", ", ".join(links)))
            parts += [f"## `{row.name}`\n", fence(row.signature, "python"), table(("", ""), lines)]
        written[f"operations/{_page(group)}.md"] = "\n".join(parts)
    return written | {"parts/operations.md": _groups(), "parts/operations-toctree.md": _toctree()}


def _recorded(cases: Iterable[Case]) -> Mapping[str, list[str]]:
    """Operation → links to the entries of the atlas whose case uses it."""
    known = entries()
    found: dict[str, list[str]] = {}
    for case in cases:
        if case.name in known:
            link = f"[{case.name}](../atlas/{known[case.name]}.md#{case.name})"
            for operation in uses(case):
                found.setdefault(operation, []).append(link)
    return found


def _rules(row: Operation) -> Iterator[tuple[str, str]]:
    yield "y", code(row.formula)
    for name, text in zip(row.arguments, row.derivatives, strict=True):
        yield f"by {code(name)}", code(text) if text else "no derivative"
    if row.kinks:
        yield "kinks", plain(row.kinks)
    if row.stops:
        yield "stops", plain(row.stops)


def _groups() -> str:
    rows = (
        (
            f"[{group}](../generated/operations/{_page(group)}.md)",
            ", ".join(code(row.name) for row in rows),
        )
        for group, rows in GROUPS.items()
    )
    return table(("group", "operations"), rows)


def _toctree() -> str:
    names = "\n".join(f"../generated/operations/{_page(group)}" for group in GROUPS)
    return f"```{{toctree}}\n:hidden:\n\n{names}\n```\n"


def _page(group: str) -> str:
    return re.sub(r"\W+", "-", group.lower())
