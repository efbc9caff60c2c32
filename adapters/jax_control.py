"""The loops and branches of the program language as ``jax.lax.scan``, ``map`` and ``cond``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

from ..cases.program import Program
from .interpret import Dialect, Walk
from .lowering import SpelledDialect
from .rolling import Branched, Rolled

Arrays = dict[str, Any]

#: After the name of what joins two branches: which of them was run, 0 or 1.
RAN = " (ran)"


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
        with self.lowerings.refusing():  # it is differentiated here, and not where it is called
            last, left = self._run(loop, slices, scope, walk, depth)
        for number, turn in enumerate(loop.turns):
            for one, i in zip(loop.turns[0], turn, strict=True):
                for more in ("", RAN):
                    if one.target + more in left:
                        part = _slice(left[one.target + more], loop.index(number))
                        assigned[i.target + more] = scope[i.target + more] = part
        ends = [i.target for i in loop.having("carry", loop.turns[-1])]
        scope |= dict(zip(ends, last, strict=True))
        for i in loop.after:
            found = self._left(loop, i.refs, left) if loop.role(i) == "stack" else None
            if found is None:
                assigned[i.target] = walk.one(i, scope)
            else:
                assigned[i.target] = walk.assign(i.target, found, scope)
        return assigned

    def branch(self, branched: Branched, scope: Arrays, walk: Walk, depth: int) -> Arrays:
        """A ``jax.lax.cond``, of whose branch that is not run the variables are zeros."""
        assigned = {i.target: walk.one(i, scope) for i in branched.before}
        given = [i.target for i in branched.before if branched.role(i) == "given"]
        found = [{i.refs[0]: i.target for i in branched.found(number)} for number in range(2)]

        def side(number: int, operands: Sequence[Any]) -> Arrays:
            *values, slots = operands
            inner = walk.within(self.given(slots))
            local, names = dict(scope), found[number]
            parts = {names[k]: x for k, x in zip(given, values, strict=True) if k in names}
            made = {name: inner.assign(name, x, local) for name, x in parts.items()}
            rest = [i for i in branched.branches[number] if i.target not in parts]
            return made | inner.through(rest, local, depth)

        inside = {i.target for branch in branched.branches for i in branch}
        slots = {k: x for k, x in self.slots.items() if k in inside}
        operands = [*(scope[k] for k in given), slots]
        shapes = [jax.eval_shape(partial(side, number), operands) for number in range(2)]

        def run(number: int, operands: Sequence[Any]) -> Any:
            made = side(number, operands)
            local = {**scope, **made}
            joined = [local[pair[number]] for _, pair in branched.joins]
            none = jax.tree.map(lambda x: jnp.zeros(x.shape, x.dtype), shapes[1 - number])
            return joined, (none, made) if number else (made, none), jnp.int32(number)

        with self.lowerings.refusing():  # it is differentiated here, and not where it is called
            joined, both, ran = jax.lax.cond(
                scope[branched.guard],
                lambda *operands: run(0, operands),
                lambda *operands: run(1, operands),
                *operands,
            )
        assigned |= {**both[0], **both[1]}
        for (name, _), x in zip(branched.joins, joined, strict=True):
            assigned[name] = walk.assign(name, x, scope)
            assigned[name + RAN] = scope[name + RAN] = ran
        scope |= assigned
        for i in branched.after:
            if branched.role(i) != "join":
                assigned[i.target] = walk.one(i, scope)
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


def not_run(program: Program, found: Mapping[str, Any]) -> set[str]:
    """The variables of branches that were not run, of what a program's run has found."""
    ran = {
        turn.loop: int(found[i.target + RAN])
        for i in program.instructions
        for turn in i.turns[-1:]
        if turn.role == "join" and i.target + RAN in found
    }
    return {
        i.target
        for i in program.instructions
        for turn in i.turns
        if turn.is_branch and ran.get(turn.loop, turn.number) != turn.number
    }


def _slice(x: Any, k: int) -> Any:
    """A turn's variable, out of those of all turns; it may be several arrays."""
    return jax.tree.map(lambda part: jax.lax.index_in_dim(part, k, keepdims=False), x)
