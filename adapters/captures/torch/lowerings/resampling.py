"""Images at another size, or at any points."""

from __future__ import annotations

from typing import Any

import torch

from .common import Lowering, Pen, Value

_SAMPLED = ("bilinear", "nearest", "bicubic")
_BEYOND = ("zeros", "border", "reflection")


#: The operation of one axis (for cubics, of the last of two) that each mode is along every axis.
_ALONG = {
    "nearest": torch.ops.aten.upsample_nearest1d,
    "nearest-exact": torch.ops.aten._upsample_nearest_exact1d,
    "linear": torch.ops.aten.upsample_linear1d,
    "cubic": torch.ops.aten.upsample_bicubic2d,
    "linear-aa": torch.ops.aten._upsample_bilinear2d_aa,
    "cubic-aa": torch.ops.aten._upsample_bicubic2d_aa,
}


def _quotients(w: Pen, x: Value, scales: Any) -> bool:
    """Whether scales are those of the sizes; others move the pixels' places."""
    sizes = zip(x.shape[2:], w.shape[2:], scales or (), strict=False)
    return all(s is None or s <= 0 or abs(m - n * s) <= 1e-9 * m for n, m, s in sizes)


def _weights(mode: str, n: int, m: int, scale: Any, *aligned: bool) -> torch.Tensor:
    """How much each of n pixels counts in each of m: what becomes of images of one pixel."""
    one = torch.eye(n, dtype=torch.float64)
    call = _ALONG[mode]
    if mode.startswith(("cubic", "linear-")):
        return call(one.reshape(1, n, 1, n), [1, m], *aligned, None, scale)[0, :, 0]
    return call(one.unsqueeze(0), [m], *aligned, scale)[0]


def _by_matrices(w: Pen, x: Value, mode: str, scales: Any, *aligned: bool) -> str:
    """It is linear and separable: a product with a matrix of weights along each axis."""
    y: Any = x
    for k, (n, m) in enumerate(zip(x.shape[2:], w.shape[2:], strict=True)):
        weights = _weights(mode, n, m, scales[k] if scales else None, *aligned)
        last = w.emit("moveaxis", y, source=2 + k, destination=-1)
        made = w.emit("matmul", last, w.constant(weights.to(x.dtype)))
        y = w.emit("moveaxis", made, source=-1, destination=2 + k)
    return y


def _nearest(mode: str, *, vec: bool) -> Lowering:
    def lower(w: Pen, x: Value, _: Any, *scales: Any) -> str:
        given = scales[0] if vec else scales
        if not _quotients(w, x, given):
            return _by_matrices(w, x, mode, given)
        return w.emit("interpolate", x, size=w.shape[2:], mode=mode)

    return lower


def _smooth(mode: str, *, vec: bool) -> Lowering:
    """With ``-aa`` behind its mode, over as many pixels as one of the result covers."""

    def lower(w: Pen, x: Value, _: Any, align_corners: Any, *scales: Any) -> str:
        given, aligned = scales[0] if vec else scales, bool(align_corners)
        if mode.endswith("-aa") or not (aligned or _quotients(w, x, given)):
            return _by_matrices(w, x, mode, given, aligned)
        return w.emit("interpolate", x, size=w.shape[2:], mode=mode, align_corners=aligned)

    return lower


def _sampled(
    w: Pen,
    x: Value,
    grid: Value,
    mode: int,
    padding: int,
    align_corners: Any = False,
) -> str:
    return w.emit(
        "grid_sample",
        x,
        grid,
        mode=_SAMPLED[mode],
        padding_mode=_BEYOND[padding],
        align_corners=bool(align_corners),
    )


_SMOOTH = {"linear1d": "linear", "bilinear2d": "linear", "trilinear3d": "linear"}
_SMOOTH |= {"bicubic2d": "cubic"}
_ANTIALIASED = {"bilinear2d_aa": "linear-aa", "bicubic2d_aa": "cubic-aa"}
_NEAREST = {f"nearest{n}d": "nearest" for n in (1, 2, 3)}
_EXACT = {f"_nearest_exact{n}d": "nearest-exact" for n in (1, 2, 3)}

ROWS: dict[str, Lowering] = {
    **{f"upsample_{k}.vec": _smooth(mode, vec=True) for k, mode in _SMOOTH.items()},
    **{f"upsample_{k}": _smooth(mode, vec=False) for k, mode in _SMOOTH.items()},
    **{f"_upsample_{k}.vec": _smooth(mode, vec=True) for k, mode in _ANTIALIASED.items()},
    **{f"_upsample_{k}": _smooth(mode, vec=False) for k, mode in _ANTIALIASED.items()},
    **{f"upsample_{k}.vec": _nearest(mode, vec=True) for k, mode in _NEAREST.items()},
    **{f"upsample_{k}": _nearest(mode, vec=False) for k, mode in _NEAREST.items()},
    **{f"_upsample{k}.vec": _nearest(mode, vec=True) for k, mode in _EXACT.items()},
    **{f"_upsample{k}": _nearest(mode, vec=False) for k, mode in _EXACT.items()},
    "grid_sampler": _sampled,
    "grid_sampler_2d": _sampled,
    "grid_sampler_3d": _sampled,
}
