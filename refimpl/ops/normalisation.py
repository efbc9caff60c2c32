"""Normalisation: x less its mean, over its standard deviation, along some axes.

With μ and σ² the mean and the (biased) variance along the axes, r = (σ² + eps)^(−1/2) and
x̂ = (x − μ)·r, the cotangent of x is, with ĝ that of x̂,

    x̄ = r·(ĝ − mean(ĝ) − x̂·mean(ĝ·x̂)),

the same for every member of the family; they differ in the axes. S. Ioffe & C. Szegedy, "Batch
normalization", arXiv:1502.03167. J. L. Ba, J. R. Kiros & G. E. Hinton, "Layer normalization",
arXiv:1607.06450.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..operation import Operation, ex
from ..sampling import positive, real
from .convolution import sum_but_channels

Axes = int | tuple[int, ...] | list[int]


def standardized(x: Any, axes: tuple[int, ...], eps: float) -> tuple[Any, Any]:
    """x̂ = (x − μ)·r, and r = (σ² + eps)^(−1/2)."""
    centred = x - x.mean(axis=axes, keepdims=True)
    r = 1 / np.sqrt((centred * centred).mean(axis=axes, keepdims=True) + eps)
    return centred * r, r


def standardized_vjp(g: Any, normed: Any, r: Any, axes: tuple[int, ...]) -> Any:
    """x̄ = r·(ĝ − mean(ĝ) − x̂·mean(ĝ·x̂)), given ĝ, x̂ and r."""
    along = (g * normed).mean(axis=axes, keepdims=True)
    return (g - g.mean(axis=axes, keepdims=True) - normed * along) * r


def affine(normed: Any, weight: Any, bias: Any) -> Any:
    """x̂·weight + bias, either left out."""
    y = normed if weight is None else normed * weight
    return y if bias is None else y + bias


def _tuple(axis: Axes) -> tuple[int, ...]:
    return (axis,) if isinstance(axis, int) else tuple(axis)


def layer_norm(x: Any, weight: Any = None, bias: Any = None, *, axis: Axes = -1, eps: float) -> Any:
    """x̂·weight + bias, with mean and variance along ``axis``."""
    return affine(standardized(x, _tuple(axis), eps)[0], weight, bias)


def _layer_norm_vjp(
    g: Any,
    y: Any,
    x: Any,
    weight: Any = None,
    bias: Any = None,
    *,
    axis: Axes = -1,
    eps: float,
) -> tuple[Any, ...]:
    axes = _tuple(axis)
    normed, r = standardized(x, axes, eps)
    inner = g if weight is None else g * weight
    return standardized_vjp(inner, normed, r, axes), g * normed, g


def batch_norm(
    x: Any, weight: Any = None, bias: Any = None, mean: Any = None, var: Any = None, *, eps: float
) -> Any:
    """x̂·weight + bias for each channel (axis 1), with mean and variance along all other axes.

    With ``mean`` and ``var`` of shape (channels,), as in evaluation: x̂ = (x − mean)/√(var + eps).
    """
    if mean is None:
        normed = standardized(x, _but_channels(x), eps)[0]
    else:
        normed = (x - _channels(mean, x)) * _channels(1 / np.sqrt(var + eps), x)
    return affine(normed, _channels(weight, x), _channels(bias, x))


def _batch_norm_vjp(  # noqa: PLR0917 - its arrays are the operation's
    g: Any,
    y: Any,
    x: Any,
    weight: Any = None,
    bias: Any = None,
    mean: Any = None,
    var: Any = None,
    *,
    eps: float,
) -> tuple[Any, ...]:
    """In evaluation: x̄ = ĝ·r, mean's cotangent −Σ ĝ·r, var's −½ Σ ĝ·x̂·r²."""
    inner = g if weight is None else g * _channels(weight, x)
    if mean is None:
        normed, r = standardized(x, _but_channels(x), eps)
        x_bar = standardized_vjp(inner, normed, r, _but_channels(x))
        mean_bar = var_bar = None
    else:
        r = 1 / np.sqrt(var + eps)
        normed = (x - _channels(mean, x)) * _channels(r, x)
        x_bar = inner * _channels(r, x)
        mean_bar = -sum_but_channels(x_bar)
        var_bar = sum_but_channels(inner * normed) * (r * r * -0.5)
    return x_bar, sum_but_channels(g * normed), sum_but_channels(g), mean_bar, var_bar


def _but_channels(x: Any) -> tuple[int, ...]:
    return (0, *range(2, x.ndim))


def _channels(v: Any, x: Any) -> Any:
    """A vector of one number a channel, in the shape that meets axis 1 of ``x``."""
    return None if v is None else v.reshape(-1, *(1 for _ in x.shape[2:]))


OPERATIONS = (
    Operation(
        "layer_norm",
        layer_norm,
        joint=_layer_norm_vjp,
        formula="x̂·weight + bias, x̂ = (x − μ)/√(σ² + eps) along axis",
        derivatives=(
            "(ĝ − mean(ĝ) − x̂·mean(ĝ·x̂))/√(σ² + eps), ĝ = g·weight",
            "x̂",
            "1",
        ),
        examples=(
            ex((2, 5), (5,), (5,), eps=1e-5),
            ex((2, 3, 4), (3, 4), (3, 4), axis=(-2, -1), eps=1e-3),
            ex((3, 4), None, None, eps=1e-5),
            ex((3, 4), (4,), None, eps=0.1),
            ex((4, 3), None, None, axis=0, eps=1e-5),
            ex((0, 4), (4,), (4,), eps=1e-5),
            ex((2, 1), (1,), (1,), eps=0.5),
        ),
        domain=real,
    ),
    Operation(
        "batch_norm",
        batch_norm,
        joint=_batch_norm_vjp,
        formula="x̂·weight + bias, x̂ = (x − mean)/√(var + eps) for each channel",
        derivatives=(
            "(ĝ − mean(ĝ) − x̂·mean(ĝ·x̂))/√(σ² + eps), ĝ = g·weight",
            "Σ g·x̂",
            "Σ g",
            "−Σ ĝ/√(var + eps)",
            "−½ Σ ĝ·x̂/(var + eps)",
        ),
        examples=(
            ex((4, 3), (3,), (3,), None, None, eps=1e-5),
            ex((3, 2, 3, 2), (2,), (2,), None, None, eps=1e-3),
            ex((5, 2, 3), None, None, None, None, eps=1e-5),
            ex((4, 3), (3,), (3,), (3,), (3,), eps=1e-5),
            ex((2, 3, 2, 2), None, None, (3,), (3,), eps=1e-3),
            ex((1, 1, 1, 2), (1,), (1,), None, None, eps=0.5),
        ),
        domain=(real, real, real, real, positive),
    ),
)
