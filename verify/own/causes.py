"""Why two programs part: an edit of one operation that makes the one the other from there on.

An edit is believed only where the edited program computes what the other side computes: its
outputs, or values after the parting that it had not before.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...cases.program import Const, Instruction, Program, Ref
from ...refimpl.errors import GradparityError
from ..edits.forward import after, forward, replaced, taking
from ..edits.table import Edit, Known, edits_of, stand_ins
from .evaluating import LOSS, Evaluated
from .matching import Index, largest, off
from .parting import Front, Parting
from .seemly import Seen

#: Outputs of an edited program are the other side's where they are off by less, if both are as
#: near to their own truths.
REPRODUCED = 1e-8

#: What an edit makes so much smaller is as good as zero: a product of many small numbers, where
#: the other side leaves a sum of them out.
VANISHING = 1e-6

#: Operations whose edits reach back to where sides part: what is cut out before them.
REACHING = frozenset({"cross_entropy", "nll"})

#: So many steps before a side parts what is cut into parts is looked for.
FAR = 6

#: Seconds that a search may take of its own thread, however much else the machine has to do.
PATIENCE = 60.0


@dataclass(frozen=True)
class Proof:
    """An edit that was shown to reproduce the other side.

    ``whole`` says that the outputs are the other side's with it; otherwise they part again,
    further on.
    """

    edit: Edit
    target: str
    program: Program
    whole: bool
    extra: Mapping[str, np.ndarray]
    #: The variable of the other side that the edited one is, where that was found.
    there: str | None


def search(
    a: Evaluated,
    b: Evaluated,
    parting: Parting,
    starts: Sequence[tuple[str, str]],
    holds: Callable[[Proof], bool] = lambda _: True,
) -> Proof | None:
    """The edit of ``a`` that reproduces ``b``; None where none of the table does.

    Parameters
    ----------
    a, b
        The two sides.
    parting
        Where they part.
    starts
        The pairs of outputs that differ.
    holds
        Whether a proof is more than a chance of these sizes.
    """
    known, extra = known_of(a, b, parting)
    trial = Trial(a, b, parting.there, starts, {**a.values, **extra})
    until = time.thread_time() + PATIENCE
    best: tuple[tuple[Any, ...], Proof] | None = None
    front = [name for name in parting.here.first if name in a.made]
    later = (i.target for i in a.program.instructions if i.operation in REACHING)
    later = (n for n in later if n in parting.here.lost)
    names = dict.fromkeys((*front, *_near(a, front), *_packed(a, front), *later))
    for rank, name in enumerate(names):
        i = a.made[name]
        if any(r not in a.values for r in i.refs):
            continue
        for number, edit in enumerate(edits_of(i, known)):
            if time.thread_time() > until:
                break
            score = trial.score(name, edit)
            if score is None:
                continue
            whole, gained, error, there = score
            part = edit.part and not whole
            key = (not whole, -gained, rank >= len(front), part, error, number)
            if best is None or key < best[0]:
                program = replaced(a.program, name, edit.instructions, edit.results)
                used = {r for e in edit.instructions for r in e.refs}
                held = {k: x for k, x in extra.items() if k in used}
                proof = Proof(edit, name, program, whole, held, there)
                best = (key, proof) if holds(proof) else best
        if best is not None and not best[0][0] and rank < len(front):
            break
    return best[1] if best else None


class Trial:
    """Tries edits of one side against the other."""

    def __init__(
        self,
        a: Evaluated,
        b: Evaluated,
        there: Front,
        starts: Sequence[tuple[str, str]],
        values: Mapping[str, Any],
    ) -> None:
        self._a, self._b, self._values = a, b, values
        near = max(a.near, b.near)
        lost = sorted(there.lost, key=lambda name: b.order.get(name, -1))
        new = (k for k in lost if k in there.new and k in b.values)
        self._lost = Index(((k, b.values[k]) for k in new), near)
        self._seen = Seen(a, b, lost)
        #: Outputs of an edited program are the other side's where they are off by less.
        self._reproduced = max(REPRODUCED, near)
        self._starts = starts
        #: Outputs that agree, and have to after an edit.
        self._kept = [
            (mine, other)
            for (_, mine), (_, other) in zip(a.outputs, b.outputs, strict=True)
            if (mine, other) not in starts
        ]

    @staticmethod
    def _vanishes(y: Any, was: Any, edit: Edit) -> bool:
        """Whether what an edit makes is next to nothing beside what was there."""
        return edit.number is None and 0 < largest(y) < VANISHING * largest(was)

    def score(self, name: str, edit: Edit) -> tuple[bool, int, int, str | None] | None:
        """Whether the outputs are the other side's, how many lost values are gained, how far off.

        None where the edit reproduces nothing.
        """
        a = self._a
        if not self._seen.may_have(a.made[name], edit):
            return None
        try:
            made = forward(edit.instructions, self._values)
            y, there, fits = made[name], None, True
            if not isinstance(y, tuple):
                if not edit.results:
                    was = self._values[name]
                    if self._vanishes(y, was, edit):
                        return None
                    fits = np.shape(y) == np.shape(was)
                there = self._lost.find(y)
            rest = taking(after(a.program, name), name, edit.results)
            later = forward(tuple(rest), {**self._values, **made})
        except GradparityError:  # an edit that cannot be computed is no cause
            return None
        shown = later
        if edit.signed:
            there = None
            shown = {k: x for k, x in later.items() if not _but_for_signs(x, self._values.get(k))}
        found = self._judged({**made, **later}, shown)
        if found is None:
            return None
        whole, gained, error = found
        # Of another shape, as without padding, it has to be what the other side has.
        if not (whole or (gained and fits) or (there is not None and not edit.part)):
            return None
        return whole, gained + (there is not None), error, there

    def judged(self, changed: Mapping[str, Any]) -> tuple[bool, int, int] | None:
        """The same of variables that have other values.

        None where what agreed does not, or nothing is reproduced.
        """
        found = self._judged(changed, changed)
        return found if found is not None and (found[0] or found[1]) else None

    def _judged(
        self, changed: Mapping[str, Any], later: Mapping[str, Any]
    ) -> tuple[bool, int, int] | None:
        b = self._b
        for mine, other in self._kept:
            x = changed.get(mine)
            if x is not None and off(x, b.values[other]) >= self._reproduced:
                return None
        gained = sum(
            1 for x in later.values() if not isinstance(x, tuple) and self._lost.find(x) is not None
        )
        errors = [
            off(changed.get(mine, self._values[mine]), b.values[other])
            for mine, other in self._starts
        ]
        worst = max(errors)
        error = -14 if worst == 0 else max(-14, int(np.floor(np.log10(min(worst, 1e9)))))
        return worst < self._reproduced, gained, error


def _but_for_signs(x: Any, y: Any) -> bool:
    """Whether two values are the same but for signs, as what other signs alone lead to is."""
    return y is not None and not isinstance(x, tuple) and off(np.abs(x), np.abs(y)) < REPRODUCED


def known_of(a: Evaluated, b: Evaluated, parting: Parting) -> tuple[Known, dict[str, np.ndarray]]:
    """What makers of edits are told, and the other side's constants as leaves."""
    numbers: dict[str, set[float]] = {}
    for i in b.program.instructions:
        given = [x.value for x in i.arguments if isinstance(x, Const)]
        given += [x for x in i.attributes.values() if isinstance(x, float | int)]
        for x in given:
            if not isinstance(x, bool | complex):
                numbers.setdefault(i.operation, set()).add(float(x))
    arrays = [(k, np.asarray(x)) for k, x in b.captured.inputs.items() if k in b.captured.places]
    arrays = [(k, x) for k, x in arrays if x.size > 1]
    constants = frozenset(k for k in a.captured.inputs if k in a.captured.places)
    known = Known(
        {**stand_ins(a.program), **a.values},
        {k: frozenset(x) for k, x in numbers.items()},
        arrays,
        constants,
        rivals(a, b, parting),
        a.made,
    )
    return known, {f"there:{k}": x for k, x in arrays}


def rivals(a: Evaluated, b: Evaluated, parting: Parting) -> dict[str, list[tuple[str, np.ndarray]]]:
    """For operands of where ``a`` parts, those of where ``b`` does with the same elements.

    What ``a`` does in one operation ``b`` may do in several, of which each takes some of them.
    """
    lost = sorted(parting.there.lost, key=lambda name: b.order.get(name, -1))
    operands = _operands(b, (*parting.there.first, *lost))
    known = ((r, b.values[r]) for r in operands if r not in parting.there.lost)
    there = Index(known, max(a.near, b.near))
    found = {}
    for name in _operands(a, parting.here.first):
        x = a.values[name]
        if np.unique(x).size == np.size(x) > 2:
            same = [(k, np.asarray(b.values[k])) for k in there.all(x)]
            if same:
                found[name] = same
    return found


def _operands(side: Evaluated, names: Iterable[str]) -> dict[str, None]:
    operands = (r for n in names if n in side.made for r in side.made[n].refs)
    return dict.fromkeys(r for r in operands if r in side.values)


def _near(side: Evaluated, front: Sequence[str]) -> Iterator[str]:
    """Producers and users of where a side parts: what one side does in one the other may split."""
    found: dict[str, None] = {}
    for name in front:
        for operand in side.made[name].refs:
            if operand in side.made:
                found.setdefault(operand)
    for name in (*front, *list(found)):
        for user in side.users.get(name, ()):
            if not user.startswith(LOSS):
                found.setdefault(user)
    yield from (name for name in found if name not in front)


def _packed(side: Evaluated, front: Sequence[str]) -> Iterator[str]:
    """What is cut into several parts a few steps before a side parts, as queries, keys, values."""
    level = dict.fromkeys(front)
    for _ in range(FAR):
        level = dict.fromkeys(r for n in level for r in side.made[n].refs if r in side.made)
        for name in level:
            cut = [u for u in side.users.get(name, ()) if side.made[u].operation == "getitem"]
            if len(cut) > 1:
                yield name


def stopped(i: Instruction) -> tuple[Instruction, ...]:
    """An instruction whose result no gradient passes through."""
    name = f"{i.target}~0"
    inner = Instruction(name, i.operation, i.arguments, i.attributes, named=False, line=i.line)
    last = Instruction(i.target, "stop_gradient", (Ref(name),), {}, named=False, line=i.line)
    return (inner, last)
