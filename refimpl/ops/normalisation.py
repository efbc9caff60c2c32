"""Normalisation: x less its mean, over its standard deviation, along some axes.

With μ and σ² the mean and the (biased) variance along the axes, r = (σ² + eps)^(−1/2) and
x̂ = (x − μ)·r, the cotangent of x is, with ĝ that of x̂,

    x̄ = r·(ĝ − mean(ĝ) − x̂·mean(ĝ·x̂)),

the same for every member of the family; they differ in the axes. S. Ioffe & C. Szegedy, "Batch
normalization", arXiv:1502.03167. J. L. Ba, J. R. Kiros & G. E. Hinton, "Layer normalization",
arXiv:1607.06450.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..norms import p_norm, rms
from ..operation import Operation, ex
from ..sampling import positive, real
from .axes import from_front
from .checking import at_least
from .convolution import sum_but_channels

Axes = int | tuple[int, ...] | list[int]


def standardized(x: Any, axes: tuple[int, ...], eps: float) -> tuple[Any, Any]:
    """x̂ = (x − μ)·r, and r = (σ² + eps)^(−1/2)."""
    centred = x - x.mean(axis=axes, keepdims=True)
    r = 1 / rms(centred, axes, eps)
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


def _batch_norm_vjp(
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


def group_norm(x: Any, weight: Any = None, bias: Any = None, *, num_groups: int, eps: float) -> Any:
    """x̂·weight + bias for each channel, with mean and variance over each group of channels."""
    normed = standardized(_by_group(x, num_groups), (-1,), eps)[0].reshape(x.shape)
    return affine(normed, _channels(weight, x), _channels(bias, x))


def _group_norm_vjp(
    g: Any,
    y: Any,
    x: Any,
    weight: Any = None,
    bias: Any = None,
    *,
    num_groups: int,
    eps: float,
) -> tuple[Any, ...]:
    grouped, r = standardized(_by_group(x, num_groups), (-1,), eps)
    inner = _by_group(g if weight is None else g * _channels(weight, x), num_groups)
    x_bar = standardized_vjp(inner, grouped, r, (-1,)).reshape(x.shape)
    return x_bar, sum_but_channels(g * grouped.reshape(x.shape)), sum_but_channels(g)


def _by_group(x: Any, num_groups: int) -> Any:
    """(n, channels, …) → (n, groups, elements of the group)."""
    at_least(1, num_groups=num_groups)
    if x.shape[1] % num_groups:
        raise ValueError(f"{x.shape[1]} channels are no multiple of {num_groups} groups")
    size = math.prod(x.shape[1:]) // num_groups
    return x.reshape(x.shape[0], num_groups, size)


def instance_norm(x: Any, weight: Any = None, bias: Any = None, *, eps: float) -> Any:
    """x̂·weight + bias, with mean and variance of each channel of each example."""
    return group_norm(x, weight, bias, num_groups=x.shape[1], eps=eps)


def _instance_norm_vjp(
    g: Any, y: Any, x: Any, weight: Any = None, bias: Any = None, *, eps: float
) -> tuple[Any, ...]:
    return _group_norm_vjp(g, y, x, weight, bias, num_groups=x.shape[1], eps=eps)


def rms_norm(x: Any, weight: Any = None, *, axis: Axes = -1, eps: float) -> Any:
    """x·r·weight, r = (mean(x²) + eps)^(−1/2) along ``axis``."""
    return affine(x * _rms(x, _tuple(axis), eps), weight, None)


def _rms(x: Any, axes: tuple[int, ...], eps: float) -> Any:
    return 1 / rms(x, axes, eps)


def _rms_norm_vjp(
    g: Any, y: Any, x: Any, weight: Any = None, *, axis: Axes = -1, eps: float
) -> tuple[Any, ...]:
    """x̄ = r·(ĝ − x̂·mean(ĝ·x̂)), with x̂ = x·r and ĝ = g·weight."""
    axes = _tuple(axis)
    r = _rms(x, axes, eps)
    normed = x * r
    inner = g if weight is None else g * weight
    along = (inner * normed).mean(axis=axes, keepdims=True)
    return (inner - normed * along) * r, g * normed


def local_response_norm(
    x: Any, *, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0
) -> Any:
    """x·s^(−beta), s = k + alpha/size·Σ x² over ``size`` neighbouring channels."""
    at_least(1, size=size)
    return x * _response(x * x, size, alpha, k) ** -beta


def _response(squares: Any, size: int, alpha: float, k: float) -> Any:
    return k + _over_channels(squares, size, size // 2) * (alpha / size)


def _over_channels(x: Any, size: int, before: int) -> Any:
    """Σ x[n, c + j, …] over −before ≤ j < size − before, channels beyond the ends being zero."""
    channels = x.shape[1]
    total = np.zeros_like(x)
    for j in range(-before, size - before):
        low, high = max(0, -j), min(channels, channels - j)
        if low < high:
            into = total[:, low:high]
            np.add(into, x[:, low + j : high + j], out=into)
    return total


def _local_response_norm_vjp(
    g: Any, y: Any, x: Any, *, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0
) -> Any:
    """g·s^(−beta) − 2·alpha·beta/size·x·Σ g·x·s^(−beta − 1) over those who see it."""
    s = _response(x * x, size, alpha, k)
    seen_by = _over_channels(g * x * s ** (-beta - 1), size, (size - 1) // 2)
    return g * s**-beta - x * seen_by * (2 * alpha * beta / size)


def weight_norm(v: Any, magnitude: Any, *, axis: int | None = 0) -> Any:
    """magnitude·v/‖v‖, the norm over all axes but ``axis``; over all, for None.

    T. Salimans & D. P. Kingma, "Weight normalization", arXiv:1602.07868.
    """
    return v * (magnitude / _norm_but(v, axis))


def _norm_but(v: Any, axis: int | None) -> Any:
    others = tuple(k for k in range(v.ndim) if axis is None or k != from_front(axis, v.ndim))
    return p_norm(v, 2, others, keepdims=True)


def _weight_norm_vjp(
    g: Any, y: Any, v: Any, magnitude: Any, *, axis: int | None = 0
) -> tuple[Any, Any]:
    """v̄ = (ĝ − u·Σ ĝ·u)/‖v‖ with ĝ = g·magnitude, and Σ g·u, with u = v/‖v‖."""
    norm = _norm_but(v, axis)
    u = v / norm
    others = tuple(k for k in range(v.ndim) if axis is None or k != from_front(axis, v.ndim))
    scaled = g * magnitude
    return (scaled - u * (scaled * u).sum(axis=others, keepdims=True)) / norm, g * u


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
            ex((0, 3), (3,), (3,), (3,), (3,), eps=1e-5),
        ),
        domain=(real, real, real, real, positive),
    ),
    Operation(
        "group_norm",
        group_norm,
        joint=_group_norm_vjp,
        formula="x̂·weight + bias, x̂ = (x − μ)/√(σ² + eps) over each group of channels",
        derivatives=(
            "(ĝ − mean(ĝ) − x̂·mean(ĝ·x̂))/√(σ² + eps), ĝ = g·weight",
            "Σ g·x̂",
            "Σ g",
        ),
        examples=(
            ex((2, 4, 3), (4,), (4,), num_groups=2, eps=1e-5),
            ex((2, 4, 2, 3), (4,), (4,), num_groups=4, eps=1e-3),
            ex((3, 6), None, None, num_groups=3, eps=1e-2),
            ex((2, 2, 3), (2,), None, num_groups=1, eps=1e-5),
            ex((0, 2, 3), (2,), (2,), num_groups=1, eps=1e-5),
            ex((1, 1, 2), (1,), (1,), num_groups=1, eps=0.5),
        ),
        domain=real,
    ),
    Operation(
        "instance_norm",
        instance_norm,
        joint=_instance_norm_vjp,
        formula="x̂·weight + bias, x̂ = (x − μ)/√(σ² + eps) of each channel of each example",
        derivatives=(
            "(ĝ − mean(ĝ) − x̂·mean(ĝ·x̂))/√(σ² + eps), ĝ = g·weight",
            "Σ g·x̂",
            "Σ g",
        ),
        examples=(
            ex((2, 3, 4), (3,), (3,), eps=1e-5),
            ex((2, 2, 3, 2), None, None, eps=1e-3),
            ex((1, 2, 2, 2, 2), (2,), (2,), eps=1e-5),
            ex((1, 1, 2), (1,), (1,), eps=0.5),
            ex((0, 2, 3), (2,), None, eps=1e-5),
        ),
        domain=real,
    ),
    Operation(
        "rms_norm",
        rms_norm,
        joint=_rms_norm_vjp,
        formula="x̂·weight, x̂ = x/√(mean(x²) + eps) along axis",
        derivatives=("(ĝ − x̂·mean(ĝ·x̂))/√(mean(x²) + eps), ĝ = g·weight", "x̂"),
        examples=(
            ex((2, 5), (5,), eps=1e-5),
            ex((2, 3, 4), (3, 4), axis=(-2, -1), eps=1e-3),
            ex((3, 4), None, eps=1e-5),
            ex((0, 4), (4,), eps=1e-5),
            ex((2, 1), (1,), eps=0.5),
        ),
        domain=real,
    ),
    Operation(
        "local_response_norm",
        local_response_norm,
        (_local_response_norm_vjp,),
        formula="x·s^(−beta), s = k + alpha/size·Σ x² over neighbouring channels",
        derivatives=("g·s^(−beta) − 2·alpha·beta/size·x·Σ g·x·s^(−beta − 1)",),
        examples=(
            ex((2, 5, 3), size=3, alpha=0.5),
            ex((1, 4, 2, 3), size=2, alpha=0.3, beta=0.5, k=2.0),
            ex((2, 2, 2), size=5),
            ex((1, 1, 1), size=1, alpha=1.0),
            ex((0, 3, 2), size=3, alpha=0.5),
        ),
        domain=real,
    ),
    Operation(
        "weight_norm",
        weight_norm,
        joint=_weight_norm_vjp,
        formula="magnitude·v/‖v‖",
        derivatives=("magnitude/‖v‖·(g − u·Σ g·u), u = v/‖v‖", "Σ g·u"),
        examples=(
            ex((3, 4), (3, 1)),
            ex((3, 4), (1, 4), axis=1),
            ex((2, 3, 2), (2, 1, 1)),
            ex((2, 3), (1, 1), axis=None),
            ex((0, 4), (0, 1)),
        ),
        domain=real,
        kinks="where ‖v‖ is zero",
        near=lambda y, v, magnitude, *, axis=0: _norm_but(v, axis),
    ),
)
