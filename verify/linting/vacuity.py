"""A case whose true gradient is zero proves nothing: a framework that returns zeros passes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from textwrap import shorten
from typing import Any

import numpy as np

from ...adapters.metering import Meter
from ...adapters.numpy_reference import reference
from ...cases import Case
from ...cases.task import Task
from ...refimpl.errors import AdapterFailed, BadCase
from ...refimpl.rounding import Noise
from ...refimpl.tape import Node
from .not_taken import not_taken
from .shapes import in_words
from .turns import Layout, amiss, layout_of

#: The dtypes in the order in which they are asked.
WIDEST = ("float64", "float32", "float16", "bfloat16", "complex128", "complex64")

#: So many characters of an expression are shown.
LONGEST = 100

#: A gradient larger than this is taken to be no accident of rounding.
PLAINLY_NONZERO = 1e-6

#: What is rounding alone shrinks further than this in wider precision.
SHRUNK = 2.0**-5


def vacuous(case: Case, meter: Meter | None = None) -> list[BadCase]:
    """The points of a case at which a parameter's true gradient is all zero, unexpectedly.

    A case that means it says so by expecting that gradient. Points at which the reference
    itself cannot run are faults too, and come back with the reason. ``meter`` is charged.

    Raises
    ------
    TooLarge
        Where the meter has too little left.
    """
    faults: list[BadCase] = []
    if not case.has_reference:
        return faults
    for task in case.iter_tasks(dtypes=[_widest(case)]):
        faults += _faults(case, replace(task, steps=1, update=None), meter)
    return faults


def _widest(case: Case) -> str:
    """Of the case's own dtypes the one in which zero is told from little; a real one if it can."""
    return min(case.dtypes, key=WIDEST.index)


def _faults(case: Case, task: Task, meter: Meter | None) -> list[BadCase]:
    grads, faults = _run(case, task, meter)
    if faults:
        return faults
    at = f" at {task.id}" if task.point else ""
    if task.checks <= {"value"}:
        return []  # no gradient is compared
    zero = []
    for name in task.params:
        g = grads.get(name)
        if g is None or name in task.expect.get("grad", {}) or not g.size:
            continue
        if np.abs(g).max() > PLAINLY_NONZERO:
            continue
        if _is_noise(task, name, g, meter):
            zero.append(name)
    if not zero:
        return []
    names = ", ".join(zero)
    return [
        BadCase(
            f"case {task.case}{at} is vacuous: the true gradient of {names} is all zero, so that "
            f"a framework returning zeros would pass; change the case, or say so in expect.grad",
            case.place,
        )
    ]


def _run(case: Case, task: Task, meter: Meter | None) -> tuple[Mapping[str, Any], list[BadCase]]:
    """The true gradients, or why there are none, and loops that are none."""
    program, layouts = task.program("numpy"), dict[str, Layout]()
    at = f" at {task.id}" if task.point else ""
    failed: AdapterFailed | None = None
    grads: Mapping[str, Any] = {}

    def seen(_step: int, name: str, node: Node) -> None:
        layouts[name] = layout_of(node)

    looped = program if program is not None and program.loops else None
    watch = None if looped is None else seen
    try:
        grads = reference(task, dtype=np.float64, meter=meter, watch=watch).steps[0].grads
    except AdapterFailed as failure:
        failed = failure
    if looped is not None and failed is None:
        failed, program = not_taken(task, looped, layouts, meter)
    turned = [] if looped is None else [*amiss(looped, layouts)]
    if turned:
        return grads, [
            BadCase(f"case {task.case}{at}: {said}", f"{case.path}:{i.line}:{i.column}")
            for i, said in turned
        ]
    if failed is None:
        return grads, []
    i = failed.at
    where = f"{case.path}:{i.line}:{i.column}" if i is not None and i.line else case.place
    said = f"in `{shorten(i.text, LONGEST)}`: " if i is not None and i.text else ""
    why = "" if i is None or program is None else in_words(task, program, i)
    return grads, [BadCase(f"case {task.case}{at} cannot be run: {said}{why or failed}", where)]


def _is_noise(task: Task, name: str, g: np.ndarray, meter: Meter | None) -> bool:
    """Whether a tiny gradient is rounding alone or nothing, as of a softmax that is summed.

    In wider precision little is left of it then.
    """
    moved, wide = (
        reference(task, dtype=dtype, noise=noise, meter=meter).steps[0].grads[name]
        for dtype, noise in ((np.float64, Noise(0, np.float64)), (np.longdouble, None))
    )
    if moved is None or wide is None:
        return True
    with np.errstate(invalid="ignore"):  # of infinities, whose difference is NaN
        away = np.abs(moved - g)
        left = SHRUNK * max(np.abs(g).max(), away.max())
        return bool(((away * 8 >= np.abs(g)) & (np.abs(wide) <= left)).all())
