"""What a function from one side's parameters to the other's does, found by probing it.

Real converters are NumPy and PyTorch code, which no framework can trace. They are linear with
coefficients 1 and -1: they transpose, reshape, split, join, add, and leave out. Each entry of the
state is handed over alone, its elements numbered, so that where each number comes out is where
the element goes; the map that is read off is then held against the function on random numbers.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...refimpl.errors import BadUsage

Arrays = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Part:
    """What one entry of the state gives to a leaf: for each element its source, or -1 for none."""

    entry: str
    #: How the whole leaf is made of the whole entry, if so simply: axes, then a reshape.
    axes: tuple[int, ...] | None
    source: np.ndarray
    sign: np.ndarray

    def apply(self, xp: Any, entry: Any, shape: tuple[int, ...]) -> Any:
        """The share of the leaf, in NumPy or in what has its functions."""
        if self.axes is not None:
            turned = entry if self.axes == tuple(range(entry.ndim)) else entry.transpose(self.axes)
            return turned if turned.shape == shape else turned.reshape(shape)
        flat = xp.concatenate([entry.reshape(-1), xp.zeros(1, entry.dtype)])
        picked = flat[self.source].reshape(shape)
        return picked if (self.sign == 1).all() else picked * self.sign.astype(picked.dtype)

    def __str__(self) -> str:
        if self.axes is None:
            return f"elements of {self.entry}, in an order of their own"
        if self.axes == tuple(range(len(self.axes))):
            return self.entry
        return f"{self.entry} with its axes as {self.axes}"


@dataclass(frozen=True)
class Recipe:
    """A leaf: a constant and the sum of what entries give to it."""

    shape: tuple[int, ...]
    constant: np.ndarray
    parts: tuple[Part, ...]

    def apply(self, xp: Any, state: Mapping[str, Any]) -> Any:
        """The leaf of a state."""
        made = None
        for part in self.parts:
            share = part.apply(xp, state[part.entry], self.shape)
            made = share if made is None else made + share
        if made is None:
            return xp.asarray(self.constant)
        return made + self.constant.astype(made.dtype) if self.constant.any() else made

    def __str__(self) -> str:
        return " + ".join(map(str, self.parts)) or "a constant"


def recovered(
    convert: Callable[[Arrays], Sequence[np.ndarray]], state: Arrays, names: Sequence[str]
) -> list[Recipe]:
    """What ``convert`` makes of a state, leaf by leaf.

    Raises
    ------
    BadUsage
        Where that is more than moving, adding and leaving out elements; the leaf is named.
    """
    floating = {k: x for k, x in state.items() if x.dtype.kind == "f"}
    kept = {k: x for k, x in state.items() if k not in floating}
    nothing = {k: np.zeros_like(x) for k, x in floating.items()}
    constants = [np.array(x) for x in convert({**kept, **nothing})]
    parts: list[list[Part]] = [[] for _ in constants]
    for entry, x in floating.items():
        numbered = np.arange(1, x.size + 1, dtype=x.dtype).reshape(x.shape)
        if x.size >= 1 / np.finfo(x.dtype).eps:
            raise BadUsage(f"{entry} has too many elements for {x.dtype} to number")
        made = convert({**kept, **nothing, entry: numbered})
        for k, leaf in enumerate(made):
            with np.errstate(all="ignore"):
                found = np.asarray(leaf, np.float64) - np.asarray(constants[k], np.float64)
            if np.any(found):
                parts[k].append(_part(entry, numbered, found, names[k]))
    recipes = [Recipe(np.shape(c), c, tuple(p)) for c, p in zip(constants, parts, strict=True)]
    _verify(convert, recipes, (kept, floating), names)
    return recipes


def given_by(
    convert: Callable[[Arrays], Sequence[np.ndarray]],
    state: Arrays,
    entry: str,
    names: Sequence[str],
) -> dict[str, Part]:
    """What one entry of a state alone gives to each leaf that it gives anything to.

    Raises
    ------
    BadUsage
        Where that is more than its elements moved.
    """
    x = state[entry]
    numbered = np.arange(1, x.size + 1, dtype=x.dtype).reshape(x.shape)
    without = convert({**state, entry: np.zeros_like(x)})
    found = {}
    for name, leaf, none in zip(names, convert({**state, entry: numbered}), without, strict=True):
        given = np.asarray(leaf, np.float64) - np.asarray(none, np.float64)
        if np.any(given):
            found[name] = _part(entry, numbered, given, name)
    return found


def _part(entry: str, numbered: np.ndarray, found: np.ndarray, leaf: str) -> Part:
    """Where the elements of an entry went."""
    number = np.abs(found)
    if not np.array_equal(number, np.rint(number)) or number.max() > numbered.size:
        raise BadUsage(f"params computes {leaf} of {entry} by more than moving elements")
    source = number.astype(np.int64).reshape(-1) - 1
    source[source < 0] = numbered.size
    axes = None
    if found.size == numbered.size and numbered.ndim <= 6:
        for order in itertools.permutations(range(numbered.ndim)):
            if np.array_equal(numbered.transpose(order).reshape(-1), found.reshape(-1)):
                axes = order
                break
    sign = np.where(found < 0, -1.0, 1.0)
    return Part(entry, axes, source, sign)


def _verify(
    convert: Callable[[Arrays], Sequence[np.ndarray]],
    recipes: Sequence[Recipe],
    parts: tuple[Arrays, Arrays],
    names: Sequence[str],
) -> None:
    kept, floating = parts
    generator = np.random.default_rng(0)
    drawn = {k: generator.standard_normal(x.shape).astype(x.dtype) for k, x in floating.items()}
    for name, recipe, want in zip(names, recipes, convert({**kept, **drawn}), strict=True):
        made = np.asarray(recipe.apply(np, drawn))
        size = 4 * np.finfo(want.dtype).eps if np.asarray(want).dtype.kind == "f" else 0.0
        if made.shape != np.shape(want) or not np.allclose(made, want, rtol=size, atol=size):
            raise BadUsage(f"params computes {name} by more than moving and adding elements")
