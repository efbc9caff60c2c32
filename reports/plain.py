"""Tables in plain text: what a pipe and a pytest failure show."""

from __future__ import annotations

import pandas as pd
from rich.cells import cell_len

from . import summary
from .columns import RUN
from .failures import failures, parted
from .sections import Table, table, task_id
from .wording import counted, safe

#: A failure message shows no more rows than this of one task.
MOST_ROWS = 30


def plain_table(shown: Table) -> str:
    """A table's lines: columns aligned, numbers to the right, nothing cut off."""
    names = tuple(head.name for head in shown.heads)
    lines = [names, *shown.rows]
    widths = [max(map(cell_len, column)) for column in zip(*lines, strict=True)]
    texts = []
    for line in lines:
        cells = []
        for text, head, width in zip(line, shown.heads, widths, strict=True):
            space = " " * (width - cell_len(text))
            cells.append(space + text if head.kind == "number" else text + space)
        texts.append("  ".join(cells).rstrip())
    return "\n".join(texts)


def failures_table(frame: pd.DataFrame, most: int = MOST_ROWS) -> str:
    """What failed, as plain text for a test's failure message: task by task.

    For each task its name and FILE:LINE, a table of the failing tensors, the blamed variables
    and the reasons. The empty text where nothing failed.
    """
    failed = summary.failures(frame)
    return "\n\n".join(_task(rows, most) for _, rows in failed.groupby(RUN, sort=False))


def _task(rows: pd.DataFrame, most: int) -> str:
    first = rows.iloc[0]
    place = f" at {safe(first['where'])}" if first["where"] else ""
    lines = [*_why(rows), f"{safe(task_id(first.to_dict()))}{place}"]
    tensors = summary.compared(rows)
    if len(tensors):
        headings = "tensor, check, step, got, want, error, bound, noise ratio, at, verdict, kind"
        lines += ["", plain_table(table("", tensors.head(most), headings))]
    if len(tensors) > most:
        lines.append(f"… and {counted(len(tensors) - most, 'more row')}")
    lines.append("")
    blamed = [safe(name) for name in rows["blame"].unique() if name]
    if blamed:
        lines.append(f"blamed: {', '.join(blamed)}")
        lines += [f"from there to {end}: {path}" for end, path in _ways(tensors.head(most)).items()]
    lines += _reasons(rows, most)
    lines += [f"\nto see it:\n{row.snippet}" for row in rows.itertuples() if row.snippet]
    return "\n".join(lines)


def _why(rows: pd.DataFrame) -> list[str]:
    """What parted and why, on one line, for it is what a short summary shows; then each failure."""
    found = failures(rows)
    first = found[0]
    why = first.cause or first.reason or first.verdict
    head = why if first.of_the_case else ": ".join(filter(None, (parted(first.first), why)))
    lines = [safe(head)]
    for one in found:
        if one.cause and one is not first:
            lines.append(safe(f"cause of {one.what}: {one.cause}"))
        if one.remedy:
            lines.append(safe(f"to agree: {one.remedy}"))
    return [*lines, ""]


def _ways(tensors: pd.DataFrame) -> dict[str, str]:
    """Tensor → how the blamed operation's error gets there, where that is further than itself."""
    found = zip(tensors["tensor"], tensors["path"], strict=True)
    return {safe(tensor): safe(path) for tensor, path in found if "→" in path}


def _reasons(rows: pd.DataFrame, most: int) -> list[str]:
    """One line for each reason, before it the first tensor that has it."""
    lines = []
    said: set[str] = set()
    for row in rows.drop_duplicates("reason").head(most).to_dict(orient="records"):
        what = f"{row['check']} {row['tensor']}" if row["tensor"] else row["verdict"]
        own, *whose = row["reason"].split("; blamed: ")
        blamed = [text for text in whose if text not in said]
        said.update(whose)
        reason = "; blamed: ".join([own, *blamed])
        lines.append(f"{safe(what)}: {safe(reason) or row['kind'] or row['verdict']}")
    return lines
