"""Outputs that are no floating numbers: indices, masks, counts, which have to be the very same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from ...adapters.captures.captured import Captured, Place, needed
from ...adapters.captures.sides import STATE
from ...cases.program import Instruction
from ..edits.forward import forward
from ..measure.compare import Outcome
from .evaluating import widened
from .finding import At, Finding
from .judging import Row, row_of

#: An element that turns over as leaves are moved by so much, relative to each, is on an edge.
NUDGE = 1e-9

#: How often leaves are moved.
NUDGES = 4


@dataclass
class Counted:
    """What came of such outputs: rows, what is found, and what a person should know."""

    rows: list[Row] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def counted(names: tuple[str, str], first: Captured, second: Captured) -> Counted:
    """Compare the whole numbers and the masks that two sides hand back.

    By their paths where both have the same; what is left by position, where it is as many.
    """
    made = Counted()
    sides = [_Side(name, one) for name, one in zip(names, (first, second), strict=True)]
    pairs = _pairs(sides, made)
    for path, other in pairs:
        outcome = _between(sides, (path, other))
        label = path or "output"
        made.rows.append(row_of("mathematics", " | ".join(names), "value", label, outcome))
        if not outcome.agrees and not made.findings:
            at = (sides[0].at(path), sides[1].at(other))
            made.findings.append(Finding("value", at, effect=f"{label}: {outcome.reason}"))
    return made


def _pairs(sides: Sequence[_Side], made: Counted) -> list[tuple[str, str]]:
    first, second = (side.paths for side in sides)
    shared = [path for path in first if path in second]
    rest = [[path for path in paths if path not in shared] for paths in (first, second)]
    pairs = [(path, path) for path in shared]
    if len(rest[0]) == len(rest[1]):
        return [*pairs, *zip(*rest, strict=True)]
    made.notes += [
        f"{side.name} alone hands back {', '.join(path or 'whole numbers' for path in paths)}: "
        "not compared"
        for side, paths in zip(sides, rest, strict=True)
        if paths
    ]
    return pairs


def _between(sides: Sequence[_Side], paths: tuple[str, str]) -> Outcome:
    """What two such outputs have that is not the same, less what rounding decides on a side."""
    x, y = (side.values(path) for side, path in zip(sides, paths, strict=True))
    if x.shape != y.shape:
        return Outcome("shape", f"shape {x.shape} on the first side, {y.shape} on the second")
    off = x != y
    for side, path in zip(sides, paths, strict=True):
        off = off & ~side.on_edge(path) if off.any() else off
    if not off.any():
        return Outcome(max_abs=0.0, tolerance=0.0)
    at = tuple(map(int, np.unravel_index(int(np.argmax(off)), off.shape)))
    apart = np.abs(x - y)
    where = f" at {at}" if at else ""
    reason = (
        f"{x[at]:g} on the first side, {y[at]:g} on the second{where}; "
        f"{int(off.sum())} of {off.size} elements are off"
    )
    return Outcome("error", reason, max_abs=float(apart.max(where=off, initial=0)), tolerance=0.0)


class _Side:
    """One side's outputs that are no floating numbers."""

    def __init__(self, name: str, captured: Captured) -> None:
        self.name, self._captured = name, captured
        self.paths = [
            path
            for path in captured.outputs
            if captured.shapes.get(path, ()) is None and not path.startswith(STATE)
        ]

    def values(self, path: str) -> np.ndarray:
        """An output, as numbers."""
        return self._once[self._captured.outputs[path]]

    def on_edge(self, path: str) -> np.ndarray:
        """The elements that leaves which are moved a little turn over."""
        name = self._captured.outputs[path]
        turned = [held[name] != self._once[name] for held in self._nudged]
        return np.any(turned, axis=0)

    def at(self, path: str) -> At:
        """What makes an output, and where."""
        name = self._captured.outputs[path]
        while (i := self._made.get(name)) is not None and i.operation == "identity" and i.refs:
            name = i.refs[0]
        place = self._captured.places.get(self._captured.outputs[path], Place())
        return At(self.name, i.operation if i else "", self._captured.places.get(name, place))

    @cached_property
    def _made(self) -> dict[str, Instruction]:
        return {i.target: i for i in self._captured.program.instructions}

    @cached_property
    def _once(self) -> dict[str, np.ndarray]:
        return self._computed(None)

    @cached_property
    def _nudged(self) -> list[dict[str, np.ndarray]]:
        return [self._computed(np.random.default_rng(k)) for k in range(NUDGES)]

    def _computed(self, generator: np.random.Generator | None) -> dict[str, np.ndarray]:
        held = self._captured
        names = [held.outputs[path] for path in self.paths]
        wanted = needed(held.program, names)
        program = tuple(i for i in held.program.instructions if i.target in wanted)
        leaves = {k: widened(x) for k, x in {**held.inputs, **held.params}.items() if k in wanted}
        if generator is not None:
            leaves = {k: _moved(x, generator) for k, x in leaves.items()}
        values = {**leaves, **forward(program, leaves)}
        return {name: np.asarray(values[name]).astype(np.float64) for name in names}


def _moved(x: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    if x.dtype.kind not in "fc":
        return x
    return x * (1 + NUDGE * generator.uniform(-1, 1, x.shape))
