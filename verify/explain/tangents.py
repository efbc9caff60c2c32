"""A tangent beside the gradient: the same local derivatives, multiplied from the other end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from unicodedata import normalize

from ...cases.task import Task
from ..truth.baseline import Key
from .formulas import array, numeral, term, total
from .parts import Equation, Section
from .scalar import ScalarDerivation

PROSE = (
    "The tangent of a variable, written with a dot, is how fast it moves as the parameters move "
    "along the given direction: each local derivative times the tangent of what it is made of."
)


def tangents(task: Task, worked: Any, truth: Mapping[Key, Any]) -> Section:
    """The tangents of all variables, of numbers factor by factor.

    Parameters
    ----------
    task
        It asks for a jvp.
    worked
        The derivation of its gradients.
    truth
        Tangents by key, in wider precision.
    """
    given = task.tangents()
    lines = [Equation(_dot(name), result=array(v), note="given") for name, v in given.items()]
    found = {name: x for (check, name, _), x in truth.items() if check == "jvp"}
    if isinstance(worked, ScalarDerivation):
        lines += _factors(worked, {name: v[()] for name, v in given.items()})
    else:
        named = task.program("numpy")
        assert named is not None
        lines += [Equation(_dot(k), result=array(found[k])) for k in named.named if k in found]
    return Section("Along a tangent", PROSE, (*lines,))


def _factors(worked: ScalarDerivation, moved: dict[str, Any]) -> list[Equation]:
    """Every line's tangent from those of the lines that it is made of."""
    lines = []
    for target in worked.lines:
        uses = [s for t, s in worked.slopes if t == target and s in moved]
        if not uses:
            continue
        symbols, numbers = [], []
        for source in uses:
            symbols.append(f"{worked.derivative(target, source)}·{_dot(worked.label(source))}")
            tangent = numeral(moved[source]).after("·", 0)
            numbers.append(term(f"{numeral(worked.slopes[target, source].value).text}·{tangent}"))
        moved[target] = sum(worked.slopes[target, s].value * moved[s] for s in uses)
        lines.append(
            Equation(
                _dot(worked.label(target)),
                " + ".join(symbols),
                total(numbers).text,
                numeral(moved[target]).text,
            )
        )
    return lines


def _dot(name: str) -> str:
    """A name with a dot over its first letter, or before one that has no such letter."""
    return normalize("NFC", f"{name[0]}\u0307{name[1:]}") if name.isidentifier() else f"d{name}"
