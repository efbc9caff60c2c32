"""Attention, dropout, and bags of embeddings."""

from __future__ import annotations

from typing import Any

import torch

from .common import Lowering, NotCaptured, Pen, Value


def _dropped(w: Pen, x: Value, p: float, train: Any = True) -> Any:
    """Of two results, the second is the mask."""
    if not train or p == 0:
        return w.emit("identity", x)
    if p >= 1:
        return w.emit("multiply", x, 0.0)
    mask = w.draw("dropout", x.shape)
    return w.emit("dropout", x, mask, p=p)


def _dropped_with_mask(w: Pen, x: Value, p: float, train: Any = True) -> tuple[Any, ...]:
    return _dropped(w, x, p, train is None or train), None


def _attended(
    w: Pen,
    query: Value,
    key: Value,
    value: Value,
    mask: Value | None = None,
    dropout: float = 0.0,
    causal: Any = False,
    scale: float | None = None,
    *_: Any,
) -> str:
    if dropout == 0:
        return w.emit(
            "scaled_dot_product_attention",
            query,
            key,
            value,
            mask,
            is_causal=bool(causal),
            scale=scale,
        )
    return _attended_dropping(w, query, key, value, mask, dropout, scale, causal=bool(causal))


def _attended_dropping(
    w: Pen,
    query: Value,
    key: Value,
    value: Value,
    mask: Value | None,
    dropout: float,
    scale: float | None,
    *,
    causal: bool,
) -> str:
    """Probabilities are dropped between the softmax and the product: spelt out."""
    if query.ndim > 2 and query.shape[-3] != key.shape[-3]:
        raise NotCaptured("dropout of grouped heads")
    factor = query.shape[-1] ** -0.5 if scale is None else scale
    scores = w.emit("matmul", query, w.emit("matrix_transpose", key))
    scores = w.emit("multiply", scores, factor)
    hidden = w.constant(torch.tensor(float("-inf"), dtype=query.dtype))
    if mask is not None:
        boolean = mask.dtype == torch.bool
        scores = w.emit("where", mask, scores, hidden) if boolean else w.emit("add", scores, mask)
    if causal:
        seen = torch.ones(query.shape[-2], key.shape[-2], dtype=torch.bool).tril()
        scores = w.emit("where", w.constant(seen), scores, hidden)
    p = w.emit("softmax", scores, axis=-1)
    drawn = w.draw("dropout", (*query.shape[:-1], key.shape[-2]))
    return w.emit("matmul", w.emit("dropout", p, drawn, p=dropout), value)


def _flash_cpu(w: Pen, q: Any, k: Any, v: Any, dropout: float, causal: Any, *given: Any) -> Any:
    mask, scale = given
    y = _attended(w, q, k, v, mask, dropout, causal, scale)
    return y, *(None,) * (w.count - 1)


def _math(
    w: Pen, q: Any, k: Any, v: Any, mask: Any, dropout: float, causal: Any, *given: Any
) -> Any:
    _, scale, *__ = given
    return _attended(w, q, k, v, mask, dropout, causal, scale), None


def _bag(
    w: Pen,
    weight: Value,
    indices: Value,
    offsets: Value,
    _: Any = False,
    mode: int = 0,
    __: Any = False,
    each: Value | None = None,
    last: Any = False,
    padding: int | None = -1,
) -> tuple[Any, ...]:
    """Sums (0), means (1) or maxima (2) of the rows of each bag, which starts at its offset."""
    if indices.held is None or offsets.held is None:
        raise NotCaptured("bags that move")
    at, starts = indices.held.reshape(-1), offsets.held.tolist()
    ends = starts[1:] if last else [*starts[1:], len(at)]
    starts = starts[:-1] if last else starts
    kept = torch.ones(len(at), dtype=torch.bool) if padding in (None, -1) else at != padding
    bags = [[k for k in range(a, b) if kept[k]] for a, b in zip(starts, ends, strict=True)]
    order = torch.tensor([k for bag in bags for k in bag], dtype=torch.int64)
    rows: Any = w.emit("embedding", w.constant(at[order]), weight, padding_idx=None)
    if each is not None:
        scale = w.emit("take", each, w.constant(order), axis=0)
        rows = w.emit("multiply", rows, w.emit("expand_dims", scale, axis=-1))
    return _bagged(w, rows, [len(bag) for bag in bags], mode), *(None,) * (w.count - 1)


def _bagged(w: Pen, rows: str, counts: list[int], mode: int) -> str:
    if mode == 2:
        if 0 in counts:
            raise NotCaptured("the maximum of an empty bag")
        first, maxima = 0, []
        for n in counts:
            bag = w.emit("getitem", rows, index=(slice(first, first + n),))
            maxima.append(w.emit("max", bag, axis=0, keepdims=False))
            first += n
        return w.emit("stack", *maxima, axis=0)
    number = torch.repeat_interleave(torch.arange(len(counts)), torch.tensor(counts))
    y = w.emit("segment_sum", rows, w.constant(number), num_segments=len(counts))
    if mode == 0:
        return y
    sizes = torch.tensor(counts).clamp(min=1).to(w.dtype)[:, None]
    return w.emit("divide", y, w.constant(sizes))


ROWS: dict[str, Lowering] = {
    "dropout": _dropped,
    "native_dropout": _dropped_with_mask,
    "scaled_dot_product_attention": _attended,
    "_scaled_dot_product_flash_attention_for_cpu": _flash_cpu,
    "_scaled_dot_product_attention_math": _math,
    "embedding_bag": _bag,
    "_embedding_bag": _bag,
    "_embedding_bag_forward_only": _bag,
}
