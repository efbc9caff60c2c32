"""Frameworks judged against each other, where a case has no text for the reference.

Noise is what moving the inputs by a unit of the task's dtype does to each framework's own results,
which takes in how differently they are rounded. A framework is held against every other one, and
against itself in float64 where that is wider: who is off between two cannot be said.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ...adapters.base import Trace
from ...adapters.values import dtype_of, in_dtype, kind_of
from ...cases.task import Task, seed_of
from ...refimpl.rounding import unit_roundoff
from ..measure.compare import Outcome, compare
from ..measure.dtypes import dtype_for
from ..measure.noise import bound_of, scale_of_noise, spread
from ..measure.power import hides, power
from ..truth.baseline import Key, flat
from .rows import Row, body, head, whole

#: How often a framework is asked again with its inputs moved.
MOVES = 6

#: A task's dtype → the wider one in which a framework is held against itself; float64 has none.
OWN_WIDER = {
    "float16": "float64",
    "bfloat16": "float64",
    "float32": "float64",
    "complex64": "complex128",
}

#: What a row says where nothing is off.
NOBODY = "no reference was there"


@dataclass(frozen=True)
class Peer:
    """What one framework gives: as asked, with inputs moved by a unit, and in a wider dtype."""

    own: Mapping[Key, Any]
    moved: tuple[Mapping[Key, Any], ...]
    wide: Mapping[Key, Any] | None

    def noise(self, key: Key) -> np.ndarray:
        """How far rounding moves a tensor of its own, element by element."""
        held = np.asarray(self.own[key])
        return spread(held, [run.get(key) for run in self.moved])


def peer(task: Task, name: str, run: Callable[[Task], Trace]) -> Peer:
    """Ask a framework for all that it is judged by.

    Raises
    ------
    Unsupported, AdapterFailed
        As ``run`` does.
    """
    moved = [_found(_moved(task, k), name, run) for k in range(MOVES)]
    wide = OWN_WIDER.get(task.dtype)
    return Peer(
        _found(task, name, run),
        tuple(moved),
        None if wide is None else _found(_at(task, wide), name, run),
    )


def judged(task: Task, name: str, version: str, peers: Mapping[str, Peer]) -> list[Row]:
    """The rows of a framework, beside every other one that could run the task."""
    others = {other: found for other, found in peers.items() if other != name}
    if not others:
        reason = f"{NOBODY}, and no other framework to hold it against"
        return [whole(task, name, version, "blind", "", reason)]
    start = head(task, name, version)
    return [
        start
        | dict(zip(("check", "tensor", "step"), key, strict=True))
        | _judged(task, key, peers[name], others)
        for key in _compared(task, peers)
    ]


def _judged(task: Task, key: Key, own: Peer, others: Mapping[str, Peer]) -> Row:
    """One tensor beside each other framework's, then beside its own in a wider dtype."""
    against: dict[str, tuple[Any, np.ndarray | float]] = {
        f"{other}'s": (found.own.get(key), found.noise(key) if _there(found, key) else 0.0)
        for other, found in others.items()
    }
    if own.wide is not None:
        against[f"its own in {OWN_WIDER[task.dtype]}"] = (own.wide.get(key), 0.0)
    outcome, seen, blind, worst = Outcome(), [], 0, np.nan
    for what, (want, noise) in against.items():
        found, bound, dtype = _beside(task, key, own, want, noise)
        if not found.agrees:
            row = body(found) | {"verdict": "differs", "kind": found.kind, "seconds": 0.0}
            return row | {"reason": f"{found.reason}, beside {what}; {NOBODY}"}
        seen.append(what)
        if not seen[1:]:
            outcome = found
        if want is not None and dtype.kind in "fcV":
            hidden = int(hides(np.asarray(want), bound, dtype).sum())
            blind = max(blind, hidden)
            worst = np.fmax(worst, power(np.asarray(want), bound, dtype))
    said = f"held against {' and '.join(seen)}; {NOBODY}"
    if blind:
        said = f"the bound would let a zero pass at {blind} elements; {said}"
    verdict = {"verdict": "blind" if blind else "agree", "kind": "", "seconds": 0.0}
    told = {"power": worst, "blind": blind, "proof": "" if blind else "peers", "reason": said}
    return body(outcome) | verdict | told


def _beside(
    task: Task, key: Key, own: Peer, want: Any, noise: np.ndarray | float
) -> tuple[Outcome, np.ndarray, np.dtype[Any]]:
    """A framework's tensor beside another one's."""
    got = own.own.get(key)
    if want is None:
        if got is None:
            return Outcome(), np.zeros(()), np.dtype(bool)
        want = np.zeros(np.shape(got), np.asarray(got).dtype)  # no gradient is one of zeros
    want = np.asarray(want)
    dtype = dtype_for(task.dtype, want)
    mine = own.noise(key) if _there(own, key) else 0.0
    both = np.hypot(_like(mine, want), _like(noise, want))
    both = scale_of_noise(want, both, dtype) if dtype.kind in "fcV" else both
    bound = bound_of(both, dtype)
    if got is None and not np.any(want):
        return Outcome(), bound, dtype
    return compare(got, want, dtype=dtype, noise=both, bound=bound), bound, dtype


def _like(noise: np.ndarray | float, want: np.ndarray) -> np.ndarray:
    noise = np.asarray(noise, np.float64)
    return noise if noise.shape == want.shape else np.zeros(want.shape)


def _there(found: Peer, key: Key) -> bool:
    return found.own.get(key) is not None


def _compared(task: Task, peers: Mapping[str, Peer]) -> Iterator[Key]:
    """Parameters, the output, and what every text names: as with a reference, of all of them."""
    programs = list(task.programs.values())
    shared = set.intersection(*({*p.named, *task.params} for p in programs))
    shared.add(programs[0].output)
    for key in dict.fromkeys(key for found in peers.values() for key in found.own):
        check, name, _ = key
        owner = name.partition(".")[0] if check == "update" else name
        if check not in task.checks or owner not in shared:
            continue
        if check == "value" and name in task.params:
            continue
        if "." in name and not all(_there(found, key) for found in peers.values()):
            continue  # what an optimizer remembers is compared where both have it
        yield key


def _found(task: Task, name: str, run: Callable[[Task], Trace]) -> dict[Key, Any]:
    """What a run gives, the output under the name that the case's first text has for it."""
    found = flat(run(task))
    program = task.program(name)
    first, *_ = task.programs.values()
    assert program is not None, "who has no text is not asked"
    for check in ("value", "grad"):
        for step in range(task.steps):
            if (check, program.output, step) in found:
                found[check, first.output, step] = found[check, program.output, step]
    return found


def _moved(task: Task, number: int) -> Task:
    """The task with every number of its inputs and parameters moved at random by a unit."""
    unit = unit_roundoff(dtype_of(task.dtype))
    generator = np.random.default_rng(seed_of(task.case, task.point, f"peers {number}"))

    def moved(x: np.ndarray) -> np.ndarray:
        if kind_of(x.dtype) not in "fc":
            return x
        step = 1 + 2 * unit * generator.choice([-1.0, 1.0], size=x.shape)
        wide = x.astype(np.complex128 if x.dtype.kind == "c" else np.float64)
        return np.asarray(wide * step).astype(x.dtype)

    return replace(
        task,
        inputs={name: moved(x) for name, x in task.inputs.items()},
        params={name: moved(x) for name, x in task.params.items()},
    )


def _at(task: Task, dtype: str) -> Task:
    """The task in another dtype, of the same numbers."""
    held = dtype_of(dtype)
    return replace(
        task,
        dtype=dtype,
        inputs={name: in_dtype(x, held) for name, x in task.inputs.items()},
        params={name: in_dtype(x, held) for name, x in task.params.items()},
    )
