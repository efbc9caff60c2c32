"""Outputs that are right, and handed back in the place of others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from . import telling
from .evaluating import Evaluated, evaluate
from .finding import At, Finding
from .matching import off
from .placing import place

#: Outputs are the other side's where they are off by less.
SAME = 1e-8


def exchanged(
    a: Evaluated, b: Evaluated, starts: Sequence[tuple[str, str]]
) -> tuple[Finding, Evaluated] | None:
    """Outputs of ``b`` that are those of ``a`` in another order, and ``b`` with them put right.

    None where any that differs is no other's.
    """
    mine, others = ({name: path for path, name in side.outputs} for side in (a, b))
    order: dict[str, str] = {}
    for x, _ in starts:
        left = (y for _, y in starts if y not in order.values())
        found = next((y for y in left if off(a.values[x], b.values[y]) < SAME), None)
        if found is None:
            return None
        order[x] = found
    words = ", ".join(f"{{here}}'s {mine[x]} is {others[y]} in {{there}}" for x, y in order.items())
    said = f"outputs stand in another order: {words}"
    agree = f"in {b.framework}: hand them back in the order of {a.framework}'s"
    at = tuple(
        At(
            side.framework,
            side.made[name].operation if name in side.made else "",
            place(side, name),
        )
        for side, name in ((a, starts[0][0]), (b, starts[0][1]))
    )
    paired = dict(starts)
    turned = {paired[x]: y for x, y in order.items()}
    outputs = {path: turned.get(name, name) for path, name in b.captured.outputs.items()}
    captured = replace(b.captured, outputs=outputs)
    shapes = [b.values[name].shape for name in outputs.values()]
    edited = replace(evaluate(b.framework, captured, b.draw, shapes), as_noisy=b.noise)
    return Finding("value", at, telling.named(said, a, b), agree), edited
