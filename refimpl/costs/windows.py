"""Work of what slides over spatial axes or resizes them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from .work import Rule, Shape, Work, per_axis, product_of, size_of, sum_of

_SLIDES = (("padding", 0), ("stride", 1))
_PAINTS = (("stride", 1), ("output_padding", 0))


def _convolved(shapes: list[Shape], attributes: Mapping[str, Any]) -> Work:
    x, weight = shapes[:2]
    kernel = weight[2:]
    count = len(kernel)
    padding, stride = (per_axis(attributes.get(k, d), count) for k, d in _SLIDES)
    dilation = per_axis(attributes.get("dilation", 1), count)
    out = [
        max(0, (n + 2 * p - d * (k - 1) - 1) // max(1, s) + 1)
        for n, p, d, k, s in zip(x[2:], padding, dilation, kernel, stride, strict=True)
    ]
    padded = x[0] * x[1] * math.prod(n + 2 * p for n, p in zip(x[2:], padding, strict=True))
    elements = x[0] * weight[0] * math.prod(out)
    columns = x[0] * x[1] * math.prod(kernel) * math.prod(out)
    work = padded + columns + elements * weight[1] * math.prod(kernel) / 10
    return Work(max(elements, padded), work, math.prod(kernel))


def _painted(shapes: list[Shape], attributes: Mapping[str, Any]) -> Work:
    x, weight = shapes[:2]
    kernel = weight[2:]
    count = len(kernel)
    stride, extra = (per_axis(attributes.get(k, d), count) for k, d in _PAINTS)
    dilation = per_axis(attributes.get("dilation", 1), count)
    out = [
        max(1, n) * max(1, s) + d * max(1, k) + e
        for n, s, d, k, e in zip(x[2:], stride, dilation, kernel, extra, strict=True)
    ]
    groups = product_of(attributes.get("groups", 1))
    elements = x[0] * weight[1] * groups * math.prod(out)
    columns = size_of(x) * weight[1] * math.prod(kernel)
    return Work(elements, elements + columns, math.prod(kernel))


def _pooled(shapes: list[Shape], attributes: Mapping[str, Any]) -> Work:
    kernel = attributes["kernel_size"]
    count = len(kernel) if isinstance(kernel, tuple | list) else len(shapes[0]) - 2
    kernels, pads = per_axis(kernel, count), per_axis(attributes.get("padding", 0), count)
    strides = per_axis(attributes.get("stride", 1), count)
    lead, spatial = shapes[0][: len(shapes[0]) - count], shapes[0][len(shapes[0]) - count :]
    out = [(n + 2 * p) // max(1, s) + 1 for n, p, s in zip(spatial, pads, strides, strict=True)]
    padded = math.prod(lead) * math.prod(n + 2 * p for n, p in zip(spatial, pads, strict=True))
    columns = math.prod(lead) * math.prod(out) * math.prod(kernels)
    return Work(max(padded, columns), padded + columns, math.prod(kernels))


def _resized(key: str) -> Rule:
    """Spatial axes of another size."""

    def rule(shapes: list[Shape], attributes: Mapping[str, Any]) -> Work:
        size = attributes[key]
        count = len(size) if isinstance(size, tuple | list) else len(shapes[0]) - 2
        target = per_axis(size, count)
        lead = math.prod(shapes[0][: len(shapes[0]) - count])
        spatial = shapes[0][len(shapes[0]) - count :]
        # axis by axis: some are of the new size already, the others of the old one
        elements = lead * math.prod(map(max, spatial, target))
        turns = math.prod(target) if key == "output_size" else 0
        return Work(elements, 4 * elements, turns)

    return rule


def _unpooled(shapes: list[Shape], attributes: Mapping[str, Any]) -> Work:
    size = attributes["output_size"]
    count = len(size) if isinstance(size, tuple | list) else len(shapes[0]) - 2
    lead = shapes[0][: len(shapes[0]) - count]
    elements = math.prod(lead) * math.prod(per_axis(size, count))
    return Work(elements, 4 * (elements + size_of(shapes[0])))


def _fold(shapes: list[Shape], attributes: Mapping[str, Any]) -> Work:
    pads = sum_of(attributes.get("padding", 0)) * 2
    sizes = per_axis(attributes["output_size"], 2)
    elements = size_of(shapes[0]) + shapes[0][0] * shapes[0][1] * math.prod(n + pads for n in sizes)
    return Work(elements, elements, product_of(attributes["kernel_size"]))


def _grid_sampled(shapes: list[Shape], attributes: Mapping[str, Any]) -> Work:
    x, grid = shapes
    elements = size_of(x) + size_of(grid[:-1]) * x[1]
    return Work(elements, 32 * elements)


def _deformed(shapes: list[Shape], attributes: Mapping[str, Any]) -> Work:
    """As many columns as a convolution has, each of four pixels."""
    x, offset, weight, *_ = shapes
    places = size_of(offset) // 2
    columns = offset[0] * x[1] * product_of(weight[2:]) * product_of(offset[2:])
    held = size_of(x) + columns + 8 * places + offset[0] * weight[0] * product_of(offset[2:])
    return Work(held, 32 * held + columns * weight[0] / 10)


def _aligned(shapes: list[Shape], attributes: Mapping[str, Any]) -> Work:
    """Weights of each row and column, sample by sample; and two products with them."""
    x, boxes, *_ = shapes
    height, width = per_axis(attributes["output_size"], 2)
    ratio = attributes.get("sampling_ratio", 0)
    samples = ratio if isinstance(ratio, int) and ratio > 0 else 2 * max(x[2:]) + 6
    weights = boxes[0] * (height * x[2] + width * x[3])
    images = boxes[0] * x[1] * x[2] * x[3]
    halves = boxes[0] * x[1] * height * (x[3] + width)
    products = height * images + halves * x[3]
    held = max(size_of(x) + images, weights, halves)
    return Work(held, held + 10 * samples * weights + products / 10, 20 * samples)


RULES: dict[str, Rule] = {
    "conv": _convolved,
    "conv_transpose": _painted,
    **dict.fromkeys(("max_pool", "avg_pool", "lp_pool", "unfold"), _pooled),
    **dict.fromkeys(("adaptive_avg_pool", "adaptive_max_pool"), _resized("output_size")),
    "max_unpool": _unpooled,
    "interpolate": _resized("size"),
    "fold": _fold,
    "grid_sample": _grid_sampled,
    "deform_conv": _deformed,
    "roi_align": _aligned,
}
