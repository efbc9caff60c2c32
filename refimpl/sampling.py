"""Where to sample an operation's arguments when it is checked: ``sampler(generator, shape)``.

Samplers keep away from kinks and singular points by far more than a finite difference's step.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .operation import Example, Operation, Sampler


def interval(low: float, high: float) -> Sampler:
    """Uniform on [low, high)."""
    return lambda generator, shape: generator.uniform(low, high, shape)


def real(generator: Any, shape: tuple[int, ...]) -> Any:
    """Standard normal."""
    return generator.standard_normal(shape)


def signed(low: float, high: float) -> Sampler:
    """Magnitudes in [low, high), either sign."""
    return lambda generator, shape: (
        generator.uniform(low, high, shape) * generator.choice([-1.0, 1.0], shape)
    )


def distinct(generator: Any, shape: tuple[int, ...]) -> Any:
    """No two values closer than 0.1, none closer than 0.05 to zero: for maxima and sorting."""
    size = int(np.prod(shape))
    values = (np.arange(size) - size // 2 + 0.5) * 0.2 + generator.uniform(-0.04, 0.04, size)
    return generator.permutation(values).reshape(shape)


def regular(generator: Any, shape: tuple[int, ...]) -> Any:
    """Singular values apart from zero and from each other: diag(1.5, 2.5, …) and a little more."""
    base = np.eye(shape[-2], shape[-1]) * (1.5 + np.arange(shape[-1]))
    return base + generator.uniform(-0.3, 0.3, shape)


def integers(high: int) -> Sampler:
    """Whole numbers of [0, high), as int64."""
    return lambda generator, shape: generator.integers(0, high, shape)


def booleans(generator: Any, shape: tuple[int, ...]) -> Any:
    """True or False."""
    return generator.random(shape) < 0.5


positive = interval(0.3, 2.5)
nonzero = signed(0.3, 2)


def draw(operation: Operation, example: Example, seed: int, dtype: Any = np.float64) -> list[Any]:
    """The arrays of one call of an operation, drawn over its domain.

    Parameters
    ----------
    operation, example
        Whose domain, and which shapes; None stands for an array left out.
    dtype
        Of the floating arrays; for a complex dtype the imaginary parts are drawn as the real
        ones are. Whole numbers and booleans stay as the domain draws them.
    """
    generator = np.random.default_rng(seed)
    dtype = np.dtype(dtype)
    arrays: list[Any] = []
    for position, shape in enumerate(example.shapes):
        sampler = operation.domain or real
        if isinstance(sampler, tuple):
            sampler = sampler[position] or real
        if shape is None:
            arrays.append(None)
            continue
        x = np.asarray(sampler(generator, shape))
        if x.dtype.kind == "f":
            if dtype.kind == "c":
                x = x + 1j * np.asarray(sampler(generator, shape))
            x = x.astype(dtype)
        arrays.append(x)
    return arrays
