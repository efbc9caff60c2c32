"""MLX's other ways of differentiating: ``mx.jvp``, a pullback of a pullback, ``mx.vmap``."""

from __future__ import annotations

from contextlib import AbstractContextManager

import mlx.core as mx
import numpy as np

from ..cases.ways import of_slice
from .base import Cotangent
from .functions import Arrays, Function
from .lacking import unsupported_where
from .mlx_lowerings.arrays import as_array, as_numpy

#: What MLX says where it has no such rule; a rule that is wrong says nothing.
_LACKS = (
    "Not implemented",
    "not yet implemented",
    "not implemented",
    "Cannot calculate VJP with respect to",
    "Attempting to eval an array during function transformations",
    "Not supported for complex",
    "NYI",
    "Attempting to eval an array during function transformations",
)


def lacking() -> AbstractContextManager[None]:
    """Where MLX says that it has no such rule, it is ``Unsupported``."""
    return unsupported_where(_LACKS, ValueError, RuntimeError)


def jvp(function: Function) -> dict[str, Cotangent]:
    """Tangents by ``mlx.core.jvp``."""
    names = function.smooth(function.variables({}))

    def moved(*given: mx.array) -> list[mx.array]:
        found = function.variables(dict(zip(function.moving, given, strict=True)))
        return [found[k] for k in names]

    with lacking():
        _, found = mx.jvp(moved, [*function.moving.values()], [*function.directions.values()])
        mx.eval(found)
    return {k: as_numpy(x) for k, x in zip(names, found, strict=True)}


def hvp(function: Function) -> dict[str, Cotangent]:
    """The pullback of the gradient's product with the direction."""
    g = as_array(function.cotangent(function.output({})))

    def slope(*given: mx.array) -> list[mx.array]:
        _, found = _pulled(function, dict(zip(function.moving, given, strict=True)), g)
        return [function.along(found, _product)]

    with lacking():
        one = mx.ones((), slope(*function.moving.values())[0].dtype)
        _, found = mx.vjp(slope, [*function.moving.values()], [one])
        mx.eval(found)
    return {k: as_numpy(x) for k, x in zip(function.moving, found, strict=True)}


def vmap(function: Function, batched: str) -> dict[str, Cotangent]:
    """``mlx.core.vmap`` of the output and its pullback."""
    arguments = {**function.still, **function.moving}
    held, along = function.batches(batched)
    mapped = {k: as_array(held[k]) if k in held else x for k, x in arguments.items()}
    g = along if along is not None else function.cotangent(function.output({}))

    def one(*given: mx.array) -> list[mx.array]:
        leaves = dict(zip(arguments, given[1:], strict=True))
        output, grads = _pulled(function, leaves, given[0])
        return [output, *grads.values()]

    axes = (None if along is None else 0, *(0 if k in held else None for k in arguments))
    with lacking():
        found = mx.vmap(one, axes, [0] * (1 + len(function.moving)))(as_array(g), *mapped.values())
        mx.eval(found)
    names = (function.program.output, *function.moving)
    return {k: np.array(of_slice(as_numpy(x))) for k, x in zip(names, found, strict=True)}


def _product(v: mx.array, g: mx.array) -> mx.array:
    complex_ = mx.issubdtype(g.dtype, mx.complexfloating)
    return mx.sum(mx.real(mx.conjugate(v) * g) if complex_ else v * g)


def _pulled(function: Function, leaves: Arrays, g: mx.array) -> tuple[mx.array, Arrays]:
    """The output, and the gradient of each parameter that moves."""
    moving = [leaves[k] for k in function.moving]

    def output(*given: mx.array) -> list[mx.array]:
        return [function.output({**leaves, **dict(zip(function.moving, given, strict=True))})]

    (made,), found = mx.vjp(output, moving, [g])
    return made, dict(zip(function.moving, found, strict=True))
