"""Names, words, and which keys need which: what can be said without a sweep's point."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..refimpl.optimizers import RULES
from .case import same
from .context import Context
from .faults import shown, unknown
from .scope import RESERVED


def check_names(case: Context) -> None:
    """Reserved names, one name for two things, values given twice, adapters, what needs what."""
    _reserved(case)
    _shared(case)
    _repeated(case)
    _companions(case)
    for name in case.model.skip:
        case.adapter(name, case.key("skip", name))
    _optimizer(case)


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
                case.faults.add(
                    f"{name} is {what}, at line {case.key(first, name).line}, and {other}, "
                    "expected one of them",
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
        if model.batch is not None:
            faults.add("batch without an optimizer, expected one", case.key("batch"))
        if model.steps > 1:
            faults.add("steps without an optimizer, expected one", case.key("steps"))
        if "update" in model.all_checks:
            faults.add("the check update without an optimizer, expected one", case.key("checks"))
    tolerance = model.tolerance
    if tolerance is not None and tolerance.rel is None and tolerance.abs is None:
        faults.add(
            "a tolerance that gives no bound, expected rel, abs or both", case.key("tolerance")
        )


def _optimizer(case: Context) -> None:
    """The rule and its hyperparameters."""
    for name, given in (case.model.optimizer or {}).items():
        if name not in RULES:
            case.faults.add(unknown("optimizer", name, RULES), case.key("optimizer", name))
            continue
        rule = RULES[name]
        for key in given:
            if key not in rule.hyperparameters:
                case.faults.add(
                    unknown(f"hyperparameter of {name}", key, rule.hyperparameters),
                    case.key("optimizer", name, key),
                )
        check_hyperparameters(case, name, given)
        missing = [key for key in rule.required if key not in given]
        if missing:
            case.faults.add(
                f"{name} lacks {', '.join(missing)}, expected a value, for the frameworks share "
                "no default",
                case.key("optimizer", name),
            )


def check_hyperparameters(case: Context, name: str, given: Mapping[str, Any]) -> None:
    """Switches are true or false, all else is a number; sweep's names are looked at by point."""
    rule = RULES.get(name)
    for key, value in given.items():
        if rule is None or key not in rule.hyperparameters or isinstance(value, str):
            continue
        switch = isinstance(rule.hyperparameters[key], bool)
        if switch != isinstance(value, bool):
            expected = "true or false" if switch else "a number"
            case.faults.add(
                f"{key}: {shown(value)}, expected {expected}", case.at("optimizer", name, key)
            )
