"""What an operation takes, read off its row: which shapes, between which numbers."""

from __future__ import annotations

import math
from functools import cache

import numpy as np

from ...refimpl.operation import Example, Operation, Sampler
from ...refimpl.sampling import distinct, real

#: The value of a masked fill is one number, where the table would broadcast an array.
OF_A_NUMBER = {"masked_fill"}


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


def within(x: np.ndarray, low: float, high: float) -> bool:
    """Whether all numbers are between two others."""
    return x.dtype.kind != "f" or bool(np.all((x > low) & (x < high)))  # complex has no order


@cache
def ascends(row: Operation, position: int) -> bool:
    """Whether the numbers of an argument have to be in order, as its sampler shows."""
    shapes = [e.shapes[position] for e in row.examples if len(e.shapes) > position]
    shape = next((s for s in shapes if s is not None and len(s) == 1 and s[0] > 3), None)
    if shape is None:
        return False
    generator = np.random.default_rng(0)
    drawn = [sampled(row, position, shape, generator) for _ in range(16)]
    return all(x.dtype.kind == "f" and bool(np.all(np.diff(x) > 0)) for x in drawn)


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
