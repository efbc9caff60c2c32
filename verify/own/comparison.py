"""Two sides on one draw of their inputs: mathematics, own gradients, runs, and what differs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ...adapters.captures.captured import Captured, constant, needed, same, sharing
from ...adapters.captures.sides import Draw, Given, Ran, Side
from ...refimpl.errors import BadUsage, GradparityError
from .calling import called, captured_of
from .chance import Elsewhere, larger
from .counting import counted
from .diagnosing import diagnose
from .evaluating import Evaluated, evaluate, noise_of, shapes_of
from .finding import At, Finding
from .judging import Row, as_run, black_box, failing, mathematics
from .kinks import own_on_kinks
from .pairing import Pairs, only, pairs
from .rounding import Noise, is_table
from .seeing import Seen
from .surrogates import Surrogates, surrogates

#: What black boxes in float64 may be apart, relative to the largest: no noise is known of them.
BLACK_BOX = 1e-9


#: Dtypes of half precision.
HALF = {"bfloat16", "float16"}


class Comparison:
    """Two sides on one draw of their inputs, compared."""

    def __init__(
        self, first: Side, second: Side, given: Given, draw: Draw, dtype: str, number: int
    ) -> None:
        self.sides, self.given, self.draw, self.dtype = (first, second), given, draw, dtype
        #: The paths of each side's outputs that are compared.
        self.paths: dict[Side, Sequence[str]] = {}
        self.rows: list[Row] = []
        self.findings: list[Finding] = []
        self.gaps: list[str] = []
        self.notes: list[str] = []
        #: Sides that are seen to compute in half precision somewhere, as they are run as well.
        self._half: set[str] = set()
        #: The half precision that both sides compute in somewhere, where it is the same.
        self._shared = ""
        #: Sides whose own gradients are by a rule that is no derivative, and the other's as well.
        self._meant: set[str] = set()
        captured = [captured_of(side, given) for side in self.sides]
        for side, one in zip(self.sides, captured, strict=True):
            self.gaps += [f"{side.name}: {g.operation}: {g.reason} ({g.place})" for g in one.gaps]
        if self.gaps:
            self._black_boxes()
        else:
            self._programs(captured)
        self.rows = [{**row, "draw": number} for row in self.rows]

    @property
    def verdict(self) -> str:
        """Of this draw."""
        if failing(self.rows) or any(f.differs for f in self.findings):
            return "differs"
        return "unknown" if self.gaps else "same"

    def _programs(self, captured: list[Captured]) -> None:
        whole = captured = [self._with_tables(*captured), sharing(captured[1], captured[0])]
        shapes = [shapes_of(one) for one in captured]
        if not any(0 not in shape for held in shapes for shape in held.values()):
            raise BadUsage("no output has an element: give inputs of which there is something")
        found = self._pair([list(x) for x in shapes])
        paths = (found.first, found.second)
        asked = [
            (side.name, only(one, self.paths[side]), self.draw, [held[p] for p in own])
            for side, one, held, own in zip(self.sides, captured, shapes, paths, strict=True)
        ]
        # A framework's own run takes most memory: it is made while little else is held.
        ran = [self._ran(side, "float64") for side in self.sides]
        a, b = (evaluate(*one, whole=False) for one in asked)
        narrow = {self._narrower(one) for one in (a, b)}
        self._shared = narrow.pop() if len(narrow) == 1 and narrow <= HALF else ""
        seen = Seen(*zip((a, b), (list(one.values()) for one in ran), strict=True))
        self.rows += mathematics(a, b, seen)
        meant = surrogates((a, ran[0]), (b, ran[1]))
        if meant is not None:
            self._surrogate(meant)
        alike = not failing(self.rows)
        if not alike:
            known = zip(asked, (a.noise, b.noise), strict=True)
            first, second = (replace(evaluate(*one), as_noisy=noise) for one, noise in known)
            found = diagnose(first, second, Elsewhere(self._elsewhere), gradients=meant is None)
            self.findings = [*found, *self.findings]
        for side, one, own in zip(self.sides, (a, b), ran, strict=True):
            beside = seen.beside(one, judged=True) if alike else None
            self._own_gradients(one, own, beside)
            if self.dtype != "float64":
                self._as_run(side, one, beside)
        self._count(whole)

    def _surrogate(self, found: Surrogates) -> None:
        """Own gradients by rules that are no derivatives, beside each other."""
        grads = [r for r in self.rows if r["kind"] == "grad"]
        values = len(failing(self.rows)) == len(failing(grads))
        if values and not found.same and len(found.off) == 1 and not failing(grads):
            return  # the other side's are the derivative, which this one's should be
        if found.same or not values:
            self._meant = {one.framework for one in found.off}
            self.rows = [r for r in self.rows if r["kind"] != "grad"]
        if values:
            self.rows += found.rows
        self.findings.append(found.found(values=values))

    def _judgeable(self, side: str, rows: Iterable[Row]) -> list[Row]:
        """Rows, but of gradients that are no derivatives on purpose."""
        return [r for r in rows if r["kind"] != "grad" or side not in self._meant]

    def _count(self, captured: Sequence[Captured]) -> None:
        """Indices and masks, which no gradient goes through, beside those of the other side."""
        a, b = self.sides
        found = counted((a.name, b.name), *captured)
        self.rows += found.rows
        self.notes += found.notes
        if not any(f.kind == "value" for f in self.findings):
            self.findings += found.findings

    def _elsewhere(self) -> tuple[Evaluated, Evaluated] | None:
        """Both sides with one example more; None where they cannot be called so."""
        given = larger(self.given)
        if given is None:
            return None
        try:
            captured = [side.capture(given, "float64") for side in self.sides]
            if any(one.gaps for one in captured):
                return None
            captured = [self._tables(*captured)[0], sharing(captured[1], captured[0])]
            a, b = (
                evaluate(side.name, only(one, self.paths[side]), self.draw)
                for side, one in zip(self.sides, captured, strict=True)
            )
        except GradparityError:  # the user's code takes no other size
            return None
        shapes = [[np.shape(s.values[name]) for _, name in s.outputs] for s in (a, b)]
        return (a, b) if shapes[0] == shapes[1] else None

    def _with_tables(self, one: Captured, other: Captured) -> Captured:
        """The first side, with buffers that the other knows nothing of as constants of its own."""
        made, buffers = self._tables(one, other)
        narrow = [k for k in sorted(buffers & made.inputs.keys()) if is_table(made.inputs[k])]
        if narrow:
            self.notes.append(
                f"{', '.join(narrow)} of {self.sides[0].name}, which {self.sides[1].name} makes "
                f"itself, {'holds' if len(narrow) == 1 else 'hold'} numbers of float32: what "
                "depends on them is compared to its rounding"
            )
        return made

    def _tables(self, one: Captured, other: Captured) -> tuple[Captured, set[str]]:
        used = needed(other.program, other.outputs.values())
        buffers = self.given.state.keys() - {*self.given.trained} - used
        return constant(one, buffers), {*buffers}

    def _ran(self, side: Side, dtype: str) -> dict[str, Ran]:
        """A side as it is, in each of its modes."""
        with called(side):
            return {
                mode: side.run(self.given, self.draw, dtype, mode, self.paths[side])
                for mode in side.modes
            }

    def _own_gradients(self, one: Evaluated, ran: Mapping[str, Ran], beside: Noise | None) -> None:
        """A side in float64 beside the reference's derivative of the same program."""
        for mode, own in ran.items():
            rows = as_run(one, own, "float64", "own gradient", mode, beside=beside)
            rows = self._judgeable(one.framework, rows)
            off = failing(rows)
            narrow = self._narrower(one) if off else ""
            if narrow and not failing(self._within(one, own, narrow)):
                self._add_narrow(one, narrow)
                rows = [{**r, "verdict": "agree", "reason": ""} for r in rows]
            elif off:
                self._add_own(one, own, off)
            self.rows += rows

    @staticmethod
    def _narrower(one: Evaluated) -> str:
        """The narrowest dtype that a variable is computed in, where that is not float64."""
        found = {d for d in one.captured.dtypes.values() if d in ("float32", "float16", "bfloat16")}
        return (
            min(found, key=lambda d: -np.finfo(np.float32).eps if d == "float32" else -1.0)
            if found
            else ""
        )

    def _within(self, one: Evaluated, ran: Any, dtype: str) -> list[Row]:
        """The side beside its truth, over what rounding to a narrower dtype explains."""
        noise = noise_of(one, dtype)
        rounded = replace(one, as_noisy=noise)
        return as_run(rounded, ran, "float64", "own gradient", "")

    def _add_narrow(self, one: Evaluated, dtype: str) -> None:
        names = [n for n, d in one.captured.dtypes.items() if d == dtype]
        name = min(names, key=lambda n: one.order.get(n, 0))
        place = one.captured.places.get(name)
        i = one.made.get(name)
        if place is None or any(f.kind == "narrow" for f in self.findings):
            return
        at = At(one.framework, i.operation if i else "", place)
        cause = f"{one.framework} computes in {dtype} here whatever dtype it is given"
        agree = f"leave out the cast, or mind that a run in float64 is off by {dtype}'s rounding"
        self.findings.append(Finding("narrow", (at,), cause, agree))
        if dtype != "float32":
            self._half.add(one.framework)

    def _add_own(self, one: Evaluated, ran: Ran, off: list[Row]) -> None:
        kinds = {r["kind"] for r in off}
        worst = max(
            off, key=lambda r: r["noise_ratio"] if r["noise_ratio"] == r["noise_ratio"] else 0
        )
        if any(
            f.kind in ("own gradient", "as run", "own kink")
            and one.framework in {at.side for at in f.at}
            for f in self.findings
        ):
            return
        kink = (
            own_on_kinks(one, ran.grads, [r["tensor"] for r in off]) if kinds == {"grad"} else None
        )
        if kink is not None:
            self.findings.append(kink)
            return
        custom = one.captured.custom
        if kinds == {"grad"} and custom:
            at = tuple(At(one.framework, c.name, c.place) for c in custom)
            names = ", ".join(dict.fromkeys(c.name for c in custom))
            cause = (
                f"{one.framework}'s own gradient is not the derivative of its forward pass: the "
                f"custom rule of {names} {'is' if len(custom) == 1 else 'or one of them is'} wrong"
            )
            if one.framework == self.sides[0].name:
                cause += f", or left out in {self.sides[1].name}"
        else:
            at = (At(one.framework, "", one.captured.places[one.outputs[0][1]]),)
            what = "gradient" if kinds == {"grad"} else "result"
            cause = f"{one.framework}'s own {what} is not that of its program"
        note = f"worst: {worst['kind']} of {worst['tensor']}: {worst['reason']}"
        self.findings.append(Finding("own gradient", at, cause, note=note))

    def _as_run(self, side: Side, wide: Evaluated, beside: Noise | None) -> None:
        """A side in its user's dtype beside the truth of its own program.

        That is what it is in float64 where the programs and their leaves are the same; what agrees
        with that within rounding need not be captured again.
        """
        ran = self._ran(side, self.dtype)
        rows = [
            r
            for mode, x in ran.items()
            for r in as_run(wide, x, self.dtype, "run", mode, noises=2, beside=beside)
        ]
        rows = self._judgeable(side.name, rows)
        if not failing(rows):
            self.rows += rows
            return
        captured = only(side.capture(self.given, self.dtype), self.paths[side])
        if same(captured, wide.captured):
            task = replace(wide.task, inputs={**wide.task.inputs, **captured.inputs})
            one = replace(wide, captured=captured, task=task)
        else:
            shapes = [np.shape(wide.values[name]) for _, name in wide.outputs]
            one = evaluate(side.name, captured, self.draw, shapes, whole=False)
        for mode in side.modes:
            rows = self._judgeable(side.name, as_run(one, ran[mode], self.dtype, "run", mode))
            if failing(rows) and self._shared:
                # The other side rounds so as well.
                noise = noise_of(one, self._shared)
                rows = as_run(one, ran[mode], self.dtype, "run", mode, noise=noise)
                rows = self._judgeable(side.name, rows)
            self.rows += rows
            off = failing(rows)
            own = (f for f in self.findings if f.kind in ("own gradient", "own kink"))
            known = {at.side for f in own for at in f.at}
            if off and side.name not in known | self._half:
                at = At(side.name, "", one.captured.places[one.outputs[0][1]])
                cause = f"{side.name} in {self.dtype} is further off than rounding explains"
                note = f"{off[0]['kind']} of {off[0]['tensor']}: {off[0]['reason']}"
                self.findings.append(Finding("as run", (at,), cause, note=note))

    def _black_boxes(self) -> None:
        ran = [s.run(self.given, self.draw, "float64", s.modes[0]) for s in self.sides]
        self._pair([list(r.outputs) for r in ran])
        again = [
            s.run(self.given, self.draw, "float64", s.modes[0], self.paths[s]) for s in self.sides
        ]
        self.rows += black_box([s.name for s in self.sides], again, BLACK_BOX)

    def _pair(self, paths: list[list[str]]) -> Pairs:
        """Decide which outputs are compared."""
        first, second = self.sides
        found = pairs((first.name, second.name), *paths)
        self.paths = {first: found.first, second: found.second}
        self.notes += found.notes
        return found
