"""The points of a sweep, and which of them a part of a case speaks of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def points_of(sweep: Mapping[str, list[Any]]) -> list[dict[str, Any]]:
    """The product of a sweep's values, in the order in which they are written."""
    points: list[dict[str, Any]] = [{}]
    for name, values in sweep.items():
        points = [{**point, name: value} for point in points for value in values]
    return points


def at_point(at: Mapping[str, Any], point: Mapping[str, Any]) -> bool:
    """Whether a selection picks a point; true is not 1 here."""
    return all(name in point and same(point[name], value) for name, value in at.items())


def same(a: Any, b: Any) -> bool:
    """Whether two sweep values are one."""
    return a == b and isinstance(a, bool) == isinstance(b, bool)
