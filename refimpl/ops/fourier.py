"""Discrete Fourier transforms.

y = F x with Fₖₙ = exp(−2πi·kn/N) times a factor that ``norm`` chooses, so the cotangent of x is
Fᴴ g: the inverse transform of g, its factor swapped. The transforms of real arrays hold half of
a symmetric spectrum; their rules say what the other half would have added.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from ..operation import Operation, ex
from ..sampling import real
from .axes import Axis
from .axes import axes as axes_of
from .checking import one_of
from .rows import unary

Axes = tuple[int, ...] | list[int] | None
Sizes = tuple[int, ...] | list[int] | None
Norm = Literal["backward", "ortho", "forward"]

#: The factor of a transform's adjoint is the one of its inverse under the other name.
_SWAPPED: dict[Norm, Norm] = {"backward": "forward", "forward": "backward", "ortho": "ortho"}


def _swapped(norm: Norm) -> Norm:
    one_of(_SWAPPED, norm=norm)
    return _SWAPPED[norm]


def resized(x: Any, sizes: dict[int, int]) -> Any:
    """Cut or padded with zeros behind to sizes along some axes: its own transpose."""
    for axis, size in sizes.items():
        x = np.moveaxis(x, axis, 0)[:size]
        lack = size - len(x)
        if lack:
            x = np.concatenate([x, np.zeros((lack, *x.shape[1:]), x.dtype)])
        x = np.moveaxis(x, 0, axis)
    return x


def _plan(x: Any, s: Sizes, axes: Axes, count: int | None) -> dict[int, int]:
    """The axes transformed, and the size along each."""
    if axes is None:
        number = count if s is None and count else x.ndim if s is None else len(s)
        axes = tuple(range(-number, 0))
    at = axes_of(tuple(axes), x.ndim)
    if s is not None and (isinstance(s, int) or len(s) != len(at)):
        raise ValueError(f"s is {s}, expected {len(at)} sizes")
    return dict(zip(at, [x.shape[k] for k in at] if s is None else s, strict=True))


def _fftn(x: Any, sizes: dict[int, int], norm: Norm, *, inverse: bool = False) -> Any:
    if not sizes:
        return x + 0j
    function = np.fft.ifftn if inverse else np.fft.fftn
    return function(resized(x, sizes), axes=tuple(sizes), norm=norm)


def _last(sizes: dict[int, int]) -> tuple[int, int]:
    """The last axis of a transform, and the size along it."""
    axis = list(sizes)[-1]
    return axis, sizes[axis]


def _twice(n: int, axis: int, ndim: int, dtype: Any) -> Any:
    """2 for the parts of half a spectrum that stand for two, 1 for the others."""
    weights = np.full(n // 2 + 1, 2, dtype)
    weights[0] = 1
    if n % 2 == 0:
        weights[-1] = 1
    return weights.reshape(-1, *(1 for _ in range(ndim - 1 - axis)))


def _full_vjp(g: Any, x: Any, sizes: dict[int, int], norm: Norm, *, inverse: bool) -> Any:
    back = _fftn(g, sizes, _swapped(norm), inverse=not inverse)
    return resized(back, {k: x.shape[k] for k in sizes})


def rfftn(x: Any, sizes: dict[int, int], norm: Norm) -> Any:
    """Half a spectrum of each real array, along axes brought to sizes."""
    return np.fft.rfftn(resized(x, sizes), axes=tuple(sizes), norm=norm)


def rfftn_vjp(g: Any, x: Any, sizes: dict[int, int], norm: Norm) -> Any:
    """The real part of the adjoint, the other half of the spectrum having no cotangent."""
    back = _fftn(resized(g, dict([_last(sizes)])), sizes, _swapped(norm), inverse=True)
    return resized(np.real(back), {k: x.shape[k] for k in sizes})


def _halved(sizes: dict[int, int]) -> dict[int, int]:
    """How much of the spectrum an inverse real transform reads."""
    axis, n = _last(sizes)
    return {**sizes, axis: n // 2 + 1}


def irfftn(x: Any, sizes: dict[int, int], norm: Norm) -> Any:
    """The real arrays that have half spectra, along axes of sizes."""
    return np.fft.irfftn(
        resized(x, _halved(sizes)), s=list(sizes.values()), axes=tuple(sizes), norm=norm
    )


def irfftn_vjp(g: Any, x: Any, sizes: dict[int, int], norm: Norm) -> Any:
    """The half spectrum of g, twice what stands for two."""
    axis, n = _last(sizes)
    half = np.fft.rfftn(g, axes=tuple(sizes), norm=_swapped(norm))
    back = half * _twice(n, axis, g.ndim, g.dtype)
    return resized(back, {k: x.shape[k] for k in sizes})


def _spectrum(sizes: dict[int, int], given: Any) -> dict[int, int]:
    """Without sizes given, half a spectrum of m stands for 2·(m − 1) elements."""
    if given is not None:
        return sizes
    axis, m = _last(sizes)
    return {**sizes, axis: 2 * (m - 1)}


_ALONG_ONE = (
    ex((4,)),
    ex((5,)),
    ex((2, 3), axis=0),
    ex((3, 4), norm="ortho"),
    ex((2, 5), n=3, norm="forward"),
    ex((2, 3), n=5),
    ex((0, 3)),
)
_ALONG_SEVERAL = (
    ex((3, 4)),
    ex((2, 3, 5), axes=(0, 2)),
    ex((3, 4), norm="ortho"),
    ex((3, 4), norm="forward", s=(2, 5)),
    ex((0, 3, 4), axes=(-2, -1)),
)


def _one(name: str, kind: str, formula: str, derivative: str) -> Operation:
    """A row for a transform along one axis."""
    forward, vjp = _RULES[kind]

    def plan(x: Any, n: int | None, axis: int) -> dict[int, int]:
        sizes = _plan(x, None if n is None else (n,), (axis,), None)
        return _spectrum(sizes, n) if kind in _FROM_HALF else sizes

    def along(x: Any, *, n: int | None = None, axis: int = -1, norm: Norm = "backward") -> Any:
        return forward(x, plan(x, n, axis), norm)

    def rule(
        g: Any, y: Any, x: Any, *, n: int | None = None, axis: int = -1, norm: Norm = "backward"
    ) -> Any:
        return vjp(g, x, plan(x, n, axis), norm)

    return _row(f"fft.{name}", kind, along, rule, formula, derivative, (*_ALONG_ONE, _single(kind)))


def _several(name: str, kind: str, count: int | None, formula: str, derivative: str) -> Operation:
    """A row for a transform along several axes: two, or all unless said."""
    forward, vjp = _RULES[kind]

    def plan(x: Any, s: Sizes, axes: Axes) -> dict[int, int]:
        sizes = _plan(x, s, axes, count)
        return _spectrum(sizes, s) if kind == "irfft" else sizes

    if count is None:

        def along(x: Any, *, s: Sizes = None, axes: Axes = None, norm: Norm = "backward") -> Any:
            return forward(x, plan(x, s, axes), norm)

    else:

        def along(
            x: Any, *, s: Sizes = None, axes: Axes = (-2, -1), norm: Norm = "backward"
        ) -> Any:
            return forward(x, plan(x, s, axes), norm)

    def rule(
        g: Any, y: Any, x: Any, *, s: Sizes = None, axes: Axes = None, norm: Norm = "backward"
    ) -> Any:
        return vjp(g, x, plan(x, s, axes), norm)

    single = ex((1, 1), s=(1, 1)) if kind == "irfft" else ex((1, 1))
    return _row(f"fft.{name}", kind, along, rule, formula, derivative, (*_ALONG_SEVERAL, single))


def _single(kind: str) -> Any:
    return ex((1,), n=1) if kind in _FROM_HALF else ex((1,))


def _row(
    name: str,
    kind: str,
    forward: Any,
    rule: Any,
    formula: str,
    derivative: str,
    examples: tuple[Any, ...],
) -> Operation:
    analytic = kind in ("fft", "ifft")
    return unary(
        name,
        formula,
        forward,
        derivative,
        rule,
        examples=examples,
        analytic=analytic,
        complex_too=analytic or kind in _FROM_HALF,
    )


_RULES: dict[str, tuple[Any, Any]] = {
    "fft": (
        _fftn,
        lambda g, x, sizes, norm: _full_vjp(g, x, sizes, norm, inverse=False),
    ),
    "ifft": (
        lambda x, sizes, norm: _fftn(x, sizes, norm, inverse=True),
        lambda g, x, sizes, norm: _full_vjp(g, x, sizes, norm, inverse=True),
    ),
    "rfft": (rfftn, rfftn_vjp),
    "irfft": (irfftn, irfftn_vjp),
    "hfft": (
        lambda x, sizes, norm: irfftn(np.conj(x), sizes, _swapped(norm)),
        lambda g, x, sizes, norm: np.conj(irfftn_vjp(g, x, sizes, _swapped(norm))),
    ),
    "ihfft": (
        lambda x, sizes, norm: np.conj(rfftn(x, sizes, _swapped(norm))),
        lambda g, x, sizes, norm: rfftn_vjp(np.conj(g), x, sizes, _swapped(norm)),
    ),
}
#: The transforms that read half a spectrum, whose length does not say how long the whole is.
_FROM_HALF = ("irfft", "hfft")
_FFT = "yₖ = Σ xₙ·exp(−2πi·kn/N)", "Fᴴ g, an unscaled inverse transform"
_IFFT = "xₙ = 1/N·Σ yₖ·exp(2πi·kn/N)", "Fᴴ g / N, a scaled transform"
_RFFT = "fft of real x, k ≤ N/2", "Re Fᴴ g, g being 0 beyond N/2"
_IRFFT = "real ifft of half a spectrum", "half of F g / N, twice what stands for two"
_HFFT = "real fft of half a signal, the other half its conjugate", "as of irfft, at conj x"
_IHFFT = "conj of rfft of real x, over N", "as of rfft, of conj g"


def _rolled(x: Any, axes: Axis, *, forwards: bool) -> Any:
    at = axes_of(axes, x.ndim)
    return np.roll(x, [x.shape[k] // 2 if forwards else -(x.shape[k] // 2) for k in at], at)


def _shift(name: str, formula: str, *, forwards: bool) -> Operation:
    return Operation(
        f"fft.{name}",
        lambda x, *, axes=None: _rolled(x, axes, forwards=forwards),
        (lambda g, y, x, *, axes=None: _rolled(g, axes, forwards=not forwards),),
        formula=formula,
        derivatives=("g, moved back",),
        examples=(
            ex((5,)),
            ex((2, 3)),
            ex((3, 5), axes=(1,)),
            ex((3, 5), axes=0),
            ex((1,)),
            ex((0, 3)),
        ),
        domain=real,
        analytic=True,
    )


OPERATIONS = (
    _one("fft", "fft", *_FFT),
    _one("ifft", "ifft", *_IFFT),
    _one("rfft", "rfft", *_RFFT),
    _one("irfft", "irfft", *_IRFFT),
    _one("hfft", "hfft", *_HFFT),
    _one("ihfft", "ihfft", *_IHFFT),
    _several("fft2", "fft", 2, *_FFT),
    _several("ifft2", "ifft", 2, *_IFFT),
    _several("rfft2", "rfft", 2, *_RFFT),
    _several("irfft2", "irfft", 2, *_IRFFT),
    _several("fftn", "fft", None, *_FFT),
    _several("ifftn", "ifft", None, *_IFFT),
    _several("rfftn", "rfft", None, *_RFFT),
    _several("irfftn", "irfft", None, *_IRFFT),
    _shift("fftshift", "x, its first half moved behind its second", forwards=True),
    _shift("ifftshift", "fftshift undone", forwards=False),
)
