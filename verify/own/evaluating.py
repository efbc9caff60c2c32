"""A side's program, run by the reference: every value, every cotangent, and how far both round."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import ml_dtypes
import numpy as np

from ...adapters.captures.captured import Captured
from ...adapters.captures.sides import Draw, contracted
from ...adapters.numpy_reference import reference
from ...adapters.values import dtype_of
from ...cases.program import Const, Instruction, Program, Ref
from ...cases.task import Task
from ..edits.forward import forward
from ..measure.noise import MULTIPLE, WIDE, largest, noises, scale_of_noise, spread
from .matching import NEAR

#: How often the noisy reference is run on a side.
RUNS = 4

#: Relative to the largest element, no values that are farther apart are the same.
FARTHEST = 1e-5

#: Relative to the largest cotangent of all, one that is rounding alone, as that of a shift which
#: a softmax takes away.
NOTHING = 1e-13

#: The dtypes that are narrower than float64.
NARROW = ("float32", "float16", "bfloat16")

#: What the loss on top of a program, and its parts, are called.
LOSS = "loss~"

#: How far rounding moves ``values`` of outputs and ``grads`` of leaves, by their names.
Noise = Mapping[str, Mapping[str, np.ndarray]]


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
        captured = replace(self.captured, program=program, inputs=inputs)
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
        sizes = {k: float(np.max(np.abs(x), initial=0.0)) for k, x in arrays.items()}
        large = max((x for x in sizes.values() if np.isfinite(x)), default=0.0)
        found = [NEAR]
        for name, size in sizes.items():
            if NOTHING * large < size < np.inf:
                found.append(MULTIPLE * float(np.max(noise[name], initial=0.0)) / size)
        return min(max(found), FARTHEST)

    @cached_property
    def noise(self) -> Noise:
        """How far rounding moves ``values`` of outputs and ``grads`` of leaves, in float64.

        One edit leaves it much as it was.
        """
        if self.as_noisy is not None:
            return self.as_noisy
        return _scaled(self, self.whole, "float64")

    def noises(self, dtype: str) -> Iterator[Noise]:
        """What rounding to a dtype explains, the cheapest to be had first, the last the whole.

        The first is of one noisy run in float64: the least that the root mean square of all can be.
        Of a narrower dtype the first are in proportion to the unit roundoff, where that moves
        nothing far. What agrees within them needs no more runs.
        """
        if dtype == "float64" and self.as_noisy is not None:
            yield self.as_noisy
            return
        if dtype == "float64":
            yield _scaled(self, self.once, dtype)
            yield self.noise
            return
        if dtype in NARROW and not _has_narrow(self.captured) and self.as_noisy is None:
            for distances in (lambda: self.once, lambda: self.whole):
                found = _scaled(self, distances(), dtype)
                if _moves_far(self, found):
                    break
                yield found
        yield noise_of(self, dtype)

    @cached_property
    def noisy_runs(self) -> list[Any]:
        """Noisy runs in float64 so far; none any more once all were made and measured."""
        return []

    @cached_property
    def once(self) -> Noise:
        """How far one noisy run in float64 is off, as a share of what all may be."""
        return _distances(self, "float64", 1)

    @cached_property
    def whole(self) -> Noise:
        """How far all noisy runs in float64 are off."""
        found = _distances(self, "float64", RUNS)
        self.noisy_runs.clear()
        return found


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
    wide = {k: _wide(x) for k, x in {**captured.inputs, **captured.params}.items()}
    values = {**wide, **forward(captured.program.instructions, wide)}
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
        values, grads = _ends(task, [name for _, name in outputs], dtype=np.float64)
    values = {**leaves, **values}
    program = replace(captured.program, output=captured.program.output)
    return Evaluated(framework, captured, program, outputs, values, grads, task, draw)


def _ends(
    task: Task, outputs: Sequence[str], **how: Any
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray | None]]:
    """What a run makes of the outputs and of the loss, and its gradients: nothing in between."""
    found: dict[str, np.ndarray] = {}

    def keep(_: int, name: str, node: Any) -> None:
        if name in outputs:
            found[name] = np.array(np.asarray(node.value).view(np.ndarray))

    step = reference(replace(task, whole_step=task.steps), watch=keep, **how).steps[0]
    return {**found, **step.values}, step.grads


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
    """What rounding to ``dtype`` explains of a side's outputs and gradients.

    Constants that the user's code made in a narrower dtype are moved as well: the other side may
    have rounded them otherwise, or not at all.
    """
    return _scaled(side, _distances(side, dtype, RUNS), dtype, of=dtype)


def _distances(side: Evaluated, dtype: str, runs: int) -> Noise:
    """How far noisy runs are off, at least, if there were all."""
    task = replace(side.task, dtype=dtype)
    names = [name for _, name in side.outputs]
    steps = side.noisy_runs if dtype == "float64" else []
    sources = noises(task, "noise", RUNS)
    for k in range(len(steps), runs):
        noise = sources[k]
        moved = replace(
            task,
            inputs=_moved(side.captured, task.inputs, dtype, k),
            programs={"*": _narrowed(side.program_run, side.captured.dtypes, dtype, k)},
        )
        steps.append(_ends(moved, names, dtype=np.float64, noise=noise))
    least = (runs / RUNS) ** 0.5
    found: dict[str, dict[str, np.ndarray]] = {"values": {}, "grads": {}}
    for name in names:
        far = spread(side.values[name], [values.get(name) for values, _ in steps])
        found["values"][name] = least * far
    for name in side.captured.params:
        want = side.grads.get(name)
        if want is not None:
            found["grads"][name] = least * spread(want, [grads.get(name) for _, grads in steps])
    return found


def _scaled(side: Evaluated, distances: Noise, dtype: str, *, of: str = "float64") -> Noise:
    """What distances at one dtype's rounding explain at another's."""
    times = float(ml_dtypes.finfo(dtype_of(dtype)).eps) / float(ml_dtypes.finfo(dtype_of(of)).eps)
    unit = np.dtype(dtype) if dtype != "bfloat16" else np.dtype(np.float32)
    held = {"values": side.values, "grads": side.grads}
    return {
        kind: {
            name: scale_of_noise(np.asarray(held[kind][name]), times * far, unit)
            for name, far in found.items()
        }
        for kind, found in distances.items()
    }


def _moves_far(side: Evaluated, noise: Noise) -> bool:
    """Whether rounding moves something so far that it need not be in proportion."""
    for held, found in ((side.values, noise["values"]), (side.grads, noise["grads"])):
        sizes = {k: largest(np.asarray(held[k]), np.float64) for k in found}
        nothing = NOTHING * max(sizes.values(), default=0.0)
        if any(
            float(np.max(far, initial=0.0)) > WIDE * sizes[k]
            for k, far in found.items()
            if sizes[k] > nothing
        ):
            return True
    return False


def _has_narrow(captured: Captured) -> bool:
    """Whether it computes, or has constants, in a narrower dtype than float64."""
    constants = (x for k, x in captured.inputs.items() if k in captured.places)
    return not {*NARROW}.isdisjoint(captured.dtypes.values()) or any(
        x.dtype.kind in "fV" and x.dtype.itemsize < 8 for x in constants
    )


def _moved(
    captured: Captured, inputs: Mapping[str, np.ndarray], dtype: str, seed: int
) -> dict[str, np.ndarray]:
    """Inputs, with constants of a narrower dtype than the program's moved by some units."""
    generator = np.random.default_rng(seed)
    moved = dict(inputs)
    given = np.finfo(np.float64 if dtype == "float64" else np.float32).eps
    for name, x in inputs.items():
        if name in captured.places and x.dtype.kind == "f":
            eps = np.finfo(x.dtype).eps
            if eps > given:
                wide = x.astype(np.float64)
                moved[name] = wide * (1 + 2 * eps * generator.uniform(-1, 1, x.shape))
    return moved


def _narrowed(program: Program, dtypes: Mapping[str, str], dtype: str, seed: int) -> Program:
    """A program whose numbers are moved where the user's code has them in a narrower dtype."""
    generator = np.random.default_rng(seed)
    wide = float(ml_dtypes.finfo(dtype_of(dtype)).eps)
    made = []
    for i in program.instructions:
        eps = float(ml_dtypes.finfo(dtype_of(dtypes[i.target])).eps) if _narrow(i, dtypes) else 0.0
        if eps > wide:
            arguments = tuple(
                Const(a.value * (1 + eps * generator.uniform(-1, 1)))
                if isinstance(a, Const) and _is_long(a.value)
                else a
                for a in i.arguments
            )
            i = replace(i, arguments=arguments)  # noqa: PLW2901
        made.append(i)
    return Program(tuple(made), program.output)


def _narrow(i: Instruction, dtypes: Mapping[str, str]) -> bool:
    return dtypes.get(i.target, "") in NARROW


def _is_long(value: Any) -> bool:
    """Whether it is a number that a narrow dtype may have rounded."""
    return isinstance(value, float) and np.isfinite(value) and value != round(value * 256) / 256


def _made(target: str, operation: str, *arguments: Any) -> Instruction:
    return Instruction(target, operation, arguments, {}, named=False)


def _wide(x: np.ndarray) -> np.ndarray:
    if x.dtype.kind in "fV":
        return x.astype(np.float64)
    return x.astype(np.complex128) if x.dtype.kind == "c" else x
