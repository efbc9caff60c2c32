"""Tables of numbers that the sides have otherwise: angles of positions, slopes of heads.

A table depends on no parameter and no input. One side has it as it was folded, the other with all
that computes it, and it may be made several times: all that are otherwise are replaced together.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from ...cases.program import Instruction, Program, Ref
from ...refimpl.errors import GradparityError
from ..edits.edit import Edit
from ..edits.forward import forward
from ..edits.told import Told, told
from .causes import Proof, Trial
from .columns import Columns, columns_of
from .evaluating import Evaluated
from .gradients import program_without_loss
from .matching import off
from .parting import Front, Parting

#: So many ways to pair tables are tried.
MOST = 8


@dataclass(frozen=True)
class _Table:
    name: str
    values: np.ndarray
    told: Told | None

    @cached_property
    def columns(self) -> Columns:
        return columns_of(_bare(self.values))

    def fits(self, other: _Table, *, known: bool) -> bool:
        """Whether another may stand in its place, both of one kind if that is known."""
        kinds = [x.told.kind if x.told is not None else "" for x in (self, other)]
        alike = kinds[0] == kinds[1] != ""
        shapes = [{_bare(x.values).shape, x.columns.once.shape} for x in (self, other)]
        return alike == known and not shapes[0].isdisjoint(shapes[1])

    def arranged(self, other: _Table) -> np.ndarray | None:
        """Another with its columns as they stand here; None where it is no such table."""
        if self.columns.once.shape != other.columns.once.shape:
            return None
        return other.columns.as_in(self.columns).reshape(self.values.shape)

    def same(self, other: _Table) -> bool:
        """Whether another has the same numbers."""
        return _alike(self.values, other.values, 0.0)


@dataclass(frozen=True)
class _Other:
    """What stands in the place of a table: the other side's, as it is or with other columns."""

    of: _Table
    values: np.ndarray
    arranged: bool = False


def search_tables(
    a: Evaluated,
    b: Evaluated,
    parting: Parting,
    starts: Sequence[tuple[str, str]],
    *,
    known: bool,
    further: Callable[[Evaluated], bool] = lambda _: False,
) -> Proof | None:
    """The tables of ``b`` in ``a``, where that reproduces ``b``; None where it does not.

    ``known`` are tables of which it can be told what they are; otherwise any. ``further`` says
    whether one more edit, of ``a`` with the tables, reproduces ``b`` where they alone do not.
    """
    here, there = (
        list(_tables(side, front, other))
        for side, other, front in ((a, b, parting.here), (b, a, parting.there))
    )
    here = [x for x in here if x.name in a.values]  # nothing takes half of a complex table
    for pairs in itertools.islice(_paired(here, there, known=known), MOST):
        for arranged in (False, True):
            chosen = dict(_placed(pairs, arranged=arranged))
            proof = _proof(a, b, parting, starts, chosen, further) if chosen else None
            if proof is not None:
                return proof
    return None


def _paired(
    here: Sequence[_Table], there: Sequence[_Table], *, known: bool
) -> Iterator[list[tuple[_Table, _Table]]]:
    """Which table of the other side each is in the place of: no two of a shape are of the same.

    Of what is no table of a known kind it is not seen which are its cosines and which its sines.
    """
    groups: list[list[_Table]] = []
    for x in here:
        group = next((g for g in groups if g[0].same(x)), None)
        if group is None:
            groups.append([x])
        else:
            group.append(x)
    fitting = [_distinct(y for y in there if g[0].fits(y, known=known)) for g in groups]
    chosen = [(g, ys) for g, ys in zip(groups, fitting, strict=True) if ys]
    for others in itertools.product(*(ys for _, ys in chosen)):
        taken = {(g[0].columns.stand, y.name) for (g, _), y in zip(chosen, others, strict=True)}
        if len(taken) == len(others):
            yield [(x, y) for (g, _), y in zip(chosen, others, strict=True) for x in g]


def _distinct(tables: Iterable[_Table]) -> list[_Table]:
    found: list[_Table] = []
    for x in tables:
        if not any(x.same(y) for y in found):
            found.append(x)
    return found


def _placed(
    pairs: Iterable[tuple[_Table, _Table]], *, arranged: bool
) -> Iterator[tuple[str, tuple[_Table, _Other]]]:
    """What stands in the place of each table that the other side has otherwise."""
    for x, y in pairs:
        if arranged:
            values = x.arranged(y)
            if values is not None and (x.columns.stand != y.columns.stand):
                yield x.name, (x, _Other(y, values, arranged=True))
        elif _bare(x.values).shape == _bare(y.values).shape:
            yield x.name, (x, _Other(y, y.values.reshape(x.values.shape)))


def _proof(
    a: Evaluated,
    b: Evaluated,
    parting: Parting,
    starts: Sequence[tuple[str, str]],
    chosen: dict[str, tuple[_Table, _Other]],
    further: Callable[[Evaluated], bool],
) -> Proof | None:
    """The tables in place, where that reproduces the other side."""
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
    # What hides by one huge number hides by another one: no output is moved by that.
    if all(off(changed.get(mine, a.values[mine]), a.values[mine]) == 0 for mine, _ in starts):
        return None
    score = trial.judged(changed)
    if score is None and not further(a.edited(program_without_loss(program), extra)):
        return None
    name, (_, other) = next(iter(chosen.items()))
    user = name if name in a.made else next(i.target for i in program.instructions if _is(i, name))
    words = "; ".join(words for words, _ in said)
    agree = "; ".join(agree for _, agree in said)
    edit = Edit(words, tuple(made), agree, operand=name if name in a.made else "", words=True)
    return Proof(edit, user, program, score is not None and score[0], extra, other.of.name)


def _said(here: _Table, there: _Other) -> tuple[str, str]:
    """What is otherwise in the other table, and how to be as this one."""
    other = there.of.told
    if here.told is not None and other is not None:
        return here.told.beside(other, stand=not there.arranged)
    x, y = here.values, there.values
    apart = np.abs(x - y) > 0
    if not apart.any():
        return "", ""
    where = tuple(map(int, np.unravel_index(int(np.argmax(apart)), x.shape)))
    return (
        f"a table of numbers differs first at {where}: {y[where]:.6g} in {{there}}, "
        f"{x[where]:.6g} in {{here}}"
    ), f"{x[where]:.6g} at {where}"


def _tables(side: Evaluated, front: Front, other: Evaluated) -> Iterator[_Table]:
    """The tables that the other side has not, as what is no table uses them."""
    near = max(side.near, other.near)
    held = [y for k, x in other.values.items() if k in other.tables for _, y in _real(k, x)]
    seen: set[str] = set()
    lost = {*front.lost}
    for i in reversed(side.program.instructions):  # of what is complex no values are compared
        if i.target in lost:
            lost.update(r for r in i.refs if np.iscomplexobj(side.values.get(r, 0)))
    for i in side.program.instructions:
        if i.target not in lost or i.target in side.tables:
            continue
        for name in i.refs:
            x = np.asarray(side.values.get(name, 0))
            if name in seen or name not in side.tables:
                continue
            seen.add(name)
            for part, y in _real(name, x):
                if y.size > 1 and not any(_alike(y, z, near) for z in held):
                    yield _Table(part, y, told(y))


def _real(name: str, x: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    """A table of real numbers; of complex ones, as of turns, the two that they are made of."""
    if x.dtype.kind == "c":
        yield from ((f"{name}.real", np.real(x)), (f"{name}.imag", np.imag(x)))
    elif x.dtype.kind == "f":
        yield name, x


def _alike(x: np.ndarray, y: np.ndarray, near: float) -> bool:
    """Whether two tables are the same, but for axes of one element."""
    return np.size(x) == np.size(y) and off(_bare(x), _bare(y)) <= near


def _bare(x: np.ndarray) -> np.ndarray:
    return np.squeeze(np.asarray(x))


def _with_tables(
    a: Evaluated, chosen: dict[str, tuple[_Table, _Other]]
) -> tuple[list[Instruction], dict[str, np.ndarray], Program]:
    """What puts the other tables in place, the leaves that it takes, and the whole program."""
    made, extra, names = [], {}, {}
    for name, (table, other) in chosen.items():
        leaf = f"there:{other.of.name}" + (f":{table.columns.stand}" if other.arranged else "")
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
