"""Where on each side what parts stands: the line of the module, of the port, of the converter."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ...adapters.captures.captured import Place
from ...cases.program import Const, Ref
from ...refimpl.errors import GradparityError
from ..edits.forward import forward
from . import telling
from .causes import Proof
from .evaluating import Evaluated
from .finding import At
from .matching import off
from .parting import Front

#: Recurrent layers, and where their two biases stand among the operands.
RECURRENT, BIASES = frozenset({"lstm", "gru"}), (3, 4)


def standing(side: Evaluated, front: Front, proof: Proof | None, edited: Evaluated | None) -> At:
    """The operation at which a side parts.

    ``edited`` is the other side, where the proof is an edit of that; otherwise this one is edited.
    """
    name = next(_candidates(side, front, proof, edited), "")
    i = side.made.get(name)
    values = ""
    if name in side.values:
        x = np.asarray(side.values[name])
        finite = np.abs(x[np.isfinite(x)])
        size = float(np.sqrt(np.mean(finite**2))) if finite.size else 0.0
        values = f"{'x'.join(map(str, x.shape)) or 'scalar'}, root mean square {size:.4g}"
    operation = i.operation if i is not None else telling.leaf(side, name) if name else ""
    return At(side.framework, operation, place(side, name), values)


def _candidates(
    side: Evaluated, front: Front, proof: Proof | None, edited: Evaluated | None
) -> Iterator[str]:
    if proof is not None and edited is None:
        if proof.edit.operand in side.made:
            yield proof.edit.operand
        yield proof.target
    if proof is not None and edited is not None:
        yield from _converted(side, proof, edited)
        sought = proof.edit.number
        if sought is not None:
            having = [
                i
                for i in side.program.instructions
                if i.target in front.lost
                and any(isinstance(x, Const) and _is(x.value, sought) for x in i.arguments)
            ]
            last = proof.edit.instructions[-1].operation
            yield from (i.target for i in sorted(having, key=lambda i: i.operation != last))
        if proof.there is not None:
            yield proof.there
    yield from (n for n in front.first if side.captured.places.get(n, Place()).line)
    yield from front.first


def _converted(side: Evaluated, proof: Proof, edited: Evaluated) -> Iterator[str]:
    """Where a converter makes of parameters what an edit of the other side makes of them."""
    made = [
        name
        for name in _of_parameters(side)
        if name in side.values and side.captured.places.get(name, Place()).line
    ]
    for sought in _sought(proof, edited) if made else ():
        for name in made:
            x = np.asarray(side.values[name])
            if x.size == sought.size and any(off(y, sought) <= edited.near for y in (x, x.T)):
                yield name


def _of_parameters(side: Evaluated) -> list[str]:
    """The variables that are computed of parameters and constants alone."""
    leaves = {*side.captured.params, *side.tables}
    return [name for name in side.made_of(leaves) if name not in side.tables]


def _sought(proof: Proof, edited: Evaluated) -> Iterator[np.ndarray]:
    """What an edit makes of parameters, where it is no parameter as it was."""
    held = [np.asarray(edited.values[k]) for k in edited.captured.params]
    if proof.edit.order:
        for x in held:
            axes = [d for d, n in enumerate(x.shape) if n == len(proof.edit.order)]
            yield from (np.take(x, proof.edit.order, d) for d in axes)
    try:
        known = {**edited.values, **proof.extra}
        values = forward(proof.edit.instructions[:-1], known)
    except GradparityError:
        return
    found = [np.asarray(x) for x in values.values() if not isinstance(x, tuple)]
    last = proof.edit.instructions[-1]
    if last.operation in RECURRENT:
        known |= values
        told = [last.arguments[k] for k in BIASES if k < len(last.arguments)]
        told = [np.asarray(known[x.name]) for x in told if isinstance(x, Ref)]
        found += [sum(told[1:], told[0])] if len(told) > 1 else []
    yield from (x for x in found if x.size > 1 and not any(_same(x, y) for y in held))


def _same(x: np.ndarray, y: np.ndarray) -> bool:
    return x.size == y.size and (off(x, y) == 0 or off(x, y.T) == 0)


def _is(x: Any, sought: float) -> bool:
    """Whether a number is one that is sought, or divides where that multiplies."""
    return bool(x == sought or (x and np.isclose(1 / x, sought, rtol=1e-12, atol=0)))


def place(side: Evaluated, name: str) -> Place:
    """Where a variable is computed; of one that has no place, where the next that has one is."""
    seen = {name}
    queue = [name]
    while queue:
        n = queue.pop(0)
        place = side.captured.places.get(n)
        if place is not None and (place.line or place.module):
            return place
        for user in side.users.get(n, ()):
            if user not in seen:
                seen.add(user)
                queue.append(user)
    return Place()
