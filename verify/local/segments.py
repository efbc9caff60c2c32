"""An adapter's own text of a computation beside the reference's, cut where both name a variable.

What lies between such variables is a segment, in each of the two texts. Every segment is asked by
itself: the adapter runs its own text of it on its own values and cotangent, and the reference's
text of it is the truth, with all its power and whatever went wrong elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np

from ...adapters.attempt import attempt
from ...adapters.base import Adapter, Step, on_path
from ...adapters.numpy_reference import reference
from ...adapters.values import dtype_of, in_dtype, kind_of
from ...cases.program import Instruction, Program, Ref
from ...cases.task import Task
from ...refimpl.errors import AdapterFailed, Unsupported
from ..measure.branches import cancelled
from ..measure.compare import Outcome, compare
from ..measure.dtypes import dtype_at
from ..measure.noise import bound_of
from ..measure.power import hides
from ..truth.baseline import Baseline, baseline
from ..truth.texts import beside_text
from .wording import says_the_same

#: A segment, its truth and noise, and what is off in it: direction, tensor, outcome.
Told = tuple[Task, Baseline, list[tuple[str, str, Outcome]]]


class Segments:
    """An adapter's text of a task beside the reference's; ``step`` is what the adapter yielded."""

    def __init__(self, task: Task, adapter: Adapter, step: Step) -> None:
        program = task.program("numpy")
        assert program is not None, "a task without a text for the reference has no truth"
        self.task, self.adapter, self.step = task, adapter, step
        values = {**task.rows(0), **task.params, **step.values}
        self.own = adapter.program(task).taken(values)
        self.reference = called(program, program.output, self.own.output).taken(values)
        self.shared = [name for name in self.own.named if name in self.reference.named]
        self._values = values
        #: What came of segments that were asked by themselves; None of what cannot be.
        self._told: dict[str, Told | None] = {}
        #: What moves with a parameter, in either text.
        self._moving = {n for p in (self.own, self.reference) for n in on_path(p, task.params)}

    def made(self, name: str) -> Instruction:
        """What makes a variable in the adapter's text."""
        return next(i for i in self.own.instructions if i.target == name)

    def segment(self, name: str) -> Task | None:
        """A task of its own for what lies between a variable and those before it, in both texts."""
        theirs, ours = (cut(p, name, self.shared) for p in (self.own, self.reference))
        edges = dict.fromkeys((*edges_of(theirs), *edges_of(ours)))
        if any(edge not in self._values for edge in edges):
            return None
        own = {edge: self.task.dtype_at(edge) for edge in edges}
        held = {edge: in_dtype(self._values[edge], dtype_of(own[edge])) for edge in edges}
        moving = {k for k, x in held.items() if kind_of(x.dtype) in "fc" and k in self._moving}
        g, y = self.step.grads.get(name), self._values.get(name)
        if name == self.own.output:
            g = self.task.given_cotangent
        elif g is None or y is None or g.shape != y.shape or self._other_shape(name):
            g = None  # a seeded one, then
        return replace(
            self.task,
            programs={"numpy": ours, self.adapter.name: theirs},
            params={k: x for k, x in held.items() if k in moving},
            inputs={k: x for k, x in held.items() if k not in moving},
            given_cotangent=g,
            checks=frozenset(("value", "grad")),
            steps=1,
            update=None,
            batch=None,
            state={},
            own_dtypes={k: dtype for k, dtype in own.items() if dtype != self.task.dtype},
            expect={},
            divergences=(),
            files={},
        )

    def _other_shape(self, name: str) -> bool:
        """Whether the reference's text makes a variable of another shape."""
        ours = self._shapes.get(name)
        return ours is not None and ours != np.shape(self._values[name])

    @cached_property
    def _shapes(self) -> dict[str, tuple[int, ...]]:
        """Of what the reference's text makes; none of what cannot be run."""
        try:
            values = reference(replace(self.task, steps=1, update=None)).steps[0].values
        except (AdapterFailed, Unsupported):
            return {}
        return {name: np.shape(x) for name, x in values.items()}

    def unproved(self, *, values: bool = False) -> tuple[str, str]:
        """What is off in a segment, or cannot be told by itself, in words; and which is off.

        Empty where every segment is right, so that the two texts say the same here; of ``values``
        alone, or of gradients as well. What has no number at a point need not in another text.
        """
        if self.own.output not in self.shared:
            return f"{self.adapter.name}'s text is another one", ""
        hidden = ""
        for name in self.shared:
            if name not in self._told:
                self._told[name] = self._by_itself(name)
            told = self._told[name]
            if told is None:
                return f"{name} cannot be computed by itself in {self.adapter.name}'s text", ""
            segment, base, found = told
            who = f"{name} in {self.adapter.name}'s text"
            for direction, tensor, outcome in found:
                key = ("value" if direction == "forward" else "grad", tensor, 0)
                if values and direction == "backward":
                    continue
                if not np.isfinite(base.truth.get(key, 0)).all():
                    hidden = hidden or f"{who} has no number at this point"
                elif not says_the_same(segment, self.adapter, key):
                    reason = f"{outcome.reason}, in {tensor}"
                    return f"by itself, {who} is not the reference's: {reason}", name
                else:
                    hidden = hidden or f"{who} says the same and rounds otherwise"
            if not hidden and _blind(segment, base, values=values):
                hidden = f"nor can {who} be told by itself"
        return hidden, ""

    def _by_itself(self, name: str) -> Told | None:
        segment = self.segment(name)
        if segment is None:
            return None
        base = beside_text(baseline(segment), segment, self.adapter.program(segment))
        return segment, base, list(_off(segment, self.adapter, base))


def off(
    task: Task, adapter: Adapter, *, rounding: bool = True
) -> Iterator[tuple[str, str, Outcome]]:
    """What an adapter gets wrong of a task of one step: direction, tensor, outcome.

    ``rounding`` is whether its own text may round as that text does; else only as the reference's.

    Raises
    ------
    Unsupported, AdapterFailed
        Where the adapter or the reference cannot run it.
    """
    base = baseline(task)
    if rounding:
        base = beside_text(base, task, adapter.program(task))
    yield from _off(task, adapter, base)


def _off(task: Task, adapter: Adapter, base: Baseline) -> Iterator[tuple[str, str, Outcome]]:
    step = attempt(adapter, task).steps[0]
    name = adapter.program(task).output
    outcome = compared(task, base, "value", name, step.values.get(name))
    if not outcome.agrees:
        yield "forward", name, outcome
    for param in task.params:
        outcome = compared(task, base, "grad", param, step.grads.get(param))
        if not outcome.agrees:
            yield "backward", param, outcome


def _blind(task: Task, base: Baseline, *, values: bool) -> bool:
    """Whether a zero would pass for the value of a segment or for one of its gradients."""
    program = task.program("numpy")
    assert program is not None, "a segment has a text for the reference"
    keys = [("value", program.output, 0)]
    keys += [] if values else [("grad", name, 0) for name in task.params]
    for key in keys:
        truth = base.truth.get(key)
        if truth is not None and truth.dtype.kind in "fc":
            dtype = dtype_at(task, key[1], truth)
            bound = bound_of(base.noise[key], dtype)
            nothing = cancelled(truth, bound, dtype, base.branches.get(key))
            if (hides(truth, bound, dtype) | nothing).any():
                return True
    return False


def compared(task: Task, base: Baseline, check: str, name: str, got: Any) -> Outcome:
    """One tensor beside its truth; a cotangent that is not there is one of nothing but zeros."""
    key = (check, name, 0)
    truth = base.truth.get(key)
    if truth is None:
        if check == "value" or got is None:
            return Outcome()
        truth, noise = np.zeros(np.shape(got)), np.zeros(np.shape(got))
    else:
        noise = base.noise[key]
    if got is None and check == "grad" and not np.any(truth):
        return Outcome()
    dtype = dtype_at(task, name, truth)
    nan = np.isnan(truth) if truth.dtype.kind in "fc" else False
    bound = bound_of(noise, dtype)
    return compare(got, truth, dtype=dtype, noise=noise, bound=bound, nan_expected=nan)


def cut(program: Program, name: str, known: Iterable[str]) -> Program:
    """What computes a variable from those that are known."""
    stop = {*known} - {name}
    needed, kept = {name}, []
    for i in reversed(program.instructions):
        if i.target in needed and i.target not in stop:
            kept.append(i)
            needed.update(i.refs)
    return replace(program, instructions=tuple(reversed(kept)), output=name)


def edges_of(program: Program) -> list[str]:
    """The variables that a segment begins with."""
    made = {i.target for i in program.instructions}
    refs = (name for i in program.instructions for name in i.refs)
    return list(dict.fromkeys(name for name in refs if name not in made))


def called(program: Program, old: str, new: str) -> Program:
    """A program whose output is called as another's is, where that name is free."""
    if old == new or any(i.target == new or new in i.refs for i in program.instructions):
        return program
    instructions = (
        replace(
            i,
            target=new if i.target == old else i.target,
            arguments=tuple(Ref(new) if a == Ref(old) else a for a in i.arguments),
        )
        for i in program.instructions
    )
    return replace(program, instructions=tuple(instructions), output=new)
