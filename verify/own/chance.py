"""Whether an edit that reproduces the other side does so at these sizes alone.

A loss over four examples that is not divided by four, and one that a factor of four is left out of,
are the same number. Where an edit only scales what it edits, both sides are made again of one
example more, and it has to reproduce the other side there as well.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from ...adapters.captures.sides import Given
from ...refimpl.errors import GradparityError
from ..edits.forward import forward, replaced
from ..edits.table import Edit, edits_of
from .causes import Proof, Trial, known_of
from .evaluating import Evaluated
from .parting import Parting, part

#: Two sides at another size.
Pair = tuple[Evaluated, Evaluated]

#: Elements whose ratios are this near are scaled by one number.
ALIKE = 1e-9

_NUMBERS = re.compile(r"-?[0-9.]+(e[+-]?[0-9]+)?")


class Elsewhere:
    """The two sides at another size of their inputs, and what holds there.

    Parameters
    ----------
    make
        Both sides evaluated at the other size; None where they cannot be had.
    """

    def __init__(self, make: Callable[[], Pair | None] = lambda: None) -> None:
        self._make, self._pair, self._made = make, None, False

    def holds(self, a: Evaluated, proof: Proof, *, turned: bool) -> bool | None:
        """Whether a proof of ``a``, the second side if ``turned``, is none of chance.

        None where it may be one, and no other size is to be had.
        """
        if not scales(a, proof):
            return True
        pair = self._same(a, turned=turned)
        return None if pair is None else next(_alike(pair, proof), None) is not None

    def apply(self, a: Evaluated, proof: Proof, *, turned: bool) -> None:
        """Edit the sides there as they were here."""
        if not self._made:  # it is made only where it is asked for
            make = self._make
            self._make = lambda: _applied(make, proof, turned=turned)
            return
        pair = self._same(a, turned=turned)
        self._pair = None if pair is None else _edited(pair, proof, turned=turned)

    def _same(self, a: Evaluated, *, turned: bool) -> Pair | None:
        """The sides there, the one that is edited first, if its program is the same there."""
        if not self._made:
            self._pair, self._made = self._make(), True
        if self._pair is None:
            return None
        pair = _turned(self._pair) if turned else self._pair
        return pair if _steps(a) == _steps(pair[0]) else None


def _turned(pair: Pair) -> Pair:
    return pair[1], pair[0]


def _steps(side: Evaluated) -> list[tuple[str, str]]:
    return [(i.target, i.operation) for i in side.program.instructions]


def _applied(make: Callable[[], Pair | None], proof: Proof, *, turned: bool) -> Pair | None:
    pair = make()
    if pair is None:
        return None
    return _edited(_turned(pair) if turned else pair, proof, turned=turned)


def _edited(pair: Pair, proof: Proof, *, turned: bool) -> Pair | None:
    """Both sides with an edit applied to the first of them; in their own order."""
    a, b = pair
    found = next(_alike(pair, proof), None)
    if found is None:
        return None
    edit, extra = found
    program = replaced(a.program, proof.target, edit.instructions, edit.results)
    made = a.edited(program, extra)
    return (b, made) if turned else (made, b)


def _alike(pair: Pair, proof: Proof) -> Iterator[tuple[Edit, dict[str, np.ndarray]]]:
    a, b = pair
    starts = [(x, y) for (_, x), (_, y) in zip(a.outputs, b.outputs, strict=True)]
    parting: Parting = part(a, b, starts)
    known, extra = known_of(a, b, parting)
    trial = Trial(a, b, parting.there, starts, {**a.values, **extra})
    said = _NUMBERS.sub("#", proof.edit.says)
    for edit in edits_of(a.made[proof.target], known):
        if _NUMBERS.sub("#", edit.says) != said:
            continue
        score = trial.score(proof.target, edit)
        if score is not None and score[0] >= proof.whole:
            used = {r for e in edit.instructions for r in e.refs}
            yield edit, {k: x for k, x in extra.items() if k in used}


def scales(a: Evaluated, proof: Proof) -> bool:
    """Whether an edit multiplies what it edits by one number, which sizes may be by chance."""
    here = np.asarray(a.values.get(proof.target, ""))  # there is none of several results
    if here.dtype.kind != "f":
        return False
    try:
        made = forward(proof.edit.instructions, {**a.values, **proof.extra})[proof.target]
    except GradparityError:
        return False
    there = np.asarray(made)
    if there.shape != here.shape:
        return False
    told = np.isfinite(here) & np.isfinite(there) & (here != 0)
    if not told.any():
        return False
    ratios = there[told] / here[told]
    return bool(np.ptp(ratios) <= ALIKE * np.max(np.abs(ratios)))


def larger(given: Given) -> Given | None:
    """The arguments with one example more; None where nothing tells of how many there are."""
    arrays = [x for x in given.arguments.values() if isinstance(x, np.ndarray) and x.ndim]
    if not arrays:
        return None
    ((count, _),) = Counter(x.shape[0] for x in arrays).most_common(1)

    def longer(x: Any) -> Any:
        if isinstance(x, np.ndarray) and x.ndim and x.shape[0] == count:
            return np.concatenate([x, x[-1:]])
        return x

    return replace(
        given,
        args=tuple(map(longer, given.args)),
        kwargs={k: longer(x) for k, x in given.kwargs.items()},
    )
