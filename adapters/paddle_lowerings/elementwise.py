"""Element-wise functions, and identities whose gradient is not their own."""

from __future__ import annotations

from typing import Any

from ...refimpl.errors import Unsupported
from ..lowering import Entry, via
from .arrays import kind, promoted, tensors
from .library import PyLayer, Tensor, paddle


def _clip(x: Tensor, low: Any = None, high: Any = None) -> Tensor:
    """Its own takes numbers."""
    if not any(isinstance(bound, paddle.Tensor) for bound in (low, high)):
        return paddle.clip(x, low, high)
    _, low, high = tensors((x, low, high))
    x = x if low is None else paddle.maximum(x, low)
    return x if high is None else paddle.minimum(x, high)


def _where(condition: Tensor, a: Tensor, b: Tensor) -> Tensor:
    return promoted(lambda a, b: paddle.where(condition, a, b))(a, b)


def _of_one_shape(name: str) -> Entry:
    """Of arguments of different shapes it reads on where the smaller one ends."""
    function = getattr(paddle, name)

    def call(a: Tensor, x: Tensor) -> Tensor:
        if a.shape != x.shape:
            raise Unsupported(f"paddle.{name} of different shapes hands back what is in memory")
        return function(a, x)

    return via(f"paddle.{name}", call)


def _complex(x: Tensor) -> Tensor:
    """Its parts of a number are of complex ones alone."""
    return x if kind(x) == "c" else paddle.complex(x, paddle.zeros_like(x))


class _Reversed(PyLayer):
    """The identity, whose gradient is turned around."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, scale: float) -> Tensor:  # pyright: ignore[reportIncompatibleMethodOverride] - as it is called
        ctx.scale = scale
        return paddle.assign(x)

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Tensor:  # pyright: ignore[reportIncompatibleMethodOverride] - as it is called
        return g * -ctx.scale


#: Those that whole numbers and others may meet in.
_MIXED = (
    *("add", "subtract", "multiply", "divide", "pow", "maximum", "minimum"),
    *("equal", "not_equal", "less", "less_equal", "greater", "greater_equal"),
)

_OWN = {"less": "less_than", "greater": "greater_than"}

LOWERINGS: dict[str, Entry] = {
    **{
        name: via(f"paddle.{own}", promoted(getattr(paddle, own)))
        for name in _MIXED
        for own in [_OWN.get(name, name)]
    },
    "gammainc": _of_one_shape("gammainc"),
    "gammaincc": _of_one_shape("gammaincc"),
    "where": via("paddle.where", _where),
    "clip": via("paddle.clip", _clip, numbers=True),
    "real": via("paddle.real", lambda x: paddle.real(_complex(x))),
    "imag": via("paddle.imag", lambda x: paddle.imag(_complex(x))),
    "identity": "paddle.assign",
    "positive": "paddle.assign",
    "stop_gradient": via("paddle.Tensor.detach", lambda x: x.detach()),
    "reverse_gradient": via(
        "paddle.autograd.PyLayer", lambda x, *, scale: _Reversed.apply(x, scale)
    ),
    "full_like": via("paddle.full_like", lambda x, *, fill_value: paddle.full_like(x, fill_value)),
    "expit": "paddle.nn.functional.sigmoid",
    "polygamma": via("paddle.polygamma", lambda x, *, n: paddle.polygamma(x, n)),
    "multigammaln": via("paddle.multigammaln", lambda a, *, d: paddle.multigammaln(a, d)),
    "dropout": lambda x, mask, *, p: x * mask.cast(x.dtype) / (1 - p),  # Paddle draws its own mask
}
