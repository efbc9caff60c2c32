"""Finds what makes two programs different, one thing after another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from ...adapters.captures.captured import Place
from ...cases.program import Const
from ..measure.noise import MULTIPLE
from .causes import Proof, search
from .evaluating import Evaluated
from .finding import At, Finding
from .gradients import gradients_apart, part_backwards, program_without_loss, search_backwards
from .matching import off
from .parting import Front, part
from .stops import counterpart, search_stops

#: How many things may be found one after the other.
ROUNDS = 8


@dataclass
class _State:
    """The two sides, with the edits that were proved so far."""

    a: Evaluated
    b: Evaluated


def diagnose(a: Evaluated, b: Evaluated) -> list[Finding]:
    """What makes two programs different, in the order in which they part.

    A cause is stated only where the edited program reproduces the other side; the edit is then
    applied, and the search goes on.
    """
    state, findings = _State(a, b), []
    for _ in range(ROUNDS):
        starts = _apart(state.a, state.b)
        if not starts:
            break
        finding, goes_on = _values_part(state, starts)
        _add(findings, finding)
        if not goes_on:
            return findings
    for _ in range(ROUNDS):
        if not gradients_apart(state.a, state.b):
            break
        found, goes_on = _gradients_part(state)
        for finding in found:
            _add(findings, finding)
        if not goes_on:
            break
    return findings


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


def _room(a: Evaluated, x: str, b: Evaluated, y: str) -> float:
    """How far apart two outputs may be, relative to the largest."""
    if a.captured.program is b.captured.program:
        return 0.0
    noise = float(np.max(np.hypot(a.noise["values"][x], b.noise["values"][y]), initial=0.0))
    size = float(np.max(np.abs(a.values[x]), initial=0.0))
    return MULTIPLE * noise / size if size and np.isfinite(size) else 1e-12


def _values_part(state: _State, starts: list[tuple[str, str]]) -> tuple[Finding, bool]:
    a, b = state.a, state.b
    parting = part(a, b, starts)
    proof, turned = search(a, b, parting, starts), False
    if proof is None or not proof.whole:
        back = type(parting)(parting.there, parting.here)
        other = search(b, a, back, [(y, x) for x, y in starts])
        if other is not None and (proof is None or other.whole):
            proof, turned = other, True
    at_a, at_b = _at(a, parting.here, proof, turned), _at(b, parting.there, proof, not turned)
    if proof is None:
        return Finding("value", (at_a, at_b), effect=_effect(a, b)), False
    before = a.loss if not turned else b.loss
    core = program_without_loss(proof.program)
    if turned:
        state.b = b.edited(core, proof.extra)
        after = state.b.loss
        words = _worded(proof, here=b.framework, there=a.framework)
        agree = f"in {b.framework}, {_line(at_b.place)} as in {a.framework}: {words}"
    else:
        state.a = a.edited(core, proof.extra)
        after = state.a.loss
        words = _worded(proof, here=a.framework, there=b.framework)
        agree = f"in {b.framework}, {_line(at_b.place)}{proof.edit.agree}"
    effect = f"changes the loss by {abs(after - before):.3g} of {before:.6g}"
    return Finding("value", (at_a, at_b), words, agree, effect), True


def _gradients_part(state: _State) -> tuple[list[Finding], bool]:
    for here, there in (("a", "b"), ("b", "a")):
        a, b = getattr(state, here), getattr(state, there)
        stops = search_stops(a, b)
        if stops is not None:
            setattr(state, here, a.edited(stops.program, {}))
            return [_stopped(a, b, target, first=here == "a") for target in stops.targets], True
    for here, there in (("a", "b"), ("b", "a")):
        a, b = getattr(state, here), getattr(state, there)
        parting = part_backwards(a, b)
        proof = search_backwards(a, b, parting)
        if proof is not None:
            setattr(state, here, a.edited(proof.program, {}))
            name = proof.edit.operand if proof.edit.operand in a.made else proof.target
            at = At(a.framework, a.made[name].operation, _place(a, name))
            words = _worded(proof, here=a.framework, there=b.framework)
            return [Finding("grad", (at,), words, f"in {b.framework}: {proof.edit.agree}")], True
    at = []
    for side, other in ((state.a, state.b), (state.b, state.a)):
        first = part_backwards(side, other).first[:1]
        at += [At(side.framework, side.made[n].operation, _place(side, n)) for n in first]
    worst = max(gradients_apart(state.a, state.b).items(), key=lambda item: item[1])
    effect = f"the gradient of {worst[0]} is off by {worst[1]:.2g}"
    return [Finding("grad", tuple(at), effect=effect)], False


def _stopped(a: Evaluated, b: Evaluated, target: str, *, first: bool) -> Finding:
    """A gradient that ``a`` stops on purpose, and ``b`` does not."""
    at = [At(a.framework, "stop_gradient", _place(a, target))]
    there = counterpart(a, b, target)
    if there is not None:
        at.append(At(b.framework, b.made[there].operation, _place(b, there)))
    said = "{here} lets no gradient pass here (detach, stop_gradient), {there} does"
    port = b.framework if first else a.framework
    agree = "stop the gradient here as well" if first else "no detach or stop_gradient"
    here, there = (a.framework, b.framework) if first else (b.framework, a.framework)
    words = _named(said if first else _turned(said), here, there)
    return Finding("grad", tuple(at if first else at[::-1]), words, f"in {port}: {agree}")


def _turned(said: str) -> str:
    """A sentence with the two sides exchanged."""
    return said.replace("{here}", "{}").replace("{there}", "{here}").replace("{}", "{there}")


def _worded(proof: Proof, here: str, there: str) -> str:
    return _named(proof.edit.says, here, there)


def _named(said: str, here: str, there: str) -> str:
    if here == there:
        here, there = f"the first ({here})", f"the second ({there})"
    return said.format(here=here, there=there)


def _effect(a: Evaluated, b: Evaluated) -> str:
    return f"the loss is {a.loss:.6g} in {a.framework}, {b.loss:.6g} in {b.framework}"


def _at(side: Evaluated, front: Front, proof: Proof | None, other: bool) -> At:  # noqa: FBT001
    """The operation at which a side parts: the edited one, where the edit was of this side."""
    name = next(_candidates(side, front, proof, other), "")
    i = side.made.get(name)
    values = ""
    if name in side.values:
        x = np.asarray(side.values[name])
        size = float(np.sqrt(np.mean(np.abs(x[np.isfinite(x)]) ** 2))) if x.size else 0.0
        values = f"{'x'.join(map(str, x.shape)) or 'scalar'}, root mean square {size:.4g}"
    operation = i.operation if i is not None else f"leaf {name}"
    return At(side.framework, operation, _place(side, name), values)


def _candidates(side: Evaluated, front: Front, proof: Proof | None, other: bool) -> Iterator[str]:  # noqa: FBT001
    if proof is not None and not other:
        if proof.edit.operand in side.made:
            yield proof.edit.operand
        yield proof.target
    if proof is not None and other:
        sought = proof.edit.number
        if sought is not None:
            having = [
                i
                for i in side.program.instructions
                if i.target in front.lost
                and any(isinstance(x, Const) and x.value == sought for x in i.arguments)
            ]
            edited = proof.edit.instructions[-1].operation
            yield from (i.target for i in sorted(having, key=lambda i: i.operation != edited))
        if proof.there is not None:
            yield proof.there
    yield from (n for n in front.first if side.captured.places.get(n, Place()).line)
    yield from front.first


def _place(side: Evaluated, name: str) -> Place:
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


def _line(place: Place) -> str:
    return f"{place.file.rpartition('/')[2]}:{place.line}: " if place.line else ""
