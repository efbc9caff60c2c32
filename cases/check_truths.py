"""Truths and recorded divergences: the names, shapes and points they speak of exist."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..refimpl.optimizers import RULES
from . import models
from . import tensor_kinds as kinds
from .check_ways import compared_in
from .context import Context, listed, point_text
from .faults import shown, unknown
from .points import at_point, same
from .task import AVERAGE, SCALE
from .tensors import Layout
from .ways import WAYS

#: What a record that says nothing lacks, by its kind.
_REMEDIES = {
    "": "value: what is returned",
    "precision": "bound: {rel: …}, how far off the truth it is at most, or value: what is returned",
    "kink": "value: what is returned, or between: [low, high]",
}


@dataclass(frozen=True, eq=False)
class AtPoint:
    """What is known of one point."""

    point: dict[str, Any]
    layouts: dict[str, Layout]
    #: The variables that every text names; None where a program is at fault.
    assigned: tuple[str, ...] | None
    #: Those on the way from a parameter to the output, parameters included.
    way: frozenset[str]
    #: What the reference's text, or the case's first, is differentiated of.
    output: str = ""


def check_truths(case: Context, points: Sequence[AtPoint]) -> None:
    """Every truth of ``expect``."""
    many = isinstance(case.model.expect, list)
    for k, expect in enumerate(case.model.expectations):
        base: tuple[Any, ...] = ("expect", k) if many else ("expect",)
        picked = _picked(case, points, expect.at, (*base, "at"))
        for check in models.EXPECTED:
            truths = getattr(expect, check)
            if truths and check not in case.model.all_checks:
                case.faults.add(
                    f"a truth for {check}, which the case does not check, expected one of "
                    f"{listed(case.model.all_checks)}",
                    case.key(*base, check),
                )
                continue
            for name, truth in truths.items():
                _truth(case, picked, check, name, truth, (*base, check, name))


def check_divergences(case: Context, points: Sequence[AtPoint]) -> None:
    """Every recorded divergence."""
    for k, divergence in enumerate(case.model.divergences):
        base = ("divergences", k)
        for j, name in enumerate(divergence.adapters):
            case.adapter(name, case.at(*base, "adapters", j))
        for j, dtype in enumerate(divergence.dtypes or ()):
            if dtype not in case.model.dtypes:
                case.faults.add(
                    unknown("dtype of the case", dtype, case.model.dtypes),
                    case.at(*base, "dtypes", j),
                )
        if divergence.check not in case.model.all_checks:
            case.faults.add(
                f"the check {divergence.check}, which the case does not make, expected one of "
                f"{listed(case.model.all_checks)}",
                case.at(*base, "check"),
            )
            continue
        _says_one(case, divergence, base)
        for known in _picked(case, points, divergence.at, (*base, "at")):
            place = case.at(*base, "tensor")
            if not _compared(case, known, divergence.check, divergence.tensor, place):
                break
            if divergence.value is not None:
                value, path = _unrounded(divergence.value, (*base, "value"))
                _shaped(case, known, divergence.tensor, value, path)
            if divergence.between is not None:
                ends = (*base, "between")
                _set(case, [known], divergence.check, divergence.tensor, divergence.between, ends)


def _says_one(case: Context, divergence: models.DivergenceModel, base: tuple[Any, ...]) -> None:
    """A record holds the framework to one thing, and to something."""
    forms, bound = divergence.forms, divergence.bound
    if len(forms) > 1:
        case.faults.add(
            f"a record with {' and '.join(forms)}, expected one of {', '.join(models.FORMS)}",
            case.key(*base, forms[1]),
        )
    elif not forms and divergence.kind != "unsupported":
        remedy = _REMEDIES.get(divergence.kind, _REMEDIES[""])
        case.faults.add(
            f"a record that holds {', '.join(divergence.adapters)} to nothing, expected {remedy}",
            case.at(*base),
        )
    elif bound is not None and bound.rel is None and bound.abs is None:
        case.faults.add(
            "a bound that lets any error pass, expected rel, abs or both", case.key(*base, "bound")
        )


def _unrounded(value: Any, path: tuple[Any, ...]) -> tuple[Any, tuple[Any, ...]]:
    """The tensor of a number that was rounded, and where it stands."""
    return (value.is_, (*path, "is")) if isinstance(value, models.Rounded) else (value, path)


def _truth(
    case: Context,
    picked: Sequence[AtPoint],
    check: str,
    name: str,
    truth: Any,
    path: tuple[Any, ...],
) -> None:
    place = case.key(*path)
    if isinstance(truth, models.Between):
        _set(case, picked, check, name, truth.between, (*path, "between"))
        return
    value, path = _unrounded(truth, path)
    drawn = next((kind for kind in kinds.RANDOM if isinstance(value, kinds.SPECS[kind])), None)
    if drawn:
        case.faults.add(
            f"a truth that is drawn ({drawn}), expected hand-derived numbers", case.at(*path)
        )
        return
    for known in picked:
        if not _compared(case, known, check, name, place):
            return
        if not _shaped(case, known, name, value, path):
            return


def _set(
    case: Context,
    picked: Sequence[AtPoint],
    check: str,
    name: str,
    given: Sequence[Any],
    path: tuple[Any, ...],
) -> None:
    """A set: its two ends are truths as others are, and the first is not above the second."""
    for k, end in enumerate(given):
        _truth(case, picked, check, name, end, (*path, k))
    for known in picked:
        tensors = case.tensors(known.point)
        ends = [case.layout(tensors, end, path) for end in given]
        if any(end is None or end.kind not in "if" for end in ends):
            if all(ends):
                case.faults.add(
                    "a set of numbers that are not real, expected two bounds",
                    case.at(*path),
                )
            return
        low, high = (tensors.draw(name, end) for end in given)
        try:
            ordered = bool(np.all(low <= high))
        except ValueError:
            ordered = True  # of shapes that do not go together, which is said already
        if not ordered:
            case.faults.add(
                "a lower bound that is not below the upper one, expected [low, high]",
                case.at(*path),
            )
            return


def _shaped(case: Context, known: AtPoint, name: str, value: Any, path: tuple[Any, ...]) -> bool:
    """Whether the numbers have the tensor's shape, where that is known; one number always has."""
    layout = case.layout(case.tensors(known.point), value, path)
    if layout is None:
        return False
    own = known.layouts.get(name)
    if own is None or layout.shape in ((), own.shape):
        return True
    case.faults.add(
        f"the shape {list(layout.shape)} for {name}{point_text(known.point)}, expected "
        f"{list(own.shape)}",
        case.at(*path),
    )
    return False


def _compared(case: Context, known: AtPoint, check: str, name: str, place: Any) -> bool:
    """Whether a check compares a tensor of that name; a fault is noted where it does not."""
    case.budget.spend()
    if known.assigned is None:
        return False
    params = tuple(case.model.params)
    if check in WAYS:
        valid = compared_in(case, check, known)
        if name not in valid:
            case.faults.add(unknown("tensor", name, valid), place)
        return name in valid
    valid = {
        "value": known.assigned,
        "grad": (*params, *known.assigned),
        "update": (*params, *_slots(case), *_around(case, known)),
    }[check]
    if name in valid:
        if check != "grad" or name in known.way:
            return True
        case.faults.add(
            f"{name} is not on a way from a parameter to the output, so it has no gradient, "
            f"expected one of {listed(known.way)}",
            place,
        )
    elif check == "grad" and name in case.model.inputs:
        case.faults.add(
            f"{name} is an input, which is not differentiated, expected one of {listed(known.way)}",
            place,
        )
    else:
        what = "parameter" if check == "update" else "variable"
        case.faults.add(unknown(what, name, valid), place)
    return False


def _slots(case: Context) -> list[str]:
    """What the optimizer remembers, as ``W.m``."""
    rule = RULES.get(next(iter(case.model.optimizer or {}), ""))
    if rule is None:
        return []
    # An axis of its own has a slot of sm3, two have factors in adafactor.
    slots = {slot for axes in (1, 2, 3) for slot in rule.init(np.zeros((1,) * axes))}
    return [f"{name}.{slot}" for name in case.model.params for slot in sorted(slots)]


def _around(case: Context, known: AtPoint) -> Iterator[str]:
    """What is kept around an update: averages, as ``W.ema``, and the scale, as ``loss.scale``."""
    if case.model.ema is not None:
        yield from (f"{name}{AVERAGE}" for name in case.model.params)
    if case.model.loss_scale is not None and known.output:
        yield f"{known.output}{SCALE}"


def _picked(
    case: Context, points: Sequence[AtPoint], at: dict[str, Any], path: tuple[Any, ...]
) -> list[AtPoint]:
    """The points that ``at`` picks; none where it names what is not there."""
    sound = True
    for name, value in at.items():
        values = case.model.sweep.get(name)
        if values is None:
            case.faults.add(unknown("sweep name", name, case.model.sweep), case.key(*path, name))
            sound = False
        elif not any(same(value, other) for other in values):
            case.faults.add(
                f"{name} is never {shown(value)}, expected one of {', '.join(map(shown, values))}",
                case.at(*path, name),
            )
            sound = False
    if not sound:
        return []
    for _ in points:
        case.budget.spend()
    return [known for known in points if at_point(at, known.point)]
