"""From comparisons to rows of verdicts: one row for each check, tensor and step."""

from __future__ import annotations

from collections.abc import Iterable

from ...adapters.base import Trace
from ...cases.task import Task
from ...refimpl.errors import GradparityError, Unsupported
from ..truth.baseline import Baseline
from .comparisons import Comparison, comparisons
from .records import in_words, raised, since, still
from .rows import Row, body, head, whole


def judge(task: Task, adapter: str, version: str, trace: Trace, base: Baseline) -> list[Row]:
    """Judge everything the task's checks ask for in one adapter's trace.

    Where the case records an error that was not raised, the last row says so.
    """
    compared = comparisons(task, adapter, trace, base)
    rows = verdicts(task, adapter, version, compared, trace.seconds)
    gone = raised(task, adapter, "")
    return [*rows, whole(task, adapter, version, *gone)] if gone else rows


def judge_failure(task: Task, adapter: str, version: str, failure: GradparityError) -> Row:
    """The row of an adapter that raised: recorded, unsupported, or an error."""
    plain = ("unsupported", "") if isinstance(failure, Unsupported) else ("error", "raised")
    found = raised(task, adapter, str(failure)) or (*plain, str(failure))
    return whole(task, adapter, version, *found)


def verdicts(
    task: Task, adapter: str, version: str, compared: Iterable[Comparison], seconds: float
) -> list[Row]:
    """A verdict on each comparison, as rows."""
    start, rows = head(task, adapter, version), []
    for each in compared:
        verdict, kind, reason = _verdict(task, adapter, each)
        rows.append(
            start
            | dict(zip(("check", "tensor", "step"), each.key, strict=True))
            | body(each.outcome)
            | {"verdict": verdict, "kind": kind, "reason": reason, "seconds": seconds}
        )
    return rows


def _verdict(task: Task, adapter: str, each: Comparison) -> tuple[str, str, str]:
    """The verdict, its kind and its reason, a recorded divergence considered."""
    outcome, recorded = each.outcome, each.recorded
    if recorded is None:
        return ("agree", "", "") if outcome.agrees else ("differs", outcome.kind, outcome.reason)
    if outcome.agrees:
        reason = "the recorded divergence is gone: the truth is returned"
        return "stale", recorded.kind, reason + since(task, adapter)
    if not still(task, each.key, each.got, each.truth, recorded, outcome):
        was = in_words(recorded)
        reason = f"no longer what was recorded ({was}){since(task, adapter)}: {outcome.reason}"
        return "stale", recorded.kind, reason
    return "known", recorded.kind, recorded.because
