"""An equation's primitive on concrete arrays.

JAX compiles a primitive for every shape it meets; the plainest, which indices and masks are made
of, NumPy computes bit for bit at once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np


def computed(equation: Any, *arrays: Any, **changed: Any) -> list[Any]:
    """The results of an equation's primitive, its parameters changed where asked."""
    params = {**equation.params, **changed}
    plain = _PLAIN.get(equation.primitive.name)
    if plain is not None and all(_is_plain(x, params) for x in arrays):
        with np.errstate(all="ignore"):
            return [np.asarray(plain(params, *map(np.asarray, arrays)))]
    primitive = equation.primitive
    prepared = primitive.get_bind_params(params)
    # Functions among the parameters go first up to JAX 0.9, and by name after it.
    functions, params = prepared if isinstance(prepared, tuple) else ((), prepared)
    results = primitive.bind(*functions, *map(_jax, arrays), **params)
    return list(results) if primitive.multiple_results else [results]


def _is_plain(x: Any, params: dict[str, Any]) -> bool:
    """Whether NumPy knows the dtype, and rounds to whole numbers, if asked to, as JAX does."""
    if jnp.issubdtype(x.dtype, jax.dtypes.extended):
        return False
    whole = jnp.issubdtype(params.get("new_dtype", bool), jnp.integer)
    return not whole or not jnp.issubdtype(x.dtype, jnp.inexact)


def _jax(x: Any) -> Any:
    return jnp.asarray(x) if isinstance(x, np.ndarray | np.generic) else x


def _elementwise(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda _, *xs: function(*xs)


def _converted(params: dict[str, Any], x: np.ndarray) -> np.ndarray:
    return x.astype(params["new_dtype"])


def _broadcast(params: dict[str, Any], x: np.ndarray, *_: Any) -> np.ndarray:
    aligned = [1] * len(params["shape"])
    for n, axis in zip(x.shape, params["broadcast_dimensions"], strict=True):
        aligned[axis] = n
    return np.broadcast_to(x.reshape(aligned), params["shape"])


def _iota(params: dict[str, Any]) -> np.ndarray:
    shape, axis = params["shape"], params["dimension"]
    aligned = [-1 if k == axis else 1 for k in range(len(shape))]
    return np.broadcast_to(np.arange(shape[axis]).reshape(aligned), shape).astype(params["dtype"])


def _reshaped(params: dict[str, Any], x: np.ndarray, *_: Any) -> np.ndarray:
    order = params.get("dimensions")
    return (x if order is None else x.transpose(order)).reshape(params["new_sizes"])


def _chosen(_: dict[str, Any], which: np.ndarray, *cases: np.ndarray) -> np.ndarray:
    chosen = cases[0]
    for number, case in enumerate(cases[1:], 1):
        chosen = np.where(which == number, case, chosen)
    return chosen


_PLAIN: dict[str, Callable[..., Any]] = {
    **{
        name: _elementwise(function)
        for name, function in {
            "add": np.add,
            "sub": np.subtract,
            "mul": np.multiply,
            "neg": np.negative,
            "max": np.maximum,
            "min": np.minimum,
            "eq": np.equal,
            "ne": np.not_equal,
            "lt": np.less,
            "le": np.less_equal,
            "gt": np.greater,
            "ge": np.greater_equal,
            "and": np.bitwise_and,
            "or": np.bitwise_or,
            "not": np.invert,
            "stop_gradient": np.asarray,
            "copy": np.asarray,
        }.items()
    },
    "broadcast_in_dim": _broadcast,
    "convert_element_type": _converted,
    "iota": _iota,
    "select_n": _chosen,
    "reshape": _reshaped,
    "squeeze": lambda params, x: x.squeeze(tuple(params["dimensions"])),
    "transpose": lambda params, x: x.transpose(params["permutation"]),
    "concatenate": lambda params, *xs: np.concatenate(xs, params["dimension"]),
}
