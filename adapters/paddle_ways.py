"""Paddle's other ways of differentiating: ``incubate.autograd.jvp``, and double backward."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

from .functions import Arrays, Function, arrays_or_none
from .lacking import unsupported_where
from .paddle_lowerings.arrays import as_numpy, as_tensor, kind
from .paddle_lowerings.library import Tensor, paddle

#: What Paddle says where it has no such rule; a rule that is wrong says nothing.
_LACKS = (
    "is not registered",
    "has no grad op",
    "doesn't have any grad",
    "Unsupported data type",
    "does not have double_grad",
    "don't support higher order",
    "higher-order derivatives",
    "doesn't exist in the grad",
    # Of a second derivative by one of two arguments, of a list that it was given, of a tensor that
    # an operation hands back as it was, and of places that are assigned to.
    "The output DenseTensor DX can not be nullptr",
    "The output DenseTensor DY can not be nullptr",
    "Unable to fill empty grad inputs",
    "outputs contain duplicate tensor",
    "double_grad only support",
)


def lacking() -> AbstractContextManager[None]:
    """Where Paddle says that it has no such rule, it is ``Unsupported``."""
    return unsupported_where(
        _LACKS, NotImplementedError, RuntimeError, ValueError, TypeError, OSError, SystemError
    )


def jvp(function: Function) -> dict[str, Any]:
    """Tangents by ``paddle.incubate.autograd.jvp``, which pulls back twice; None for what stays."""
    with lacking():
        names = [k for k, x in _assigned(function).items() if not x.stop_gradient]

        def moved(*given: Tensor) -> tuple[Tensor, ...]:
            found = function.variables(dict(zip(function.moving, given, strict=True)))
            return tuple(found[k] for k in names)

        if not names:
            return {}
        moving, along = [*function.moving.values()], [*function.directions.values()]
        _, found = paddle.incubate.autograd.jvp(moved, moving, along)
        tangents = found if isinstance(found, tuple | list) else [found]
        return arrays_or_none(dict(zip(names, tangents, strict=True)), as_numpy)


def hvp(function: Function) -> dict[str, Any]:
    """The gradient of the gradient's product with the direction."""
    with lacking():
        given = _followed(function)
        output = function.output(given)
        g = as_tensor(function.cotangent(output))
        if output.stop_gradient:
            return dict.fromkeys(given)
        leaves = [*given.values()]
        firsts = paddle.grad([output], leaves, [g], create_graph=True, allow_unused=True)
        moving = {
            k: None if x is None or x.stop_gradient else x
            for k, x in zip(given, firsts, strict=True)
        }
        slope = function.along(moving, _product)
        if slope is None:
            return dict.fromkeys(given)
        seconds = paddle.grad([slope], leaves, allow_unused=True)
    return arrays_or_none(dict(zip(given, seconds, strict=True)), as_numpy)


def _followed(function: Function) -> Arrays:
    """The parameters that move, each followed by Paddle's tape."""
    found = {k: x.clone().detach() for k, x in function.moving.items()}
    for x in found.values():
        x.stop_gradient = False
    return found


def _assigned(function: Function) -> Arrays:
    found = function.variables(_followed(function))
    return {k: found[k] for k in function.smooth(found)}


def _product(v: Tensor, g: Tensor) -> Tensor:
    return paddle.sum(paddle.real(paddle.conj(v) * g) if kind(g) == "c" else v * g)
