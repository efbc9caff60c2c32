"""Connectionist temporal classification: the probability of a label sequence, however aligned.

A. Graves, S. Fernández, F. Gomez & J. Schmidhuber, "Connectionist temporal classification:
labelling unsegmented sequence data with recurrent neural networks", ICML 2006, sections 4.1, 4.2.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..operation import Operation, ex
from ..sampling import real
from .loss_reduction import Reduction, reduce, reduce_vjp
from .softmax import log_softmax


def ctc(
    x: Any,
    target: Any,
    input_lengths: Any,
    target_lengths: Any,
    *,
    blank: int = 0,
    reduction: Reduction = "mean",
) -> Any:
    """−log Σ over alignments of Π softmax(x)[t, n, symbol at t].

    Shapes: logits x (time, n, classes), target (n, longest), lengths (n,). The mean is of each
    example's loss over its target's length.
    """
    logs = log_softmax(x, axis=-1)
    losses = [
        -_alignments(_emitted(logs, target, n, m, k, blank), _skips(target, n, k, blank))[0]
        for n, m, k in _lengths(input_lengths, target_lengths)
    ]
    terms = np.stack(losses) if losses else np.zeros_like(x, shape=(0,))
    if reduction == "mean":
        terms = terms / _sizes(target_lengths, x)
    return reduce(terms, reduction)


def _ctc_vjp_x(
    g: Any,
    y: Any,
    x: Any,
    target: Any,
    input_lengths: Any,
    target_lengths: Any,
    *,
    blank: int = 0,
    reduction: Reduction = "mean",
) -> Any:
    """softmax(x) − (how likely each symbol is at each time, given the labels), Graves' (16)."""
    logs = log_softmax(x, axis=-1)
    each = np.broadcast_to(reduce_vjp(g, reduction, x.shape[1]), target_lengths.shape)
    if reduction == "mean":
        each = each / _sizes(target_lengths, x)
    x_bar = np.zeros_like(x)
    for n, m, k in _lengths(input_lengths, target_lengths):
        emitted, skips = _emitted(logs, target, n, m, k, blank), _skips(target, n, k, blank)
        total, forward = _alignments(emitted, skips)
        _, backward = _alignments(emitted[::-1, ::-1], skips[::-1])
        posterior = np.exp(forward + backward[::-1, ::-1] - emitted - total)
        x_bar[:m, n] = np.exp(logs[:m, n])
        for s, symbol in enumerate(_extended(target, n, k, blank)):
            x_bar[:m, n, symbol] -= posterior[:, s]
        x_bar[:, n] *= each[n]
    return x_bar


def _lengths(input_lengths: Any, target_lengths: Any) -> list[tuple[int, int, int]]:
    pairs = zip(input_lengths.tolist(), target_lengths.tolist(), strict=True)
    return [(n, m, k) for n, (m, k) in enumerate(pairs)]


def _sizes(target_lengths: Any, x: Any) -> Any:
    """What the mean divides each example by: an empty target's loss is not divided."""
    return np.maximum(target_lengths, 1).astype(x.dtype)


def _extended(target: Any, n: int, k: int, blank: int) -> Any:
    """The labels with a blank before, between and after."""
    symbols = np.full(2 * k + 1, blank)
    symbols[1::2] = target[n, :k]
    return symbols


def _emitted(logs: Any, target: Any, n: int, m: int, k: int, blank: int) -> Any:
    """(time, extended labels): the log-probability of each symbol at each time."""
    return logs[:m, n][:, _extended(target, n, k, blank)]


def _skips(target: Any, n: int, k: int, blank: int) -> Any:
    """Which steps over two symbols are allowed: those over a blank, between different labels."""
    symbols = _extended(target, n, k, blank)
    return (symbols[2:] != blank) & (symbols[2:] != symbols[:-2])


def _alignments(emitted: Any, skips: Any) -> tuple[Any, Any]:
    """The log-probability of all alignments, and of all that are at each symbol at each time."""
    reached = np.full_like(emitted, -np.inf)
    reached[0, :2] = emitted[0, :2]
    for t in range(1, len(emitted)):
        before = reached[t - 1]
        ways = before.copy()
        ways[1:] = np.logaddexp(ways[1:], before[:-1])
        ways[2:] = np.where(skips, np.logaddexp(ways[2:], before[:-2]), ways[2:])
        reached[t] = ways + emitted[t]
    last = reached[-1]
    return np.logaddexp(last[-1], last[-2]) if len(last) > 1 else last[-1], reached


def _input_lengths(generator: Any, shape: tuple[int, ...]) -> Any:
    """Five and six, in turns."""
    return 5 + np.arange(shape[0]) % 2


def _target_lengths(generator: Any, shape: tuple[int, ...]) -> Any:
    """Three and two, in turns."""
    return 3 - np.arange(shape[0]) % 2


OPERATIONS = (
    Operation(
        "ctc",
        ctc,
        (_ctc_vjp_x, None, None, None),
        formula="reduction of −log Σ Π softmax(x)[t, symbol at t] over alignments",
        derivatives=("(softmax(x) − posterior)/n", None, None, None),
        examples=(
            ex((6, 2, 4), (2, 3), (2,), (2,)),
            ex((6, 3, 5), (3, 3), (3,), (3,), reduction="none"),
            ex((6, 1, 3), (1, 3), (1,), (1,), reduction="sum"),
            ex((6, 0, 3), (0, 2), (0,), (0,), reduction="sum"),
        ),
        domain=(
            real,
            lambda generator, shape: generator.integers(1, 3, shape),
            _input_lengths,
            _target_lengths,
        ),
    ),
)
