"""Element-wise functions, and identities whose gradient is not their own."""

from __future__ import annotations

from typing import Any

from ..lowering import Composition, Operations


def _rsqrt(o: Operations, x: Any) -> Any:
    return 1 / o.sqrt(x)


def _lerp(_: Operations, start: Any, end: Any, weight: Any) -> Any:
    return start + weight * (end - start)


def _polar(o: Operations, magnitude: Any, angle: Any) -> Any:
    return o.complex(magnitude * o.cos(angle), magnitude * o.sin(angle))


def _straight_through(o: Operations, x: Any, hard: Any) -> Any:
    return o.stop_gradient(hard) + (x - o.stop_gradient(x))


def _masked_fill(o: Operations, x: Any, mask: Any, value: Any) -> Any:
    return o.where(mask, value, x)


def _full_like(o: Operations, x: Any, *, fill_value: float) -> Any:
    return o.zeros_like(x) + fill_value


def _dropout(_: Operations, x: Any, mask: Any, *, p: float) -> Any:
    return x * mask / (1 - p)


COMPOSITIONS: dict[str, Composition] = {
    "square": lambda _, x: x * x,
    "reciprocal": lambda _, x: 1 / x,
    "rsqrt": _rsqrt,
    "lerp": _lerp,
    "polar": _polar,
    "straight_through": _straight_through,
    "masked_fill": _masked_fill,
    "full_like": _full_like,
    "dropout": _dropout,
}
