"""The loops of the program language as ``jax.lax.scan`` and ``jax.lax.map``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp

from .interpret import Dialect, Walk
from .lowering import SpelledDialect
from .rolling import Rolled

Arrays = dict[str, Any]


class Looping(SpelledDialect):
    """Loops as JAX's own. Every variable of a body leaves the loop, stacked, to be compared.

    ``slots`` are where cotangents of variables arrive: those of a body are scanned with the slices.
    """

    rolls = True

    def __init__(self, slots: Mapping[str, Any]) -> None:
        self.slots = slots

    def given(self, slots: Arrays) -> Dialect:
        """The same dialect with other slots, for a body."""
        return type(self)(slots)

    def loop(self, loop: Rolled, scope: Arrays, walk: Walk, depth: int) -> Arrays:
        """A scan of the loop's first turn, or a map of it."""
        assigned: Arrays = {}
        whole: Arrays = {}
        for i in loop.before:
            if loop.role(i) == "each":  # it is cut up by the scan
                whole[i.target] = scope[i.refs[0]]
            else:
                assigned[i.target] = walk.one(i, scope)
        slices = {i.target: whole[i.refs[0]] for i in loop.having("slice", loop.turns[0])}
        last, left = self._run(loop, slices, scope, walk, depth)
        for number, turn in enumerate(loop.turns):
            for one, i in zip(loop.turns[0], turn, strict=True):
                if one.target in left:
                    part = _slice(left[one.target], loop.index(number))
                    assigned[i.target] = scope[i.target] = part
        ends = [i.target for i in loop.having("carry", loop.turns[-1])]
        scope |= dict(zip(ends, last, strict=True))
        for i in loop.after:
            found = self._left(loop, i.refs, left) if loop.role(i) == "stack" else None
            if found is None:
                assigned[i.target] = walk.one(i, scope)
            else:
                assigned[i.target] = walk.assign(i.target, found, scope)
        return assigned

    def _run(
        self, loop: Rolled, slices: Arrays, scope: Arrays, walk: Walk, depth: int
    ) -> tuple[Any, Arrays]:
        """What the last turn carries on, and the variables of every turn, stacked."""
        first = loop.turns[0]
        starts = [i.target for i in loop.having("start", loop.before)]
        carries = [i.target for i in loop.having("carry", first)]
        rest = [i for i in first if loop.role(i) != "slice"]

        def body(carried: Sequence[Any], scanned: tuple[Arrays, Arrays]) -> tuple[Any, Any]:
            parts, slots = scanned
            inner = walk.within(self.given(slots))
            local = {**scope, **dict(zip(starts, carried, strict=True))}
            made = {name: inner.assign(name, x, local) for name, x in parts.items()}
            made |= inner.through(rest, local, depth)
            return tuple(local[name] for name in carries), made

        scanned = (slices, self._stacked(loop))
        if loop.kind == "map" and slices:
            return (), jax.lax.map(lambda xs: body((), xs)[1], scanned)
        start = tuple(scope[name] for name in starts)
        return jax.lax.scan(body, start, scanned, length=len(loop.turns), reverse=loop.reverse)

    @staticmethod
    def _left(loop: Rolled, names: Sequence[str], left: Arrays) -> Any:
        """What the loop has stacked by itself; None where that is not what is asked for."""
        for k, i in enumerate(loop.turns[0]):
            column = [turn[k].target for turn in loop.turns]
            if [*names] == (column[::-1] if loop.reverse else column):
                return left[i.target]
        return None

    def _stacked(self, loop: Rolled) -> Arrays:
        """The slots of a body's variables, those of every turn one beside the other."""
        found: Arrays = {}
        for k, i in enumerate(loop.turns[0]):
            names = [turn[k].target for turn in loop.turns]
            names = names[::-1] if loop.reverse else names
            there = [self.slots[name] for name in names if name in self.slots]
            if there:  # what is carried into the first turn may hang on no parameter
                none = jnp.zeros_like(there[0])
                found[i.target] = jnp.stack([self.slots.get(name, none) for name in names])
        return found


def _slice(x: Any, k: int) -> Any:
    """A turn's variable, out of those of all turns; it may be several arrays."""
    return jax.tree.map(lambda part: jax.lax.index_in_dim(part, k, keepdims=False), x)
