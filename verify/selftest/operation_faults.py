"""Faults to plant into an operation, to see whether the suite catches them.

Each kind makes a wrong row of a right one (or a wrong trace, where the fault is in what is handed
back), or says that it cannot be planted there by returning None.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ...adapters.base import Trace
from ...refimpl.operation import Operation

#: Makes a wrong row of a right one and the position of the argument it concerns.
Plant = Callable[[Operation, int], Operation | None]
#: Makes a wrong cotangent of a right one: ``(g, y, arrays, attributes, cotangent) -> cotangent``.
Spoil = Callable[..., Any]


@dataclass(frozen=True)
class Fault:
    """A kind of fault: in a row, or (``trace``) in the cotangent that is handed back."""

    name: str
    row: Plant | None = None
    trace: Callable[[Any], Any] | None = None
    #: Whether it is planted once an argument, or once an operation.
    each_argument: bool = True


def spoiled(row: Operation, position: int, spoil: Spoil) -> Operation | None:
    """The row with one argument's cotangent passed through ``spoil``."""
    if not row.differentiable(position):
        return None
    if row.joint is not None:
        joint = row.joint

        def wrong_joint(g: Any, y: Any, *xs: Any, **attributes: Any) -> tuple[Any, ...]:
            parts = list(joint(g, y, *xs, **attributes))
            if position < len(parts) and parts[position] is not None:
                right = parts[position]
                again = lambda h: joint(h, y, *xs, **attributes)[position]  # noqa: E731
                parts[position] = spoil(right, g, xs[position], again)
            return tuple(parts)

        return replace(row, joint=wrong_joint)
    vjp = row.vjps[position]
    assert vjp is not None

    def wrong(g: Any, y: Any, *xs: Any, **attributes: Any) -> Any:
        right = vjp(g, y, *xs, **attributes)
        return spoil(right, g, xs[position], lambda h: vjp(h, y, *xs, **attributes))

    vjps = (*row.vjps[:position], wrong, *row.vjps[position + 1 :])
    return replace(row, vjps=vjps)


def _vjp(spoil: Spoil) -> Plant:
    return lambda row, position: spoiled(row, position, spoil)


def _transposed(c: Any, _g: Any, _x: Any, _again: Any) -> Any:
    square = c.ndim >= 2 and c.shape[-1] == c.shape[-2]
    return np.swapaxes(c, -1, -2) if square else c


def _mean_for_sum(c: Any, _g: Any, x: Any, _again: Any) -> Any:
    """The sum over what was broadcast, done as a mean."""
    return c / max(c.size // max(np.size(x), 1), 1)


def _diagonal_only(c: Any, g: Any, x: Any, again: Any) -> Any:
    """Each element's cotangent from the result at its own place alone, cross-terms dropped."""
    if isinstance(g, tuple) or np.shape(g) != np.shape(x) or c.shape != np.shape(x) or c.ndim == 0:
        return c
    own = np.zeros_like(c)
    for index in np.ndindex(c.shape):
        lone = np.zeros_like(g)
        lone[index] = g[index]
        own[index] = again(lone)[index]
    return own


def _with_attributes(row: Operation, change: Callable[[str, Any], Any]) -> Operation | None:
    """The row with its attributes changed on the way in; None where none would be."""
    if not any(_changes(change, example.attributes) for example in row.examples):
        return None

    def changed(attributes: dict[str, Any]) -> dict[str, Any]:
        return {key: change(key, value) for key, value in attributes.items()}

    forward, joint = row.forward, row.joint
    wrong_joint = (
        None
        if joint is None
        else lambda g, y, *xs, **attributes: joint(g, y, *xs, **changed(attributes))
    )
    made = replace(
        row,
        joint=wrong_joint,
        vjps=tuple(
            None
            if vjp is None
            else lambda g, y, *xs, vjp=vjp, **attributes: vjp(g, y, *xs, **changed(attributes))
            for vjp in row.vjps
        ),
    )
    # The signature stays the right one's; only what is computed changes.
    object.__setattr__(
        made, "forward", lambda *xs, **attributes: forward(*xs, **changed(attributes))
    )
    return made


def _changes(change: Callable[[str, Any], Any], attributes: dict[str, Any]) -> bool:
    return any(change(key, value) is not value for key, value in attributes.items())


def _wrong_axis(key: str, value: Any) -> Any:
    if "axis" not in key and "axes" not in key:
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return 0 if value != 0 else 1
    if isinstance(value, tuple | list) and len(value) > 1:
        return type(value)(reversed(value))
    return value


def _off_by_one(key: str, value: Any) -> Any:
    if "axis" in key or "axes" in key or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, float):
        return value * 1.5
    return value


def _inherited(row: Operation, _position: int) -> Operation:
    """A forward error of one part in a thousand, and a VJP that goes with it."""
    made = replace(
        row,
        joint=None
        if row.joint is None
        else lambda g, y, *xs, **attributes: row.joint(_grown(g), _shrunk(y), *xs, **attributes),  # type: ignore[misc]
        vjps=tuple(
            None
            if vjp is None
            else lambda g, y, *xs, vjp=vjp, **attributes: vjp(
                _grown(g), _shrunk(y), *xs, **attributes
            )
            for vjp in row.vjps
        ),
    )
    object.__setattr__(
        made, "forward", lambda *xs, **attributes: _grown(row.forward(*xs, **attributes))
    )
    return made


def _grown(y: Any) -> Any:
    return tuple(map(_grown, y)) if isinstance(y, tuple) else (y * 1.001).astype(y.dtype)


def _shrunk(y: Any) -> Any:
    return tuple(map(_shrunk, y)) if isinstance(y, tuple) else (y / 1.001).astype(y.dtype)


def _stale(row: Operation, _position: int) -> Operation:
    """The forward pass hands back what it computed at the first step, so one row serves one run."""
    held: list[Any] = []

    def forward(*xs: Any, **attributes: Any) -> Any:
        held.append(row.forward(*xs, **attributes))
        return held[0]

    made = replace(row)
    object.__setattr__(made, "forward", forward)
    return made


def scaled(delta: float) -> Fault:
    """A cotangent scaled by 1 + δ."""
    return Fault(
        f"scaled by 1 + {delta:.1e}", _vjp(lambda c, *_: (c * (1 + delta)).astype(c.dtype))
    )


def _other_dtype(g: Any) -> Any:
    others = {"float64": "float32", "complex128": "complex64", "complex64": "complex128"}
    return g.astype(others.get(g.dtype.name, "float64"))


#: The kinds of fault that are either there or not.
DISCRETE: tuple[Fault, ...] = (
    Fault("zero", _vjp(lambda c, *_: np.zeros_like(c))),
    Fault("sign flipped", _vjp(lambda c, *_: -c)),
    Fault("doubled", _vjp(lambda c, *_: c + c)),
    Fault("NaN", _vjp(lambda c, *_: np.full_like(c, np.nan))),
    Fault("transposed", _vjp(_transposed)),
    Fault("mean for sum over what was broadcast", _vjp(_mean_for_sum)),
    Fault("cross-terms dropped", _vjp(_diagonal_only)),
    Fault("wrong axis", lambda row, _: _with_attributes(row, _wrong_axis), each_argument=False),
    Fault(
        "attribute off by one",
        lambda row, _: _with_attributes(row, _off_by_one),
        each_argument=False,
    ),
    Fault("forward error that the gradient inherits", _inherited, each_argument=False),
    Fault("stale at the second step", _stale, each_argument=False),
    Fault("None", trace=lambda _: None),
    Fault("wrong dtype", trace=_other_dtype),
    Fault("wrong shape", trace=lambda g: g[None]),
)


def spoil_trace(trace: Trace, variable: str, spoil: Callable[[Any], Any]) -> Trace:
    """Change one cotangent of a trace, in place."""
    grads = trace.steps[0].grads
    grads[variable] = spoil(grads[variable])
    return trace
