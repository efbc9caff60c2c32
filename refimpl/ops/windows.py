"""Windows that slide over the trailing (spatial) axes: what convolution and pooling share.

A window holds the elements ``x[..., i·stride + k·dilation]`` for each offset k of its kernel.
``offset_views`` gives, for each k, all those elements as one strided view: gathering them into
columns and scattering columns back are then the same loop, one the transpose of the other.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .checking import at_least

#: One number for all spatial axes, or one each.
Spatial = int | tuple[int, ...] | list[int]


def spread(value: Spatial, count: int, what: str) -> tuple[int, ...]:
    """One number an axis."""
    values = (value,) * count if isinstance(value, (int, np.integer)) else tuple(value)
    if len(values) != count:
        raise ValueError(f"{what} has {len(values)} numbers, expected {count}")
    return values


@dataclass(frozen=True)
class Windows:
    """The geometry of sliding windows: everything but the data."""

    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    padding: tuple[int, ...]
    dilation: tuple[int, ...]
    #: Spatial shape before padding.
    inner: tuple[int, ...]
    #: How many windows are used along each axis, where that is not as many as fit.
    seen: tuple[int, ...] | None = None

    @property
    def overhang(self) -> tuple[int, ...]:
        """How far the last window of each axis stands out behind the padding."""
        return tuple(
            max(0, (m - 1) * s + d * (k - 1) + 1 - n - 2 * p)
            for m, k, s, p, d, n in zip(
                self.count,
                self.kernel,
                self.stride,
                self.padding,
                self.dilation,
                self.inner,
                strict=True,
            )
        )

    @property
    def count(self) -> tuple[int, ...]:
        """How many windows there are along each axis: ⌊(n + 2p − d(k − 1) − 1)/s⌋ + 1."""
        if self.seen is not None:
            return self.seen
        return tuple(
            (n + 2 * p - d * (k - 1) - 1) // s + 1
            for n, k, s, p, d in zip(
                self.inner, self.kernel, self.stride, self.padding, self.dilation, strict=True
            )
        )

    @property
    def outer(self) -> tuple[int, ...]:
        """Spatial shape after padding, and after what windows stand out behind it."""
        sizes = zip(self.inner, self.padding, self.overhang, strict=True)
        return tuple(n + 2 * p + e for n, p, e in sizes)

    @property
    def middle(self) -> tuple[Any, ...]:
        """Where the data stand in the padded array."""
        return (..., *(slice(p, p + n) for n, p in zip(self.inner, self.padding, strict=True)))


def _rounded_up(w: Windows) -> tuple[int, ...]:
    """How many windows there are where the last may stand out, but begins in front of the end."""
    sizes = zip(w.inner, w.kernel, w.stride, w.padding, w.dilation, strict=True)
    counts = (((-(n + 2 * p - d * (k - 1) - 1) // s), n + p, s) for n, k, s, p, d in sizes)
    return tuple(1 - m - (-m * s >= end) for m, end, s in counts)


def windows(
    x: Any,
    kernel: tuple[int, ...],
    stride: Spatial,
    padding: Spatial,
    dilation: Spatial = 1,
    *,
    ceil_mode: bool = False,
) -> Windows:
    """The windows of a kernel over the trailing axes of ``x``.

    With ``ceil_mode`` there is one more where the last that fits leaves elements over: it stands
    out behind the padding, and is left out where it would begin there.
    """
    n = len(kernel)
    at_least(1, kernel=kernel, stride=stride, dilation=dilation)
    at_least(0, padding=padding)
    w = Windows(
        kernel,
        spread(stride, n, "stride"),
        spread(padding, n, "padding"),
        spread(dilation, n, "dilation"),
        x.shape[x.ndim - n :],
    )
    if ceil_mode:
        w = replace(w, seen=_rounded_up(w))
    if min(w.count) < 1:
        raise ValueError(f"a kernel of {kernel} does not fit into {w.outer}")
    return w


def padded(x: Any, w: Windows, fill: float = 0.0) -> Any:
    """``x`` with ``fill`` around its spatial axes."""
    if not any(w.padding) and not any(w.overhang):
        return x
    y = np.full_like(x, fill, shape=x.shape[: x.ndim - len(w.inner)] + w.outer)
    y[w.middle] = x
    return y


def offset_views(padded_x: Any, w: Windows) -> Iterator[Any]:
    """For each offset of the kernel, in order, what all windows see there: a writable view."""
    for offset in np.ndindex(w.kernel):
        yield padded_x[
            (
                ...,
                *(
                    slice(k * d, k * d + (n - 1) * s + 1, s)
                    for k, d, n, s in zip(offset, w.dilation, w.count, w.stride, strict=True)
                ),
            )
        ]


def gather(x: Any, w: Windows) -> Any:
    """Columns: (…, *spatial) → (…, offsets, *windows)."""
    lead = x.shape[: x.ndim - len(w.inner)]
    columns = np.empty_like(x, shape=(*lead, math.prod(w.kernel), *w.count))
    at = (slice(None),) * len(lead)
    for k, view in enumerate(offset_views(padded(x, w), w)):
        columns[(*at, k)] = view
    return columns


def scatter(columns: Any, w: Windows) -> Any:
    """The transpose of ``gather``: adds every column's element to where it came from."""
    lead = columns.shape[: columns.ndim - len(w.inner) - 1]
    x = np.zeros_like(columns, shape=lead + w.outer)
    at = (slice(None),) * len(lead)
    for k, view in enumerate(offset_views(x, w)):
        np.add(view, columns[(*at, k)], out=view)
    return x[w.middle]
