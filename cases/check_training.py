"""The optimizer with its groups, schedule, clipping and native parts: names, and what they take."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..refimpl.optimizers import RULES
from ..refimpl.optimizers.clipping import CLIPS
from ..refimpl.optimizers.schedules import SCHEDULES, required
from .context import Context
from .faults import shown, unknown
from .foreign import another_schedule, unknown_hyperparameter
from .native_training import FOREIGN, IN_PLACE, NATIVE_TRAINING, PARTS, REQUIRED
from .tensors import Layout
from .values import is_number

Path = tuple[Any, ...]

#: Part → its table of names and their attributes.
_TABLES: dict[str, dict[str, dict[str, Any]]] = {
    "optimizer": {name: rule.hyperparameters for name, rule in RULES.items()},
    "schedule": {name: row.attributes for name, row in SCHEDULES.items()},
    "clip": {name: row.attributes for name, row in CLIPS.items()},
}
#: Attributes that are true or false without having a default.
_SWITCHES = frozenset(name for rule in RULES.values() for name in rule.switches)
_LISTS = ("at",)
#: What a native part does, and what a case that lacks it does.
_DOES = {
    "clip": "clips",
    "accumulate": "accumulates gradients",
    "loss-scale": "scales the loss",
    "ema": "averages",
}
_DOES_NOT = {
    "clip": "clips nothing",
    "accumulate": "does not",
    "loss-scale": "does not",
    "ema": "averages nothing",
}


def check_training(case: Context) -> None:
    """Every name and every attribute that no sweep stands for."""
    model = case.model
    for part, table in _TABLES.items():
        for name, given in (getattr(model, part) or {}).items():
            _named(case, part, name, given, table)
    _groups(case)
    for adapter, parts in model.native.items():
        if case.adapter(adapter, case.key("native", adapter)):
            _native(case, adapter, parts)
    for path, key, value, attributes in settings(case):
        if attributes is not None and key not in attributes and path[0] == "groups":
            said = unknown_hyperparameter("hyperparameter", key, attributes)
            case.faults.add(said, case.key(*path))
        elif not isinstance(value, str):
            check_setting(case, path, key, value, attributes)


def check_moved(case: Context, layouts: Mapping[str, Layout]) -> None:
    """Every parameter has as many axes as the rule that moves it wants."""
    rule = RULES.get(next(iter(case.model.optimizer or {}), ""))
    if rule is None:
        return
    least = rule.axes[0]
    wanted = f"{'at least ' * (len(rule.axes) > 1)}{least} {'axis' if least == 1 else 'axes'}"
    for name in case.model.params:
        shape = layouts[name].shape if name in layouts else None
        if shape is not None and len(shape) not in rule.axes:
            case.faults.add(
                f"{name} has the shape {shape}, expected {wanted}, which {rule.name} wants",
                case.key("params", name),
            )


def settings(case: Context) -> Iterator[tuple[Path, str, Any, Mapping[str, Any] | None]]:
    """Each attribute: its path, name and value, and the attributes it is one of, where known."""
    model = case.model
    yield from _chosen({part: getattr(model, part) for part in _TABLES}, (), _TABLES)
    attributes = _TABLES["optimizer"].get(next(iter(model.optimizer or {}), ""))
    for parameter, given in model.groups.items():
        for key, value in given.items():
            yield ("groups", parameter, key), key, value, attributes
    for adapter, parts in model.native.items():
        given = {part: parts.part(part) for part in PARTS}
        yield from _chosen(given, ("native", adapter), {part: {} for part in PARTS})


def _chosen(
    parts: Mapping[str, Any], base: Path, tables: Mapping[str, Mapping[str, Any]]
) -> Iterator[tuple[Path, str, Any, Any]]:
    """The attributes of parts, as of an optimizer, a schedule and a clip."""
    for part, table in tables.items():
        for name, given in (parts[part] or {}).items():
            if not isinstance(given, dict):
                yield (*base, part, name), "max", given, table.get(name)
                continue
            for key, value in given.items():
                yield (*base, part, name, key), key, value, table.get(name)


def check_setting(
    case: Context, path: Path, key: str, value: Any, attributes: Mapping[str, Any] | None
) -> None:
    """Switches are true or false, lists are lists, all else is a number."""
    if attributes is None or key not in attributes:
        return
    switch = isinstance(attributes[key], bool) or key in _SWITCHES
    if switch and not isinstance(value, bool):
        expected = "true or false"
    elif not switch and key in _LISTS and not isinstance(value, tuple):
        expected = "a list of steps"
    elif not switch and key not in _LISTS and (not is_number(value) or value != value):  # noqa: PLR0124  NaN
        expected = "a number"
    else:
        return
    case.faults.add(f"{key}: {shown(value)}, expected {expected}", case.at(*path))


def _named(
    case: Context, part: str, name: str, given: Any, table: dict[str, dict[str, Any]]
) -> None:
    if name not in table:
        meant = another_schedule(name) if part == "schedule" else ""
        case.faults.add(unknown(part, name, table, meant=meant), case.key(part, name))
        return
    attributes = table[name]
    keys = given if isinstance(given, dict) else {"max": given}
    what = "hyperparameter" if part == "optimizer" else "attribute"
    for key in keys:
        if key not in attributes:
            place = case.key(part, name, key) if isinstance(given, dict) else case.at(part, name)
            said = unknown_hyperparameter(f"{what} of {name}", key, attributes)
            case.faults.add(said, place)
    missing = [key for key in required(attributes) if key not in keys]
    if missing:
        case.faults.add(
            f"{name} lacks {', '.join(missing)}, expected a value, for the frameworks share no "
            "default",
            case.key(part, name),
        )


def _groups(case: Context) -> None:
    """Each is a parameter's, and the rule moves parameters one by one."""
    model = case.model
    rule = RULES.get(next(iter(model.optimizer or {}), ""))
    for name in model.groups:
        if rule is not None and rule.whole:
            case.faults.add(
                f"groups: {rule.name} moves all parameters as one, expected no group",
                case.key("groups", name),
            )
        elif name not in model.params:
            case.faults.add(unknown("parameter", name, model.params), case.key("groups", name))


def _raising(case: Context, adapter: str) -> bool:
    """Whether the case records that the adapter raises, which may be what it is about."""
    return any(d.raises is not None and adapter in d.adapters for d in case.model.divergences)


def _foreign(case: Context, adapter: str, part: str, name: str, given: Mapping[str, Any]) -> bool:
    """Whether arguments are called as others call them, each of which is answered with its own."""
    theirs = FOREIGN.get(adapter, {}) if part == "optimizer" else {}
    found = [key for key in given if key in theirs and not _raising(case, adapter)]
    for key in found:
        case.faults.add(
            f"unknown argument {key!r} of {name} of {adapter}; did you mean {theirs[key]}?",
            case.key("native", adapter, part, name, key),
        )
    return bool(found)


def _native(case: Context, adapter: str, parts: Any) -> None:
    known = NATIVE_TRAINING.get(adapter, {})
    for part in PARTS:
        for name, given in (parts.part(part) or {}).items():
            place = case.key("native", adapter, part, name)
            if name not in known.get(part, ()):
                case.faults.add(unknown(f"{part} of {adapter}", name, known.get(part, ())), place)
                continue
            needed = REQUIRED.get(adapter, {}).get(name, ())
            missing = [key for key in needed if key not in given]
            if _foreign(case, adapter, part, name, given):
                continue
            if missing and not _raising(case, adapter):
                lacking = ", ".join(missing)
                case.faults.add(
                    f"{name} of {adapter} lacks {lacking}, expected a value, for it has no default",
                    place,
                )
    for part in IN_PLACE:
        if parts.part(part) and not getattr(case.model, part.replace("-", "_")):
            case.faults.add(
                f"native {_DOES[part]} in {adapter} and the case {_DOES_NOT[part]}, expected "
                f"{part}: what the reference does",
                case.key("native", adapter, part),
            )
