"""Which operation comes next, on which variables, at which shapes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from ...refimpl.operation import Example, Operation
from ...refimpl.ops import TABLE
from . import edges, sizes
from .attributes import has_axis, varied
from .programs import ELEMENTS, USUAL, Grown, Refused, Room, Trial
from .reading import broadcasts, elementwise, sampled, span, within

#: So often an operation is drawn before a program is begun anew, and so often one is begun.
TRIES, BEGUN = 400, 1000

#: Not drawn. Of ``eigh``, ``svd`` and ``qr`` no single result is right: signs and phases are free.
#: ``stop_gradient`` and those that make constants cut a program off its parameters.
LEFT_OUT = {"linalg.eigh", "linalg.eig", "linalg.svd", "linalg.qr", "linalg.matrix_rank"}
LEFT_OUT |= {"linalg.lu_solve"}  # its pivots are those of a factorisation
LEFT_OUT |= {"istft"}  # of few frames, or of frames that touch, JAX's has another shape: recorded
LEFT_OUT |= {"max_unpool"}  # its indices are those of a pooling, no two alike
LEFT_OUT |= {"stop_gradient", "zeros_like", "ones_like", "full_like"}
LEFT_OUT |= {"astype"}  # a cast to a wider dtype than the case's is refused

#: Of a symmetric matrix, which these take, frameworks read one triangle, the other or both.
SYMMETRIC = {"linalg.cholesky", "linalg.eigvalsh"}

#: What brings numbers to where an operation is defined: between -1 and 1, between
#: 0 and 1, above 0, above 1.
PRELUDES = ("tanh", "sigmoid", "softplus", "cosh")

#: What numbers of either sign are raised to.
POWERS = (2.0, 3.0, -1.0, -2.0)

#: How a scalar is made of a last variable.
ENDS = (("sum",), ("mean",), ("multiply", "sum"), ("square", "mean"))

#: How often the first operation has other sizes than an example, and a further one a variable's.
RESIZED, FITTED = 0.4, 0.6

#: How often an argument is all whole numbers, and how often zeros stand in it.
WHOLE, ZEROS = 0.1, 0.1

#: Complex variables go into these, and into what is complex-differentiable.
TAKE_COMPLEX = {"real", "imag", "conj", "angle", "abs"}


@dataclass(frozen=True)
class Style:
    """How programs are grown: of which operations, and with which numbers.

    ``operations`` are those that are put one after another, all where there are none; what ends a
    program or brings numbers to where an operation is defined stands beside them. ``edged`` puts
    numbers beside kinks and ends, for the dtype of that name. ``varied`` is the share of calls with
    a parameter of their own. ``scalar`` programs end in one number.
    """

    operations: tuple[str, ...] = ()
    edged: str = ""
    varied: float = 0.0
    scalar: bool = False

    @property
    def room(self) -> Room:
        """What numbers they may have."""
        return edges.ROOM if self.edged else USUAL


PLAIN = Style()


def grown(seed: int, number: int, least: int = 2, most: int = 8) -> Grown:
    """The program of that number: the same for the same seed, whatever others are grown.

    Parameters
    ----------
    seed, number
        Which program it is.
    least, most
        How many operations it has.
    """
    for attempt in range(BEGUN):
        try:
            return grown_by(np.random.default_rng([seed, number, attempt]), least, most)
        except Refused:
            continue
    raise Refused(f"no program {number} of seed {seed} in {BEGUN} attempts")


def grown_by(generator: np.random.Generator, least: int, most: int, style: Style = PLAIN) -> Grown:
    """A program of that many operations; Refused where none came of it."""
    made = _Grower(generator, style).grow(int(generator.integers(least, most + 1)))
    if least <= len(made.lines) <= most and made.params:
        return made
    raise Refused


@cache
def drawable(names: tuple[str, ...] = ()) -> tuple[Operation, ...]:
    """The operations that a program is made of: those that hand a gradient on; of names, if any."""
    return tuple(
        row
        for row in TABLE.values()
        if row.name not in LEFT_OUT and any(map(row.differentiable, range(len(row.arguments))))
        if not names or row.name in names
    )


class _Grower:
    """Puts one operation after another to a program."""

    def __init__(self, generator: np.random.Generator, style: Style) -> None:
        self._generator, self._made, self._style = generator, Grown(), style

    def grow(self, count: int) -> Grown:
        """About so many operations; those that the output does not need are left out."""
        while len(self._made.lines) < max(count - 1, 1):
            self._further()
        self._end()
        return self._made.pruned()

    def _further(self) -> None:
        rows = drawable(self._style.operations)
        for _ in range(TRIES):
            row = rows[self._generator.integers(len(rows))]
            example = row.examples[self._generator.integers(len(row.examples))]
            trial = Trial(self._made, self._style.room)
            try:
                self._put(trial, row, example)
            except Refused:
                continue
            sizes = [trial.values[k].size for k in trial.made.lines[-1].targets]
            if max(sizes) == 1 and self._chance(0.8):
                continue  # of one number little can be made
            trial.commit()
            return
        raise Refused

    def _put(self, trial: Trial, row: Operation, example: Example) -> None:
        """One operation at an example's shapes; one argument is a variable if one is there."""
        if any(s is not None and not 0 < math.prod(s) <= ELEMENTS for s in example.shapes):
            raise Refused
        flowing = [
            k for k, s in enumerate(example.shapes) if s is not None and row.differentiable(k)
        ]
        if not flowing:
            raise Refused
        if row.name == "pow" and self._chance(0.3):
            self._put_whole_power(trial)
            return
        lead = int(self._generator.choice(flowing))
        example, name = self._begun(trial, row, example, lead)
        arguments = [
            name if position == lead and name else self._argument(trial, row, position, shape, name)
            for position, shape in enumerate(example.shapes)
        ]
        while arguments[-1] is None:
            arguments.pop()
        first = next(trial.values[name].ndim for name in arguments if name is not None)
        attributes = self._attributes(row, example.attributes, first)
        self._called(trial, row, arguments, lead if name else None, attributes)

    def _begun(
        self, trial: Trial, row: Operation, example: Example, lead: int
    ) -> tuple[Example, str | None]:
        """An example in the sizes that it is put at, and the variable for one argument, if any."""
        if self._made.lines:
            name = self._picked(row)
            if self._chance(FITTED):
                shape = trial.values[name].shape
                example = sizes.fitted(example, lead, shape, self._generator)
            return example, self._led(trial, row, example, lead, name)
        if row.name in SYMMETRIC:
            return example, self._symmetric_anew(trial, example, lead)
        if self._chance(RESIZED):
            example = sizes.resized(row, example, self._generator)
        return example, None

    def _argument(
        self,
        trial: Trial,
        row: Operation,
        position: int,
        shape: tuple[int, ...] | None,
        beside: str | None,
    ) -> str | None:
        """What another argument is: a leaf, or now and then what is there; None for none."""
        if shape is None:
            return None
        if broadcasts(row) and beside:
            shape = self._beside(trial.values[beside].shape)
        moving = row.differentiable(position)
        if moving and self._chance(0.3):
            again = self._variable(shape, trial, span(row, position))
            if again:
                return again
        try:
            x = sampled(row, position, shape, self._generator)
        except (IndexError, ValueError) as fault:  # of an example's sizes alone
            raise Refused from fault
        if moving:
            x = self._special(row, position, x)
        return trial.leaf(x, moving=moving and x.dtype.kind == "f")

    def _special(self, row: Operation, position: int, x: np.ndarray) -> np.ndarray:
        """An argument as it was sampled, or with numbers at which something may be off."""
        if self._style.edged:
            return edges.edged(row, position, x, self._style.edged, self._generator)
        if self._chance(WHOLE):
            return edges.whole(row, position, x)
        if self._chance(ZEROS):
            return edges.with_zeros(row, position, x, self._generator)
        return x

    def _put_whole_power(self, trial: Trial) -> None:
        """A whole power of numbers of either sign: the row's own sampler has none below zero."""
        held = [k for k, x in self._made.values.items() if k[0] in "pv" and x.dtype.kind == "f"]
        if not held:
            held = [trial.leaf(np.round(self._generator.standard_normal((2, 3)), 3), moving=True)]
        base = held[-1] if self._chance(0.7) else held[self._generator.integers(len(held))]
        power = self._generator.choice(POWERS, size=trial.values[base].shape[-1:])
        trial.apply("pow", base, trial.leaf(power, moving=False))

    def _attributes(self, row: Operation, given: dict[str, Any], axes: int) -> dict[str, Any]:
        """An example's attributes, or with one of them another; of an array of so many axes."""
        if not self._chance(self._style.varied):
            return given
        found = varied(row, given, self._generator)
        if not has_axis(found, axes):
            raise Refused
        return found

    def _called(
        self,
        trial: Trial,
        row: Operation,
        arguments: list[str | None],
        lead: int | None,
        attributes: dict[str, Any],
    ) -> None:
        """The call as it is, or with the variable brought to where the operation is defined."""
        try:
            trial.apply(row.name, *arguments, **attributes)
        except Refused:
            if lead is None:
                raise
            name = arguments[lead]
            assert name is not None
            arguments[lead] = self._brought(trial, name)
            trial.apply(row.name, *arguments, **attributes)

    def _brought(self, trial: Trial, name: str) -> str:
        """A variable through something that keeps it where more operations are defined."""
        if trial.values[name].dtype.kind == "c":
            raise Refused
        (name,) = trial.apply(PRELUDES[self._generator.integers(len(PRELUDES))], name)
        return name

    def _picked(self, row: Operation) -> str:
        """A variable that an operation may be given, mostly the last."""
        takes = row.analytic or row.name in TAKE_COMPLEX
        usable = [
            name
            for name, x in self._made.values.items()
            if name not in self._made.inputs and x.dtype.kind in ("fc" if takes else "f")
        ]
        if not usable:
            raise Refused
        late = self._chance(0.7)
        return usable[-1] if late else usable[self._generator.integers(len(usable))]

    def _led(self, trial: Trial, row: Operation, example: Example, lead: int, name: str) -> str:
        """A variable for an argument, brought to the shape that it takes there."""
        shape = example.shapes[lead]
        assert shape is not None
        alone = sum(s is not None for s in example.shapes) == 1
        if row.name in SYMMETRIC:
            return self._symmetric(trial, name, shape)
        x = trial.values[name]
        if not within(x, *span(row, lead)):
            name = self._brought(trial, name)
            x = trial.values[name]
            if not within(x, *span(row, lead)):
                raise Refused
        as_it_is = alone and (elementwise(row) or x.ndim == len(shape)) and self._chance(0.7)
        if x.shape == shape or broadcasts(row) or as_it_is:
            return name
        if x.size == math.prod(shape):
            (name,) = trial.apply("reshape", name, shape=shape)
            return name
        try:
            if np.broadcast_shapes(x.shape, shape) != shape:
                raise Refused
        except ValueError as fault:
            raise Refused from fault
        (name,) = trial.apply("broadcast_to", name, shape=shape)
        return name

    def _symmetric(self, trial: Trial, name: str, shape: tuple[int, ...]) -> str:
        """``x xᵀ + 1`` of a matrix."""
        x = trial.values[name]
        if x.ndim < 2 or x.shape[-2] > 4 or len(shape) != x.ndim:
            raise Refused
        (turned,) = trial.apply("matrix_transpose", name)
        (product,) = trial.apply("matmul", name, turned)
        one = trial.leaf(np.eye(x.shape[-2]), moving=False)
        (name,) = trial.apply("add", product, one)
        return name

    def _symmetric_anew(self, trial: Trial, example: Example, lead: int) -> str:
        """The same of a fresh parameter, of an example's shape."""
        shape = example.shapes[lead]
        assert shape is not None
        x = np.round(self._generator.standard_normal(shape), 3)
        return self._symmetric(trial, trial.leaf(x, moving=True), shape)

    def _beside(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """A shape that broadcasts with another one."""
        kept = [n if self._chance(0.7) else 1 for n in shape]
        return tuple(kept[self._generator.integers(len(kept) + 1) :] if self._chance(0.4) else kept)

    def _variable(
        self, shape: tuple[int, ...], trial: Trial, ends: tuple[float, float]
    ) -> str | None:
        """One of the variables, or of the parameters, of that shape and between those ends."""
        found = [
            name
            for name, x in trial.values.items()
            if x.shape == shape and x.dtype.kind == "f" and name[0] in "pv" and within(x, *ends)
        ]
        return found[self._generator.integers(len(found))] if found else None

    def _end(self) -> None:
        """A real output: mostly a scalar, else what the last operation gave."""
        trial = Trial(self._made, self._style.room)
        name = next(
            (k for k in self._made.lines[-1].targets if self._made.values[k].dtype.kind in "fc"),
            None,
        )
        if name is None:
            raise Refused
        if trial.values[name].dtype.kind == "c":
            part = ("real", "imag", "abs")[self._generator.integers(3)]
            (name,) = trial.apply(part, name)
        if trial.values[name].shape and (self._style.scalar or self._chance(0.6)):
            for operation in ENDS[self._generator.integers(len(ENDS))]:
                others = ()
                if operation == "multiply":
                    weights = np.round(self._generator.standard_normal(trial.values[name].shape), 3)
                    others = (trial.leaf(weights, moving=False),)
                (name,) = trial.apply(operation, name, *others)
        trial.commit()
        if not trial.made.lines and name != self._made.output:
            raise Refused

    def _chance(self, share: float) -> bool:
        return share > 0 and bool(self._generator.random() < share)
