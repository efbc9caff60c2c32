"""Edits of a schedule: its numbers, its first step, its shape."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from ...adapters.values import attributes
from ...cases.native_training import Chosen
from ...cases.task import Update
from ...refimpl.optimizers.schedules import SCHEDULES, Schedule
from .setups import Given, Setup, UpdateEdit


def schedule_edits(update: Update, given: Given) -> Iterator[UpdateEdit]:
    """What the schedule may be on the other side."""
    schedule, steps = update.schedule, given.steps
    whole = [int(x) for x in given.numbers if x.is_integer() and x > 0]
    if schedule is not None:
        row, agree = SCHEDULES[schedule.name], schedule.name
        said = "the rate is constant in {there}, {here} has " + schedule.name
        yield UpdateEdit(said, agree, "schedule", lambda s: _scheduled(s, None, None))
        for by, word in ((1, "ahead of"), (-1, "behind")):
            said = f"the schedule is one step {word} {{here}}'s in {{there}}"
            shifted = _shifted(row, by)
            yield UpdateEdit(
                said,
                "the rate of step t, from 0",
                "schedule shift",
                lambda s, r=shifted: replace(s, schedule=r),
            )
        held = attributes(schedule, row.attributes)
        for key, here in held.items():
            for there in _other_numbers(key, here, given, steps):
                said = f"the schedule's {key} is {there:g} in {{there}}, {here:g} in {{here}}"
                yield UpdateEdit(said, f"{key}={here:g}", f"schedule {key}", _attribute(key, there))
        for name, other, said in _variants(schedule, held):
            yield UpdateEdit(said, name, "schedule", lambda s, r=other: replace(s, schedule=r))
    counts = dict.fromkeys((*whole, steps, steps - 1, steps + 1))
    for n in counts:
        if n <= 0:
            continue
        for name, attrs in (
            ("cosine", {"steps": n}),
            ("polynomial", {"steps": n, "power": 1.0}),
            ("linear_warmup", {"steps": n, "start": 0.0}),
        ):
            if schedule is not None and schedule.name == name:
                continue
            said = f"the schedule is {name}({_listed(attrs)}) in {{there}}"
            agree = schedule.name if schedule is not None else "a constant rate"
            chosen = Chosen(name, attrs)
            yield UpdateEdit(said, agree, "schedule", lambda s, c=chosen: _scheduled(s, c, None))


def _listed(attrs: Mapping[str, Any]) -> str:
    return ", ".join(f"{k}={v:g}" for k, v in attrs.items())


def _scheduled(setup: Setup, schedule: Chosen | None, row: Schedule | None) -> Setup:
    return replace(setup, update=replace(setup.update, schedule=schedule), schedule=row)


def _attribute(key: str, there: Any) -> Callable[[Setup], Setup]:
    def change(setup: Setup) -> Setup:
        chosen = setup.update.schedule
        assert chosen is not None, "only a schedule that is there is edited"
        new = Chosen(chosen.name, {**chosen.attributes, key: there})
        return replace(setup, update=replace(setup.update, schedule=new))

    return change


def _other_numbers(key: str, here: Any, given: Given, steps: int) -> Iterator[Any]:
    """What a schedule's number may be on the other side."""
    lr = given.hyperparameters.get("lr", 1.0)
    if isinstance(here, bool) or not isinstance(here, int | float):
        return
    numbers: list[Any] = list(given.numbers)
    if key in ("steps", "every", "period", "peak_at", "warmup", "patience", "growth", "cooldown"):
        numbers = [int(x) for x in numbers if x.is_integer()]
        numbers += [here + 1, here - 1, 2 * here, steps, steps - 1, steps + 1]
        numbers = [x for x in numbers if x > 0]
        if key == "peak_at":
            numbers = [x for x in numbers if x < max(steps, here + 2)]
    elif key == "end":
        numbers = [0.0, *numbers, *(lr * x for x in numbers)]
    elif key == "start":
        whole = [int(x) for x in numbers if x.is_integer() and x > 0]
        numbers = [0.0, 1 / steps, *(1 / n for n in whole), *numbers, *(x / lr for x in numbers)]
        numbers += [1 / 3, 0.1, 0.01, 1e-3]
    elif key in ("div", "final_div"):
        numbers += [25.0, 1e4, 10.0, 100.0, 1e3]
    elif key == "power":
        numbers += [1.0, 2.0, 0.5]
    yield from (x for x in dict.fromkeys(numbers) if x != here)


def _shifted(row: Schedule, by: int) -> Schedule:
    def rate(lr: Any, t: int, losses: Any, **own: Any) -> Any:
        return row.rate(lr, max(t + by, 0), losses, **own)

    made = replace(row)
    object.__setattr__(made, "rate", rate)
    return made


def _variants(chosen: Chosen, held: Mapping[str, Any]) -> Iterator[tuple[str, Schedule, str]]:
    """Other shapes of a schedule of the same name."""
    row = SCHEDULES[chosen.name]

    def made(rate: Any) -> Schedule:
        new = replace(row)
        object.__setattr__(new, "rate", rate)
        return new

    if chosen.name == "step":
        yield (
            "in stairs",
            made(lambda lr, t, _, *, every, factor: lr * factor ** (t / every)),
            "the rate falls at every step in {there}, in stairs in {here}",
        )
    if chosen.name == "exponential":
        for n in range(2, 11):
            yield (
                "at every step",
                made(lambda lr, t, _, *, factor, n=n: lr * factor ** (t / n)),
                f"the rate falls by the factor over {n} steps in {{there}}, in one in {{here}}",
            )
    if chosen.name in ("cosine", "warmup_cosine", "polynomial"):
        yield (
            "held at its end",
            made(
                lambda lr, t, losses, **own: row.rate(
                    lr, _reflected(t, own["steps"]), losses, **own
                )
            ),
            "the rate rises again after its last step in {there}, it is held in {here}",
        )
    if chosen.name == "cosine" and "steps" in held:
        yield (
            "half a cosine",
            made(
                lambda lr, t, _, *, steps, end=0.0: (
                    end + (lr - end) * (1 + math.cos(math.pi * (t + 1) / (steps + 1))) / 2
                )
            ),
            "the cosine is taken at (t + 1)/(steps + 1) in {there}, at t/steps in {here}",
        )
    if chosen.name == "one_cycle":
        yield "half cosines", made(_linear_cycle), "the cycle is of straight lines in {there}"
    if chosen.name == "linear_warmup":
        yield (
            "a warm-up from start",
            made(lambda lr, t, _, *, steps, **_start: lr * min(t + 1, steps) / steps),
            "the warm-up is (t + 1)/steps in {there}, it begins at start in {here}",
        )
        yield (
            "a warm-up from start",
            made(lambda lr, t, _, *, steps, **_start: lr * min(t + 1, steps + 1) / (steps + 1)),
            "the warm-up is (t + 1)/(steps + 1) in {there}, it begins at start in {here}",
        )
    if chosen.name == "warmup_cosine":
        yield (
            "a cosine from the warm-up's end",
            made(
                lambda lr, t, losses, *, warmup, start, steps, end=0.0: (
                    SCHEDULES["cosine"].rate(lr, t - warmup, losses, steps=steps, end=end)
                    if t >= warmup
                    else row.rate(lr, t, losses, warmup=warmup, start=start, steps=steps, end=end)
                )
            ),
            "the cosine has all its steps after the warm-up in {there}, the rest of them in {here}",
        )


def _reflected(t: int, steps: int) -> int:
    """A cosine that goes on after its last step comes back."""
    return abs((t + steps) % (2 * steps) - steps) if t > steps else t


def _linear_cycle(
    lr: Any, t: int, _losses: Any, *, steps: int, peak_at: int, div: Any = 25, final_div: Any = 1e4
) -> Any:
    first, last = lr / div, lr / div / final_div
    if t <= peak_at:
        return first + (lr - first) * (t / peak_at)
    return lr + (last - lr) * ((min(t, steps) - peak_at) / (steps - peak_at))
