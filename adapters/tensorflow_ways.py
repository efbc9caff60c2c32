"""TensorFlow's other ways: ``ForwardAccumulator``, nested tapes, ``vectorized_map``."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any

import numpy as np

from ..cases.ways import of_slice
from .functions import Arrays, Function, arrays_or_none
from .lacking import unsupported_where
from .tensorflow_lowerings.arrays import as_numpy, as_tensor, kind
from .tensorflow_lowerings.library import Tensor, tf

#: What TensorFlow says where it has no such rule; a rule that is wrong says nothing.
_LACKS = (
    "gradient registry has no entry for",
    "No gradient defined for operation",
    "has no gradient defined",
    "No pfor vectorization defined",
    "No converter defined",
    "not implemented",
    "Could not find device for node",
    "is not in the list of allowed values",
    "is only available when eager execution is enabled",
    "as a Python `bool` is not allowed",
    "loop invariant",
    "Required handle data not set",
    "contain a label appearing more than once",
)


def lacking() -> AbstractContextManager[None]:
    """Where TensorFlow says that it has no such rule, it is ``Unsupported``."""
    return unsupported_where(
        _LACKS, NotImplementedError, LookupError, TypeError, ValueError, tf.errors.OpError
    )


def jvp(function: Function) -> dict[str, Any]:
    """Tangents by ``tf.autodiff.ForwardAccumulator``: None for what has none."""
    moving, along = [*function.moving.values()], [*function.directions.values()]
    with lacking(), tf.autodiff.ForwardAccumulator(moving, along) as accumulator:
        found = function.variables({})
        names = function.smooth(found)
        tangents = {k: accumulator.jvp(found[k]) for k in names}
    return arrays_or_none(tangents, as_numpy)


def hvp(function: Function) -> dict[str, Any]:
    """The gradient of the gradient's product with the direction, by a tape in a tape."""
    moving = [*function.moving.values()]
    with lacking(), tf.GradientTape(watch_accessed_variables=False) as outer:
        outer.watch(moving)
        _, firsts = _pulled(function, {}, None)
        slope = function.along(firsts, _product)
    with lacking():
        found = [None] * len(moving) if slope is None else outer.gradient(slope, moving)
    return arrays_or_none(dict(zip(function.moving, found, strict=True)), as_numpy)


def vmap(function: Function, batched: str) -> dict[str, Any]:
    """``tf.vectorized_map`` of the output and its tape."""
    held, along = function.batches(batched)
    mapped = {k: as_tensor(x) for k, x in held.items()}
    names = list(function.moving)
    given = [*mapped.values(), *([] if along is None else [as_tensor(along)])]
    missing: set[str] = set()

    def one(slices: list[Tensor]) -> list[Tensor]:
        leaves = dict(zip(mapped, slices, strict=False))
        g = None if along is None else slices[-1]
        output, grads = _pulled(function, leaves, g)
        missing.update(k for k, x in grads.items() if x is None)
        return [output, *(grads[k] for k in names if grads[k] is not None)]

    with lacking():
        found = tf.vectorized_map(one, given, fallback_to_while_loop=False)
    told = (function.program.output, *(k for k in names if k not in missing))
    grads = {k: np.array(of_slice(as_numpy(x))) for k, x in zip(told, found, strict=True)}
    return {**grads, **dict.fromkeys(missing)}


def _pulled(
    function: Function, leaves: Mapping[str, Tensor], g: Tensor | None
) -> tuple[Tensor, Arrays]:
    """The output, and the gradient of each parameter that moves; None where it gives none."""
    moving = {k: leaves.get(k, x) for k, x in function.moving.items()}
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch([*moving.values()])
        output = function.output({**leaves, **moving})
    seed = as_tensor(function.cotangent(output)) if g is None else g
    found = tape.gradient(output, [*moving.values()], output_gradients=seed)
    whole = [None if x is None else tf.convert_to_tensor(x) for x in found]
    return output, dict(zip(moving, whole, strict=True))


def _product(v: Tensor, g: Tensor) -> Tensor:
    return tf.reduce_sum(tf.math.real(tf.math.conj(v) * g) if kind(g) == "c" else v * g)
