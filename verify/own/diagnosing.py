"""Finds what makes two programs different, one thing after another."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ...adapters.captures.captured import Place
from ..measure.noise import MULTIPLE
from . import telling
from .causes import REPRODUCED, Proof, search
from .chance import Elsewhere
from .evaluating import Evaluated
from .finding import At, Finding
from .gradients import gradients_apart, part_backwards, program_without_loss, search_backwards
from .guards import Unguarded, search_guards
from .kinks import parting_on_kinks
from .matching import largest, off
from .parting import Parting, part
from .placing import place, standing
from .routing import exchanged
from .stops import counterpart, one_is_enough, search_stops
from .tables import search_tables
from .turning import search_turned

#: How many things may be found one after the other.
ROUNDS = 8

#: How a gradient is stopped.
STOPS = {"torch": "detach", "jax": "stop_gradient"}


@dataclass
class _State:
    """The two sides, with the edits that were proved so far."""

    a: Evaluated
    b: Evaluated
    #: The two at another size, edited alike.
    elsewhere: Elsewhere


def diagnose(
    a: Evaluated, b: Evaluated, elsewhere: Elsewhere | None = None, *, gradients: bool = True
) -> list[Finding]:
    """What makes two programs different, in the order in which they part.

    A cause is stated only where the edited program reproduces the other side, at another size as
    well where one size may do so by chance; the edit is then applied, and the search goes on.
    ``gradients`` says whether those of the programs are the sides' own.
    """
    state, findings = _State(a, b, elsewhere or Elsewhere()), []
    met: list[tuple[Evaluated, Evaluated, list[Finding]]] = []
    for _ in range(ROUNDS):
        starts = _apart(state.a, state.b)
        if not starts:
            break
        met.append((state.a, state.b, list(findings)))
        finding, goes_on = _values_part(state, starts)
        _add(findings, finding)
        if not goes_on:
            return findings
        for here, there, before in met:
            if _alike(state.a, here) and _alike(state.b, there):
                # What is undone again was no cause.
                finding = replace(finding, cause="", agree="", effect=_effect(here, there), times=1)
                return [*before, finding]
    for _ in range(ROUNDS if gradients else 0):
        finite = np.isfinite(state.a.loss) and np.isfinite(state.b.loss)
        if not finite or not gradients_apart(state.a, state.b):
            break
        found, goes_on = _gradients_part(state)
        for finding in found:
            _add(findings, finding)
        if not goes_on:
            break
    found = None if findings or not gradients else parting_on_kinks(state.a, state.b)
    return findings if found is None else [found]


def _add(findings: list[Finding], finding: Finding) -> None:
    """Add a finding; of one that is there already (one line, run for queries and keys) a count."""
    for k, held in enumerate(findings):
        same = [str(at) for at in held.at] == [str(at) for at in finding.at]
        if same and held.cause and held.cause == finding.cause:
            findings[k] = replace(held, times=held.times + 1)
            return
    findings.append(finding)


def _apart(a: Evaluated, b: Evaluated) -> list[tuple[str, str]]:
    """The pairs of outputs that are further apart than rounding explains."""
    pairs = []
    for (_, x), (_, y) in zip(a.outputs, b.outputs, strict=True):
        mine, other = a.values[x], b.values[y]
        if np.shape(mine) != np.shape(other) or off(mine, other) > _room(a, x, b, y):
            pairs.append((x, y))
    return pairs


def _alike(a: Evaluated, b: Evaluated) -> bool:
    """Whether two states of a side hand back the same."""
    return a is b or all(
        off(a.values[x], b.values[y]) < REPRODUCED
        for (_, x), (_, y) in zip(a.outputs, b.outputs, strict=True)
    )


def _room(a: Evaluated, x: str, b: Evaluated, y: str) -> float:
    """How far apart two outputs may be, relative to the largest."""
    if a.captured.program is b.captured.program:
        return 0.0
    noise = largest(np.hypot(a.noise["values"][x], b.noise["values"][y]))
    size = largest(a.values[x])
    return MULTIPLE * noise / size if size else 1e-12


def _values_part(state: _State, starts: list[tuple[str, str]]) -> tuple[Finding, bool]:
    a, b = state.a, state.b
    routed = exchanged(a, b, starts)
    if routed is not None:
        finding, state.b = routed
        return finding, True
    parting = part(a, b, starts)
    searching = _Searching(state, parting, starts)
    proof, turned = searching.found()
    at_a, at_b = (
        standing(a, parting.here, proof, b if turned else None),
        standing(b, parting.there, proof, None if turned else a),
    )
    if proof is None:
        return Finding("value", (at_a, at_b), effect=_effect(a, b)), False
    others = searching.others(proof, turned=turned)
    state.elsewhere.apply(b if turned else a, proof, turned=turned)
    before = a.loss if not turned else b.loss
    core = program_without_loss(proof.program)
    places = (at_a.place, at_b.place)
    if turned:
        state.b = b.edited(core, proof.extra)
        after = state.b.loss
        words = telling.cause(proof, a, b, turned=True)
        agree = telling.turned(proof, (a, b), places)
    else:
        state.a = a.edited(core, proof.extra)
        after = state.a.loss
        words = telling.cause(proof, a, b)
        agree = telling.remedy(proof, (a, b), places)
    effect = f"changes the loss by {abs(after - before):.3g} of {before:.6g}"
    if others:
        said = [telling.cause(one, a, b, turned=back) for one, back in others]
        words = f"either {words}, or {', or '.join(said)}: alike for so many examples"
        agree = "compare on another number of examples, which tells these apart"
    return Finding("value", (at_a, at_b), words, agree, effect), True


class _Searching:
    """Looks for an edit of either side."""

    def __init__(self, state: _State, parting: Parting, starts: list[tuple[str, str]]) -> None:
        back = Parting(parting.there, parting.here)
        self._asked = {
            False: (state.a, state.b, parting, starts),
            True: (state.b, state.a, back, [(y, x) for x, y in starts]),
        }
        self._elsewhere = state.elsewhere
        #: Proofs that may be of chance, as no other size is to be had.
        self._unsure: list[tuple[Proof, bool]] = []

    def found(self) -> tuple[Proof | None, bool]:
        """The edit that is believed, and whether it is of the second side."""
        asked = self._asked[False]
        proof = search_tables(*asked, known=True, further=self._turns)
        if proof is not None:
            other = None if proof.whole else self._search(turned=True)
            return (other, True) if other is not None and other.whole else (proof, False)
        for turned in (False, True):
            proof = search_turned(*self._asked[turned])
            if proof is not None:
                return proof, turned
        proof = search_tables(*self._asked[True], known=True)
        if proof is not None:
            return proof, True
        proof = self._search(turned=False)
        if proof is None or not proof.whole:
            other = self._search(turned=True)
            if other is not None and (proof is None or other.whole):
                return other, True
        return proof or search_tables(*asked, known=False), False

    def _turns(self, edited: Evaluated) -> bool:
        """Whether the first side, edited, turns other pairs than the second, and does no more."""
        _, b, _, starts = self._asked[False]
        return search_turned(edited, b, part(edited, b, starts), starts) is not None

    def others(self, proof: Proof, *, turned: bool) -> list[tuple[Proof, bool]]:
        """Edits that reproduce as much, where it may be by chance that one does."""
        if all(one is not proof for one, _ in self._unsure):
            return []
        if not turned:
            self._search(turned=True)
        found: dict[str, tuple[Proof, bool]] = {}
        for one, back in self._unsure:
            if one is not proof and one.whole == proof.whole:
                found.setdefault(one.edit.says, (one, back))
        found.pop(proof.edit.says, None)
        return list(found.values())

    def _search(self, *, turned: bool) -> Proof | None:
        def holds(proof: Proof) -> bool:
            held = self._elsewhere.holds(self._asked[turned][0], proof, turned=turned)
            if held is None:
                self._unsure.append((proof, turned))
            return held is not False

        return search(*self._asked[turned], holds)


def _gradients_part(state: _State) -> tuple[list[Finding], bool]:
    for here, there in (("a", "b"), ("b", "a")):
        a, b = getattr(state, here), getattr(state, there)
        guards = search_guards(a, b)
        if guards is not None:
            setattr(state, here, a.edited(guards.program, guards.extra))
            return [_unguarded(a, b, one, first=here == "a") for one in guards.unguarded], True
    for here, there in (("a", "b"), ("b", "a")):
        a, b = getattr(state, here), getattr(state, there)
        stops = search_stops(a, b)
        enough = None if stops is None else one_is_enough(a, b, stops)
        if enough is not None:
            setattr(state, there, b.edited(enough.program, {}))
            return [_stopped(a, b, *enough.targets, first=here == "a")], True
        if stops is not None:
            setattr(state, here, a.edited(stops.program, {}))
            return [_stopped(a, b, target, first=here == "a") for target in stops.targets], True
    for here, there in (("a", "b"), ("b", "a")):
        found = _stopped_once(state, there, here)
        if found is not None:
            return [found], True
    found = parting_on_kinks(state.a, state.b)
    if found is not None:
        return [found], False
    at = []
    for side, other in ((state.a, state.b), (state.b, state.a)):
        first = part_backwards(side, other).first[:1]
        at += [At(side.framework, side.made[n].operation, place(side, n)) for n in first]
    worst = max(gradients_apart(state.a, state.b).items(), key=lambda item: item[1])
    effect = f"the gradient of {worst[0]} is off by {worst[1]:.2g}"
    return [Finding("grad", tuple(at), effect=effect)], False


def _stopped_once(state: _State, stopping: str, other: str) -> Finding | None:
    """A gradient that one side stops, where one stop of the other makes all gradients the same."""
    a, b, sides = getattr(state, other), getattr(state, stopping), (state.a, state.b)
    proof = search_backwards(a, b, part_backwards(a, b))
    if proof is None:
        return None
    name = proof.edit.operand if proof.edit.operand in a.made else proof.target
    at = At(a.framework, a.made[name].operation, place(a, name))
    words = telling.cause(proof, *sides, turned=other == "b")
    if other == "a":
        agree = telling.remedy(proof, sides, (at.place, Place()))
    else:
        agree = telling.turned(proof, sides, (Place(), at.place))
    setattr(state, other, a.edited(proof.program, {}))
    return Finding("grad", (at,), words, agree)


def _stopped(a: Evaluated, b: Evaluated, target: str, *, first: bool) -> Finding:
    """A gradient that ``a`` stops on purpose, and ``b`` does not."""
    at = [At(a.framework, "stop_gradient", place(a, target))]
    there = counterpart(a, b, target)
    if there is not None:
        at.append(At(b.framework, b.made[there].operation, place(b, there)))
    said = "{here} lets no gradient pass here (detach, stop_gradient), {there} does"
    here, beside = at[0].place, at[1].place if there is not None else Place()
    if first:
        words = telling.named(said, a, b)
        agree = telling.gradient(f"stop it, too, by {STOPS[b.framework]}", (a, b), (here, beside))
    else:
        words = telling.named(said, b, a, turned=True)
        agree = telling.gradient(f"no {STOPS[a.framework]}", (b, a), (beside, here))
    return Finding("grad", tuple(at if first else at[::-1]), words, agree)


def _unguarded(a: Evaluated, b: Evaluated, one: Unguarded, *, first: bool) -> Finding:
    """An operation that ``b`` keeps from elements at which its slope in ``a`` is not finite."""
    i = a.made[one.target]
    at = At(a.framework, i.operation, place(a, one.target))
    said = (
        f"{{here}} differentiates {i.operation} where its slope is not finite, at {one.count} of "
        f"{one.size} elements, {{there}} does not"
    )
    sides = (a, b) if first else (b, a)
    agree = (
        f"a `where` on what {i.operation} is given too, and not on what it yields alone "
        "(a slope that is not finite times a cotangent of zero is NaN)"
    )
    words = telling.named(said, *sides, turned=not first)
    return Finding("grad", (at,), words, telling.within(agree, a, b, at.place))


def _effect(a: Evaluated, b: Evaluated) -> str:
    return f"the loss is {a.loss:.6g} in {a.framework}, {b.loss:.6g} in {b.framework}"
