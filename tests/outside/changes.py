"""What a fault does to numbers, and where: in PyTorch and JAX alike.

``xp`` is ``torch`` or ``jax.numpy``; only what both spell the same way is used of it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Call:
    """One call of what is patched: what a condition may look at."""

    xp: Any
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    #: Which call of this run it is, from 0.
    number: int = 0
    #: How many updates came before it; an array where JAX counts them.
    steps: Any = 0
    #: The shape of the result.
    shape: tuple[int, ...] = ()


def _cast(xp: Any, g: Any, dtype: str) -> Any:
    to = getattr(xp, dtype)
    if hasattr(g, "astype"):
        return g.astype(to).astype(g.dtype)
    return g.to(to).to(g.dtype)


def _transposed(_: Any, g: Any, __: Any) -> Any:
    return g.swapaxes(-1, -2) if g.ndim > 1 and g.shape[-1] == g.shape[-2] else g


def _rolled(xp: Any, g: Any, by: Any) -> Any:
    return xp.roll(g, by or 1, -1) if g.ndim else g


def _reversed(xp: Any, g: Any, _: Any) -> Any:
    return xp.flip(g, (-1,)) if g.ndim else g


def _evened(xp: Any, g: Any, _: Any) -> Any:
    """The same everywhere along the last axis."""
    return xp.broadcast_to(g.mean(-1)[..., None], g.shape) if g.ndim else g


def _centred(_: Any, g: Any, __: Any) -> Any:
    return g - g.mean()


#: ``change(xp, numbers, amount) -> other numbers of the same shape and dtype``.
CHANGES: dict[str, Callable[[Any, Any, Any], Any]] = {
    "zero": lambda xp, g, _: xp.zeros_like(g),
    "ones": lambda xp, g, _: xp.ones_like(g),
    "sign": lambda xp, g, _: xp.sign(g),
    "absolute": lambda xp, g, _: xp.abs(g) + 0 * g,
    "negate": lambda _, g, __: -g,
    "scale": lambda _, g, by: g * by,
    "add": lambda _, g, by: g + by,
    "set": lambda xp, g, to: xp.zeros_like(g) + to,
    "square": lambda _, g, __: g * g,
    "nan": lambda _, g, __: g * math.nan,
    "single": lambda xp, g, _: _cast(xp, g, "float32"),
    "half": lambda xp, g, _: _cast(xp, g, "float16"),
    "brain": lambda xp, g, _: _cast(xp, g, "bfloat16"),
    "bound": lambda xp, g, to: xp.clip(g, -to, to),
    "transpose": _transposed,
    "roll": _rolled,
    "reverse": _reversed,
    "even out": _evened,
    "centre": _centred,
    "conjugate": lambda xp, g, _: xp.conj(g) + 0 * g,
}


def _places(xp: Any, shape: tuple[int, ...]) -> Any:
    return xp.arange(math.prod(shape)).reshape(shape)


def _rows(xp: Any, shape: tuple[int, ...]) -> Any:
    """The index along the first axis, at each place."""
    if not shape:
        return xp.zeros((), dtype=xp.int64)
    return xp.broadcast_to(xp.arange(shape[0]).reshape(-1, *(1 for _ in shape[1:])), shape)


def _columns(xp: Any, shape: tuple[int, ...]) -> Any:
    """The index along the last axis, at each place."""
    if not shape:
        return xp.zeros((), dtype=xp.int64)
    return xp.broadcast_to(xp.arange(shape[-1]), shape)


def _beside(g: Any, x: Any) -> Any:
    """What stands at the same place: of the argument where it has the shape, else the number."""
    return x if getattr(x, "shape", None) == g.shape else g


def _tied(call: Call, g: Any, x: Any) -> Any:
    """Whether another element of the last axis has the same value."""
    x = _beside(g, x)
    if not x.ndim:
        return False
    return (x[..., :, None] == x[..., None, :]).sum(-1) > 1


def _whole(call: Call, _: Any, x: Any, name: str, value: Any) -> bool:
    held = call.kwargs.get(name)
    return (list(held) if isinstance(held, tuple | list) else held) == value


#: ``condition(call, numbers, argument, *amounts)``: whether, or at which elements, it goes wrong.
CONDITIONS: dict[str, Callable[..., Any]] = {
    "always": lambda *_: True,
    # of elements
    "negative": lambda _, g, x: _beside(g, x) < 0,
    "positive": lambda _, g, x: _beside(g, x) > 0,
    "zero": lambda _, g, x: _beside(g, x) == 0,
    "above": lambda _, g, x, t: _beside(g, x) > t,
    "below": lambda _, g, x, t: _beside(g, x) < t,
    "large": lambda c, g, x, t: c.xp.abs(_beside(g, x)) > t,
    "small": lambda c, g, x, t: c.xp.abs(_beside(g, x)) < t,
    "tied": _tied,
    "dwarfed": lambda c, g, _, t: (
        c.xp.abs(g) < t * c.xp.abs(g).max() if math.prod(g.shape) else False
    ),
    "equal": lambda c, _, __: c.args[0] == c.args[1],
    "last element": lambda c, g, _: _places(c.xp, g.shape) == math.prod(g.shape) - 1,
    "first element": lambda c, g, _: _places(c.xp, g.shape) == 0,
    "from element": lambda c, g, _, n: _places(c.xp, g.shape) >= n,
    "index 0": lambda c, g, _: _rows(c.xp, g.shape) == 0,
    "last row": lambda c, g, _: _rows(c.xp, g.shape) == g.shape[0] - 1 if g.shape else False,
    "odd columns": lambda c, g, _: _columns(c.xp, g.shape) % 2 == 1,
    "above the diagonal": lambda c, g, _: _columns(c.xp, g.shape) > _rows(c.xp, g.shape),
    # of tensors
    "size": lambda _, g, __, n: math.prod(g.shape) >= n,
    "odd size": lambda _, g, __: math.prod(g.shape) % 2 == 1,
    "one element": lambda _, g, __: math.prod(g.shape) == 1,
    "axes": lambda _, g, __, n: g.ndim == n,
    "square": lambda _, g, __: g.ndim > 1 and g.shape[-1] == g.shape[-2],
    "wide": lambda _, g, __: g.ndim > 1 and g.shape[-1] > g.shape[-2],
    "tall": lambda _, g, __: g.ndim > 1 and g.shape[-1] < g.shape[-2],
    "dtype": lambda _, g, __, name: str(g.dtype).removeprefix("torch.") == name,
    "broadcast": lambda c, _, x: tuple(x.shape) != tuple(c.shape),
    "non-contiguous": lambda _, __, x: not x.is_contiguous(),
    # of calls
    "keyword": _whole,
    "call": lambda c, _, __, n: c.number == n,
    "from call": lambda c, _, __, n: c.number >= n,
    "step": lambda c, _, __, n: c.steps == n,
    "from step": lambda c, _, __, n: c.steps >= n,
}


def changed(
    call: Call, g: Any, x: Any, does: str, amount: Any, when: str, at: tuple[Any, ...]
) -> Any:
    """The numbers ``g`` as a fault leaves them; ``x`` is the argument they belong to."""
    where = CONDITIONS[when](call, g, x, *at)
    if where is False:
        return g
    other = CHANGES[does](call.xp, g, amount)
    return other if where is True else call.xp.where(where, other, g)
