"""Edits of which position of a sequence is held to which label."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...cases.program import Instruction, Ref
from .edit import Edit, Known, Making, of
from .written import attributes_of, written

#: What stands between a model's logits and the loss.
_BETWEEN = frozenset(
    {"identity", "reshape", "permute_dims", "swapaxes", "moveaxis", "matrix_transpose"}
)

#: A label may be that of a token so many positions further on.
_FURTHER = (0, 1, -1, 2, -2)


@dataclass(frozen=True)
class _Held:
    """Positions from ``start`` on, and the label that each is held to."""

    start: int
    labels: np.ndarray

    @property
    def stop(self) -> int:
        """The position after the last."""
        return self.start + self.labels.shape[1]

    def further(self, tokens: _Held) -> int | None:
        """How many positions further on a label stands among tokens."""
        for step in _FURTHER:
            low = max(self.start + step, tokens.start)
            high = min(self.stop + step, tokens.stop)
            mine = self.labels[:, low - step - self.start : high - step - self.start]
            if high - low > 1 and np.array_equal(
                mine, tokens.labels[:, low - tokens.start : high - tokens.start]
            ):
                return step
        return None


@of("cross_entropy", "nll")
def _each_example(i: Instruction, known: Known) -> Iterator[Edit]:
    """The mean of each example's mean, which those of fewer labels count as much in."""
    held, found = attributes_of(i), _logits(i.arguments[0], known)
    if found is None or held["reduction"] != "mean" or held["ignore_index"] is None:
        return
    batch, size = known.values[found[0]].shape[0], math.prod(known.shape(i.arguments[1]))
    if size % batch or any(x is not None for x in i.arguments[2:]):
        return
    further = ", label_smoothing=label_smoothing" if "label_smoothing" in held else ""
    text = (
        f"z = {i.operation}(x, target, reduction='none', ignore_index=ignore_index{further})\n"
        "m = where(equal(target, ignore_index), 0.0, 1.0)\n"
        f"a = sum(reshape(z, shape=({batch}, -1)), axis=1)\n"
        f"n = sum(reshape(m, shape=({batch}, -1)), axis=1)\ny = mean(a / n)"
    )
    made = written(i, text)
    if made is not None:
        said = "{there} takes the mean of each example's mean, {here} of all labels that count"
        yield Edit(said, made, "the sum over all labels that count, divided by how many they are")


@of("cross_entropy", "nll")
def _positions(i: Instruction, known: Known) -> Iterator[Edit]:
    """Labels that are shifted otherwise, or positions that are left out."""
    found = _logits(i.arguments[0], known)
    if found is None or not isinstance(i.arguments[1], Ref):
        return
    name, start, between = found
    batch, steps, classes = known.values[name].shape
    target = np.asarray(known.values[i.arguments[1].name])
    if target.dtype.kind not in "iu" or target.size % batch or target.size > batch * steps:
        return
    here = _Held(start, target.reshape(batch, -1))
    for low, high in ((0, steps), (0, steps - 1), (1, steps)):
        rows = batch * (high - low)
        for leaf, x in known.arrays:
            labels = _labels(x, rows, classes)
            if labels is None:
                continue
            there = _Held(low, labels.reshape(batch, -1))
            if (low, high) == (here.start, here.stop) and np.array_equal(there.labels, here.labels):
                continue
            made = Making(i)
            y = made.add("getitem", Ref(name), index=(slice(None), slice(low, high)))
            y = made.add("log_softmax", y, axis=-1) if "log_softmax" in between else y
            y = made.add("reshape", y, shape=(rows, classes))
            shape = (rows,) if x.size == rows else (rows, classes)
            held = made.add("reshape", Ref(f"there:{leaf}"), shape=shape)
            said, agree = _said(here, there, known)
            yield Edit(said, made.again(y, held, *i.arguments[2:]), agree)


def _logits(argument: Any, known: Known) -> tuple[str, int, set[str]] | None:
    """The logits of every position, the first that is taken, and what is done to them since."""
    if not isinstance(argument, Ref):
        return None
    name = argument.name
    between: set[str] = set()
    while True:
        i, shape = known.made.get(name), known.values[name].shape
        if i is None:
            break
        if i.operation == "getitem" and len(known.shape(i.arguments[0])) == 3:
            cut = _sliced(i, known)
            return None if cut is None else (cut[0], cut[1], between)
        if len(shape) == 3 and i.operation not in _BETWEEN | {"log_softmax"}:
            break
        if i.operation not in _BETWEEN | {"log_softmax"}:
            return None
        between.add(i.operation)
        name = i.refs[0]
    return (name, 0, between) if len(known.values[name].shape) == 3 else None


def _sliced(i: Instruction, known: Known) -> tuple[str, int] | None:
    """What is cut along its positions, and the first that is left."""
    index = i.attributes["index"]
    index = tuple(k for k in (index if isinstance(index, tuple) else (index,)) if k is not Ellipsis)
    steps = known.shape(i.arguments[0])[1]
    parts = [k for k in index if isinstance(k, slice)]
    if len(parts) < len(index) or len(index) < 2 or parts[1].indices(steps)[2] != 1:
        return None
    return i.refs[0], parts[1].indices(steps)[0]


def _labels(x: np.ndarray, rows: int, classes: int) -> np.ndarray | None:
    """The label of each row that an array has, as a number or as a row with a one."""
    if x.dtype.kind in "iu" and x.size == rows:
        return x.reshape(-1)
    if x.dtype.kind == "f" and x.size == rows * classes and x.shape[-1] == classes:
        flat = x.reshape(rows, classes)
        if np.array_equal(flat.sum(-1), np.ones(rows)) and np.array_equal(flat, flat**2):
            return flat.argmax(-1)
    return None


def _said(here: _Held, there: _Held, known: Known) -> tuple[str, str]:
    """What is held to what, by the tokens where they are known."""
    for name, tokens in _tokens(here, there, known):
        ours, theirs = (side.further(tokens) for side in (here, there))
        if ours is not None and theirs is not None and ours != theirs:
            note = " (labels that are not shifted)" if theirs == 0 else ""
            here_, there_ = _token(name, ours), _token(name, theirs)
            return (
                f"position t is held to {there_} in {{there}}{note}, to {here_} in {{here}}",
                f"position t held to {here_}",
            )
    step = there.further(here)
    if step:
        words = f"{abs(step)} position{'s' * (abs(step) > 1)} {'earlier' if step < 0 else 'later'}"
        said = f"labels are taken {words} in {{there}}: position t is held to what {{here}} holds "
        said += f"position t {'-' if step < 0 else '+'} {abs(step)} to"
        return said, "the same label for each position"
    spans = [f"{side.start} to {side.stop - 1}" for side in (here, there)]
    if step == 0 and spans[0] != spans[1]:
        return (
            f"positions {spans[1]} are in the loss in {{there}}, {spans[0]} in {{here}}",
            f"positions {spans[0]} in the loss",
        )
    return "positions are held to other labels in {there}", "the same label for each position"


def _tokens(here: _Held, there: _Held, known: Known) -> Iterator[tuple[str, _Held]]:
    """Whole numbers for each position of each row: the call's arguments, the last one first."""
    for name, x in reversed([*known.values.items()]):
        if name in known.made or not isinstance(x, np.ndarray) or x.dtype.kind not in "iu":
            continue
        if x.ndim == 2 and x.shape[0] == len(here.labels):
            tokens = _Held(0, x)
            if tokens.stop >= max(here.stop, there.stop):
                yield "token" if name in known.constants else name, tokens


def _token(name: str, step: int) -> str:
    at = "t" if not step else f"t {'+' if step > 0 else '-'} {abs(step)}"
    return f"token {at}" if name == "token" else f"{name}[:, {at}]"
