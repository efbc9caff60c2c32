"""Whole training steps: where two sides part first, and which setting of the optimizer it is."""

from __future__ import annotations

import functools
import itertools
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np

from ...adapters.captures.captured import Place
from ...adapters.captures.sides import First, Given, Side
from ...adapters.captures.training import After, Steps
from ...adapters.importing import importing
from ...refimpl.errors import BadUsage, GradparityError
from ..atlas.translation import lines
from ..engine.runner import Runner
from ..measure.noise import scale_of_noise, spread
from .finding import At, Finding
from .inputs import cotangents
from .judging import Row, row_between
from .matching import off

#: How often the first side is trained with its parameters moved by rounding.
RUNS = 4

#: Seconds that the search for a setting may take.
PATIENCE = 30.0

#: Trainings are the same that are off by less of the largest; where float32 adds gradients up.
REPRODUCED, NARROW = 1e-8, 1e-6

#: What PyTorch's settings are elsewhere by default.
USUAL = (0.0, 1e-8, 1e-7, 1e-6, 1e-4, 1e-3, 1e-2, 0.1, 0.5, 0.9, 0.95, 0.99, 0.999)


@dataclass(frozen=True)
class Habit:
    """What a training loop does in one of two ways.

    ``words`` say of each way what is done, ``agree`` how the port comes to it.
    """

    words: Mapping[Any, str]
    agree: Mapping[Any, str]

    def others(self, held: Any) -> list[Any]:
        """The other way."""
        return [way for way in self.words if way != held]


#: A name of ``torch_training.USUAL`` → its ways.
LOOP = {
    "average": Habit(
        {
            True: "averages the gradients of a step's passes",
            False: "sums the gradients of a step's passes",
        },
        {
            True: "in jax: average them, as optax.MultiSteps does",
            False: "in torch: divide the loss of each pass by how many there are",
        },
    ),
    "unscale": Habit(
        {
            True: "divides gradients by the loss's scale",
            False: "takes gradients as the scaled loss has them",
        },
        {True: "in jax: divide gradients by the loss's scale first, as by optax.scale"},
    ),
    "skip": Habit(
        {
            True: "skips a step whose gradients are not finite",
            False: "makes a step whose gradients are not finite",
        },
        {True: "in jax: optax.apply_if_finite around the rule"},
    ),
    "begin": Habit(
        {
            "after": "begins its averages with the parameters after the first step",
            "before": "begins its averages with the parameters before the first step",
        },
        {"after": "in jax: let the averages be the parameters after the first step"},
    ),
}


@dataclass(frozen=True)
class Trained:
    """Both sides' steps in the port's leaves, and how far rounding moves the first's."""

    first: Sequence[Mapping[str, Mapping[str, np.ndarray]]]
    second: Sequence[Mapping[str, Mapping[str, np.ndarray]]]
    noise: Sequence[Mapping[str, Mapping[str, np.ndarray]]]


class Training:
    """Trains both sides, and says where they part.

    ``rows`` are of the first step and of the one after which they part, or of the last.

    Raises
    ------
    BadUsage
        Where the sides are no module of PyTorch and a port in JAX.
    """

    def __init__(
        self, first: First, second: Side, given: Callable[[int], Given], steps: Steps
    ) -> None:
        if (first.framework, second.framework) != ("torch", "jax"):
            raise BadUsage("train takes a module in PyTorch and its port in JAX")
        with importing():
            self._torch = import_module("gradparity.adapters.captures.torch_training")
            self._jax = import_module("gradparity.adapters.captures.jax_training")
        self._first, self._second, self._steps = first, second, steps
        self._given = [given(k) for k in range(steps.draws)]
        self._whole = dict(self._given[0].state)
        self.rows: list[Row] = []
        self.findings: list[Finding] = []
        self._compare()

    def _compare(self) -> None:
        state = self._state_leaves()
        ran = self._jax.train(
            self._second, self._given, self._steps, cotangents(0), lambda name: name in state
        )
        self._there = [self._slots(one) for one in ran]
        self._narrow = self._steps.accumulate > 1 and self._jax.adds_narrowly(
            self._second, self._given[0], self._steps
        )
        here = self._run()
        self._slots_here = {*here[0]}
        noisy = [self._run(seed=k) for k in range(RUNS)]
        noise = [
            {
                slot: {
                    k: scale_of_noise(
                        x, spread(x, [r[step][slot][k] for r in noisy]), np.dtype(np.float64)
                    )
                    for k, x in held.items()
                }
                for slot, held in one.items()
            }
            for step, one in enumerate(here)
        ]
        trained = Trained(here, self._there, noise)
        parts = next((k for k in range(len(here)) if any(self._off(trained, k))), None)
        for step in sorted({0, len(here) - 1 if parts is None else parts}):
            self.rows += self._rows(trained, step)
        changed: dict[str, Any] = {}
        while parts is not None:
            finding, change = self._finding(trained, parts, changed)
            self.findings.append(finding)
            if not change:
                break
            changed |= change
            again = self._run(changed=changed)
            if self._reproduced(again):  # what is left is rounding, of larger steps perhaps
                break
            trained = Trained(again, self._there, noise)
            parts = next((k for k in range(len(here)) if any(self._off(trained, k))), None)

    def _run(self, seed: int | None = None, changed: Any = None) -> list[dict[str, Any]]:
        """The module's training, in the port's leaves."""
        ran = self._torch.train(
            *(self._first, self._given, self._steps, cotangents(0)),
            seed=seed,
            changed=changed,
            narrow=self._narrow,
        )
        return [self._as_leaves(one) for one in ran]

    def _as_leaves(self, after: After) -> dict[str, dict[str, np.ndarray]]:
        leaves = {
            slot: self._leaves({**self._whole, **after.state, **held})
            for slot, held in after.slots.items()
        }
        leaves["parameters"] = self._leaves({**self._whole, **after.state, **after.params})
        there = self._there[0]
        names = {slot: self._torch.SLOTS.get(slot, slot) for slot in leaves}
        found = {}
        for slot, held in leaves.items():
            other = there.get(names[slot])
            if other is not None:
                found[names[slot]] = {k: x for k, x in held.items() if k in other}
        return found

    def _leaves(self, state: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        full = {**state, **{k: state[v] for k, v in self._first.aliases.items()}}
        return self._jax.leaves_of(self._second, full)

    def _state_leaves(self) -> frozenset[str]:
        """The port's leaves that are made of buffers."""
        start = self._leaves(self._whole)
        found: set[str] = set()
        for buffer in self._first.buffers:
            moved = self._leaves({**self._whole, buffer: self._whole[buffer] + 1})
            found |= {k for k, x in moved.items() if not np.array_equal(x, start[k])}
        return frozenset(found)

    @staticmethod
    def _slots(after: After) -> dict[str, dict[str, np.ndarray]]:
        """A step of the port: its slots, then its parameters and state."""
        return {**after.slots, "parameters": {**after.params, **after.state}}

    def _pairs(
        self, trained: Trained, step: int
    ) -> Iterator[tuple[str, str, np.ndarray, np.ndarray, np.ndarray]]:
        here, there, noise = (x[step] for x in (trained.first, trained.second, trained.noise))
        for slot, held in here.items():
            for name, x in held.items():
                yield slot, name, x, there[slot][name], noise[slot][name]

    def _rows(self, trained: Trained, step: int) -> Iterator[Row]:
        side = f"{self._first.name} | {self._second.name}"
        for slot, name, x, y, noise in self._pairs(trained, step):
            kind = "update" if slot == "parameters" else slot
            yield row_between(
                "training", side, kind, f"{name} after step {step + 1}", (x, y), noise
            )

    def _off(self, trained: Trained, step: int) -> Iterator[bool]:
        return (row["verdict"] != "agree" for row in self._rows(trained, step))

    # -- why

    def _finding(
        self, trained: Trained, step: int, changed: dict[str, Any]
    ) -> tuple[Finding, dict[str, Any]]:
        """Where the sides part first, and the settings by which they do not."""
        rows = zip(self._pairs(trained, step), self._rows(trained, step), strict=True)
        slot, name = next((s, n) for (s, n, *_), row in rows if row["verdict"] != "agree")
        what = "parameter" if slot == "parameters" else f"slot {slot}"
        optimizer = self._torch.name_of(self._steps.torch_optimizer, self._first)
        place = Place(module=f"step {step + 1}, {what} of {name}")
        own = self._torch.settings(self._steps.torch_optimizer, self._first)
        here = self._torch.loop_settings(self._steps) | own | changed
        change = self._change(here, changed, slot if step == 0 else "parameters")
        says = ", ".join(self._says(k, x, here[k]) for k, x in change.items())
        wanted = ", ".join(f"{k}={here[k]!r}" for k in change if k not in LOOP)
        agree = [f"give optax what PyTorch has: {wanted}"] if wanted else []
        agree += [LOOP[k].agree[here[k]] for k in change if k in LOOP]
        known = {*change} & {*LOOP}
        return Finding(
            "training",
            (At(self._first.name, optimizer, place),),
            says,
            "; ".join(agree),
            note="" if changed or known else self._translated(optimizer),
        ), change

    def _says(self, name: str, there: Any, here: Any) -> str:
        first, second = self._first.name, self._second.name
        if name in LOOP:
            words = LOOP[name].words
            return f"{second} {words[there]}, {first} {words[here]}"
        return f"{name} is {there!r} in {second}, {here!r} in {first}"

    def _change(
        self, here: Mapping[str, Any], changed: Mapping[str, Any], slot: str
    ) -> dict[str, Any]:
        """Settings, one or two, with which the module is trained as the port is.

        Else one with which it remembers after a step in the slot that parts what the port does.
        """
        until = time.monotonic() + PATIENCE
        single = [
            (k, x)
            for k, held in here.items()
            if k not in changed
            for x in (LOOP[k].others(held) if k in LOOP else _others(held))
        ]
        partly: dict[str, Any] = {}
        for changes in itertools.chain(((one,) for one in single), _two(single)):
            if time.monotonic() > until:
                break
            change = dict(changes)
            if len(change) == 2 and partly:
                break
            try:
                first = self._run_one({**changed, **change})
            except GradparityError:  # a setting that the optimizer refuses is no cause
                continue
            if self._reproduced(first, 1):
                if self._reproduced(self._run(changed={**changed, **change})):
                    return change
            elif slot != "parameters" and not partly and slot in first[0]:
                only = [{slot: first[0][slot]}]
                partly = change if self._reproduced(only, 1) else partly
        return partly

    def _run_one(self, changed: Mapping[str, Any]) -> list[dict[str, Any]]:
        """One step alone, which most settings are told by."""
        ran = self._torch.train(
            *(self._first, self._given[: self._steps.accumulate], self._steps, cotangents(0)),
            changed=changed,
        )
        return [self._as_leaves(one) for one in ran]

    def _reproduced(self, ran: Sequence[Mapping[str, Any]], count: int | None = None) -> bool:
        pairs = list(zip(ran[:count], self._there, strict=False))
        if count is None and any(self._slots_here - {*here} for here, _ in pairs):
            return False  # what it no longer remembers cannot be compared
        near = NARROW if self._narrow else REPRODUCED
        return all(
            off(_finite(x), _finite(there[slot][name])) < near
            for here, there in pairs
            for slot, held in here.items()
            for name, x in held.items()
        )

    @staticmethod
    def _translated(optimizer: str) -> str:
        """The translation table's line of an optimizer; nothing of one that it has not."""
        text = _line(optimizer)
        return f"translated: {text}" if text else ""


@functools.cache
def _line(optimizer: str) -> str:
    runner = Runner(["torch", "jax"])
    try:
        found = next(iter(lines(runner, optimizer)))
    except BadUsage:  # the user's own
        return ""
    return "; ".join(f"{s.adapter}: {s.text}" for s in found.spellings if s.text)


def _finite(x: np.ndarray) -> np.ndarray:
    """An array whose infinities are NaN: which it is of both once it overflows is no matter."""
    return np.where(np.isfinite(x), x, np.nan)


def _others(held: Any) -> list[Any]:
    """Other values of a setting."""
    if isinstance(held, bool):
        return [not held]
    if isinstance(held, tuple):
        found = []
        for k, one in enumerate(held):
            if isinstance(one, float):
                found += [(*held[:k], x, *held[k + 1 :]) for x in USUAL if x != one]
        return found
    if isinstance(held, int | float):
        return [x for x in USUAL if x != held]
    return []


def _two(single: Sequence[tuple[str, Any]]) -> Iterator[tuple[Any, Any]]:
    """Pairs of changes, of settings that differ."""
    return ((a, b) for a, b in itertools.combinations(single, 2) if a[0] != b[0])
