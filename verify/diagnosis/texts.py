"""Where two texts of a computation part: the first variable that both name and only one has right.

What lies between such variables is a segment, in each of the two texts. Every segment is asked by
itself: the adapter runs its own text of it on its own values and cotangent, and the reference's
text of it is the truth, with all its power and whatever went wrong elsewhere. Whether the text
says something else or the framework is off shows when the adapter runs the reference's text of it
as well, and its own in another precision.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from ...adapters.attempt import attempt
from ...adapters.base import Adapter, Step, Trace, on_path
from ...adapters.numpy_reference import NumpyAdapter, reference
from ...adapters.values import dtype_of, in_dtype, kind_of
from ...cases.program import Instruction, Program, Ref
from ...cases.task import Task
from ...refimpl.errors import AdapterFailed, Unsupported
from ...refimpl.rounding import unit_roundoff
from ..measure.compare import Outcome, compare
from ..measure.dtypes import WIDER, dtype_for
from ..measure.noise import bound_of
from ..truth.baseline import Baseline, Key, baseline, flat
from .places import written

#: At most so many segments are asked.
MOST = 64

#: The precision that a text is asked again in: where rounding makes the difference it is another.
OTHER = {
    "float64": "float32",
    "float32": "float64",
    "float16": "float32",
    "bfloat16": "float32",
    "complex128": "complex64",
    "complex64": "complex128",
}


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


class Texts:
    """An adapter's text of a task beside the reference's; ``step`` is what the adapter yielded."""

    def __init__(self, task: Task, adapter: Adapter, step: Step) -> None:
        program = task.program("numpy")
        assert program is not None, "a task without a text for the reference has no truth"
        self.task, self.adapter, self.step = task, adapter, step
        self.own = adapter.program(task)
        self.reference = _called(program, program.output, self.own.output)
        self.shared = [name for name in self.own.named if name in self.reference.named]
        self._values = {**task.rows(0), **task.params, **step.values}
        #: What moves with a parameter, in either text.
        self._moving = {n for p in (self.own, self.reference) for n in on_path(p, task.params)}

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
            outcome = self._in_place("value", name)
            return Parting(self._made(name), "forward", name, outcome, stray=True)
        return None

    def _off(self, name: str) -> Iterator[Parting]:
        segment = self._segment(name)
        if segment is None:
            return
        try:
            found = list(off(segment, self.adapter))
        except (Unsupported, AdapterFailed):
            return  # what cannot be asked by itself is told by its neighbours
        for direction, tensor, outcome in found:
            yield Parting(self._made(name), direction, tensor, outcome)

    def _made(self, name: str) -> Instruction:
        return next(i for i in self.own.instructions if i.target == name)

    def _segment(self, name: str) -> Task | None:
        """A task of its own for what lies between a variable and those before it, in both texts."""
        theirs, ours = (_cut(p, name, self.shared) for p in (self.own, self.reference))
        edges = dict.fromkeys((*_edges(theirs), *_edges(ours)))
        if any(edge not in self._values for edge in edges):
            return None
        dtype = dtype_of(self.task.dtype)
        held = {edge: in_dtype(self._values[edge], dtype) for edge in edges}
        moving = {k for k, x in held.items() if kind_of(x.dtype) in "fc" and k in self._moving}
        g, y = self.step.grads.get(name), self._values.get(name)
        if name == self.own.output:
            g = self.task.given_cotangent
        elif g is None or y is None or g.shape != y.shape:
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
            expect={},
            divergences=(),
            files={},
        )

    def _explained(self, name: str, found: Parting) -> Parting:
        """With what tells a text that says something else from a framework that is off."""
        segment = self._segment(name)
        assert segment is not None, "a segment that was off is one"
        ours = segment.programs["numpy"]
        text = f"`{written(ours.instructions[-1])}`"
        who = self.adapter.name
        try:
            alone = list(off(replace(segment, programs={"*": ours}), self.adapter))
        except (Unsupported, AdapterFailed):
            return found
        if alone:
            said = f"{who} is off: so it is where it runs the reference's text, {text}"
        else:
            same = says_the_same(segment, self.adapter, found)
            meant = {True: "says the same and rounds otherwise", False: "says something else"}
            said = f"{who}'s text {meant[same]}: " if same is not None else ""
            said += f"{who} computes the reference's text, {text}, right"
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
        return _compared(self.task, self._whole, check, name, found.get(name))

    def _suspicious(self, name: str, check: str) -> bool:
        """Whether in the whole run a variable is off and what it is made from is not."""
        edges = [
            edge
            for program in (self.own, self.reference)
            for edge in _edges(_cut(program, name, self.shared))
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


def off(task: Task, adapter: Adapter) -> Iterator[tuple[str, str, Outcome]]:
    """What an adapter gets wrong of a task of one step: direction, tensor, outcome.

    Raises
    ------
    Unsupported, AdapterFailed
        Where the adapter or the reference cannot run it.
    """
    base = baseline(task)
    step = attempt(adapter, task).steps[0]
    name = adapter.program(task).output
    outcome = _compared(task, base, "value", name, step.values.get(name))
    if not outcome.agrees:
        yield "forward", name, outcome
    for param in task.params:
        outcome = _compared(task, base, "grad", param, step.grads.get(param))
        if not outcome.agrees:
            yield "backward", param, outcome


def _compared(task: Task, base: Baseline, check: str, name: str, got: Any) -> Outcome:
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
    dtype = dtype_for(task.dtype, truth)
    nan = np.isnan(truth) if truth.dtype.kind in "fc" else False
    bound = bound_of(noise, dtype)
    return compare(got, truth, dtype=dtype, noise=noise, bound=bound, nan_expected=nan)


def says_the_same(segment: Task, adapter: Adapter, found: Parting) -> bool | None:
    """Whether an adapter's text of a segment says what the reference's does, and only rounds worse.

    The reference runs a text without native calls in wider precision. Of another one, the error in
    two precisions is compared: of rounding it is in proportion to the roundoff, of another text
    the same. None where it is neither.
    """
    key = ("value" if found.direction == "forward" else "grad", found.tensor, 0)
    errors = {}
    for name in (segment.dtype, OTHER[segment.dtype]):
        dtype = dtype_of(name)
        task = replace(
            segment,
            dtype=name,
            params={k: in_dtype(x, dtype) for k, x in segment.params.items()},
            inputs={k: in_dtype(x, dtype) for k, x in segment.inputs.items()},
        )
        errors[unit_roundoff(dtype)] = _error(task, adapter, key)
    own = errors[unit_roundoff(dtype_of(segment.dtype))]
    theirs = segment.programs[adapter.name]
    if not theirs.native:
        wide = replace(segment, programs={"numpy": segment.programs["numpy"], "wide": theirs})
        return _error(wide, _Wide(), key) <= own / 16
    fine, rough = min(errors), max(errors)
    if not np.isfinite(errors[fine]) or not np.isfinite(errors[rough]):
        return None
    # What is left in the finer precision is no rounding of the rougher.
    most = 2.0**-7 if own == errors[rough] else 64 * fine / rough
    if errors[fine] <= errors[rough] * most:
        return True
    return False if errors[fine] > errors[rough] / 16 else None


class _Wide(NumpyAdapter):
    """The reference in the precision of the truth, with a text of its own."""

    name = "wide"

    def run(self, task: Task) -> Trace:
        """Run the text for it."""
        own = replace(task, programs={"*": self.program(task)})
        return reference(own, dtype=WIDER[task.dtype])


def _error(task: Task, adapter: Adapter, key: Key) -> float:
    """The largest error of one tensor; NaN where none can be taken."""
    try:
        truth = flat(reference(task, dtype=WIDER[task.dtype])).get(key)
        got = flat(attempt(adapter, task)).get(key)
    except (Unsupported, AdapterFailed):
        return np.nan
    held = [x for x in (truth, got) if x is not None]
    if not held:
        return 0.0
    truth, got = (np.zeros(held[0].shape) if x is None else x for x in (truth, got))
    if got.shape != truth.shape:
        return np.nan
    with np.errstate(all="ignore"):
        return float(np.max(np.abs(got.astype(truth.dtype) - truth), initial=0))


def _alike(got: Any, value: Any, near: float) -> bool:
    """Whether two arrays are the same but for much more than rounding."""
    if np.shape(got) != np.shape(value) or kind_of(got.dtype) not in "fc":
        return np.array_equal(got, value)
    with np.errstate(all="ignore"):
        size = np.max(np.abs(value), initial=0)
        return np.allclose(got, value, rtol=0, atol=float(near * size), equal_nan=True)


def _cut(program: Program, name: str, known: Iterable[str]) -> Program:
    """What computes a variable from those that are known."""
    stop = {*known} - {name}
    needed, kept = {name}, []
    for i in reversed(program.instructions):
        if i.target in needed and i.target not in stop:
            kept.append(i)
            needed.update(i.refs)
    return replace(program, instructions=tuple(reversed(kept)), output=name)


def _edges(program: Program) -> list[str]:
    """The variables that a segment begins with."""
    made = {i.target for i in program.instructions}
    refs = (name for i in program.instructions for name in i.refs)
    return list(dict.fromkeys(name for name in refs if name not in made))


def _called(program: Program, old: str, new: str) -> Program:
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
