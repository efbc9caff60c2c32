"""The settings of an optimizer, and of the loop around it, by which sides are trained alike."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from ...adapters.captures.training import EMA
from ...refimpl.errors import GradparityError
from .loops import LOOP

#: Seconds of the processor's that the search for a setting may take.
PATIENCE = 30.0

#: What averages alone depend on, where the parameters that they are of do not part.
AVERAGED = {"begin", "decay"}

#: What may be in many ways is tried last.
LAST = {"clip"}

#: What PyTorch's settings are elsewhere by default.
USUAL = (0.0, 1e-8, 1e-7, 1e-6, 1e-4, 1e-3, 1e-2, 0.1, 0.5, 0.9, 0.95, 0.99, 0.999)

#: How often a number that is sought is moved along a secant, and how far at first.
SECANTS, FIRST = 12, 1e-2

#: A number that is sought is written with so many digits at most.
DIGITS = 7

#: A module's training, with what is changed, and for how many steps.
Train = Callable[[Mapping[str, Any], int], list[dict[str, Any]]]


class Same(Protocol):
    """Whether steps are the port's; with ``whole``, all that it remembers at the end as well."""

    def __call__(self, ran: Sequence[Mapping[str, Any]], *, whole: bool) -> bool:  # noqa: D102
        ...


class Changing:
    """A search for what is set otherwise on the other side.

    Parameters
    ----------
    train
        Trains the module with settings changed, for a number of steps.
    there
        The port's steps.
    same
        Whether steps are the port's, and the whole training if told so.
    """

    def __init__(
        self,
        train: Train,
        there: Sequence[Mapping[str, Any]],
        same: Same,
    ) -> None:
        self._train, self._there, self._same = train, there, same

    def search(
        self,
        here: Mapping[str, Any],
        others: Mapping[str, Iterable[Any]],
        changed: Mapping[str, Any],
        slot: str,
        parts: int,
    ) -> dict[str, Any]:
        """Settings, one or two, with which the module is trained as the port is.

        Else one with which it remembers after a step in the slot that parts what the port does.

        Parameters
        ----------
        here
            What is set.
        others
            What the loop's settings may be.
        changed
            What was found to be otherwise before.
        slot
            In what the sides part first.
        parts
            The step after which they do, from 0.
        """
        until = time.process_time() + PATIENCE
        ran, found = self._tried(changed, parts)
        if found:  # what parts is less than a setting would make
            return {}
        # Nor is a slot that is the same without any change shown by one.
        unmoved = slot in ran[0] and self._same([{slot: ran[0][slot]}], whole=False)
        told = AVERAGED if slot == EMA else {*here}
        single = [
            (k, x)
            for k, held in sorted(here.items(), key=lambda item: item[0] in LAST)
            if k not in changed and k in told
            for x in (others[k] if k in others else _others(held))
        ]
        partly: dict[str, Any] = {}
        listed = ((one,) for one in single)
        sought = ((one,) for one in self._sought(here, told, changed, parts))
        ways = ((listed, True), (sought, False), (_two(single), False))
        for changes, in_list in ((c, known) for some, known in ways for c in some):
            if time.process_time() > until or (len(changes) == 2 and partly):
                break
            change = dict(changes)
            try:
                ran, found = self._tried({**changed, **change}, parts)
            except GradparityError:  # a setting that the optimizer refuses is no cause
                continue
            if found:
                return change
            # A number that was worked out of one slot's first step says nothing of another rule.
            if (
                in_list
                and not (parts or unmoved)
                and slot != "parameters"
                and not partly
                and slot in ran[0]
            ):
                only = [{slot: ran[0][slot]}]
                partly = change if self._same(only, whole=False) else partly
        return partly

    def _tried(
        self, changed: Mapping[str, Any], parts: int
    ) -> tuple[Sequence[Mapping[str, Any]], bool]:
        """The first steps with settings changed, and whether all are the port's."""
        ran: Sequence[Mapping[str, Any]] = ()
        for count in sorted({1, parts + 1}):
            ran = self._train(changed, count)
            if not self._same(ran, whole=False):
                return ran, False
        return ran, self._same(self._train(changed, len(self._there)), whole=True)

    def _sought(
        self,
        here: Mapping[str, Any],
        told: Collection[str],
        changed: Mapping[str, Any],
        parts: int,
    ) -> Iterator[tuple[str, Any]]:
        """Numbers that no list has, by the secants of what the port is apart."""
        for key, held in here.items():
            if key not in told or key in changed or (key in LOOP and key != "decay"):
                continue
            for place, number in _numbers(held):
                made = _placed(held, place)
                try:
                    found = self._secant({**changed}, key, made, number, parts)
                except GradparityError:  # a number that the optimizer refuses
                    continue
                if found is not None:
                    digits = (float(f"{found:.{k}g}") for k in range(1, DIGITS))
                    yield from ((key, made(x)) for x in dict.fromkeys((*digits, found)))

    def _secant(
        self,
        changed: Mapping[str, Any],
        key: str,
        made: Callable[[float], Any],
        number: float,
        parts: int,
    ) -> float | None:
        """Where a setting's number makes training the port's; None where none does."""

        def apart(x: float) -> np.ndarray | None:
            ran = self._train({**changed, key: made(x)}, parts + 1)
            return self._apart(ran)

        a, b = number, number * (1 + FIRST) if number else FIRST
        u, v = apart(a), apart(b)
        for _ in range(SECANTS):
            if u is None or v is None or u.shape != v.shape:
                return None
            slope = v - u
            if not (size := float(slope @ slope)):
                break
            a, b = b, b - float(slope @ v) / size * (b - a)
            if not np.isfinite(b) or abs(b) > 1e6:
                return None
            u, v = v, apart(b)
            if abs(b - a) <= 1e-12 * abs(b):
                break
        if v is None or float(np.max(np.abs(v), initial=0.0)) > 1e-5:
            return None
        return b

    def _apart(self, ran: Sequence[Mapping[str, Any]]) -> np.ndarray | None:
        """How far steps are from the port's, each tensor relative to its largest."""
        found = []
        for here, there in zip(ran, self._there, strict=False):
            for slot, held in here.items():
                for name, x in held.items():
                    y = there[slot][name]
                    size = float(np.max(np.abs(y), initial=0.0)) or 1.0
                    found.append(np.ravel(np.asarray(x) - y) / size)
        made = np.concatenate(found) if found else np.zeros(0)
        return made if np.isfinite(made).all() else None


def _others(held: Any) -> list[Any]:
    """Other values of a setting."""
    if isinstance(held, bool):
        return [not held]
    if isinstance(held, tuple):
        return [_placed(held, k)(x) for k, one in _numbers(held) for x in USUAL if x != one]
    return [x for x in USUAL if x != held] if isinstance(held, int | float) else []


def _numbers(held: Any) -> list[tuple[int, float]]:
    """The numbers of a setting, and where they stand in it."""
    several = held if isinstance(held, tuple) else (held,)
    return [(k, x) for k, x in enumerate(several) if isinstance(x, float)]


def _placed(held: Any, place: int) -> Callable[[float], Any]:
    """A setting with another number in a place."""
    if not isinstance(held, tuple):
        return lambda x: x
    return lambda x: (*held[:place], x, *held[place + 1 :])


def _two(single: Sequence[tuple[str, Any]]) -> Iterator[tuple[Any, Any]]:
    """Pairs of changes, of settings that differ."""
    return ((a, b) for a, b in itertools.combinations(single, 2) if a[0] != b[0])
