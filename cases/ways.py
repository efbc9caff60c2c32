"""Ways of differentiating besides the gradient that a case may have checked.

``jvp``  ẏ = J v, the tangent of every variable along one direction v of the parameters; where some
         have very many elements, its products with a few seeded cotangents
``hvp``  H v, the Hessian of the contracted output times the same direction, for each parameter
``vmap`` gradients and output of one slice of a batch, each argument batched alone and all together

A batch has three slices; the one that is judged is not the first, and holds the task's own numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

#: The checks, in the order in which they are made.
WAYS = ("jvp", "hvp", "vmap")

#: What of a batch is judged, and how many slices there are.
SLICE, SLICES = 1, 3

#: What is batched besides an argument: no variable has a space in its name.
COTANGENT, EVERYTHING = "the cotangent", "all arguments"

#: By how much the numbers of the other slices are smaller: inside every domain that is a cone.
_OTHERS = (0.96875, 0.9375)


#: With so many cotangents a tangent is multiplied that is too large to be compared as it is.
COTANGENTS = 4

_ALONG = f" along {COTANGENTS} cotangents"


def along(tensor: str) -> str:
    """What the check ``jvp`` calls a tensor's products with cotangents."""
    return tensor + _ALONG


def whole_of(tensor: str) -> str:
    """The tensor whose products with cotangents these are; an empty text for any other."""
    return tensor.removesuffix(_ALONG) if tensor.endswith(_ALONG) else ""


def products(x: np.ndarray, seed: int) -> np.ndarray:
    """Re Σ conj(g)·x for each of the seeded cotangents g, in the precision of ``x``."""
    gs = (cotangent(seed, number, x) for number in range(COTANGENTS))
    return np.array([np.sum(np.real(np.conj(g) * x)) for g in gs])


def cotangent(seed: int, number: int, like: np.ndarray) -> np.ndarray:
    """One of the seeded cotangents of an array's tangent."""
    return tangent(seed + number, like)


def over(tensor: str, batched: str) -> str:
    """What the check ``vmap`` calls a tensor with something batched: ``W over x``."""
    return f"{tensor} over {batched}"


def batchings(arguments: Iterable[str]) -> Iterator[str]:
    """What is batched, in turn: each argument alone, the cotangent alone, then all together."""
    yield from arguments
    yield COTANGENT
    yield EVERYTHING


def is_batched(name: str, batched: str) -> bool:
    """Whether an argument, or the cotangent, has an axis of slices."""
    return batched in (name, EVERYTHING)


def slices(x: np.ndarray) -> np.ndarray:
    """An array as the judged slice of a batch, whose others have other numbers of the same kind.

    Numbers are scaled; whole numbers and truth values, which are places or classes, are turned
    around.
    """
    if x.dtype.kind in "biu":
        others = [x.reshape(-1)[::-1].reshape(x.shape), np.roll(x, 1)]
    else:
        others = [(x * np.asarray(by, x.dtype)).astype(x.dtype) for by in _OTHERS]
    return np.stack([others[0], x, others[1]])


def of_slice(batch: Any) -> Any:
    """The slice of a batch that is judged."""
    return batch[SLICE]


def tangent(seed: int, like: np.ndarray) -> np.ndarray:
    """A seeded direction: standard normal in multiples of 1/64, no element zero."""
    generator = np.random.default_rng(seed)

    def drawn() -> np.ndarray:
        steps = np.rint(64 * generator.standard_normal(like.shape))
        return np.where(steps == 0, 1, steps) / 64

    v = drawn()
    if like.dtype.kind == "c":
        v = v + 1j * drawn()
    return v.astype(like.dtype)
