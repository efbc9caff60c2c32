"""Names, words, and which keys need which: what can be said without a sweep's point."""

from __future__ import annotations

from typing import Any

from .check_training import check_training
from .check_ways import check_ways
from .context import Context
from .faults import shown, unknown
from .modes import MODES, OWN
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
    for name, given in case.model.modes.items():
        _modes(case, name, given)
    check_training(case)
    check_ways(case)


def _modes(case: Context, name: str, given: str | list[str]) -> None:
    """Ways that the adapter has, each once; its own among several alone."""
    known = list(MODES.get(name, ()))
    if isinstance(given, str):
        if given not in known:
            case.faults.add(unknown(f"mode of {name}", given, known), case.at("modes", name))
        return
    known += [OWN[name]] if name in OWN else []
    for k, mode in enumerate(given):
        if mode not in known:
            case.faults.add(unknown(f"mode of {name}", mode, known), case.at("modes", name, k))
        elif mode in given[:k]:
            case.faults.add(f"{shown(mode)} stands twice, expected once", case.at("modes", name, k))


def _reserved(case: Context) -> None:
    for group in ("inputs", "params", "state", "sweep"):
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
        ("inputs", "an input", "state", "state"),
        ("params", "a parameter", "state", "state"),
        ("state", "state", "sweep", "a sweep's name"),
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
        keys = ["groups", "schedule", "clip", "native", "accumulate", "loss-scale", "ema"]
        for key in keys if model.state else ["batch", *keys]:
            if getattr(model, key.replace("-", "_")):
                faults.add(f"{key} without an optimizer, expected one", case.key(key))
        if model.steps > 1 and not model.state:
            faults.add("steps without an optimizer, expected one", case.key("steps"))
        if "update" in model.all_checks:
            faults.add("the check update without an optimizer, expected one", case.key("checks"))
    if model.accumulate is not None and model.accumulate.passes > model.steps:
        faults.add(
            f"{model.accumulate.passes} passes make an update and the case has {model.steps} "
            f"step{'s' if model.steps > 1 else ''}, each of which is a pass: expected as many at "
            "least",
            case.key("accumulate"),
        )
    tolerance = model.tolerance
    if tolerance is not None and tolerance.rel is None and tolerance.abs is None:
        faults.add(
            "a tolerance that gives no bound, expected rel, abs or both", case.key("tolerance")
        )
