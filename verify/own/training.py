"""Whole training steps: where two sides part first, and which setting of the optimizer it is."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any

import numpy as np

from ...adapters.captures.captured import Place
from ...adapters.captures.sides import First, Given, Side
from ...adapters.captures.training import After, Steps
from ...cases.garbage import uncollected
from ...refimpl.errors import BadUsage
from ..atlas.translation import lines
from ..engine.runner import Runner
from ..measure.noise import scale_of_noise, spread
from .changing import Changing
from .finding import At, Finding
from .inputs import cotangents
from .judging import Row, row_between
from .loops import BOUNDS, LOOP, Decayed, known_clip, ways_of_clip
from .matching import off

#: How often the first side is trained with its parameters moved by rounding.
RUNS = 4

#: The slot of a momentum.
MOMENTUM = "trace"

#: Trainings are the same that are off by less of the largest; where float32 adds gradients up.
REPRODUCED, NARROW = 1e-8, 1e-6


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
        with uncollected():
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
        self._narrow = self._jax.adds_narrowly(self._second, self._given[0], self._steps)
        here = self._run()
        self._there = self._as_held(here[0], self._there)
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
            if not change:
                # Nothing has reproduced the whole: what was found is of what it was found in.
                self.findings = [_of_slot(one) for one in self.findings]
                self.findings.append(finding)
                break
            self.findings.append(finding)
            changed |= change
            again = self._run(changed=changed)
            if self._reproduced(again, whole=True):
                break  # what is left is rounding, of larger steps perhaps
            trained = Trained(again, self._there, noise)
            parts = next((k for k in range(len(here)) if any(self._off(trained, k))), None)

    def _as_held(
        self, here: Mapping[str, Any], there: list[dict[str, dict[str, np.ndarray]]]
    ) -> list[dict[str, dict[str, np.ndarray]]]:
        """The port's steps, its momentum without a rate that is in the buffer, as optax.rmsprop's.

        That is the same as long as the rate is, which the parameters tell.
        """
        rate = -float(self._torch.settings(self._steps.torch_optimizer, self._first).get("lr", 0))
        if not rate or MOMENTUM not in here or MOMENTUM not in there[0]:
            return there
        names = sorted(here[MOMENTUM])
        x, y = (
            np.concatenate([np.ravel(held[MOMENTUM][k]) for k in names])
            for held in (here, there[0])
        )
        if np.linalg.norm(y / rate - x) > np.linalg.norm(x) / 2:
            return there
        return [{**one, MOMENTUM: {k: m / rate for k, m in one[MOMENTUM].items()}} for one in there]

    def _run(
        self, seed: int | None = None, changed: Any = None, count: int | None = None
    ) -> list[dict[str, Any]]:
        """The module's training, or its first steps, in the port's leaves."""
        given = self._given if count is None else self._given[: self._steps.accumulate * count]
        ran = self._torch.train(
            *(self._first, given, self._steps, cotangents(0)),
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
        return frozenset().union(*map(self._leaves_made_of, self._first.buffers))

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
        loop = self._torch.loop_settings(self._first, self._given[0], self._steps, cotangents(0))
        held = self._decayed()
        decayed = {} if held is None else {"decayed": held}
        here = loop | decayed | {"clip": self._known_clip[0]} | own | changed
        change = self._change(here, changed, slot, step)
        says = ", ".join(self._says(k, x, here[k]) for k, x in change.items())
        wanted = ", ".join(f"{k}={here[k]!r}" for k in change if k not in LOOP)
        agree = [f"give optax what PyTorch has: {wanted}"] if wanted else []
        agree += [LOOP[k].agree(here[k]) for k in change if k in LOOP]
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
            says = LOOP[name].says
            return f"{second} {says(there)}, {first} {says(here)}"
        groups = self._torch.by_groups(self._steps.torch_optimizer, self._first).get(name)
        if groups is not None:
            each = ", ".join(map(repr, groups))
            return (
                f"{name} is {there!r} for all parameters in {second}, {each} by groups in {first}"
            )
        return f"{name} is {there!r} in {second}, {here!r} in {first}"

    def _change(
        self, here: Mapping[str, Any], changed: Mapping[str, Any], slot: str, parts: int
    ) -> dict[str, Any]:
        """Settings with which the module is trained as the port is."""

        def train(changes: Mapping[str, Any], count: int) -> list[dict[str, Any]]:
            return self._run(changed=changes, count=count)

        changing = Changing(train, self._there, self._reproduced)
        others = {k: list(LOOP[k].others(x)) for k, x in here.items() if k in LOOP}
        if "clip" in others:
            others["clip"] = self._clips()
        if "decayed" in others:
            others["decayed"] = self._decayed_there(changed)
        return changing.search(here, others, changed, slot, parts)

    # -- which parameters are decayed

    def _decayed(self) -> Decayed | None:
        """The parameters that the module's optimizer decays; None where it decays none."""
        by = self._torch.decays(self._steps.torch_optimizer, self._first)
        return (
            Decayed.of([k for k, x in by.items() if x], self._shapes(by))
            if any(by.values())
            else None
        )

    def _shapes(self, names: Iterable[str]) -> dict[str, tuple[int, ...]]:
        return {k: np.shape(self._whole[k]) for k in names}

    def _decayed_there(self, changed: Mapping[str, Any]) -> list[Decayed]:
        """The parameters that the port decays, as its first step with and without shows.

        None where that step is neither of some parameter.
        """
        held = self._decayed()
        shapes = self._shapes(self._torch.decays(self._steps.torch_optimizer, self._first))
        ways = [Decayed.of(names, shapes) for names in (shapes, ())]
        ran = [self._run(changed={**changed, "decayed": way}, count=1)[0] for way in ways]
        there = self._there[0]["parameters"]
        near = NARROW if self._narrow else REPRODUCED
        chosen: set[str] = set()
        for name in shapes:
            leaves = self._leaves_made_of(name) & there.keys()
            alike = [all(off(one["parameters"][k], there[k]) < near for k in leaves) for one in ran]
            if not any(alike):
                return []
            if alike[0] and (not alike[1] or (held is not None and name in held.names)):
                chosen.add(name)
        made = Decayed.of(chosen, shapes)
        return [made] if chosen and made != held else []

    def _leaves_made_of(self, name: str) -> set[str]:
        """The port's leaves that are made of a parameter."""
        start = self._leaves(self._whole)
        moved = self._leaves({**self._whole, name: self._whole[name] + 1})
        return {k for k, x in moved.items() if not np.array_equal(x, start[k])}

    def _clips(self) -> list[Any]:
        """What the port's clip may be."""
        held, bounds = self._known_clip
        return [
            *([None] if held is not None else []),
            *(way for way in ways_of_clip((*bounds, *BOUNDS)) if way != held),
        ]

    @functools.cached_property
    def _known_clip(self) -> tuple[Any, list[float]]:
        """What the module's loop clips, and to what."""
        if self._steps.clip is None:
            return None, []
        given = self._given[0]

        def clipping(grads: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
            return self._torch.clipping(self._first, given, self._steps, grads)

        return known_clip(
            clipping, {k: given.state[k] for k in sorted(given.trained) if k in given.state}
        )

    def _reproduced(self, ran: Sequence[Mapping[str, Any]], *, whole: bool) -> bool:
        pairs = list(zip(ran, self._there, strict=False))
        if whole and self._slots_here - {*ran[-1]}:
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


def _of_slot(found: Finding) -> Finding:
    """A finding whose settings reproduce what an optimizer remembers, and not what it does."""
    what = found.at[0].place.module.partition(", ")[2].partition(" of ")[0]
    return replace(found, cause=f"as far as the {what} goes, {found.cause}", agree="", note="")


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
