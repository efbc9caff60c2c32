"""``cond``: one of two functions of the text, as data has it, and what joins them.

Both are unrolled, each instruction tagged with its branch and with the variable that decides
(``program.Turn``). Only the branch that is taken is run, backwards too: what the other one would
have made of numbers that it was not written for, as a square root's slope below zero, is nowhere,
and not multiplied by a zero.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .bodies import Places, Reader, Unrolled
from .program import COND, Ref, Turn
from .scope import Function
from .syntax import Fault
from .trees import alike, described, leaves, like

#: What stands between the names of a cond's functions where the cond itself is named.
OR = " or "


@dataclass(frozen=True)
class Pair:
    """What the two branches of a cond make in one place."""

    true: Ref
    false: Ref


class Branches(Unrolled):
    """One cond, unrolled.

    Parameters
    ----------
    guard
        The variable that decides.
    labels
        What goes before the names of each branch; what is in none has those of what it stands in.
    called
        What each branch is called, for the cond's own name.
    """

    def __init__(
        self,
        places: Places,
        reader: Reader,
        call: ast.Call,
        guard: Ref,
        labels: Sequence[str],
        called: Sequence[str],
    ) -> None:
        super().__init__(places, reader, call)
        self._guard, self._labels = guard, labels
        self._id = places.name(OR.join(called))

    def unroll(self, functions: Sequence[Function], given: Sequence[Any]) -> Any:
        """Both branches, each of the same arguments; what they make in each place."""
        held = [self.given(tree, k) for k, tree in enumerate(given)]
        true, false = (self.side(k, f, held) for k, f in enumerate(functions))
        if not alike(true, false):
            one, other = (f.node.name for f in functions)
            raise Fault(
                f"{one} returns {described(true)} and {other} {described(false)}, "
                "expected the same",
                functions[1].node.body[-1],
            )
        if not leaves(true):
            raise Fault("two functions that return no array, expected one at least", self._call)
        return self.paired(true, false)

    def given(self, tree: Any, position: int) -> Any:
        """What both branches are given, which one of them finds."""
        refs, label = leaves(tree), self._labels[0]
        several = isinstance(tree, tuple)
        with self._at(self._turn(-1, "given")):
            made = [
                self._emit("identity", (ref,), f":given{position}" + f":{k}" * several, label)
                for k, ref in enumerate(refs)
            ]
        self._as_long(refs, made)
        return like(tree, made)

    def side(self, number: int, function: Function, given: Sequence[Any]) -> Any:
        """The instructions of one branch; what it makes."""
        label, found = self._labels[number], []
        with self._at(self._turn(number, "in")):
            for parameter, tree in zip(function.node.args.args, given, strict=True):
                refs = leaves(tree)
                found.append(self._found(parameter.arg, tree, label, None, "identity", refs))
                self._as_long(refs, leaves(found[-1]))
        return self.out(number, self._body(function, label, None, found, self._turn(number)))

    def out(self, number: int, made: Any) -> Any:
        """What a branch hands on."""
        label = self._labels[number]
        with self._at(self._turn(number, "out")):
            outs = self._each(
                leaves(made), lambda k, ref: self._emit("identity", (ref,), f":out{k}", label)
            )
        self._as_long(leaves(made), outs)
        return like(made, outs)

    def paired(self, true: Any, false: Any) -> Any:
        """What the two branches make, place by place."""
        return like(true, [*map(Pair, leaves(true), leaves(false))])

    def joined(self, pair: Pair, target: str, *, named: bool = True) -> Ref:
        """What the branch that is taken has made, under a name."""
        with self._at(self._turn(2, "join")):
            arguments = (self._guard, pair.true, pair.false)
            made = self._reader.emit("where", arguments, {}, self._call, target, named=named)
        lengths = self._reader.lengths
        own = {lengths.get(ref.name) for ref in (pair.true, pair.false)}
        if len(own) == 1 and None not in own:
            self._as_long([pair.true], [made])
        return made

    def after(self, tree: Any, name: str) -> Any:
        """What is joined, under a name; of several arrays, each under its number."""
        parts = leaves(tree)
        several = len(parts) > 1
        return like(
            tree,
            [self.joined(x, f"{name}:{k}" if several else name) for k, x in enumerate(parts)],
        )

    def _turn(self, number: int, role: str = "") -> Turn:
        return Turn(self._id, COND, number, 2, role, self._guard.name)

    def _as_long(self, refs: Sequence[Ref], others: Sequence[Ref]) -> None:
        """Others are as long as these, as far as that is known."""
        lengths = self._reader.lengths
        for ref, other in zip(refs, others, strict=True):
            if ref.name in lengths:
                lengths[other.name] = lengths[ref.name]
