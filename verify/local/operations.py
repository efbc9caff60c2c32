"""Operations judged one by one: the reference is given the adapter's own inputs and cotangents.

An error made earlier is so nobody else's. A variable that is used more than once gathers
cotangents from several operations; to tell them apart, the adapter runs the case with an identity
on every such use (``cut.set_apart``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from ...adapters.base import Step
from ...adapters.standing import Standing
from ...adapters.values import HALVES, in_dtype, kind_of, rounded, scaled_cotangent
from ...cases.program import Const, Instruction, Program, Ref
from ...cases.task import Task
from ...refimpl.ops import TABLE
from ...refimpl.rounding import LOST, Noise, unit_roundoff
from ...refimpl.tape import Node, Tape
from ..measure.branches import Branches, cancelled
from ..measure.compare import Outcome, compare
from ..measure.dtypes import WIDER, dtype_at
from ..measure.explained import Runs, explained
from ..measure.noise import MULTIPLE, bound_of, flushed, scale_of_noise, unseen

#: Of a zero for a number that may be held as one.
HELD = Outcome(reason="it is held as zero")


class Found(NamedTuple):
    """An operation that is off: forwards or backwards, and what is off of it, in words after."""

    instruction: Instruction
    direction: str
    outcome: Outcome
    where: str = ""

    @property
    def reason(self) -> str:
        """What is off, in a sentence."""
        return self.outcome.reason + self.where


class Judged:
    """One step of one adapter, operation by operation.

    ``lenient`` lets pass whatever another formula of an operation's loses.
    """

    def __init__(self, task: Task, program: Program, step: Step, *, lenient: bool = False) -> None:
        self.task, self.step, self._lenient = task, step, lenient
        self._others = np.inf if lenient else LOST
        self.values = {**task.rows(0), **task.params, **step.values}
        #: Of a cond, the branch that is to be taken where it hangs on the adapter's own numbers.
        self.program, self._whole = program.taken(self.values), program
        #: Of an operation with several results, the variables that take them, by index.
        self.parts: dict[str, dict[int, str]] = {}
        for i in self.program.instructions:
            if i.operation == "select":
                self.parts.setdefault(i.refs[0], {})[i.attributes["index"]] = i.target
        #: What even by itself could be anything, in words; empty for nothing.
        self.hidden = ""
        #: What has zeros in place of numbers that may be held as such, in words.
        self._zeroed: list[str] = []
        #: How many instructions use each variable.
        self.users = Counter(name for i in self.program.instructions for name in set(i.refs))

    def lenient(self) -> Judged:
        """The same, letting pass whatever another formula of an operation's loses."""
        return Judged(self.task, self._whole, self.step, lenient=True)

    def forwards(self) -> Found | None:
        """The first operation whose result is off, given its own inputs."""
        return next(self.off_forwards(), None)

    def backwards(self) -> Found | None:
        """The last operation whose VJP is off, given its own inputs and incoming cotangent."""
        return next(self.off_backwards(), None)

    def off_forwards(self) -> Iterator[Found]:
        """Every operation whose result is off, given its own inputs, in order."""
        for instruction in self._computing(self.program.instructions):
            if not self._has_inputs(instruction):
                if reason := self._not_run(instruction):
                    yield Found(instruction, "forward", Outcome(reason=reason, noise_ratio=np.inf))
                continue
            for found in self._forwards_of(instruction):
                if found.reason:
                    yield Found(instruction, "forward", found)

    def off_backwards(self) -> Iterator[Found]:
        """Every operation whose VJP is off, given its own inputs and cotangent, the last first."""
        for instruction in self._computing(reversed(self.program.instructions)):
            for what, found in self._backwards_of(instruction):
                if found.reason:
                    yield Found(instruction, "backward", found, f", in {what}")

    def ratio(self, instruction: Instruction, direction: str) -> float:
        """The largest error of an operation over its noise, off or not; NaN where none is taken."""
        if direction == "forward":
            found = list(self._forwards_of(instruction)) if self._has_inputs(instruction) else []
        else:
            found = [outcome for _, outcome in self._backwards_of(instruction)]
        return max((outcome.noise_ratio for outcome in found), default=np.nan)

    def held_as_zero(self, direction: str) -> Iterator[Found]:
        """Every operation with a zero for a number that may be held as one, and so is not off.

        What is computed of it may be so large that the zero is told there.
        """
        instructions = self.program.instructions
        order = instructions if direction == "forward" else reversed(instructions)
        for instruction in self._computing(order):
            self._zeroed.clear()
            self.ratio(instruction, direction)
            for what in self._zeroed:
                yield Found(instruction, direction, HELD, f", in {what}")

    def _forwards_of(self, instruction: Instruction) -> Iterator[Outcome]:
        """What comes of comparing each of an operation's results."""
        names = self._results(instruction)

        def results(make: Make) -> dict[int | None, Any]:
            y = self._run(instruction, make)[1].value
            return {k: y if k is None else y[k] for k in names}

        asked = _Runs(self.task, names, results, self._others)
        for index, name in names.items():
            got = self.values.get(name)
            if got is not None:
                yield self._compared(asked, index, got, f"the value of {name}")

    def _backwards_of(self, instruction: Instruction) -> Iterator[tuple[str, Outcome]]:
        """What comes of comparing each cotangent that an operation hands on, and which it is."""
        incoming = self._incoming(instruction)
        if not incoming or not self._has_inputs(instruction):
            return
        whole = len(incoming) == len(self._results(instruction))
        names = {
            position: argument.name
            for position, argument in enumerate(instruction.arguments)
            if isinstance(argument, Ref) and argument.name in self.step.grads
            # else a sum of several operations' shares, each judged at its own copy
            if self.users[argument.name] == 1 and self._flows(instruction, position, argument.name)
        }

        def pulled(make: Make) -> dict[int | None, Any]:
            tape, node, inputs = self._run(instruction, make)
            self._pull(tape, node, self._incoming(instruction), make)
            return {k: inputs[k].cotangent for k in names}

        asked = _Runs(self.task, names, pulled, self._others)
        for position, own in names.items():
            got = self.step.grads[own]
            if got is None and not whole and not self._reaches(instruction, own):
                continue  # only a result that nothing hangs on is made of it
            what = f"the cotangent of {own}"
            yield what, self._compared(asked, position, got, what)

    def sums(self) -> str:
        """The first variable whose cotangent is not the sum of its uses' shares, in words."""
        name = self.unsummed()
        return (
            f"the cotangent of {name} is not the sum of its {self.users[name]} uses' shares"
            if name
            else ""
        )

    def unsummed(self) -> str:
        """The first variable whose cotangent is not the sum of its uses' shares."""
        shares: dict[str, list[Any]] = {}
        for i in self.program.instructions:
            if i.operation == "identity" and " (use " in i.target and i.target in self.step.grads:
                shares.setdefault(i.refs[0], []).append(self.step.grads[i.target])
        for name, parts in shares.items():
            got, uses = self.step.grads.get(name), self.users[name]
            if got is None or any(g is None for g in parts) or len(parts) != uses:
                continue
            wide = WIDER[self.task.dtype]
            held = [in_dtype(g, wide) for g in parts]
            dtype = np.asarray(got).dtype
            room = MULTIPLE * unit_roundoff(dtype) * sum(map(np.abs, held)) + uses * flushed(dtype)
            with np.errstate(all="ignore"):
                whole, total = in_dtype(got, wide), sum(held)
                same = (whole == total) | (np.isnan(whole) & np.isnan(total))
                near = same | (np.abs(whole - total) <= room)
            if not near.all():
                return name
        return ""

    @staticmethod
    def _computing(instructions: Iterable[Instruction]) -> Iterator[Instruction]:
        """Those that have a row: a framework's own functions cannot be judged one by one."""
        return (i for i in instructions if i.operation != "select" and not i.native)

    def _results(self, instruction: Instruction) -> dict[int | None, str]:
        """The variables that an operation's results are in, by index (None for its only one)."""
        parts = self.parts.get(instruction.target)
        return {None: instruction.target} if parts is None else {**parts}

    def _has_inputs(self, instruction: Instruction) -> bool:
        return all(name in self.values for name in instruction.refs)

    def _not_run(self, instruction: Instruction) -> str:
        """That what joins two branches has nothing of the one that is to be taken, in words."""
        last = instruction.turns[-1] if instruction.turns else None
        if last is None or last.role != "join" or instruction.target not in self.values:
            return ""
        whole = next(i for i in self._whole.instructions if i.target == instruction.target)
        guard = whole.refs[0]
        if guard not in self.values or whole.operation == instruction.operation:
            return ""
        chosen = bool(self.values[guard])
        return f"it has not run the {str(chosen).lower()} branch, where {guard} is {chosen}"

    def _incoming(self, instruction: Instruction) -> dict[int | None, Any]:
        """The adapter's cotangents of an operation's results, where they fit those."""
        found: dict[int | None, Any] = {}
        for index, name in self._results(instruction).items():
            y, g = self.values.get(name), self.step.grads.get(name)
            if name == self.program.output and y is not None:
                g = scaled_cotangent(self.task, np.shape(y), kind_of(np.asarray(y).dtype), name)
            if g is not None and y is not None and np.shape(g) == np.shape(y):
                found[index] = g
        return found

    def cotangent(self, instruction: Instruction) -> Any:
        """The adapter's own cotangent of an operation's only result; None where it has others."""
        return self._incoming(instruction).get(None)

    def _reaches(self, instruction: Instruction, name: str) -> bool:
        """Whether a result that has a cotangent is made of a variable: a NaN there shows in it."""
        make = Make(WIDER[self.task.dtype])
        spoiled = np.full_like(self.values[name], np.nan)
        step = replace(self.step, values={**self.step.values, name: spoiled})
        other = Judged(self.task, self.program, step)
        with np.errstate(all="ignore"):
            was = self._run(instruction, make)[1].value
            try:
                now = other._run(instruction, make)[1].value
            except np.linalg.LinAlgError:
                return True  # of a NaN there is no decomposition
        return any(not np.array_equal(was[k], now[k]) for k in self._incoming(instruction))

    def _flows(self, instruction: Instruction, position: int, name: str) -> bool:
        """Whether the reference has a cotangent of an argument: not of whole numbers."""
        floating = kind_of(np.asarray(self.values[name]).dtype) in "fc"
        return floating and TABLE[instruction.operation].differentiable(position)

    @staticmethod
    def _pull(tape: Tape, node: Node, incoming: dict[int | None, Any], make: Make) -> None:
        if None in incoming:
            tape.backward(node, make(incoming[None]))
            return
        parts = [np.zeros_like(y) for y in node.value]
        for index, g in incoming.items():
            assert index is not None
            parts[index] = make(g)
        tape.backward(node, tuple(parts))

    def _run(self, instruction: Instruction, make: Make) -> tuple[Tape, Node, list[Any]]:
        """Run one instruction on the adapter's own inputs, made into arrays by ``make``."""
        tape = Tape(standing=make.standing if self.task.dtypes else None)
        row = TABLE[instruction.operation]
        inputs = [
            self._input(tape, a, make, differentiated=row.differentiable(k))
            for k, a in enumerate(instruction.arguments)
        ]
        stands_for = self.task.dtype_at(instruction.target)
        node = tape.apply(row, *inputs, stands_for=stands_for, **instruction.attributes)
        return tape, node, inputs

    def _input(
        self,
        tape: Tape,
        argument: Ref | Const | None,
        make: Make,
        *,
        differentiated: bool,
    ) -> Any:
        if isinstance(argument, Ref):
            x = make(self.values[argument.name])
            smooth = differentiated and x.dtype.kind not in "biu"
            stands_for = self.task.dtype_at(argument.name)
            return tape.leaf(x, differentiated=smooth, stands_for=stands_for)
        if not isinstance(argument, Const):
            return None
        number = argument.value  # rounded as it is for every framework
        return (
            rounded(number, self.task.dtype)
            if isinstance(number, int | float | complex)
            else number
        )

    def on_kink(self, instruction: Instruction) -> bool:
        """Whether an operation stands on a kink of its own, where conventions differ."""
        row = TABLE.get(instruction.operation)
        if row is None or row.near is None or not self._has_inputs(instruction):
            return False
        wide = WIDER[self.task.dtype]
        _, node, inputs = self._run(instruction, Make(wide))
        values = [x.value if isinstance(x, Node) else x for x in inputs]
        with np.errstate(all="ignore"):
            near = np.abs(row.near(node.value, *values, **instruction.attributes))
        return bool((near == 0).any())

    def _compared(self, asked: _Runs, key: int | None, got: Any, what: str) -> Outcome:
        """A result beside what the reference makes of the same inputs."""
        with np.errstate(all="ignore"):
            truth = asked.truth[key]
            dtype = asked.dtype_of(key, truth)
            nan = np.isnan(truth)
            none = np.zeros(truth.shape)
            if truth.dtype.kind not in "fc":
                return self._within(got, truth, dtype, none, nan)
            if np.shape(got) == truth.shape and _held_as_zero(got, truth, dtype).any():
                self._zeroed.append(what)
            # Most operations are in order, and within the least that a noise can be.
            outcome = self._within(got, truth, dtype, scale_of_noise(truth, none, dtype), nan)
            if outcome.agrees:
                return outcome
            made = explained({key: truth}, asked, {key} if self._lenient else ())
            noise, found = made.noise, made.branches
            nothing = cancelled(truth, bound_of(noise[key], dtype), dtype, found.get(key))
            if (unseen(truth, noise[key], dtype) | nothing).any():
                self.hidden = self.hidden or what
            return self._within(got, truth, dtype, noise[key], nan, found.get(key))

    @staticmethod
    def _within(
        got: Any,
        truth: np.ndarray,
        dtype: Any,
        noise: Any,
        nan: Any,
        part: Branches | None = None,
    ) -> Outcome:
        bound = bound_of(np.asarray(noise), dtype)
        return compare(
            got, truth, dtype=dtype, noise=noise, bound=bound, nan_expected=nan, branches=part
        )


def _held_as_zero(got: Any, truth: np.ndarray, dtype: np.dtype[Any]) -> Any:
    """Which elements are zeros in place of numbers that the dtype has and that may be flushed."""
    return (got == 0) & (truth.astype(dtype) != 0) & (np.abs(truth) < flushed(dtype))


class Make:
    """Makes arrays of an adapter's own: of a dtype, and carrying the noise that moves them."""

    def __init__(
        self, dtype: Any, noise: Noise | None = None, condition: Noise | None = None
    ) -> None:
        self._dtype, self._noise, self._condition = dtype, noise, condition
        #: What the results stand for, where a program has several dtypes.
        self.standing = Standing(emulated=False, noise=noise, condition=condition)

    def __call__(self, x: Any) -> Any:
        """An array of the adapter's as one of its own."""
        x = in_dtype(x, self._dtype)
        if x.dtype.kind in "biu":
            return x
        if self._noise is not None:
            return self._noise.array(x)
        return x if self._condition is None else self._condition.jittered(x)


class _Runs(Runs[int | None]):
    """Runs of one operation's results or cotangents: what the variables ``names`` are, or get."""

    def __init__(
        self,
        task: Task,
        names: Mapping[Any, str],
        compute: Callable[[Make], Mapping[int | None, Any]],
        others: float,
    ) -> None:
        super().__init__(task, noise="blame", condition="blame", others=others)
        self._names, self._compute = names, compute

    def dtype_of(self, key: int | None, want: np.ndarray) -> np.dtype[Any]:
        """The variable's."""
        return dtype_at(self.task, self._names[key], want)

    def run(
        self, *, wide: bool = False, noise: Noise | None = None, condition: Noise | None = None
    ) -> dict[int | None, np.ndarray]:
        """One run, on arrays that carry the noise that moves them."""
        name = self.task.dtype
        dtype = WIDER[name] if wide else np.float32 if name in HALVES else np.dtype(name)
        made = self._compute(Make(dtype, noise, condition))
        return {key: np.asarray(x) for key, x in made.items()}

    @cached_property
    def truth(self) -> dict[int | None, np.ndarray]:
        """In wider precision, without noise."""
        return self.run(wide=True)
