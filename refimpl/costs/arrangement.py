"""Work of moving elements: shapes, copies, joins, and what indices choose."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from .work import Rule, Shape, Work, product_of, size_of, sum_of, total_size


def _of_shape(key: str) -> Rule:
    """An attribute that is the result's shape."""

    def rule(shapes: list[Shape], attributes: Mapping[str, Any]) -> Work:
        elements = max(product_of(attributes[key]), total_size(shapes))
        return Work(elements, elements)

    return rule


def _times(key: str, turns: int = 0) -> Rule:
    """An attribute by which elements are multiplied; each turn of a loop is one of so many."""

    def rule(shapes: list[Shape], attributes: Mapping[str, Any]) -> Work:
        count = product_of(attributes[key])
        elements = total_size(shapes) * count
        return Work(elements, elements, turns * count)

    return rule


def _pad(shapes: list[Shape], attributes: Mapping[str, Any]) -> Work:
    widths = attributes["pad_width"]
    pairs = [sum_of(item) for item in widths] if isinstance(widths, tuple | list) else [2 * widths]
    if len(pairs) != len(shapes[0]) or not isinstance(widths[0], tuple | list):
        pairs = [sum_of(widths) * 2] * len(shapes[0])
    elements = math.prod(n + w for n, w in zip(shapes[0], pairs, strict=True))
    return Work(elements, elements)


def _taken(shapes: list[Shape], attributes: Mapping[str, Any]) -> Work:
    x, indices = shapes
    axis = attributes["axis"]
    elements = size_of(indices) * (size_of(x) // max(1, x[axis]))
    return Work(elements, elements + size_of(x))


def _embedding(shapes: list[Shape], attributes: Mapping[str, Any]) -> Work:
    indices, weight = shapes
    elements = size_of(indices) * weight[-1]
    return Work(elements, elements + size_of(weight))


def _getitem(shapes: list[Shape], attributes: Mapping[str, Any]) -> Work:
    """No more than there are, unless a list of indices repeats them."""
    elements, index = size_of(shapes[0]), attributes["index"]
    for part in index if isinstance(index, tuple) else (index,):
        if isinstance(part, list | tuple):
            elements = elements * max(1, len(part)) // max(1, min(shapes[0], default=1))
    return Work(elements, elements + size_of(shapes[0]))


def _gathered(shapes: list[Shape], attributes: Mapping[str, Any]) -> Work:
    x, indices = (list(shape) for shape in shapes[:2])
    axis = attributes.get("axis", -1)
    x[axis] = indices[axis]
    elements = math.prod(map(max, x, indices))
    return Work(elements, elements + size_of(shapes[0]))


def _made(key: str) -> Rule:
    """As many rows as an attribute says, beside what is given."""

    def rule(shapes: list[Shape], attributes: Mapping[str, Any]) -> Work:
        row = size_of(shapes[0][1:])
        elements = total_size(shapes) + product_of(attributes[key]) * row
        return Work(elements, elements)

    return rule


def _embedded(shapes: list[Shape], attributes: Mapping[str, Any]) -> Work:
    side = shapes[0][-1] + abs(attributes.get("offset", 0))
    elements = size_of(shapes[0][:-1]) * side * side
    return Work(elements, elements)


def _slots(shapes: list[Shape], attributes: Mapping[str, Any]) -> Work:
    """As many rows of slots as there are places, each as long as what all falls on one."""
    x, _, updates = shapes
    return Work(size_of(x), size_of(x) * (2 + size_of(updates)))


def _segments(shapes: list[Shape], attributes: Mapping[str, Any]) -> Work:
    rows = _made("num_segments")(shapes, attributes).elements
    return Work(rows, rows * (2 + shapes[0][0]))


def _two(shapes: list[Shape], attributes: Mapping[str, Any]) -> Work:
    elements = 2 * total_size(shapes)
    return Work(elements, elements)


def _each_q(shapes: list[Shape], attributes: Mapping[str, Any]) -> Work:
    elements = size_of(shapes[0]) * max(1, size_of(shapes[1]))
    return Work(elements, elements)


def _mode(shapes: list[Shape], attributes: Mapping[str, Any]) -> Work:
    elements = size_of(shapes[0])
    return Work(elements, elements * shapes[0][attributes.get("axis", -1)])


def _joined(shapes: list[Shape], attributes: Mapping[str, Any]) -> Work:
    return Work(total_size(shapes), total_size(shapes), len(shapes) / 10)


def _split(shapes: list[Shape], attributes: Mapping[str, Any]) -> Work:
    sections = attributes["sections"]
    count = sections if isinstance(sections, int) else len(sections)
    return Work(size_of(shapes[0]), size_of(shapes[0]), abs(count))


def _unstack(shapes: list[Shape], attributes: Mapping[str, Any]) -> Work:
    return Work(size_of(shapes[0]), size_of(shapes[0]), shapes[0][attributes.get("axis", 0)])


def _meshgrid(shapes: list[Shape], attributes: Mapping[str, Any]) -> Work:
    elements = len(shapes) * math.prod(map(size_of, shapes))
    return Work(elements, elements)


def _broadcast_all(shapes: list[Shape], attributes: Mapping[str, Any]) -> Work:
    elements = len(shapes) * size_of(np.broadcast_shapes(*shapes))
    return Work(elements, elements)


def _diag(shapes: list[Shape], attributes: Mapping[str, Any]) -> Work:
    side = max(shapes[0], default=1) + abs(attributes.get("k", 0))
    elements = side * side if len(shapes[0]) == 1 else size_of(shapes[0])
    return Work(elements, elements)


def _block_diag(shapes: list[Shape], attributes: Mapping[str, Any]) -> Work:
    rows = sum(shape[-2] if len(shape) > 1 else 1 for shape in shapes)
    elements = rows * sum(shape[-1] if shape else 1 for shape in shapes)
    return Work(elements, elements, len(shapes))


RULES: dict[str, Rule] = {
    "broadcast_to": _of_shape("shape"),
    "tile": _times("repetitions"),
    "repeat": _times("repeats"),
    "one_hot": _times("num_classes"),
    "segment_sum": _made("num_segments"),
    **dict.fromkeys((f"segment_{name}" for name in ("max", "min", "prod", "mean")), _segments),
    **dict.fromkeys(("scatter_reduce", "index_reduce"), _slots),
    **dict.fromkeys(("sici", "fresnel"), _two),
    "quantiles": _each_q,
    "mode": _mode,
    "diag_embed": _embedded,
    "masked_select": _made("size"),
    "pad": _pad,
    "block_diag": _block_diag,
    "take": _taken,
    "embedding": _embedding,
    "getitem": _getitem,
    "concat": _joined,
    "stack": _joined,
    "split": _split,
    "unstack": _unstack,
    "meshgrid": _meshgrid,
    "broadcast_arrays": _broadcast_all,
    "diag": _diag,
    **dict.fromkeys(("take_along_axis", "gather"), _gathered),
}
