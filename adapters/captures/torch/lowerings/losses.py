"""Losses and distances."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import torch

from .common import REDUCTIONS, Lowering, NotCaptured, Pen, Value


def _paired(operation: str, *names: str) -> Lowering:
    """A loss of an array and a target; aten has its attributes before or after the reduction."""

    def lower(w: Pen, x: Value, target: Any, *given: Any) -> str:
        attributes = dict(zip(names, given, strict=True))
        attributes["reduction"] = REDUCTIONS[attributes["reduction"]]
        return w.emit(operation, x, w.floating(target), **attributes)

    return lower


def _weighted(w: Pen, terms: str, weight: Value | None, reduction: int) -> str:
    """Terms times weights, reduced: aten's mean is over how many they are."""
    terms = terms if weight is None else w.emit("multiply", terms, weight)
    if REDUCTIONS[reduction] == "none":
        return terms
    return w.emit(REDUCTIONS[reduction], terms, axis=None, keepdims=False)


def _bce(w: Pen, x: Value, target: Any, weight: Value | None = None, reduction: int = 1) -> str:
    target = w.floating(target)
    if weight is None:
        return w.emit("bce", x, target, reduction=REDUCTIONS[reduction])
    return _weighted(w, w.emit("bce", x, target, reduction="none"), weight, reduction)


def bce_with_logits(
    w: Pen,
    x: Value,
    target: Any,
    weight: Value | None = None,
    positive: Value | None = None,
    reduction: int = 1,
) -> str:
    """The loss as the reference has it; a weight of all terms stands around it."""
    target = w.floating(target)
    if weight is None:
        how = REDUCTIONS[reduction]
        return w.emit("bce_with_logits", x, target, positive, reduction=how)
    terms = w.emit("bce_with_logits", x, target, positive, reduction="none")
    return _weighted(w, terms, weight, reduction)


def ignored_class(target: Value, index: int) -> int | None:
    """The class that counts for nothing; None where no target is of it."""
    if target.held is not None and not (target.held == index).any():
        return None
    return index


def _nll(
    w: Pen,
    x: Value,
    target: Value,
    weight: Value | None = None,
    reduction: int = 1,
    ignored: int = -100,
) -> str:
    how = REDUCTIONS[reduction]
    ignore = ignored_class(target, ignored)
    return w.emit("nll", x, target, weight, reduction=how, ignore_index=ignore)


def _cross_entropy(
    w: Pen,
    x: Value,
    target: Value,
    weight: Value | None = None,
    reduction: int = 1,
    ignored: int = -100,
    smoothing: float = 0.0,
) -> str:
    return w.emit(
        "cross_entropy",
        x,
        target,
        weight,
        reduction=REDUCTIONS[reduction],
        ignore_index=None if target.inexact else ignored_class(target, ignored),
        label_smoothing=smoothing,
    )


def _kl_div(w: Pen, x: Value, target: Value, reduction: int = 1, log_target: Any = False) -> str:
    how = REDUCTIONS[reduction]
    return w.emit("kl_div", x, target, log_target=bool(log_target), reduction=how)


def _poisson(
    w: Pen, x: Value, target: Any, log_input: Any, full: Any, eps: float, reduction: int
) -> str:
    return w.emit(
        "poisson_nll",
        x,
        w.floating(target),
        log_input=bool(log_input),
        full=bool(full),
        eps=eps,
        reduction=REDUCTIONS[reduction],
    )


def _multi_margin(
    w: Pen, x: Value, target: Value, p: Any, margin: Any, weight: Value | None, reduction: int
) -> str:
    how = REDUCTIONS[reduction]
    x, target = _rows(w, x), _rows(w, target, 1)
    y = w.emit("multi_margin", x, target, weight, p=p, margin=margin, reduction=how)
    return w.emit("reshape", y, shape=w.shape)


def _rows(w: Pen, x: Value, ndim: int = 2) -> Any:
    """An example, as a batch of one."""
    before = ndim - x.ndim
    return (
        w.emit("reshape", x, shape=(1,) * before + (x.shape or (1,))[-ndim:]) if before > 0 else x
    )


def _multilabel_margin(w: Pen, x: Value, target: Value, reduction: int) -> Any:
    given = _rows(w, x), _rows(w, target)
    y = w.emit("multilabel_margin", *given, reduction=REDUCTIONS[reduction])
    y = w.emit("reshape", y, shape=w.shape)
    return y if w.count == 1 else (y, None)


def _margin_ranking(w: Pen, a: Value, b: Value, target: Any, margin: float, reduction: int) -> str:
    how = REDUCTIONS[reduction]
    return w.emit("margin_ranking", a, b, w.floating(target), margin=margin, reduction=how)


def _cosine_embedding(
    w: Pen, a: Value, b: Value, target: Any, margin: float, reduction: int
) -> str:
    how = REDUCTIONS[reduction]
    given = w.floating(target)
    if a.ndim == 1:
        a_, b_ = (w.emit("expand_dims", x, axis=0) for x in (a, b))
        given = w.emit("reshape", given, shape=(1,))
        y = w.emit("cosine_embedding", a_, b_, given, margin=margin, reduction=how)
        return w.emit("reshape", y, shape=w.shape)
    return w.emit("cosine_embedding", a, b, given, margin=margin, reduction=how)


def _triplet(
    w: Pen,
    anchor: Value,
    positive: Value,
    negative: Value,
    margin: float,
    p: float,
    eps: float,
    swap: Any,
    reduction: int,
) -> str:
    return w.emit(
        "triplet_margin",
        anchor,
        positive,
        negative,
        margin=margin,
        p=p,
        eps=eps,
        swap=bool(swap),
        reduction=REDUCTIONS[reduction],
    )


def _feasible(target: list[int], steps: int) -> bool:
    """Whether labels fit: each needs a step, and two alike a blank between them."""
    return len(target) + sum(a == b for a, b in pairwise(target)) <= steps


def ctc(
    w: Pen,
    logs: Value,
    target: Value,
    input_lengths: Any,
    target_lengths: Any,
    blank: int = 0,
    reduction: int = 1,
    zero_infinity: Any = False,
) -> str:
    """The reference's takes logits; so aten's has to be given their log_softmax."""
    made = w.maker(logs.name)
    if made is None or made.operation != "log_softmax":
        raise NotCaptured("log-probabilities that log_softmax did not make")
    if target.held is None:
        raise NotCaptured("labels that move")
    labels, steps, sizes = target.held, _numbers(input_lengths), _numbers(target_lengths)
    rows = labels.reshape(1, -1) if logs.ndim == 2 else labels
    if rows.ndim == 1:  # one after another
        parts = torch.split(rows, sizes)
        rows = torch.nn.utils.rnn.pad_sequence(list(parts), batch_first=True)
    fits = all(_feasible(r[:n].tolist(), t) for r, n, t in zip(rows, sizes, steps, strict=True))
    if zero_infinity and not fits:
        raise NotCaptured("zeros for labels that do not fit")
    (logits,) = made.refs
    given = logits if logs.ndim == 3 else w.emit("expand_dims", logits, axis=1)
    lengths = [w.constant(torch.tensor(n)) for n in (steps, sizes)]
    how = REDUCTIONS[reduction]
    y = w.emit("ctc", given, w.constant(rows), *lengths, blank=blank, reduction=how)
    return w.emit("reshape", y, shape=w.shape) if logs.ndim == 2 and how == "none" else y


def _numbers(lengths: Any) -> list[int]:
    if not isinstance(lengths, Value):
        return list(lengths)
    if lengths.held is None:
        raise NotCaptured("lengths that move")
    return lengths.held.reshape(-1).tolist()


def _cosine(w: Pen, a: Value, b: Value, axis: int = 1, eps: float = 1e-8) -> str:
    return w.emit("cosine_similarity", a, b, axis=axis, eps=eps)


def _pairwise(
    w: Pen,
    a: Value,
    b: Value,
    p: float = 2.0,
    eps: float = 1e-6,
    keepdims: Any = False,
) -> str:
    return w.emit("pairwise_distance", a, b, p=p, eps=eps, keepdims=bool(keepdims))


def _pdist(w: Pen, x: Value, p: float = 2.0) -> str:
    """The distances of all pairs, from their places above the diagonal."""
    first, second = torch.triu_indices(x.shape[0], x.shape[0], 1)
    pairs = [w.emit("take", x, w.constant(k), axis=0) for k in (first, second)]
    difference = w.emit("subtract", *pairs)
    return w.emit("linalg.vector_norm", difference, axis=-1, keepdims=False, ord=p)


ROWS: dict[str, Lowering] = {
    "mse_loss": _paired("mse", "reduction"),
    "l1_loss": _paired("l1", "reduction"),
    "smooth_l1_loss": _paired("smooth_l1", "reduction", "beta"),
    "huber_loss": _paired("huber", "reduction", "delta"),
    "soft_margin_loss": _paired("soft_margin", "reduction"),
    "hinge_embedding_loss": _paired("hinge_embedding", "margin", "reduction"),
    "binary_cross_entropy": _bce,
    "binary_cross_entropy_with_logits": bce_with_logits,
    "nll_loss": _nll,
    "nll_loss_nd": _nll,
    "nll_loss2d": _nll,
    "nll_loss_forward": lambda w, *given: (_nll(w, *given), None),
    "nll_loss2d_forward": lambda w, *given: (_nll(w, *given), None),
    "cross_entropy_loss": _cross_entropy,
    "kl_div": _kl_div,
    "poisson_nll_loss": _poisson,
    "multi_margin_loss": _multi_margin,
    "multilabel_margin_loss": _multilabel_margin,
    "multilabel_margin_loss_forward": _multilabel_margin,
    "margin_ranking_loss": _margin_ranking,
    "cosine_embedding_loss": _cosine_embedding,
    "triplet_margin_loss": _triplet,
    "ctc_loss": ctc,
    "_ctc_loss": lambda w, logs, target, steps, sizes, blank, zero: (
        (ctc(w, logs, target, steps, sizes, blank, 0, zero), None)
    ),
    "cosine_similarity": _cosine,
    "pairwise_distance": _pairwise,
    "cdist": lambda w, a, b, p, *_: w.emit("cdist", a, b, p=p),
    "_cdist_forward": lambda w, a, b, p, *_: w.emit("cdist", a, b, p=p),
    "_euclidean_dist": lambda w, a, b: w.emit("cdist", a, b, p=2.0),
    "pdist": _pdist,
    "_pdist_forward": _pdist,
}
