"""Gradients that a user's rule makes others than the derivative of the forward pass, on purpose.

A straight-through estimator, a reversed gradient: the program of a side differentiates its forward
pass, the side itself does not. A port of it is the same where its own gradients are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ...adapters.captures.sides import Ran
from .evaluating import Evaluated
from .finding import At, Finding
from .judging import Row, as_run, failing, row_between

#: What both sides' own gradients may be apart, relative to the largest: no noise is known of them.
APART = 1e-9

#: A side, and what it computed in each of its modes.
Run = tuple[Evaluated, Mapping[str, Ran]]


@dataclass(frozen=True)
class Surrogates:
    """The sides whose own gradients are by such a rule, and both sides' beside each other."""

    off: tuple[Evaluated, ...]
    rows: tuple[Row, ...]

    @property
    def same(self) -> bool:
        """Whether both sides' own gradients are the same."""
        return not failing(self.rows)

    def found(self, *, values: bool) -> Finding:
        """What is to be said of them, where the sides' ``values`` are the same and where not."""
        at = tuple(
            At(one.framework, c.name, c.place) for one in self.off for c in one.captured.custom
        )
        rules = " and ".join(
            f"{', '.join(dict.fromkeys(c.name for c in one.captured.custom))} ({one.framework})"
            for one in self.off
        )
        cause = f"the rule of {rules} is not the derivative of the forward pass"
        if not values:
            note = "both sides' own gradients are compared once the values are the same"
            return Finding("surrogate", at, cause, note=note)
        if self.same:
            cause = f"{cause}; both sides' own gradients are the same"
            return Finding("surrogate", at, cause, note="gradients are not held to any truth")
        worst = max(failing(self.rows), key=lambda r: np.nan_to_num(r["max_abs"]))
        cause = f"{cause}, and the sides' own gradients are not the same"
        note = f"worst: {worst['tensor']}: {worst['reason']}"
        return Finding("own gradient", at, cause, note=note)


def surrogates(first: Run, second: Run) -> Surrogates | None:
    """The sides with rules of their own whose gradients are not the derivative; None of none."""
    off = tuple(one for one, ran in (first, second) if one.captured.custom and _is_off(one, ran))
    if not off:
        return None
    return Surrogates(off, tuple(_beside(first, second)))


def _is_off(one: Evaluated, ran: Mapping[str, Ran]) -> bool:
    rows = [r for mode, own in ran.items() for r in as_run(one, own, "float64", "", mode)]
    return any(r["kind"] == "grad" for r in failing(rows))


def _beside(first: Run, second: Run) -> Sequence[Row]:
    (a, here), (b, there) = first, second
    side, rows = f"{a.framework} | {b.framework}", []
    for mine in here.values():
        for theirs in there.values():
            for name in a.captured.params:
                held = [ran.grads.get(name) for ran in (mine, theirs)]
                if all(g is None for g in held):
                    continue
                zero = np.zeros(np.shape(a.values[name]))
                x, y = (zero if g is None else g for g in held)
                size = max(float(np.max(np.abs(g), initial=0.0)) for g in (x, y))
                room = np.full(zero.shape, APART * size if np.isfinite(size) else 0.0)
                rows.append(row_between("own gradient", side, "grad", name, (x, y), room))
    return rows
