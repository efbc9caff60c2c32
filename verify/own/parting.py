"""Where two programs part: the first operations whose results only one side has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from .evaluating import LOSS, Evaluated
from .matching import Index, found


@dataclass(frozen=True)
class Front:
    """One side of a parting.

    ``first`` are the variables that the other side has not, though it has all that they are
    computed from; ``lost`` all that it has not on the way from there to the outputs. ``new`` is
    what of that leads to an output which the other side has not: behind one that it has in
    another place, or with its elements in another order, the two do not differ.
    """

    first: tuple[str, ...]
    lost: frozenset[str]
    new: frozenset[str]


@dataclass(frozen=True)
class Parting:
    """Where two sides part, seen from each."""

    here: Front
    there: Front


def part(a: Evaluated, b: Evaluated, starts: Iterable[tuple[str, str]]) -> Parting:
    """Go back from outputs that differ to where the sides part.

    Parameters
    ----------
    a, b
        The two sides.
    starts
        Pairs of variables, one of each side, that differ.
    """
    near = max(a.near, b.near)
    in_b, in_a = (
        found(_values(a), Index(_values(b).items(), near)),
        found(_values(b), Index(_values(a).items(), near)),
    )
    starts = tuple(starts)
    return Parting(front(a, in_b, [x for x, _ in starts]), front(b, in_a, [y for _, y in starts]))


def front(side: Evaluated, matched: Mapping[str, str | None], starts: Iterable[str]) -> Front:
    """Go back from variables, through what is not matched."""
    starts = list(starts)
    lost, first = _back(side, matched, starts)
    new, _ = _back(side, matched, [name for name in starts if _missed(side, matched, name)])
    return Front(tuple(sorted(first, key=lambda n: side.order.get(n, -1))), lost, new)


def _back(
    side: Evaluated, matched: Mapping[str, str | None], starts: Iterable[str]
) -> tuple[frozenset[str], list[str]]:
    """What is lost on the way back from variables, and the first of it."""
    stack = list(starts)
    forced, lost, first = set(stack), set(), []
    while stack:
        name = stack.pop()
        if name in lost or (name not in forced and not _missed(side, matched, name)):
            continue
        lost.add(name)
        i = side.made.get(name)
        missed = [r for r in i.refs if _missed(side, matched, r)] if i else []
        if not any(r in side.made for r in missed):
            first.append(name)
        stack.extend(missed)
    return frozenset(lost), first


def _missed(side: Evaluated, matched: Mapping[str, str | None], name: str) -> bool:
    """Whether the other side has no such values. Several results at once are looked through."""
    if name in matched:
        return matched[name] is None
    return name in side.made and name not in side.values


def _values(side: Evaluated) -> dict[str, np.ndarray]:
    return {k: x for k, x in side.values.items() if not k.startswith(LOSS)}
