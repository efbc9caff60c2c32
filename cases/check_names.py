"""Names, words, and which keys need which: what can be said without a sweep's point."""

from __future__ import annotations

from typing import Any

from .check_training import check_training
from .check_ways import check_ways
from .context import Context
from .faults import shown, unknown
from .modes import MODES
from .points import same
from .scope import RESERVED


def check_names(case: Context) -> None:
    """Reserved names, one name for two things, values given twice, adapters, what needs what."""
    _reserved(case)
    _shared(case)
    _repeated(case)
    _companions(case)
    for key in ("skip", "versions", "modes", "maps"):
        for name in getattr(case.model, key):
            case.adapter(name, case.key(key, name))
    for name, mode in case.model.modes.items():
        if mode not in MODES.get(name, ()):
            case.faults.add(
                unknown(f"mode of {name}", mode, MODES.get(name, ())), case.at("modes", name)
            )
    check_training(case)
    check_ways(case)


def _reserved(case: Context) -> None:
    for group in ("inputs", "params", "sweep"):
        for name in getattr(case.model, group):
            if name in RESERVED:
                case.faults.add(
                    f"the name {name} is reserved, expected another", case.key(group, name)
                )


def _shared(case: Context) -> None:
    """One name for two things."""
    model = case.model
    for first, what, second, other in (
        ("inputs", "an input", "params", "a parameter"),
        ("inputs", "an input", "sweep", "a sweep's name"),
        ("params", "a parameter", "sweep", "a sweep's name"),
    ):
        for name in getattr(model, second):
            if name in getattr(model, first):
                line = case.key(first, name).line
                at = f", at line {line}," if line else ""
                case.faults.add(
                    f"{name} is {what}{at} and {other}, expected one of them",
                    case.key(second, name),
                )


def _repeated(case: Context) -> None:
    """Values that stand twice in a list."""
    model = case.model
    lists: dict[tuple[str, ...], list[Any]] = {
        ("tags",): model.tags,
        ("dtypes",): list(model.dtypes),
        ("checks",): list(model.checks or ()),
        **{("sweep", name): values for name, values in model.sweep.items()},
    }
    for path, values in lists.items():
        seen: list[Any] = []
        for k, value in enumerate(values):
            if any(same(value, other) for other in seen):
                case.faults.add(f"{shown(value)} stands twice, expected once", case.at(*path, k))
            seen.append(value)


def _companions(case: Context) -> None:
    """Keys that need others."""
    model, faults = case.model, case.faults
    if model.optimizer is None:
        for key in ("batch", "groups", "schedule", "clip", "native"):
            if getattr(model, key):
                faults.add(f"{key} without an optimizer, expected one", case.key(key))
        if model.steps > 1:
            faults.add("steps without an optimizer, expected one", case.key("steps"))
        if "update" in model.all_checks:
            faults.add("the check update without an optimizer, expected one", case.key("checks"))
    tolerance = model.tolerance
    if tolerance is not None and tolerance.rel is None and tolerance.abs is None:
        faults.add(
            "a tolerance that gives no bound, expected rel, abs or both", case.key("tolerance")
        )
