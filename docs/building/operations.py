"""The operations: formula, derivatives, kinks, and each framework's name for them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from gradparity.adapters import registry
from gradparity.cases.loading import catalogue, load_files
from gradparity.refimpl.operation import Operation
from gradparity.refimpl.ops import GROUPS
from gradparity.verify.commands.list import uses
from gradparity.verify.commands.ops import cases_by_operation

from .atlas import entries
from .writing import code, plain, table

INTRODUCTION = """\
# {title}

{count} operations. In the formulas, *y* is the result, *g* the cotangent that arrives at it; a
derivative that does not mention *g* is multiplied by it.
"""


def pages() -> Mapping[str, str]:
    """A page a group of operations, and the table of groups."""
    cases, faults = load_files([catalogue()])
    assert not faults
    counts = cases_by_operation(cases)
    made = {name: registry.make(name) for name in registry.defaults() if name != "numpy"}
    recorded: dict[str, list[str]] = {}
    known = entries()
    for case in cases:
        if case.name in known:
            for operation in uses(case):
                recorded.setdefault(operation, []).append(case.name)
    written = {}
    for group, rows in GROUPS.items():
        parts = [INTRODUCTION.format(title=group[0].upper() + group[1:], count=len(rows))]
        for row in rows:
            parts += _section(row)
            names = [
                (name, code(adapter.has(row.name)) or "has none") for name, adapter in made.items()
            ]
            links = [f"[{x}](../atlas/{known[x]}.md#{x})" for x in recorded.get(row.name, [])]
            parts.append(
                table(
                    ("", ""),
                    [
                        *names,
                        ("cases", str(counts[row.name])),
                        *([("in the atlas", ", ".join(links))] if links else []),
                    ],
                )
            )
        written[f"operations/{_page(group)}.md"] = "\n".join(parts)
    rows = [
        (
            f"[{group}](../generated/operations/{_page(group)}.md)",
            ", ".join(code(row.name) for row in rows),
        )
        for group, rows in GROUPS.items()
    ]
    written["parts/operations.md"] = table(("group", "operations"), rows)
    pages = "\n".join(f"../generated/operations/{_page(group)}" for group in GROUPS)
    written["parts/operations-toctree.md"] = f"```{{toctree}}\n:hidden:\n\n{pages}\n```\n"
    return written


def _page(group: str) -> str:
    return re.sub(r"\W+", "-", group.lower())


def _section(row: Operation) -> Iterator[str]:
    yield f"## `{row.name}`\n"
    yield f"```python\n{row.signature}\n```\n"
    lines = [("y", code(row.formula))]
    for name, text in zip(row.arguments, row.derivatives, strict=True):
        lines.append((f"by {code(name)}", code(text) if text else "no derivative"))
    if row.kinks:
        lines.append(("kinks", plain(row.kinks)))
    if row.stops:
        lines.append(("stops", plain(row.stops)))
    yield table(("", ""), lines)
