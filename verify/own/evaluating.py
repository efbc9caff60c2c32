"""A side's program, run by the reference: every value, every cotangent, and how far both round."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import Any

import numpy as np

from ...adapters.captures.captured import Captured, Place
from ...adapters.captures.sides import Draw, contracted
from ...adapters.numpy_reference import reference
from ...cases.program import Instruction, Program, Ref
from ...cases.task import Task
from ..edits.forward import forward
from ..measure.noise import MULTIPLE
from .matching import NEAR, largest
from .rounding import (
    NARROW,
    NOTHING,
    RUNS,
    Ends,
    Noise,
    distances,
    ends,
    explained,
    has_narrow,
    kept,
    moves_far,
    noisy_run,
)

#: Relative to the largest element, no values that are farther apart are the same.
FARTHEST = 1e-5

#: What the loss on top of a program, and its parts, are called.
LOSS = "loss~"


@dataclass(frozen=True)
class Evaluated:
    """A side in float64 by the reference.

    ``values`` has every variable, leaves included; ``grads`` the cotangents of L = Σ cotangent ·
    output by variable. ``outputs`` are the floating outputs, path and variable.
    """

    framework: str
    captured: Captured
    program: Program
    outputs: tuple[tuple[str, str], ...]
    values: Mapping[str, np.ndarray]
    grads: Mapping[str, np.ndarray | None]
    task: Task = field(repr=False)
    draw: Draw = field(repr=False)
    #: The noise of a program of which this one is an edit.
    as_noisy: Noise | None = field(default=None, repr=False)

    @cached_property
    def made(self) -> dict[str, Instruction]:
        """Variable → the instruction that assigns it."""
        return {i.target: i for i in self.program.instructions}

    @cached_property
    def order(self) -> dict[str, int]:
        """Variable → its place in the program."""
        return {i.target: k for k, i in enumerate(self.program.instructions)}

    @cached_property
    def users(self) -> dict[str, list[str]]:
        """Variable → the variables that are computed from it."""
        found: dict[str, list[str]] = {}
        for i in self.program.instructions:
            for name in i.refs:
                found.setdefault(name, []).append(i.target)
        return found

    @cached_property
    def tables(self) -> frozenset[str]:
        """What depends on no parameter and no input: constants, and what is made of them alone."""
        constants = {k for k in self.captured.inputs if k in self.captured.places}
        return frozenset({*constants, *self.made_of(constants)})

    def made_of(self, leaves: Iterable[str]) -> Iterator[str]:
        """The variables that are computed of these alone, in order."""
        found = set(leaves)
        for i in self.program.instructions:
            if i.refs and found.issuperset(i.refs):
                found.add(i.target)
                yield i.target

    @property
    def program_run(self) -> Program:
        """The program with the loss on top."""
        return self.task.programs["*"]

    @property
    def loss(self) -> float:
        """L."""
        return float(np.real(self.values[LOSS]))

    def edited(self, program: Program, extra: Mapping[str, np.ndarray]) -> Evaluated:
        """The side with another program, and leaves that it uses beside its own."""
        inputs = {**self.captured.inputs, **extra}
        # They are constants: what is made of them alone is a table, as it was before.
        places = {**self.captured.places, **dict.fromkeys(extra, Place())}
        captured = replace(self.captured, program=program, inputs=inputs, places=places)
        shapes = [np.shape(self.values[name]) for _, name in self.outputs]
        made = evaluate(self.framework, captured, self.draw, shapes)
        return replace(made, as_noisy=self.noise)

    @cached_property
    def near(self) -> float:
        """How near, relative to the largest element, values of the other side are the same.

        Where constants were rounded to a narrow dtype, all that is made of them is off by that.
        """
        return self._near({n: self.values[n] for _, n in self.outputs}, self.noise["values"])

    @cached_property
    def near_backwards(self) -> float:
        """The same of cotangents."""
        held = {k: g for k, g in self.grads.items() if g is not None}
        return self._near(
            {k: held[k] for k in self.captured.params if k in held}, self.noise["grads"]
        )

    @staticmethod
    def _near(arrays: Mapping[str, np.ndarray], noise: Mapping[str, np.ndarray]) -> float:
        sizes = {k: largest(x) for k, x in arrays.items()}
        large = max(sizes.values(), default=0.0)
        found = [NEAR]
        for name, size in sizes.items():
            if NOTHING * large < size:
                found.append(MULTIPLE * largest(noise[name]) / size)
        return min(max(found), FARTHEST)

    @cached_property
    def ends(self) -> Ends:
        """What it makes of outputs, and the cotangents of parameters: what noise is told of."""
        return Ends(
            {name: self.values[name] for _, name in self.outputs},
            {name: self.grads.get(name) for name in self.captured.params},
        )

    @cached_property
    def noise(self) -> Noise:
        """How far rounding moves ``values`` of outputs and ``grads`` of leaves, in float64.

        One edit leaves it much as it was.
        """
        if self.as_noisy is not None:
            return self.as_noisy
        return kept(explained(self.ends, self.whole, "float64"))

    def noises(self, dtype: str, beside: Noise | None = None) -> Iterator[Noise]:
        """What rounding to a dtype explains, the cheapest to be had first, the last the whole.

        The first is of one noisy run in float64: the least that the root mean square of all can be.
        Of a narrower dtype the first are in proportion to the unit roundoff, where that moves
        nothing far. What agrees within them needs no more runs. ``beside`` is how far each element
        was seen to be moved elsewhere, in float64.
        """
        if dtype == "float64" and self.as_noisy is not None:
            yield self.as_noisy
            return
        first = partial(explained, self.ends, dtype=dtype, least=RUNS**-0.5, beside=beside)
        if dtype == "float64":
            yield first(self.once)
            yield self.noise
            return
        if self._follows(dtype) and not moves_far(self.ends, self.once, dtype):
            yield first(self.once)
            if not moves_far(self.ends, self.whole, dtype):
                yield explained(self.ends, self.whole, dtype)
        yield noise_of(self, dtype)

    def _follows(self, dtype: str) -> bool:
        """Whether what it rounds to is of that dtype throughout."""
        return dtype in NARROW and not has_narrow(self.captured) and self.as_noisy is None

    def noisy(self, number: int, dtype: str = "float64") -> Ends:
        """A noisy run: the same whenever it is asked for."""
        return noisy_run(number, dtype, self.task, self.captured, list(self.ends.values))

    @cached_property
    def once(self) -> Noise:
        """How far one noisy run in float64 is off; in float32, which is as fine as is needed."""
        return kept(distances(self.ends, [self.noisy(0)]), np.float32)

    @cached_property
    def whole(self) -> Noise:
        """How far all noisy runs in float64 are off."""
        return kept(distances(self.ends, [self.noisy(k) for k in range(RUNS)]))


def shapes_of(captured: Captured) -> dict[str, tuple[int, ...]]:
    """The shapes of the floating outputs of a side, by path.

    Raises
    ------
    AdapterFailed
        Where they are not known and an operation cannot be computed.
    """
    if captured.outputs.keys() <= captured.shapes.keys():
        known = {path: captured.shapes[path] for path in captured.outputs}
        return {path: shape for path, shape in known.items() if shape is not None}
    leaves = {k: widened(x) for k, x in {**captured.inputs, **captured.params}.items()}
    values = {**leaves, **forward(captured.program.instructions, leaves)}
    found = {path: np.asarray(values[name]) for path, name in captured.outputs.items()}
    return {path: y.shape for path, y in found.items() if y.dtype.kind in "fc"}


def evaluate(
    framework: str,
    captured: Captured,
    draw: Draw,
    shapes: Sequence[tuple[int, ...]] | None = None,
    *,
    whole: bool = True,
) -> Evaluated:
    """Run a side's program by the reference in float64.

    ``shapes`` are those of its outputs where they are known, all of them floating. What is not
    ``whole`` has the values of leaves and outputs alone, and the cotangents of parameters.

    Raises
    ------
    AdapterFailed
        Where an operation cannot be computed.
    """
    known = dict(zip(captured.outputs, shapes, strict=True)) if shapes is not None else None
    task, outputs = task_of(captured, draw, "float64", known or shapes_of(captured))
    leaves = {k: np.asarray(x) for k, x in {**task.inputs, **task.params}.items()}
    if whole:
        step = reference(task, dtype=np.float64).steps[0]
        values, grads = step.values, step.grads
    else:
        made = ends(task, [name for _, name in outputs], dtype=np.float64)
        values, grads = made.values, made.grads
    values = {**leaves, **values}
    program = replace(captured.program, output=captured.program.output)
    return Evaluated(framework, captured, program, outputs, values, grads, task, draw)


def task_of(
    captured: Captured, draw: Draw, dtype: str, shapes: Mapping[str, tuple[int, ...]]
) -> tuple[Task, tuple[tuple[str, str], ...]]:
    """A program with the loss on top as a task, and its floating outputs."""
    outputs, instructions, inputs = [], [], {}
    total: Ref | None = None
    for k, (path, shape) in enumerate(shapes.items()):
        name = captured.outputs[path]
        outputs.append((path, name))
        inputs[f"{LOSS}g{k}"] = np.asarray(contracted(draw, k, path, shape), np.float64)
        part, summed = f"{LOSS}{k}p", f"{LOSS}{k}s"
        instructions.append(_made(part, "multiply", Ref(name), Ref(f"{LOSS}g{k}")))
        instructions.append(_made(summed, "sum", Ref(part)))
        if total is not None:
            instructions.append(_made(f"{LOSS}{k}t", "add", total, Ref(summed)))
        total = Ref(instructions[-1].target)
    last = _made(LOSS, "identity", total)
    program = Program((*captured.program.instructions, *instructions, last), LOSS)
    task = Task(
        case="own",
        point={},
        dtype=dtype,
        programs={"*": program},
        inputs={**captured.inputs, **inputs},
        params=dict(captured.params),
        checks=frozenset({"forward", "grad"}),
    )
    return task, tuple(outputs)


def noise_of(side: Evaluated, dtype: str) -> Noise:
    """What rounding to ``dtype`` explains of a side's outputs and gradients."""
    runs = [side.noisy(k, dtype) for k in range(RUNS)]
    return kept(explained(side.ends, distances(side.ends, runs), dtype, of=dtype))


def _made(target: str, operation: str, *arguments: Any) -> Instruction:
    return Instruction(target, operation, arguments, {}, named=False)


def widened(x: np.ndarray) -> np.ndarray:
    """Numbers in the precision of the reference's run; whole ones as they are."""
    if x.dtype.kind in "fV":
        return x.astype(np.float64)
    return x.astype(np.complex128) if x.dtype.kind == "c" else x
