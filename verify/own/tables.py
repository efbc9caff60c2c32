"""Tables of numbers that the sides have otherwise: angles of positions, slopes of heads.

A table depends on no parameter and no input. One side has it as it was folded, the other with all
that computes it, and it may be made several times: all that are otherwise are replaced together.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ...cases.program import Instruction, Program, Ref
from ...refimpl.errors import GradparityError
from ..edits.edit import Edit
from ..edits.forward import forward
from ..edits.told import Told, told
from .causes import Proof, Trial
from .evaluating import Evaluated
from .matching import off
from .parting import Front, Parting


@dataclass(frozen=True)
class _Table:
    name: str
    values: np.ndarray
    told: Told | None

    def fits(self, other: _Table, *, known: bool) -> bool:
        """Whether another may stand in its place, both of one kind if that is known."""
        kinds = [x.told.kind if x.told is not None else "" for x in (self, other)]
        alike = kinds[0] == kinds[1] != ""
        return alike == known and _bare(self.values).shape == _bare(other.values).shape


def search_tables(
    a: Evaluated,
    b: Evaluated,
    parting: Parting,
    starts: Sequence[tuple[str, str]],
    *,
    known: bool,
) -> Proof | None:
    """The tables of ``b`` in ``a``, where that reproduces ``b``; None where it does not.

    ``known`` are tables of which it can be told what they are; otherwise any.
    """
    here, there = (
        list(_tables(side, front, other))
        for side, other, front in ((a, b, parting.here), (b, a, parting.there))
    )
    chosen: dict[str, tuple[_Table, _Table]] = {}
    for table in here:
        fitting = [x for x in there if table.fits(x, known=known)]
        distinct = [x for k, x in enumerate(fitting) if not _held(x.values, fitting[:k])]
        if len(distinct) == 1:
            chosen[table.name] = (table, distinct[0])
    if not chosen:
        return None
    said = dict.fromkeys(_said(*pair) for pair in chosen.values())
    if not all(words for words, _ in said):
        return None
    made, extra, program = _with_tables(a, chosen)
    trial = Trial(a, b, parting.there, starts, {**a.values, **extra})
    try:
        found = forward(program.instructions, {**_leaves(a), **extra})
    except GradparityError:
        return None
    changed = {k: x for k, x in found.items() if k in a.values}
    score = trial.judged(changed)
    if score is None:
        return None
    name, (_, other) = next(iter(chosen.items()))
    user = name if name in a.made else next(i.target for i in program.instructions if _is(i, name))
    words = "; ".join(words for words, _ in said)
    agree = "; ".join(agree for _, agree in said)
    edit = Edit(words, tuple(made), agree, operand=name if name in a.made else "", words=True)
    return Proof(edit, user, program, score[0], extra, other.name)


def _said(here: _Table, there: _Table) -> tuple[str, str]:
    """What is otherwise in the other table, and how to be as this one."""
    if here.told is not None and there.told is not None:
        return here.told.beside(there.told)
    x, y = here.values, there.values.reshape(here.values.shape)
    where = tuple(map(int, np.unravel_index(int(np.argmax(np.abs(x - y) > 0)), x.shape)))
    return (
        f"a table of numbers differs first at {where}: {y[where]:.6g} in {{there}}, "
        f"{x[where]:.6g} in {{here}}"
    ), f"{x[where]:.6g} at {where}"


def _tables(side: Evaluated, front: Front, other: Evaluated) -> Iterator[_Table]:
    """The tables that the other side has not, as what is no table uses them."""
    near = max(side.near, other.near)
    held = [x for k, x in other.values.items() if k in other.tables]
    seen: set[str] = set()
    for i in side.program.instructions:
        if i.target not in front.lost or i.target in side.tables:
            continue
        for name in i.refs:
            x = np.asarray(side.values.get(name, 0))
            if name in seen or name not in side.tables:
                continue
            seen.add(name)
            if x.dtype.kind == "f" and x.size > 1 and not any(_alike(x, y, near) for y in held):
                yield _Table(name, x, told(x))


def _held(x: np.ndarray, among: Sequence[_Table]) -> bool:
    return any(_alike(x, y.values, 0.0) for y in among)


def _alike(x: np.ndarray, y: np.ndarray, near: float) -> bool:
    """Whether two tables are the same, but for axes of one element."""
    return np.size(x) == np.size(y) and off(_bare(x), _bare(y)) <= near


def _bare(x: np.ndarray) -> np.ndarray:
    return np.squeeze(np.asarray(x))


def _with_tables(
    a: Evaluated, chosen: dict[str, tuple[_Table, _Table]]
) -> tuple[list[Instruction], dict[str, np.ndarray], Program]:
    """What puts the other tables in place, the leaves that it takes, and the whole program."""
    made, extra, names = [], {}, {}
    for name, (table, other) in chosen.items():
        leaf = f"there:{other.name}"
        extra[leaf], names[name] = other.values, f"{name}~t"
        shape = {"shape": table.values.shape}
        made.append(Instruction(names[name], "reshape", (Ref(leaf),), shape, named=False))
    instructions = [
        i
        if i.target in a.tables
        else replace(
            i,
            arguments=tuple(
                Ref(names.get(x.name, x.name)) if isinstance(x, Ref) else x for x in i.arguments
            ),
        )
        for i in a.program.instructions
    ]
    return made, extra, Program((*made, *instructions), a.program.output)


def _is(i: Instruction, name: str) -> bool:
    return f"{name}~t" in i.refs


def _leaves(a: Evaluated) -> dict[str, np.ndarray]:
    return {k: x for k, x in a.values.items() if k not in a.made}
