"""How the values of a case go together, at every point of its sweep."""

from __future__ import annotations

import math
from typing import Any

from . import limits
from .budget import Overspent
from .case import Case
from .check_names import check_names
from .check_programs import (
    check_parameters,
    check_unused,
    read_maps,
    read_programs,
    read_sources,
    read_spellings,
)
from .check_tensors import check_tensors
from .check_training import check_moved
from .check_truths import AtPoint, check_divergences, check_truths
from .context import Context
from .points import points_of
from .program import Program


def check_case(case: Context) -> Case | None:
    """The case that a document is, or None where faults were added."""
    before = len(case.faults)
    try:
        read = _check(case)
    except Overspent:
        case.faults.limit(
            f"the file's programs and sweeps come to more than {limits.INSTRUCTIONS} instructions, "
            "expected at most that",
            case.document.place,
        )
        return None
    if len(case.faults) > before:
        return None
    place = case.document.place
    programs, spellings = read
    return Case(case.model, case.path, place.line, place.column, tuple(programs), tuple(spellings))


_Programs = list[dict[str, Program]]


def _check(case: Context) -> tuple[_Programs, _Programs]:
    """The programs of every point, and the spellings that agree; faults are added."""
    check_names(case)
    if math.prod(len(values) for values in case.model.sweep.values()) > limits.POINTS:
        case.faults.limit(
            f"a sweep of more than {limits.POINTS} points, expected at most that",
            case.key("sweep"),
        )
        return [], []
    read_maps(case)
    sources, others = read_sources(case), read_spellings(case)
    known: list[AtPoint] = []
    programs: _Programs = []
    spellings: _Programs = []
    for point in points_of(case.model.sweep):
        layouts = check_tensors(case, point)
        check_moved(case, layouts)
        read = read_programs(case, sources, point, layouts)
        known.append(_at_point(case, point, layouts, read))
        programs.append(read)
        if others:
            spellings.append(read_programs(case, others, point, layouts))
    if sources:
        check_truths(case, known)
        check_divergences(case, known)
        if all(programs):
            check_unused(case, [program for read in programs for program in read.values()])
    return programs, spellings


def _at_point(
    case: Context, point: dict[str, Any], layouts: Any, programs: dict[str, Program]
) -> AtPoint:
    if not programs:
        return AtPoint(point, layouts, None, frozenset())
    first = next(iter(programs.values()))  # whose names are those of the case, without a reference
    reference = programs.get("*") or programs.get("numpy") or first
    everywhere = set.intersection(*(set(program.named) for program in programs.values()))
    assigned = tuple(name for name in reference.named if name in everywhere)
    way = check_parameters(case, reference, point)
    return AtPoint(point, layouts, assigned, frozenset(way), reference.output)
