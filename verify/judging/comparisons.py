"""What is compared in a trace, and what came of it.

Which tensors are compared follows from the case and the reference's text, never from what an
adapter's own text happens to reach: a parameter that another text detaches has no gradient there,
and that is a difference.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ...adapters.base import Trace, on_path
from ...adapters.values import slot_of_scale
from ...cases.program import Program
from ...cases.task import AVERAGE, Between, Divergence, Expected, Task
from ...cases.ways import WAYS
from ..measure.branches import Branches, cancelled, decided
from ..measure.compare import Outcome, compare, place_of, plain
from ..measure.dtypes import dtype_at
from ..measure.noise import bound_of, largest
from ..measure.power import hides, power, way
from ..slopes.sides import kink_at
from ..slopes.vote import vote
from ..truth.baseline import Baseline, Key, flat
from .expectation import as_said, contradicted, in_set
from .records import recorded_of

#: So many elements that a set lets pass are asked whether they are on a kink.
ASKED = 8


@dataclass(frozen=True)
class Comparison:
    """One tensor of an adapter beside its truth; ``recorded`` is what the case records of it.

    ``power`` is the largest error that the bound lets pass, relative to the element; ``blind`` is
    how many elements a zero would pass for, ``cancelled`` how many of them are zeros themselves, of
    terms that cancel; ``explained`` is the bound, element by element, and ``loose`` what would be
    let pass of arithmetic such as others', which is no less; ``decided`` is where rounding decides.
    """

    key: Key
    got: Any
    truth: np.ndarray
    outcome: Outcome
    recorded: Divergence | None
    power: float = np.nan
    blind: int = 0
    cancelled: int = 0
    explained: Any = 0.0
    loose: Any = 0.0
    decided: Any = False


def comparisons(
    task: Task, adapter: str, trace: Trace, base: Baseline, pulled: Trace | None = None
) -> Iterator[Comparison]:
    """Compare everything that the task's checks ask for.

    ``pulled`` is the trace of ``base.seeded``, where there is one.
    """
    program = task.program(adapter)
    assert program is not None, "an adapter without a text has no trace to judge"
    found, off = _renamed(flat(trace), program, task), set()
    _at_a_recorded_scale(task, adapter, found, base)
    base = _decided_together(task, found, base)
    for key in compared(task, base):
        if "." in key[1] and key not in found:
            continue  # what an optimizer remembers is compared where a framework has it too
        got = found.get(key)
        if got is None and key[0] == "grad" and key[1] in base.unused:
            got = np.zeros(base.truth[key].shape, dtype_at(task, key[1], base.truth[key]))
        each = compared_with(task, adapter, key, got, base)
        if key[0] == "grad" and not each.outcome.agrees:
            off.add(key[1])
        yield each
    if pulled is not None:
        yield from _pulled(task, adapter, pulled, base, off)


def _at_a_recorded_scale(task: Task, adapter: str, found: dict[Key, Any], base: Baseline) -> None:
    """Take from later gradients what a record says of the scale that the loss has in an adapter.

    What the loss is multiplied by is compared by itself; without this, one record of it would have
    every gradient that follows differ.
    """
    if task.loss_scale is None:
        return
    name = slot_of_scale(task)
    if not any(
        (d.check, d.tensor) == ("update", name) and adapter in d.adapters for d in task.divergences
    ):
        return
    for key, got in found.items():
        check, _, step = key
        before = ("update", name, step - 1)
        own, ours = found.get(before), base.truth.get(before)
        if check != "grad" or not step or got is None or own is None or ours is None:
            continue
        held = np.asarray(got)
        if float(own) > 0 and held.dtype.kind in "fcV":
            share = np.asarray(float(ours) / float(own))  # of powers of two, mostly
            found[key] = held * share.astype(np.real(held).dtype)


def _decided_together(task: Task, found: dict[Key, Any], base: Baseline) -> Baseline:
    """The baseline, in which what one decision makes of several tensors is taken together.

    A tie of two parameters hands its cotangent to one of them, or a share to each; at a jump the
    gradients are those of the branch whose value the output has.
    """
    chosen, output = dict(base.branches), reference_program(task).output

    def held_of(key: Key) -> np.ndarray | None:
        got, want = found.get(key), base.truth[key]
        if base.branches[key].joint is None or got is None or np.shape(got) != want.shape:
            return None
        held = np.asarray(got).astype(want.dtype)
        return held if np.isfinite(held).all() else None

    for step in range(task.steps):
        parts, each, value = {}, [], ("value", output, step)
        at_jump = held_of(value) if base.jumps and value in base.branches else None
        for key, part in base.branches.items():
            if key[0] != "grad" or key[2] != step or key[1] not in task.params:
                continue
            held = held_of(key)
            if held is None:
                continue
            own = part if at_jump is None else part.where_it_is(base.branches[value], at_jump)
            chosen[key] = own
            if own.joint is not None:
                parts[key] = own
                each.append(own.each(held, between=not base.jumps))
        alike = {len(part.joint) for part in parts.values() if part.joint is not None}
        if len(parts) < 2 or len(alike) != 1:
            continue
        for (key, part), x in zip(parts.items(), decided([*parts.values()], each), strict=True):
            chosen[key] = replace(part, chosen=x)
    return replace(base, branches=chosen)


def compared(task: Task, base: Baseline) -> Iterator[Key]:
    """The tensors that are compared: parameters, the output, and what every text of the case names.

    At the first step the values of variables and the cotangents of those on the way from a
    parameter to the output; at every step the output's value, the parameters' gradients, and the
    parameters after the update with what the rule remembers.
    """
    program, shared = reference_program(task), shared_names(task)
    ways = {*task.params, *(n for n in on_path(program, task.params) if n in shared)}
    for key in base.truth:
        check, name, _step = key
        owner = name.partition(".")[0] if check == "update" else name  # W.m is W's optimizer's
        if check not in task.checks or check in WAYS or owner not in shared:
            continue
        if check == "value" and name in task.params:
            continue
        if check == "grad" and name not in ways:
            continue
        yield key


def shared_names(task: Task) -> set[str]:
    """What every text of a case names, and the output, under the reference's name of it."""
    shared = set.intersection(*({*p.named, *task.params} for p in task.programs.values()))
    return shared | {reference_program(task).output}


def _renamed(found: dict[Key, Any], program: Program, task: Task) -> dict[Key, Any]:
    """What a trace has, the output under the name that the reference's text gives it."""
    ours, theirs = reference_program(task).output, program.output
    if ours == theirs:
        return found
    for check in ("value", "grad"):
        for step in range(task.steps):
            if (check, theirs, step) in found:
                found[check, ours, step] = found[check, theirs, step]
    return found


def reference_program(task: Task) -> Program:
    """The reference's text, which a task that is judged has."""
    program = task.program("numpy")
    assert program is not None, "a task without a text for the reference has no truth"
    return program


def compared_with(task: Task, adapter: str, key: Key, got: Any, base: Baseline) -> Comparison:
    """One tensor: what the case says of it beside the truth, then the adapter's beside both."""
    truth, noise, part = np.asarray(base.truth[key]), base.noise[key], base.branches.get(key)
    dtype, expected = dtype_at(task, key[1], truth), _expected(task, key)
    recorded = recorded_of(task, adapter, key)
    bound = _allowed(task, truth, noise, dtype)
    if isinstance(expected, Between):
        outcome = in_set(got, expected, truth.shape, dtype, bound)
        slope = outcome.agrees and key[0] == "grad"
        if not slope or _on_kink(task, key, base):
            beside = _beside_kinks(task, key[1], got, truth, bound) if slope else None
            return Comparison(key, got, truth, beside or outcome, recorded)
        expected = None  # where nothing has two slopes, the truth alone is right
    if got is None and key[0] == "value":
        return Comparison(key, got, truth, Outcome("missing", "it gave no value"), recorded)
    # Where NaN is the truth, to return it is no divergence from it.
    nan_expected = np.isnan(expected.value) if expected is not None else recorded is not None
    lost = base.lost.get(key)
    if lost is not None:
        lost = lost & ~np.broadcast_to(nan_expected, truth.shape)
        nan_expected = nan_expected | lost
    held, unseen = _held(got, truth, dtype, lost)
    overflows = task.loss_scale is not None and key[0] == "grad"
    if overflows:  # what a scaled loss overflows to is no update: infinities and NaN are alike
        held = _overflown(held, truth, dtype)
    nan_expected = nan_expected | overflows
    outcome = compare(
        held,
        truth,
        dtype=dtype,
        noise=noise,
        bound=bound,
        nan_expected=nan_expected,
        branches=part,
        between=key[0] == "grad" and not base.jumps,
    )
    if expected is not None:
        wrong = contradicted(expected, truth, dtype, base.condition.get(key))
        if wrong is not None:
            return Comparison(key, got, truth, wrong, recorded)
        outcome = as_said(outcome, got, expected)
    if outcome.agrees and recorded is None and task.tolerance is None and key in base.own:
        outcome = _of_text(outcome, got, truth, base.own[key])
    size, sized = _magnitude(task, key, truth, dtype), key[0] != "update"
    told = _told(size, bound, dtype, part, unseen, sized=sized)
    loose = bound if key not in base.loose else np.maximum(bound, bound_of(base.loose[key], dtype))
    decided = False if part is None else part.where
    return Comparison(key, got, truth, outcome, recorded, *told, bound, loose, decided)


def _of_text(outcome: Outcome, got: Any, truth: np.ndarray, own: np.ndarray) -> Outcome:
    """The outcome, where what the adapter's own text says is not the truth, and is what it gave."""
    held = np.asarray(got).astype(truth.dtype)
    with np.errstate(all="ignore"):
        apart = np.abs(own - truth)
        apart = np.where(np.abs(held - own) < np.abs(held - truth), apart, 0.0)
    if not np.any(apart > 0):
        return outcome
    index = place_of(np.argmax(apart), apart.shape)
    found, said, want = (complex(x[index]) for x in (held, own, truth))
    digits = next(n for n in (6, 9, 12, 17) if f"{said:.{n}g}" != f"{want:.{n}g}" or n == 17)
    reason = (
        f"its own text comes to {plain(said):.{digits}g} at {index}, the reference's to "
        f"{plain(want):.{digits}g}: rounding would hide it, and it is another function"
    )
    off = abs(found - want)
    return replace(
        outcome, kind="error", reason=reason, max_abs=off, index=index, got=found, want=want
    )


def _on_kink(task: Task, key: Key, base: Baseline) -> bool:
    """Whether an operation of the task is on a kink, as far as the reference can tell."""
    if any(i.native for i in reference_program(task).instructions):
        return True  # which says nothing of its kinks
    return key in base.branches or any(near.on for near in base.near)


def _beside_kinks(
    task: Task, name: str, got: Any, truth: np.ndarray, bound: np.ndarray
) -> Outcome | None:
    """What a set lets pass at an element of its own that has one slope, as the truth says."""
    if truth.dtype.kind != "f":
        return None
    held = np.asarray(got).astype(truth.dtype)
    with np.errstate(all="ignore"):
        off = np.argwhere(np.abs(held - truth) > bound)
    for place in off[:ASKED]:
        index = tuple(map(int, place))
        found, want = float(held[index]), float(truth[index])
        slope = None if kink_at(task, name, index) else vote(task, name, index)
        size = max(abs(found), abs(want))
        if slope and slope.contradicts(found, size) and not slope.contradicts(want, size):
            reason = f"{found} at {index}, where there is one slope: {want:.10g}"
            return Outcome("expect", reason, abs(found - want), index=index, got=found, want=want)
    return None


def _magnitude(task: Task, key: Key, truth: np.ndarray, dtype: np.dtype[Any]) -> np.ndarray:
    """What an error is held against: a tensor itself, and of a parameter how far it has come."""
    start = task.params.get(key[1].removesuffix(AVERAGE)) if key[0] == "update" else None
    if start is None or dtype.kind not in "fcV":
        return truth
    return way(truth, start, dtype)


def _held(
    got: Any, truth: np.ndarray, dtype: np.dtype[Any], lost: np.ndarray | None
) -> tuple[Any, np.ndarray | None]:
    """A result with the truth where rounding alone makes it no number, and where that is."""
    if lost is None or np.shape(got) != truth.shape or np.asarray(got).dtype != dtype:
        return got, None
    stray = lost & (~np.isfinite(got) | np.isnan(truth))
    if not stray.any():
        return got, None
    with np.errstate(all="ignore"):
        return np.where(stray, truth.astype(dtype), got), stray


def _overflown(got: Any, truth: np.ndarray, dtype: np.dtype[Any]) -> Any:
    """A result with the truth where neither is finite."""
    if np.shape(got) != truth.shape or np.asarray(got).dtype != dtype:
        return got
    with np.errstate(all="ignore"):
        wanted = truth.astype(dtype)
    return np.where(np.isfinite(got) | np.isfinite(wanted), got, wanted)


def _told(
    truth: np.ndarray,
    bound: np.ndarray,
    dtype: np.dtype[Any],
    part: Branches | None,
    unseen: np.ndarray | None = None,
    *,
    sized: bool = True,
) -> tuple[float, int, int]:
    """What error passes, relative to the element, and how many elements a zero passes for.

    Where rounding decides between branches, the set of them is what is judged. ``unseen`` are the
    elements that are not judged at all; ``sized`` says that the truth is what an error is an error
    of, so that of a zero by cancellation nothing can be told: how many these are comes last.
    """
    if dtype.kind not in "fcV":
        return 0.0, 0, 0
    hidden = hides(truth, bound, dtype)
    if part is not None:
        hidden &= ~part.where
    if unseen is not None:
        hidden |= unseen
    bound = np.broadcast_to(bound, truth.shape)
    zeros = 0
    if sized:
        zeros = int(np.count_nonzero(cancelled(truth, bound, dtype, part) & ~hidden))
    if part is not None:
        truth, bound = truth[~part.where], bound[~part.where]
    return power(truth, bound, dtype), int(np.count_nonzero(hidden)) + zeros, zeros


def _pulled(
    task: Task, adapter: str, trace: Trace, base: Baseline, off: set[str]
) -> Iterator[Comparison]:
    """The parameters' gradients again, of an output whose cotangent is neither 0 nor ±1.

    They are so many times what they were. What is recorded of a gradient, or said to be a set,
    holds for this one as well, and is not asked twice; nor is what is ``off`` already.
    """
    found, share = flat(trace), task.share
    for name in task.params:
        key = ("grad", name, 0)
        if name in off or key not in base.truth or recorded_of(task, adapter, key):
            continue
        truth = np.asarray(base.truth[key])
        if not np.isfinite(truth).all() or isinstance(_expected(task, key), Between):
            continue
        got, dtype = found.get(key), dtype_at(task, key[1], truth)
        if got is None and name in base.unused:
            got = np.zeros(truth.shape, dtype)
        want, noise = truth * share, base.noise[key] * (2 * abs(share))
        bound = _allowed(task, want, noise, dtype)
        part = base.branches.get(key)
        part = None if part is None else part.scaled(share)
        held, unseen = _held(got, want, dtype, base.lost.get(key))
        outcome = compare(
            held,
            want,
            dtype=dtype,
            noise=noise,
            bound=bound,
            branches=part,
            between=not base.jumps,
        )
        told = _told(want, bound, dtype, part, unseen)
        yield Comparison(("vjp", name, 0), got, want, outcome, None, *told, bound)


def _allowed(task: Task, truth: np.ndarray, noise: np.ndarray, dtype: np.dtype[Any]) -> np.ndarray:
    """The error that is let pass, element by element: the case's own, or derived from noise."""
    if task.tolerance is not None and dtype.kind in "fcV":
        size = largest(truth, dtype)
        return np.full(truth.shape, task.tolerance.abs + task.tolerance.rel * size)
    return bound_of(noise, dtype)


def _expected(task: Task, key: Key) -> Expected | Between | None:
    """What the case expects of a tensor: at the first step, or of an update at the last."""
    check, name, step = key
    if step != (task.steps - 1 if check == "update" else 0):
        return None
    return task.expect.get(check, {}).get(name)
