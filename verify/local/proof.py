"""Whether everything an adapter did at a step is right by itself: proof where no bound can tell.

Each operation, or the update rule, is given the adapter's own inputs and cotangents, so that
nothing that was magnified on the way is in its bound.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from ...adapters.attempt import attempt
from ...adapters.base import Adapter, Step, Trace
from ...adapters.values import dtype_of, in_dtype
from ...cases.task import Task
from ...refimpl.errors import AdapterFailed, Unsupported
from ...refimpl.rounding import unit_roundoff
from ..measure.compare import Outcome
from ..measure.dtypes import WIDER
from ..measure.noise import MULTIPLE
from .alone import pulled_right_alone, right_alone
from .cut import ahead, begun, behind, set_apart
from .operations import Found, Judged
from .rules import Told, given_to, told
from .segments import Segments

#: An operation that is off by itself by less than so many bounds may have been so by luck, where
#: what it leads to agrees.
LUCK = 4.0


@dataclass(frozen=True)
class Proof:
    """What came of judging one by one: it holds, something is off, or neither could be told.

    ``reaches`` are the variables that what is off may make wrong; all, where that is not known.
    ``size`` is its error over its noise, infinite where that is not known. ``blames`` is the
    operation or the rule that is off, which way, and what is off of it.
    """

    holds: bool = False
    off: bool = False
    reason: str = ""
    reaches: frozenset[str] | None = None
    size: float = np.inf
    blames: tuple[str, str, Outcome] | None = None

    def spoils(self, name: str) -> bool:
        """Whether what is off may make a variable's value or cotangent wrong, by more than luck."""
        return self.off and self.reaches_to(name) and not self.size < LUCK * MULTIPLE

    def reaches_to(self, name: str) -> bool:
        """Whether what is off is on a way to a variable's value or cotangent."""
        return self.reaches is None or name in self.reaches


class Proofs:
    """The proofs of one adapter's trace, each made when it is first asked for."""

    def __init__(self, task: Task, adapter: Adapter, trace: Trace) -> None:
        self._task, self._adapter, self._trace = task, adapter, trace
        self._made: dict[tuple[str, int], Proof] = {}
        #: Of each step that is asked by itself: its operations, the first that is off forwards, and
        #: what could be anything there.
        self._forwards: dict[int, tuple[Judged, Found | None, str]] = {}
        self._texts: dict[int, Segments] = {}

    def of(self, check: str, step: int) -> Proof:
        """Whether what led to the tensors of a check and step is right by itself."""
        kind = check if check in ("update", "value") else "step"
        found = self._made.get((kind, step))
        if found is None:
            try:
                found = (
                    self._of_rule(step)
                    if kind == "update"
                    else self._of_step(step, values=kind == "value")
                )
            except (Unsupported, AdapterFailed) as failure:
                found = Proof(reason=f"no operation could be judged by itself: {failure}")
            self._made[kind, step] = found
        return found

    def _of_step(self, step: int, *, values: bool) -> Proof:
        """Every operation of a step, forwards and, for what is made by the pass back, backwards."""
        if self._adapter.program(self._task) != self._task.program("numpy"):
            return self._of_text(step, values=values)
        judged, fault, hidden = self._forwards_of(step)
        if fault is None and not values:
            fault, hidden = judged.backwards(), judged.hidden
        if fault is not None:
            lenient = judged.lenient()
            lost = lenient.forwards() is None and (values or lenient.backwards() is None)
            return self._of_fault(judged, fault, values=values, lost=lost)
        if added := "" if values else judged.sums():
            return Proof(off=True, reason=f"by itself, {added}")
        if stray := self._elsewhere(step, judged.step):
            return Proof(reason=f"asked again, {stray} is another one")
        if hidden:
            return Proof(reason=f"nor can {hidden} be told by itself")
        return Proof(holds=True)

    def _forwards_of(self, step: int) -> tuple[Judged, Found | None, str]:
        if step not in self._forwards:
            apart = set_apart(self._adapter.program(self._task), self._task.params)
            split = replace(begun(self._task, self._trace, step), programs={"*": apart})
            judged = Judged(split, apart, attempt(self._adapter, split).steps[0])
            self._forwards[step] = judged, judged.forwards(), judged.hidden
        return self._forwards[step]

    def _of_fault(self, judged: Judged, fault: Found, *, values: bool, lost: bool) -> Proof:
        """What an operation that is not right where it stands says."""
        instruction, direction = fault.instruction, fault.direction
        way = "forward pass" if direction == "forward" else "VJP"
        said = f"the {way} of {instruction.operation} in `{instruction.text or instruction.target}`"
        if lost:
            return Proof(reason=f"{said} loses digits by another formula")
        given = judged.task, self._adapter, judged.program
        alone = (
            right_alone(*given, judged.values, instruction)
            if direction == "forward"
            else pulled_right_alone(*given, judged.step, instruction)
        )
        if alone:  # a compiler may fuse it with what made its arguments
            return Proof(reason=f"{said} is right alone, and another one where it stands")
        # a wrong value may make any cotangent wrong
        reached = behind if direction == "backward" else ahead if values else None
        return Proof(
            off=not judged.on_kink(instruction),
            reason=f"by itself, {said} is off: {fault.reason}",
            reaches=reached(judged.program, instruction) if reached else None,
            size=fault.outcome.noise_ratio,
            blames=(instruction.operation, direction, fault.outcome),
        )

    def _of_text(self, step: int, *, values: bool) -> Proof:
        """Every segment of a text that is not the reference's: right operations say too little."""
        if step not in self._texts:
            start = begun(self._task, self._trace, step)
            again = attempt(self._adapter, start).steps[0]
            self._texts[step] = Segments(start, self._adapter, again)
        text = self._texts[step]
        reason, off = text.unproved(values=values)
        if reason:
            reached = ahead(text.own, text.made(off)) if off and values else None
            return Proof(off=bool(off), reason=reason, reaches=reached)
        if stray := self._elsewhere(step, text.step):
            return Proof(reason=f"asked again, {stray} is another one")
        return Proof(holds=True)

    def _elsewhere(self, step: int, again: Step) -> str:
        """What was judged by itself and is not what the trace has, in words."""
        unit = 2.0**6 * unit_roundoff(dtype_of(self._task.dtype))
        held, output = self._trace.steps[step], self._adapter.program(self._task).output
        pairs = [(f"the value of {output}", held.values.get(output), again.values.get(output))]
        pairs += [
            (f"the gradient of {k}", held.grads.get(k), again.grads.get(k))
            for k in self._task.params
        ]
        for what, was, now in pairs:
            if was is None and now is None:
                continue
            if was is None or now is None or np.shape(was) != np.shape(now):
                return what
            wide = WIDER[self._task.dtype]
            was, now = in_dtype(was, wide), in_dtype(now, wide)  # noqa: PLW2901  as they are compared
            with np.errstate(all="ignore"):
                near = np.abs(was - now) <= unit * np.max(np.abs(was), initial=0)
            if not (near | (was == now) | (np.isnan(was) & np.isnan(now))).all():
                return what
        return ""

    @cached_property
    def _updates(self) -> list[Told]:
        given = given_to(self._task, self._adapter, self._trace, self._task.steps - 1)
        return told(self._task, given, self._trace)

    def _of_rule(self, step: int) -> Proof:
        """The update rule, given the adapter's own parameters and gradients."""
        found = self._updates[min(step, len(self._updates) - 1)]
        fault = found.fault
        if fault is None:
            unseen = found.hidden
            said = f"nor can the update of {unseen} be told by itself: it is less than is rounded"
            return Proof(reason=said) if unseen else Proof(holds=True)
        rule = self._task.update.rule if self._task.update else ""
        said = f"by itself, {rule} is off at step {fault.step + 1} in {fault.name}: {fault.reason}"
        return Proof(off=True, reason=said, blames=(rule, "update", fault.outcome))
