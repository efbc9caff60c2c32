"""What goes around an update, worked out: what is carried, gathered, scaled and averaged."""

# ruff: noqa: RUF001 - mathematical signs are meant

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...adapters.base import Trace
from ...adapters.values import scale_before
from ...cases.program import Program
from ...cases.task import AVERAGE, Task
from .formulas import array, number
from .parts import Equation, Section


@dataclass(frozen=True)
class Made:
    """The first update that a trace makes: at which pass, from 0, of what gradients."""

    step: int
    gradients: dict[str, Any]


def first_update(task: Task, truth: Trace) -> Made | None:
    """The first update, or None where no pass makes one: gradients may be left out or gathered."""
    update, held = task.update, dict[str, Any]()
    rule = None if update is None else update.accumulate
    slots = [step.slots for step in truth.steps]
    for k, step in enumerate(truth.steps):
        known = {name: g for name in task.params if (g := step.grads.get(name)) is not None}
        held = {name: held[name] + g if name in held else g for name, g in known.items()}
        if rule is not None and (k + 1) % rule.passes:
            continue
        share = (rule.passes if rule is not None and rule.mean else 1) * scale_before(
            task, slots, k
        )
        found = {name: g / share for name, g in held.items()}
        if task.loss_scale is None or all(np.isfinite(g).all() for g in found.values()):
            return Made(k, found)
        held = {}
    return None


def around_section(task: Task, program: Program, truth: Trace, made: Made | None) -> Section | None:
    """What goes around a case's update, with the numbers of its first one; None for nothing."""
    update = task.update
    lines = [*_carried(task, truth)]
    if update is not None and (update.accumulate or task.loss_scale or update.ema):
        lines += _gathered(task, program, truth, made)
        lines += _averaged(task, truth, made)
    if not lines:
        return None
    return Section("Around the update", "What is kept from one step to the next.", (*lines,))


def _carried(task: Task, truth: Trace) -> Iterator[Equation]:
    for name, made in task.state.items():
        value = truth.steps[0].values[made]
        yield Equation(name, made, result=array(value), note="at the next step", sign="←")


def _gathered(task: Task, program: Program, truth: Trace, made: Made | None) -> Iterator[Equation]:
    update, rule = task.update, task.loss_scale
    assert update is not None
    if rule is not None:
        output = program.output
        yield Equation(f"g = ∂(scale·{output})/∂θ", note="gradients above are of that product")
        yield Equation("scale", result=number(rule.init), note="of the first pass")
        text = f"scale·{number(rule.backoff)}"
        yield Equation(
            "scale", text, note="where a gradient is not finite, and no update", sign="←"
        )
        text = f"scale·{number(rule.growth)}"
        yield Equation("scale", text, note=f"after {rule.every} updates in a row", sign="←")
    gathered = update.accumulate
    if gathered is not None:
        share = f" / {gathered.passes}" if gathered.mean else ""
        text = f"(g₁ + … + g of pass {gathered.passes}){share}"
        yield Equation("G", text, note=f"an update every {gathered.passes} passes")
    if made is None:
        yield Equation("no update is made")
        return
    if gathered is not None or rule is not None:
        scale = scale_before(task, [step.slots for step in truth.steps], made.step)
        yield Equation(f"the first update is at pass {made.step + 1}")
        if rule is not None:
            yield Equation("scale", result=number(scale), note=f"of pass {made.step + 1}")
        for name, g in made.gradients.items():
            over = "/scale" if rule is not None else ""
            what = "G" if gathered is not None else "g"
            yield Equation(f"gradient of {name}", f"{what}{over}", result=array(g))


def _averaged(task: Task, truth: Trace, made: Made | None) -> Iterator[Equation]:
    rule = None if task.update is None else task.update.ema
    if rule is None:
        return
    starts = {
        "params": "the parameters before the first update",
        "zeros": "0",
        "first": "the parameters after the first update",
    }
    decay = number(rule.decay)
    yield Equation("ema", starts[rule.start], note="at first")
    yield Equation("ema", f"{decay}·ema + (1 − {decay})·θ", note="after each update", sign="←")
    if rule.debias:
        yield Equation("what is compared", f"ema / (1 − {decay}ᵗ)", note="after t updates")
    if made is None:
        return
    for name, x in truth.steps[made.step].slots.items():
        if name.endswith(AVERAGE):
            owner = name.removesuffix(AVERAGE)
            yield Equation(f"ema of {owner}", result=array(x), note="after the first update")
