"""The rows of a task as bytes, and back: what was not written so is not taken for rows."""

from __future__ import annotations

import json
import zlib
from typing import Any

from ...reports.columns import BY_NAME, NUMBER, TEXT
from ...reports.verdicts import VERDICTS
from ..judging.rows import Row

#: Bytes of one task's rows, unpacked: a thousand times what a large task has.
LONGEST = 2**27

#: Rows of one task.
MOST = 10**6


def packed(rows: list[Row]) -> bytes:
    """Rows as compressed JSON, column by column; a column of one value has it once."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    table: dict[str, list[Any]] = {}
    for name in columns:
        values = [row.get(name) for row in rows]
        table[name] = values[:1] if all(value == values[0] for value in values) else values
    return zlib.compress(json.dumps({"count": len(rows), "columns": table}).encode(), level=1)


def unpacked(blob: Any) -> list[Row]:
    """The rows again: floats to the bit, as their shortest decimal text gives them back.

    Raises
    ------
    ValueError
        Where they are no rows of ours: damaged, of other columns, or of other types.
    """
    try:
        machine = zlib.decompressobj()
        text = machine.decompress(blob, LONGEST)
        if not machine.eof:
            raise ValueError("rows that do not end, or do so too late")
        held = json.loads(text)
        count, columns = held["count"], held["columns"]
        if type(count) is not int or not 0 <= count <= MOST or not set(columns) <= set(BY_NAME):
            raise ValueError("columns that are not ours")
        spread = {name: _spread(name, values, count) for name, values in columns.items()}
    except (zlib.error, RecursionError, TypeError, LookupError, AttributeError) as fault:
        raise ValueError(f"no rows of ours: {fault}") from fault
    return [{name: values[k] for name, values in spread.items()} for k in range(count)]


def _spread(name: str, values: Any, count: int) -> list[Any]:
    """A column's values, one a row."""
    if not isinstance(values, list) or len(values) not in (1, count):
        raise ValueError(f"the column {name} has another length")
    kind = {TEXT: str, NUMBER: (int, float)}.get(BY_NAME[name].dtype, int)
    for value in values:
        if value is not None and (not isinstance(value, kind) or isinstance(value, bool)):
            raise ValueError(f"the column {name} has a {type(value).__name__}")
    if name == "verdict" and not set(values) <= set(VERDICTS):
        raise ValueError("a verdict that there is none of")
    return values if len(values) == count else values * count
