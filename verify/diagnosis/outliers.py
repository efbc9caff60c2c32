"""Who is off, of all the adapters that ran a task."""

from __future__ import annotations

from ..judging.rows import REFERENCE, Row


def mark_outliers(rows: list[Row]) -> list[Row]:
    """Say for each tensor who is off: an adapter, ``split`` for several, or the reference."""
    off: dict[tuple[str, str, int], list[str]] = {}
    for row in rows:
        names = off.setdefault((row["check"], row["tensor"], row["step"]), [])
        if row["outlier"] == REFERENCE:
            names[:] = [REFERENCE]
        elif row["verdict"] in ("differs", "stale", "known") and names != [REFERENCE]:
            names.append(row["adapter"])
    for row in rows:
        names = off[row["check"], row["tensor"], row["step"]]
        row["outlier"] = names[0] if len(names) == 1 else "split" if names else ""
    return rows
