"""Gradient clipping: what becomes of the gradients before a rule sees them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .rule import norm, rms
from .schedules import keywords

Arrays = dict[str, Any]


@dataclass(frozen=True, eq=False)
class Clip:
    """A row: how gradients are clipped.

    Parameters
    ----------
    name
        As in a case's ``clip``.
    clipped
        ``clipped(gradients, params, *, **attributes) -> gradients``, a pure function of arrays by
        parameter. Its keyword-only parameters are the attributes; ``max`` is the bound.
    formula
        What becomes of a gradient g of a parameter θ.
    """

    name: str
    clipped: Callable[..., Arrays]
    formula: str
    #: Derived from the signature of ``clipped``.
    attributes: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "attributes", keywords(self.clipped))


def _value(gradients: Arrays, _params: Arrays, *, max: Any) -> Arrays:  # noqa: A002  the attribute
    return {k: np.minimum(np.maximum(g, -max), max) for k, g in gradients.items()}


def _global_norm(
    gradients: Arrays,
    _params: Arrays,
    *,
    max: Any,  # noqa: A002  the attribute
    eps: Any,
) -> Arrays:
    total = np.sqrt(sum(norm(g) ** 2 for g in gradients.values()))
    # A comparison with NaN is false: it goes on into every gradient.
    if total + eps < max:
        return gradients
    return {k: g * (max / (total + eps)) for k, g in gradients.items()}


def _block(gradients: Arrays, _params: Arrays, *, max: Any) -> Arrays:  # noqa: A002  the attribute
    return {k: g / np.maximum(1, rms(g) / max) for k, g in gradients.items()}


def _adaptive(
    gradients: Arrays,
    params: Arrays,
    *,
    max: Any,  # noqa: A002  the attribute
    eps: Any = 1e-3,
) -> Arrays:
    found = {}
    for name, g in gradients.items():
        most = max * np.maximum(_unit_norm(params[name]), eps)
        size = _unit_norm(g)
        found[name] = np.where(size < most, g, g * (most / np.maximum(size, 1e-6)))
    return found


def _unit_norm(x: Any) -> Any:
    """The norm of each unit: of a vector whole, of a matrix by columns."""
    axes = None if x.ndim < 2 else tuple(range(x.ndim - 1)) if x.ndim > 3 else (0,)
    return np.sqrt(np.sum(np.abs(x) ** 2, axis=axes, keepdims=True)) + np.zeros_like(x)


#: name → row.
CLIPS: dict[str, Clip] = {
    row.name: row
    for row in (
        Clip("value", _value, "g ← min(max(g, −max), max)"),
        Clip(
            "global_norm",
            _global_norm,
            "g ← g·min(1, max/(n + eps)), n the norm of all gradients as one vector "
            "(R. Pascanu, T. Mikolov & Y. Bengio, arXiv:1211.5063, algorithm 1)",
        ),
        Clip("block", _block, "g ← g/max(1, RMS(g)/max), each parameter by itself"),
        Clip(
            "adaptive",
            _adaptive,
            "g ← g·min(1, max·max(‖θ‖, eps)/‖g‖), each unit by itself (A. Brock et al., "
            "arXiv:2102.06171, eq. 3)",
        ),
    )
}
