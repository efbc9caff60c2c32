"""Which operation comes next, on which variables, at which shapes."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np

from ...refimpl.operation import Example, Operation, Sampler
from ...refimpl.ops import TABLE
from ...refimpl.sampling import distinct, real
from .programs import ELEMENTS, Grown, Refused, Trial

#: So often an operation is drawn before a program is begun anew, and so often one is begun.
TRIES, BEGUN = 400, 1000

#: Not drawn. Of ``eigh``, ``svd`` and ``qr`` no single result is right: signs and phases are free.
#: ``stop_gradient`` and those that make constants cut a program off its parameters.
LEFT_OUT = {"linalg.eigh", "linalg.svd", "linalg.qr", "linalg.matrix_rank"}
LEFT_OUT |= {"stop_gradient", "zeros_like", "ones_like", "full_like"}
LEFT_OUT |= {"astype"}  # a cast to a wider dtype than the case's is refused

#: Of a symmetric matrix, which these take, frameworks read one triangle, the other or both.
SYMMETRIC = {"linalg.cholesky", "linalg.eigvalsh"}

#: The value of a masked fill is one number, where the table would broadcast an array.
OF_A_NUMBER = {"masked_fill"}

#: What brings numbers to where an operation is defined: between -1 and 1, between
#: 0 and 1, above 0, above 1.
PRELUDES = ("tanh", "sigmoid", "softplus", "cosh")

#: How a scalar is made of a last variable.
ENDS = (("sum",), ("mean",), ("multiply", "sum"), ("square", "mean"))

#: Complex variables go into these, and into what is complex-differentiable.
TAKE_COMPLEX = {"real", "imag", "conj", "angle", "abs"}


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
        generator = np.random.default_rng([seed, number, attempt])
        try:
            made = _Grower(generator).grow(int(generator.integers(least, most + 1)))
        except Refused:
            continue
        if least <= len(made.lines) <= most and made.params:
            return made
    raise Refused(f"no program {number} of seed {seed} in {BEGUN} attempts")


@cache
def drawable() -> tuple[Operation, ...]:
    """The operations that a program is made of: those that hand a gradient on."""
    return tuple(
        row
        for row in TABLE.values()
        if row.name not in LEFT_OUT and any(map(row.differentiable, range(len(row.arguments))))
    )


@cache
def broadcasts(row: Operation) -> bool:
    """Whether an operation takes any shapes that broadcast, as its examples show."""
    if len(row.arguments) < 2 or row.variadic or row.attributes or row.name in OF_A_NUMBER:
        return False
    shapes = [[s for s in example.shapes if s is not None] for example in row.examples]
    if not any(len(set(given)) > 1 for given in shapes):
        return False
    try:
        return all(
            _result_shape(row, e) == np.broadcast_shapes(*s)
            for e, s in zip(row.examples, shapes, strict=True)
        )
    except ValueError:
        return False


@cache
def elementwise(row: Operation) -> bool:
    """Whether an operation of one array makes one of the same shape, as its examples show."""
    plain = [e for e in row.examples if sum(s is not None for s in e.shapes) == 1]
    if len(plain) < len(row.examples) or row.required or {"axis", "axes"} & row.attributes.keys():
        return False
    shapes = [next(s for s in e.shapes if s is not None) for e in plain]
    same = all(_result_shape(row, e) == s for e, s in zip(plain, shapes, strict=True))
    return same and any(len(s) < 2 for s in shapes)


def _result_shape(row: Operation, example: Example) -> tuple[int, ...]:
    generator = np.random.default_rng(0)
    arrays = [
        None if s is None else sampled(row, k, s, generator) for k, s in enumerate(example.shapes)
    ]
    with np.errstate(all="ignore"):
        y = row.forward(*arrays, **example.attributes)
    return () if isinstance(y, tuple) else np.shape(y)


@cache
def span(row: Operation, position: int) -> tuple[float, float]:
    """Between which numbers an argument has to be, as its sampler shows: sign and unit interval."""
    shapes = [e.shapes[position] for e in row.examples if len(e.shapes) > position]
    shape = next((s for s in shapes if s is not None and 0 not in s), None)
    if shape is None or sampler(row, position) in (real, distinct):
        return -math.inf, math.inf
    generator = np.random.default_rng(0)
    drawn = [sampled(row, position, shape, generator) for _ in range(16)]
    least, most = (float(end(drawn)) for end in (np.min, np.max))
    low = 0.0 if least > 0 else -1.0 if least >= -1 and elementwise(row) else -math.inf
    return low, 1.0 if most <= 1 else math.inf


def _within(x: np.ndarray, low: float, high: float) -> bool:
    return x.dtype.kind != "f" or bool(np.all((x > low) & (x < high)))  # complex has no order


def sampled(
    row: Operation, position: int, shape: tuple[int, ...], generator: np.random.Generator
) -> np.ndarray:
    """An argument over its domain, its numbers short."""
    x = np.asarray(sampler(row, position)(generator, shape))
    return np.round(x, 3) if x.dtype.kind == "f" else x


def sampler(row: Operation, position: int) -> Sampler:
    """What draws an argument."""
    domain = row.domain
    if isinstance(domain, tuple):
        domain = domain[min(position, len(domain) - 1)]
    return domain or real


class _Grower:
    """Puts one operation after another to a program."""

    def __init__(self, generator: np.random.Generator) -> None:
        self._generator, self._made = generator, Grown()

    def grow(self, count: int) -> Grown:
        """About so many operations; those that the output does not need are left out."""
        while len(self._made.lines) < count - 1:
            self._further()
        self._end()
        return self._made.pruned()

    def _further(self) -> None:
        rows = drawable()
        for _ in range(TRIES):
            row = rows[self._generator.integers(len(rows))]
            example = row.examples[self._generator.integers(len(row.examples))]
            trial = Trial(self._made)
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
        if not flowing or (row.name in SYMMETRIC and not self._made.lines):
            raise Refused
        lead = int(self._generator.choice(flowing))
        names: dict[int, str] = {}
        if self._made.lines:
            names[lead] = self._led(trial, row, example, lead)
        like = trial.values[names[lead]].shape if lead in names else ()
        arguments: list[str | None] = []
        for position, shape in enumerate(example.shapes):
            if position in names or shape is None:
                arguments.append(names.get(position))
                continue
            wanted = self._beside(like) if broadcasts(row) and names else shape
            moving = position in flowing
            again = None
            if moving and self._chance(0.3):
                again = self._variable(wanted, trial, span(row, position))
            x = sampled(row, position, wanted, self._generator)
            arguments.append(again or trial.leaf(x, moving=moving and x.dtype.kind == "f"))
        while arguments[-1] is None:
            arguments.pop()
        self._called(trial, row, arguments, lead if names else None, example.attributes)

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

    def _led(self, trial: Trial, row: Operation, example: Example, lead: int) -> str:
        """A variable for an argument, of the shape that it takes there."""
        takes = row.analytic or row.name in TAKE_COMPLEX
        usable = [
            name
            for name, x in self._made.values.items()
            if name not in self._made.inputs and x.dtype.kind in ("fc" if takes else "f")
        ]
        if not usable:
            raise Refused
        late = self._chance(0.7)
        name = usable[-1] if late else usable[self._generator.integers(len(usable))]
        shape = example.shapes[lead]
        assert shape is not None
        alone = sum(s is not None for s in example.shapes) == 1
        if row.name in SYMMETRIC:
            return self._symmetric(trial, name, shape)
        x = trial.values[name]
        if not _within(x, *span(row, lead)):
            name = self._brought(trial, name)
            x = trial.values[name]
            if not _within(x, *span(row, lead)):
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
        if x.ndim != 2 or x.shape[0] > 4 or len(shape) != 2:
            raise Refused
        (turned,) = trial.apply("matrix_transpose", name)
        (product,) = trial.apply("matmul", name, turned)
        one = trial.leaf(np.eye(x.shape[0]), moving=False)
        (name,) = trial.apply("add", product, one)
        return name

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
            if x.shape == shape and x.dtype.kind == "f" and name[0] in "pv" and _within(x, *ends)
        ]
        return found[self._generator.integers(len(found))] if found else None

    def _end(self) -> None:
        """A real output: mostly a scalar, else what the last operation gave."""
        trial = Trial(self._made)
        name = next(
            (k for k in self._made.lines[-1].targets if self._made.values[k].dtype.kind in "fc"),
            None,
        )
        if name is None:
            raise Refused
        if trial.values[name].dtype.kind == "c":
            part = ("real", "imag", "abs")[self._generator.integers(3)]
            (name,) = trial.apply(part, name)
        if trial.values[name].shape and self._chance(0.6):
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
        return bool(self._generator.random() < share)
