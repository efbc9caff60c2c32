"""Where two texts of a computation part: the first variable that both name and only one has right.

What lies between such variables is a segment, in each of the two texts. Every segment is asked by
itself: the adapter runs its own text of it on its own values and cotangent, and the reference's
text of it is the truth, with all its power and whatever went wrong elsewhere. Whether the text
says something else or the framework is off shows when the adapter runs the reference's text of it
as well, and its own in another precision.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from ...adapters.numpy_reference import reference
from ...adapters.values import dtype_of, kind_of
from ...cases.program import Instruction
from ...cases.task import Task
from ...refimpl.errors import AdapterFailed, Unsupported
from ...refimpl.rounding import unit_roundoff
from ..local.segments import Segments, compared, cut, edges_of, off
from ..local.wording import says_the_same
from ..measure.compare import Outcome
from ..measure.dtypes import WIDER
from ..truth.baseline import Baseline, baseline
from .places import written

#: At most so many segments are asked.
MOST = 64


@dataclass(frozen=True)
class Parting:
    """A segment whose value (``forward``) or cotangent (``backward``) is not the reference's.

    ``tensor`` is what is off: the variable itself, or the one whose cotangent is. ``said`` is what
    the segment is told by, in words; ``stray`` that it is right by itself and only wrong where it
    stands.
    """

    instruction: Instruction
    direction: str
    tensor: str
    outcome: Outcome
    said: str = ""
    stray: bool = False


class Texts(Segments):
    """An adapter's text of a task beside the reference's, and where the two part."""

    def parting(self) -> Parting | None:
        """The first segment whose value is off, else the last whose cotangent is; None for none."""
        suspects = [name for name in self.shared if self._suspicious(name, "value")]
        backwards = [name for name in reversed(self.shared) if self._suspicious(name, "grad")]
        for name in suspects:
            for found in self._off(name):
                if found.direction == "forward":
                    return self._explained(name, found)
        others = [name for name in self.shared if name not in suspects]
        for name in (*backwards, *others)[:MOST]:
            for found in self._off(name):
                return self._explained(name, found)
        for name in suspects:
            for found in self._off(name, rounding=False):
                return self._explained(name, found)
        for name in suspects:
            outcome = self._in_place("value", name)
            return Parting(self.made(name), "forward", name, outcome, stray=True)
        return None

    def _off(self, name: str, *, rounding: bool = True) -> Iterator[Parting]:
        segment = self.segment(name)
        if segment is None:
            return
        try:
            found = list(off(segment, self.adapter, rounding=rounding))
        except (Unsupported, AdapterFailed):
            return  # what cannot be asked by itself is told by its neighbours
        for direction, tensor, outcome in found:
            yield Parting(self.made(name), direction, tensor, outcome)

    def _explained(self, name: str, found: Parting) -> Parting:
        """With what tells a text that says something else from a framework that is off."""
        segment = self.segment(name)
        assert segment is not None, "a segment that was off is one"
        ours = segment.programs["numpy"]
        text = f"`{written(ours.instructions[-1])}`"
        who = self.adapter.name
        try:
            alone = list(off(replace(segment, programs={"*": ours}), self.adapter))
        except (Unsupported, AdapterFailed):
            return found
        if any(one[:2] == (found.direction, found.tensor) for one in alone):
            said = f"{who} is off: so it is where it runs the reference's text, {text}"
        else:
            check = "value" if found.direction == "forward" else "grad"
            same = says_the_same(segment, self.adapter, (check, found.tensor, 0))
            meant = {True: "says the same and rounds otherwise", False: "says something else"}
            said = f"{who}'s text {meant[same]}: " if same is not None else ""
            said += f"{who} computes the reference's text, {text}, right"
            said += " in that" if alone else ""
            inner = self._unlike(segment) if found.direction == "forward" else None
            if inner is not None:
                said += f"; in it `{written(inner)}` is the first that the reference's text has "
                said += "nothing like"
        return replace(found, said=said)

    def _unlike(self, segment: Task) -> Instruction | None:
        """The first expression in a segment whose value nothing in the reference's text has.

        None where that is the whole segment.
        """
        theirs = segment.programs[self.adapter.name]
        try:
            wide = reference(segment, dtype=WIDER[segment.dtype]).steps[0].values
        except (Unsupported, AdapterFailed):
            return None
        near = np.sqrt(unit_roundoff(dtype_of(segment.dtype)))
        for i in theirs.instructions[:-1]:
            got = self._values.get(i.target)
            if got is not None and not any(_alike(got, x, near) for x in wide.values()):
                return i
        return None

    # What the whole run shows, to begin where it is likely

    @cached_property
    def _whole(self) -> Baseline:
        return baseline(replace(self.task, programs={"*": self.reference}))

    def _in_place(self, check: str, name: str) -> Outcome:
        """A variable of the whole run beside its truth."""
        found = self.step.values if check == "value" else self.step.grads
        return compared(self.task, self._whole, check, name, found.get(name))

    def unsuspected(self, name: str) -> bool:
        """Whether in the whole run a variable is right, and so is what it is made from.

        Backwards, too: the cotangents of what it is made from.
        """
        edges = [
            edge
            for program in (self.own, self.reference)
            for edge in edges_of(cut(program, name, self.shared))
        ]
        if not self._in_place("value", name).agrees:
            return False
        return all(
            self._in_place(check, edge).agrees
            for edge in edges
            for check in ("value", "grad")
            if edge not in self.task.inputs and (check == "grad" or edge in self.shared)
        )

    def _suspicious(self, name: str, check: str) -> bool:
        """Whether in the whole run a variable is off and what it is made from is not."""
        edges = [
            edge
            for program in (self.own, self.reference)
            for edge in edges_of(cut(program, name, self.shared))
        ]
        if check == "value":
            known = [edge for edge in edges if edge in self.shared]
            return not self._in_place(check, name).agrees and all(
                self._in_place(check, edge).agrees for edge in known
            )
        if name != self.own.output and not self._in_place(check, name).agrees:
            return False
        return any(
            not self._in_place(check, edge).agrees for edge in edges if edge not in self.task.inputs
        )


def _alike(got: Any, value: Any, near: float) -> bool:
    """Whether two arrays are the same but for much more than rounding."""
    if np.shape(got) != np.shape(value) or kind_of(got.dtype) not in "fc":
        return np.array_equal(got, value)
    with np.errstate(all="ignore"):
        size = np.max(np.abs(value), initial=0)
        return np.allclose(got, value, rtol=0, atol=float(near * size), equal_nan=True)
