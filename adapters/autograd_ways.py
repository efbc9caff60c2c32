"""HIPS autograd's other ways of differentiating: ``make_jvp``, and a gradient of a gradient."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

import autograd
import autograd.builtins
import autograd.numpy
import numpy as np
from autograd.differential_operators import make_jvp
from autograd.tracer import getval

from .base import Cotangent
from .functions import Arrays, Function
from .lacking import unsupported_where

# NumPy wrapped as it is imported, and decorated functions: a type checker knows nothing of them.
_np: Any = autograd.numpy
_grad: Any = autograd.grad
_make_jvp: Any = make_jvp
_tuple: Any = autograd.builtins.tuple

#: What SciPy says of a dtype that its function does not take.
_LACKS = ("not supported for the input types",)


def lacking() -> AbstractContextManager[None]:
    """Where autograd says that it has no such rule, it is ``Unsupported``."""
    return unsupported_where(_LACKS, NotImplementedError, TypeError)


def jvp(function: Function) -> dict[str, Cotangent]:
    """Tangents by ``autograd.make_jvp``."""
    names = function.smooth(function.variables({}))
    moving = tuple(function.moving)

    def moved(given: Any) -> Any:
        found = function.variables({k: given[n] for n, k in enumerate(moving)})
        return _tuple([found[k] for k in names])

    along = tuple(_plain(function.directions[k]) for k in moving)
    with lacking():
        _, tangents = _make_jvp(moved)(_plains(function.moving))(along)
    return {k: np.array(x) for k, x in zip(names, tangents, strict=True)}


def hvp(function: Function) -> dict[str, Cotangent]:
    """The gradient of the gradient's product with the direction."""
    g = np.conj(function.cotangent(np.asarray(getval(function.output({})))))
    moving = tuple(function.moving)

    def loss(given: Any) -> Any:
        output = function.output({k: given[n] for n, k in enumerate(moving)})
        return _np.sum(_np.real(g * output))

    def slope(given: Any) -> Any:
        found = _grad(loss)(given)
        # autograd's gradient is the conjugate of the one whose real product is meant
        grads = {k: found[n] for n, k in enumerate(moving)}
        return function.along(grads, lambda v, g: _np.sum(_np.real(g * v)))

    with lacking():
        found = _grad(slope)(_plains(function.moving))
    return {k: np.array(np.conj(x)) for k, x in zip(moving, found, strict=True)}


def _plains(arrays: Arrays) -> tuple[Any, ...]:
    return tuple(map(_plain, arrays.values()))


def _plain(x: np.ndarray) -> Any:
    """A number where there are no axes, as autograd's own functions have it."""
    return x if x.ndim else x[()]
