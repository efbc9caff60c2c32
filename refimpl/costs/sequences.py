"""Work of loops over an axis or a number, of attention, of recurrence, and of all pairs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .work import Rule, Shape, Work, product_of, size_of, total_size


def _repeated(key: str) -> Rule:
    """A loop over the whole array as often as an attribute says."""

    def rule(shapes: list[Shape], attributes: Mapping[str, Any]) -> Work:
        count = product_of(attributes.get(key, 1))
        return Work(total_size(shapes), total_size(shapes) * count, count)

    return rule


def _along(shapes: list[Shape], attributes: Mapping[str, Any]) -> Work:
    """One element after the other, in Python."""
    return Work(total_size(shapes), total_size(shapes), shapes[0][attributes.get("axis", -1)])


def _twice(shapes: list[Shape], attributes: Mapping[str, Any]) -> Work:
    """At most two elements for one: an initial one beside each, or values and indices."""
    return Work(2 * size_of(shapes[0]) + 1, 2 * size_of(shapes[0]))


def _quantiles(shapes: list[Shape], attributes: Mapping[str, Any]) -> Work:
    q = attributes.get("q", 0.5)
    count = len(q) if isinstance(q, tuple | list) else 1
    return Work(size_of(shapes[0]) * count, size_of(shapes[0]) * (20 + count))


def _polygamma(shapes: list[Shape], attributes: Mapping[str, Any]) -> Work:
    n = product_of(attributes["n"])
    return Work(total_size(shapes), total_size(shapes) + n * n)  # a factorial of n


def _attention(shapes: list[Shape], attributes: Mapping[str, Any]) -> Work:
    query, key, value = shapes[:3]
    if "num_heads" in attributes:  # batch, length, width: as one head, or as many
        scores = query[0] * query[1] * key[1] * product_of(attributes["num_heads"])
        projected = (total_size(shapes[:3])) * query[-1] * 4
        return Work(scores + total_size(shapes), scores * query[-1] / 4 + projected / 4)
    scores = max(size_of(query[:-2]), size_of(key[:-2])) * query[-2] * key[-2]
    elements = scores + total_size(shapes) + scores // max(1, key[-2]) * value[-1]
    return Work(elements, elements + scores * (query[-1] + value[-1]) / 4)


def _recurrent(shapes: list[Shape], attributes: Mapping[str, Any]) -> Work:
    x, w_ih, w_hh = shapes[:3]
    rows = size_of(x[:-1])
    elements = 2 * rows * w_ih[0]
    return Work(elements, elements + rows * (size_of(w_ih) + size_of(w_hh)) / 4, 10 * x[0])


def _all_pairs(shapes: list[Shape], attributes: Mapping[str, Any]) -> Work:
    a, b = shapes[:2]
    elements = max(size_of(a[:-2]), size_of(b[:-2])) * a[-2] * b[-2] * a[-1]
    return Work(elements, elements)


def _pairs_of_classes(shapes: list[Shape], attributes: Mapping[str, Any]) -> Work:
    elements = size_of(shapes[0]) * (shapes[0][-1] if shapes[0] else 1)
    return Work(elements, elements)


def _ctc(shapes: list[Shape], attributes: Mapping[str, Any]) -> Work:
    x, target = shapes[:2]
    elements = size_of(x) + 4 * x[0] * x[1] * (2 * target[-1] + 1)
    return Work(elements, elements * 4, 10 * x[0])


RULES: dict[str, Rule] = {
    **dict.fromkeys(("cumulative_sum", "cumulative_prod", "top_k"), _twice),
    "diff": _repeated("n"),
    "multigammaln": _repeated("d"),
    "local_response_norm": _repeated("size"),
    "polygamma": _polygamma,
    **dict.fromkeys(("logcumsumexp", "cummax", "cummin"), _along),
    **dict.fromkeys(("quantile", "median"), _quantiles),
    **dict.fromkeys(("scaled_dot_product_attention", "multi_head_attention"), _attention),
    **dict.fromkeys(("rnn", "lstm", "gru"), _recurrent),
    **dict.fromkeys(("cdist", "info_nce"), _all_pairs),
    "multilabel_margin": _pairs_of_classes,
    "ctc": _ctc,
}
