"""From comparisons to rows of verdicts: one row for each check, tensor and step."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from ...adapters.asking import Answers
from ...adapters.base import Adapter, Trace
from ...adapters.interpret import situated
from ...cases.task import Task
from ...refimpl.errors import GradparityError, Unsupported
from ...refimpl.rounding import unit_roundoff
from ..local.proof import LUCK, Proof, Proofs
from ..measure.compare import Outcome
from ..measure.dtypes import dtype_at
from ..measure.noise import largest
from ..measure.power import dull
from ..truth.baseline import Baseline
from ..truth.texts import WIDEST, beside_captured, beside_text
from .comparisons import Comparison, comparisons
from .records import in_words, raised, since, still
from .rows import FAILING, Row, blaming, body, head, whole
from .ways import compared_ways, failed_ways

#: Checks of which the proof of a step or of its update speaks.
PLAIN = frozenset({"value", "grad", "update"})


def judge(
    task: Task,
    adapter: Adapter,
    version: str,
    trace: Trace,
    base: Baseline,
    pulled: Trace | None = None,
    answers: Answers | None = None,
) -> list[Row]:
    """Judge everything the task's checks ask for in one adapter's trace.

    ``pulled`` is the trace of ``base.seeded``, ``answers`` to the other ways of differentiating
    that are asked for. Where the case records an error that was not raised,
    the last row says so.
    """
    name = adapter.name
    truth, base = base, beside_text(base, task, adapter.program(task))
    rows = _plain(task, adapter, version, trace, base, pulled)
    off = any(row["verdict"] in FAILING and row["kind"] == "error" for row in rows)
    if off or task.dtype not in WIDEST:
        found = beside_captured(truth, task, adapter)
        if found is not None and (off or found.own):  # else nothing is judged otherwise
            base = found if off else replace(base, own=found.own)
            rows = _plain(task, adapter, version, trace, base, pulled)
    if answers is not None:
        of_ways = compared_ways(task, adapter, answers, base)
        rows += verdicts(task, adapter, version, trace, of_ways)
        rows += failed_ways(task, adapter, version, answers)
    gone = raised(task, name, "")
    return [*rows, whole(task, name, version, *gone)] if gone else rows


def _plain(
    task: Task,
    adapter: Adapter,
    version: str,
    trace: Trace,
    base: Baseline,
    pulled: Trace | None,
) -> list[Row]:
    """The rows of values, gradients and updates."""
    compared = comparisons(task, adapter.name, trace, base, pulled)
    return verdicts(task, adapter, version, trace, compared)


def judge_failure(task: Task, adapter: str, version: str, failure: GradparityError) -> Row:
    """The row of an adapter that raised: recorded, unsupported, or an error."""
    plain = ("unsupported", "") if isinstance(failure, Unsupported) else ("error", "raised")
    found = raised(task, adapter, str(failure)) or (*plain, situated(failure))
    return whole(task, adapter, version, *found)


def verdicts(
    task: Task, adapter: Adapter, version: str, trace: Trace, compared: Iterable[Comparison]
) -> list[Row]:
    """A verdict on each comparison, as rows."""
    name, compared = adapter.name, list(compared)
    start, rows, proofs = head(task, name, version), [], Proofs(task, adapter, trace)
    same_text = adapter.program(task) == task.program("numpy")
    shown = {each.key[:2] for each in compared if not each.outcome.agrees}
    for each in compared:
        verdict, kind, reason = _verdict(task, name, each, shows=each.key[:2] in shown)
        proof, recorded, found = "", each.recorded, None
        bounded = recorded is not None and recorded.bound is not None and each.outcome.agrees
        if verdict == "agree" or (verdict == "stale" and bounded):
            asked = each.blind > 0 or (same_text and _dull(task, each))
            found = proofs.of(each.key[0], each.key[2]) if asked else None
            if verdict == "agree":
                verdict, kind, reason, proof = _proved(each, found)
            elif recorded is not None and found is not None and found.spoils(each.key[1]):
                # The bound does not see what is recorded; an operation by itself shows it.
                verdict, kind, reason = "known", recorded.kind, recorded.because
        elif verdict == "differs" and same_text and _may_be_luck(task, each):
            step = each.key[0] if each.key[0] in PLAIN else "grad"
            if proofs.of(step, each.key[2]).holds:
                verdict, kind, reason, proof = "agree", "", "", "local"
        rows.append(
            start
            | dict(zip(("check", "tensor", "step"), each.key, strict=True))
            | body(_as_given(each) if kind == "local" else each.outcome)
            | {"power": each.power, "blind": each.blind, "proof": proof}
            | {"verdict": verdict, "kind": kind, "reason": reason, "seconds": trace.seconds}
            | (blaming(*found.blames) if kind == "local" and found and found.blames else {})
        )
    return rows


def _proved(each: Comparison, found: Proof | None) -> tuple[str, str, str, str]:
    """The verdict on what agrees, its kind, its reason and its proof.

    ``found`` is what came of asking each operation by itself; None where that was not done.
    """
    if found is None:
        return "agree", "", "", "end-to-end"
    if found.holds:
        return "agree", "", "", "local"
    if each.blind:
        seen = each.blind > each.cancelled  # of a zero, the rest may be off and cancel as well
        off = seen and found.off and found.reaches_to(each.key[1])
        verdict, kind = ("differs", "local") if off else ("blind", "")
        return verdict, kind, f"{_hidden(each)}; {found.reason}", ""
    if found.spoils(each.key[1]):
        reason = f"the bound would let an error of {each.power:.1%} pass; {found.reason}"
        return "differs", "local", reason, ""
    return "agree", "", "", "end-to-end"


def _may_be_luck(task: Task, each: Comparison) -> bool:
    """Whether a tensor is off by so little that it proves nothing, if all that led to it is right.

    A bound is of a few samples, and their luck; and it is of what rounds. A compiler that fuses a
    product into the difference that follows rounds one of two like terms and not the other, and
    leaves a unit of them where the truth is nothing. Where the bound is held to what an operation's
    condition makes of rounding, several that each lose what others' formulas may are off by more.
    Where rounding decides, a few samples need not have shown all that may come of it: nothing at
    all, as of the sign of terms that cancel to zero in another order.
    Of a text of the adapter's own this says nothing: right in all, it may be another function.
    """
    check, name, _ = each.key
    outcome, got = each.outcome, np.asarray(each.got)
    asked = check in (*PLAIN, "vjp") and outcome.kind == "error" and each.recorded is None
    if not asked or task.tolerance is not None or each.truth.dtype.kind not in "fc":
        return False
    dtype = dtype_at(task, name, each.truth)
    left = 2 * unit_roundoff(dtype) * largest(each.truth, dtype)
    with np.errstate(all="ignore"):
        allowed = np.maximum(LUCK * each.explained, each.loose)
        allowed = np.where(each.truth == 0, np.maximum(allowed, left), allowed)
        allowed = np.where(each.decided, np.inf, allowed)
        return bool((np.abs(got.astype(each.truth.dtype) - each.truth) <= allowed).all())


def _as_given(each: Comparison) -> Outcome:
    """The outcome, where what is off is no number with that: rounding alone might have made it."""
    got, truth = np.asarray(each.got), each.truth
    stray = np.isfinite(truth) & ~np.isfinite(got) if got.shape == truth.shape else False
    if not np.any(stray):
        return each.outcome
    index = tuple(map(int, np.argwhere(stray)[0]))
    found, want = complex(got[index]), complex(truth[index])
    return replace(each.outcome, max_abs=np.inf, index=index, got=found, want=want)


def _dull(task: Task, each: Comparison) -> bool:
    """Whether what led to a tensor is asked by itself, though no zero would pass for it.

    Not where the adapter has a text of its own: its parts need not be the reference's. Of the first
    step alone: what later ones magnify is no other arithmetic.
    """
    check, name, step = each.key
    return check in PLAIN and step == 0 and dull(each.power, dtype_at(task, name, each.truth))


def _hidden(each: Comparison) -> str:
    """What a comparison cannot see, in words."""
    size = np.size(each.got)
    what = "the bound" if size == 1 else f"the bound, at {each.blind} of {size} elements,"
    if each.blind == each.cancelled:
        return f"{what} is of terms that cancel to zero"
    check, name, _ = each.key
    passes = "an update that is not made" if check == "update" and "." not in name else "a zero"
    return f"{what} would let {passes} pass"


def _verdict(task: Task, adapter: str, each: Comparison, *, shows: bool) -> tuple[str, str, str]:
    """The verdict, its kind and its reason, a recorded divergence considered.

    ``shows``: whether the tensor is off at any step.
    """
    outcome, recorded = each.outcome, each.recorded
    if recorded is None:
        return ("agree", "", "") if outcome.agrees else ("differs", outcome.kind, outcome.reason)
    absent = recorded.elsewhere or recorded.some_processors
    if outcome.agrees and (absent or (each.key[0] == "grad" and each.key[2])):
        return "agree", "", ""  # a record of a gradient is of the first step
    same = still(task, each.key, each.got, each.truth, recorded, outcome, each.explained)
    if outcome.agrees and ((shows and recorded.at_some_steps) or (each.blind and same)):
        # Which rounding hides at this step, or the bound alone does not see.
        return "known", recorded.kind, recorded.because
    if outcome.agrees:
        reason = "the recorded divergence is gone: the truth is returned"
        return "stale", recorded.kind, reason + since(task, adapter)
    if not same:
        was = in_words(recorded)
        reason = f"no longer what was recorded ({was}){since(task, adapter)}: {outcome.reason}"
        return "stale", recorded.kind, reason
    return "known", recorded.kind, recorded.because
