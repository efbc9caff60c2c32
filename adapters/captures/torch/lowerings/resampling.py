"""Images at another size, or at any points."""

from __future__ import annotations

from typing import Any

from .common import Lowering, NotCaptured, Pen, Value

_SAMPLED = ("bilinear", "nearest", "bicubic")
_BEYOND = ("zeros", "border", "reflection")


def _size(w: Pen, x: Value, scales: Any) -> tuple[int, ...]:
    """The size of the result; a scale that is not its quotient would move the pixels' places."""
    made = w.shape[2:]
    for n, m, scale in zip(x.shape[2:], made, scales or (None,) * len(made), strict=True):
        if scale is not None and scale > 0 and abs(m - n * scale) > 1e-9 * m:
            raise NotCaptured(f"pixels at a scale of {scale}, which is not {m}/{n}")
    return made


def _nearest(mode: str, *, vec: bool) -> Lowering:
    def lower(w: Pen, x: Value, _: Any, *scales: Any) -> str:
        given = scales[0] if vec else scales
        return w.emit("interpolate", x, size=_size(w, x, given), mode=mode)

    return lower


def _smooth(mode: str, *, vec: bool) -> Lowering:
    def lower(w: Pen, x: Value, _: Any, align_corners: Any, *scales: Any) -> str:
        given = scales[0] if vec else scales
        size = _size(w, x, None if align_corners else given)
        return w.emit("interpolate", x, size=size, mode=mode, align_corners=bool(align_corners))

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
_NEAREST = {f"nearest{n}d": "nearest" for n in (1, 2, 3)}
_EXACT = {f"_nearest_exact{n}d": "nearest-exact" for n in (1, 2, 3)}

ROWS: dict[str, Lowering] = {
    **{f"upsample_{k}.vec": _smooth(mode, vec=True) for k, mode in _SMOOTH.items()},
    **{f"upsample_{k}": _smooth(mode, vec=False) for k, mode in _SMOOTH.items()},
    **{f"upsample_{k}.vec": _nearest(mode, vec=True) for k, mode in _NEAREST.items()},
    **{f"upsample_{k}": _nearest(mode, vec=False) for k, mode in _NEAREST.items()},
    **{f"_upsample{k}.vec": _nearest(mode, vec=True) for k, mode in _EXACT.items()},
    **{f"_upsample{k}": _nearest(mode, vec=False) for k, mode in _EXACT.items()},
    "grid_sampler": _sampled,
    "grid_sampler_2d": _sampled,
    "grid_sampler_3d": _sampled,
}
