"""What PyTorch's own functions are not handed: numbers that its C code believes.

An index that another array is read by is checked by most functions; these read, or loop, by what
they are given.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from ..cases.native_calls import DEGREES, MOST
from ..refimpl.errors import AdapterFailed

#: Any of the framework's arrays.
Array = Any


def guarded(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """The function of that dotted name, which looks at its arguments first where it has to.

    Raises
    ------
    AdapterFailed
        When called with what would be read or looped by beyond its arrays.
    """
    check = _CHECKS.get(name)
    if check is None:
        return function

    @functools.wraps(function)
    def call(*arguments: Any, **keywords: Any) -> Any:
        reason = check(*arguments, **keywords)
        if reason:
            raise AdapterFailed(f"{name}: {reason}")
        return function(*arguments, **keywords)

    return call


def _degree(x: Array, n: Any, **_: Any) -> str:  # noqa: ARG001  only its degree matters
    return _within(n, -MOST, MOST, "a degree")


def _lengths_fit(
    log_probs: Array,
    targets: Array,
    input_lengths: Any,
    target_lengths: Any,
    blank: int = 0,
    *_: Any,
    **__: Any,
) -> str:
    """Whether classes, blank and lengths are those of the arrays."""
    if log_probs.ndim not in (2, 3) or targets.ndim not in (1, 2):
        return f"arrays of {log_probs.ndim} and {targets.ndim} axes, expected 3 and 1 or 2"
    times, classes = log_probs.shape[0], log_probs.shape[-1]
    batch = log_probs.shape[1] if log_probs.ndim == 3 else 1
    taken, asked = _listed(target_lengths), _listed(input_lengths)
    if len(taken) != batch or len(asked) != batch:
        return f"{len(asked)} and {len(taken)} lengths, expected {batch} of each"
    room = targets.shape[-1] if targets.ndim == 2 else targets.shape[0]
    if targets.ndim == 1 and sum(taken) > room:
        return f"target lengths that add up to {sum(taken)}, expected at most {room}"
    return (
        _within(targets, 0, classes - 1, "a class")
        or _within(blank, 0, classes - 1, "a blank")
        or _within(input_lengths, 0, times, "an input length")
        or _within(target_lengths, 0, room, "a target length")
    )


def _pivots(lu: Array, pivots: Array, *_: Any, **__: Any) -> str:
    return _within(pivots, 1, lu.shape[-1], "a pivot")


def _within(value: Any, low: int, high: int, what: str) -> str:
    """What is outside of bounds, in words; NaN is."""
    for found in _listed(value):
        if not low <= found <= high:
            return f"{what} of {found:.6g}, expected {low} to {high}"
    return ""


def _listed(value: Any) -> list[Any]:
    """Numbers of an array, a tuple or one alone."""
    if hasattr(value, "detach"):
        return value.detach().reshape(-1).tolist()
    return list(value) if isinstance(value, tuple | list) else [value]


_CHECKS: dict[str, Callable[..., str]] = {
    **dict.fromkeys(DEGREES, _degree),
    "torch.ctc_loss": _lengths_fit,
    "torch.nn.functional.ctc_loss": _lengths_fit,
    "torch.linalg.lu_solve": _pivots,
    "torch.lu_solve": lambda _, *lu_and_pivots, **__: _pivots(*lu_and_pivots),
}
