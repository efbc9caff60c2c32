"""Edits of a rule whose momentum goes down and up as the rate goes up and down."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from ...cases.native_training import Chosen
from ...refimpl.optimizers.rule import UpdateRule
from .rules import rewritten
from .setups import Given, Setup, UpdateEdit

#: What a rule calls the number that is cycled: momentum, or Adam's first beta.
_CYCLED = ("momentum", "b1")

#: ``momentum(attributes, t)``, t the steps that were made before.
Momentum = Callable[[Mapping[str, Any], int], float]


def cycle_edits(rule: UpdateRule, given: Given) -> Iterator[UpdateEdit]:
    """The rule with a momentum that the other side's schedule moves, unless it is told not to."""
    schedule = given.native.get("schedule")
    key = next((k for k in _CYCLED if k in rule.hyperparameters), None)
    if schedule is None or key is None or schedule.name not in _CYCLES:
        return
    if schedule.attributes.get("cycle_momentum", True):
        yield _edit(rule, key, schedule, given.hyperparameters.get(key))


def _edit(rule: UpdateRule, key: str, schedule: Chosen, here: Any) -> UpdateEdit:
    momentum, low, high = _CYCLES[schedule.name]
    held = {"base_momentum": low, "max_momentum": high, **schedule.attributes}

    def change(update: Any, g: Any, param: Any, state: Any, step: int, **hyper: Any) -> Any:
        return update(g, param, state, step, **{**hyper, key: momentum(held, step - 1)})

    def changed(setup: Setup) -> Setup:
        return replace(setup, rule=rewritten(setup.rule or rule, change))

    said = (
        f"{schedule.name} moves {key} as well in {{there}} (cycle_momentum=True), from "
        f"{held['max_momentum']:g} to {held['base_momentum']:g} and back, {{here}} has {here:g}"
    )
    return UpdateEdit(said, f"{schedule.name}(…, cycle_momentum=False)", "momentum cycle", changed)


def _one_cycle(held: Mapping[str, Any], t: int) -> float:
    """``OneCycleLR``: down while the rate goes up, up again, and in three phases it stays there."""
    low, high = held["base_momentum"], held["max_momentum"]
    share, total = held.get("pct_start", 0.3), held.get("total_steps")
    if total is None:
        total = held["epochs"] * held["steps_per_epoch"]
    phases = [(share * total - 1, high, low)]
    if held.get("three_phase"):
        phases += [(2 * share * total - 2, low, high), (total - 1, high, high)]
    else:
        phases.append((total - 1, low, high))
    straight = held.get("anneal_strategy") == "linear"
    first = 0.0
    for number, (last, start, end) in enumerate(phases, 1):
        if t <= last or number == len(phases):
            part = (t - first) / (last - first)
            if straight:
                return start + (end - start) * part
            return end + (start - end) / 2 * (1 + math.cos(math.pi * part))
        first = last
    return high


#: Schedule → its momentum, and what the least and the most of it are by default.
_CYCLES: dict[str, tuple[Momentum, float, float]] = {
    "OneCycleLR": (_one_cycle, 0.85, 0.95),
}
