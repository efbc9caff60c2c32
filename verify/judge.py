"""From a trace to rows of verdicts: one row for each check, tensor and step."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..adapters.base import Trace, on_path
from ..cases.task import Between, Divergence, Expected, Task
from ..refimpl.rounding import least_number
from .baseline import Baseline, Key, flat, largest
from .compare import Outcome, compare, dtype_for
from .truths import as_expected, in_set, same_as

#: The bound is this many times what rounding explains (``baseline.scale_of_noise``).
#: CONTRIBUTING.md records the largest ratio that a right framework was seen to reach.
MULTIPLE = 8.0

#: A recorded value must still be returned to within this many units in the last place: as
#: exactly as decimal text and different processors' vector units allow.
RECORDED_ULPS = 4.0

#: Verdicts of a comparison that fails.
FAILING = ("differs", "stale")

#: In which order one step's checks are made from another.
ORDER = ("value", "grad", "update", "run")

Row = dict[str, Any]


def judge(task: Task, adapter: str, version: str, trace: Trace, base: Baseline) -> list[Row]:
    """Judge everything the task's checks ask for in one adapter's trace."""
    found, start = flat(trace), head(task, adapter, version)
    rows = []
    for key in compared(task, adapter, base):
        if "." in key[1] and key not in found:
            continue  # what an optimizer remembers is compared where a framework has it too
        recorded = recorded_of(task, adapter, key)
        outcome = _outcome(task, key, found.get(key), base, recorded)
        verdict, kind, reason = _verdict(task, adapter, key, found.get(key), outcome, recorded)
        rows.append(
            start
            | dict(zip(("check", "tensor", "step"), key, strict=True))
            | body(outcome)
            | {"verdict": verdict, "kind": kind, "reason": reason, "seconds": trace.seconds}
        )
    return rows


def raised(task: Task, adapter: str, failure: str) -> tuple[str, str, str] | None:
    """The verdict on an adapter that raised, or did not (an empty text), where that is recorded.

    Returns
    -------
    Verdict, kind and reason; None where the case records no error of this adapter's.
    """
    for d in task.divergences:
        if d.raises is None or adapter not in d.adapters:
            continue
        if d.raises in failure:
            return "known", d.kind, d.because
        now = f"{failure!r} is raised" if failure else "nothing is raised"
        was = f"the recorded error ({d.raises!r}){since(task, adapter)}"
        return "stale", d.kind, f"no longer {was}: {now}"
    return None


def compared(task: Task, adapter: str, base: Baseline) -> Iterator[Key]:
    """The tensors that are compared: what every text of the case names, and the parameters.

    Values and cotangents at the first step; the output's value and the updated parameters at
    every step.
    """
    texts = list(task.programs.values())
    shared = set.intersection(*({*p.named, *task.params} for p in texts))
    program = task.program(adapter)
    assert program is not None, "an adapter without a text has no trace to judge"
    ways = {name for name in on_path(program, task.params) if name in shared}
    for key in base.truth:
        check, name, _step = key
        owner = name.partition(".")[0] if check == "update" else name  # W.m is W's optimizer's
        if check not in task.checks or owner not in shared:
            continue
        if check == "value" and name in task.params:
            continue
        if check == "grad" and name not in ways:
            continue
        yield key


def head(task: Task, adapter: str, version: str) -> Row:
    """The columns that say which run a row is of."""
    return {
        "case": task.case,
        "point": point_text(task.point),
        "dtype": task.dtype,
        "adapter": adapter,
        "version": version,
        "check": "run",
        "tensor": "",
        "step": 0,
        "blame": "",
        "path": "",
        "outlier": "",
        "where": task.where,
        "tags": " ".join(task.tags),
    }


def point_text(point: dict[str, Any]) -> str:
    """A point of a sweep as ``axis=0,act=relu``; empty for a case without one."""
    return ",".join(f"{k}={'null' if v is None else v}" for k, v in point.items())


def body(outcome: Outcome) -> Row:
    """The columns of numbers."""
    index = "" if outcome.index is None else str(outcome.index)
    return {
        "max_abs": outcome.max_abs,
        "max_rel": outcome.max_rel,
        "max_ulp": outcome.max_ulp,
        "noise_ratio": outcome.noise_ratio,
        "tolerance": outcome.tolerance,
        "worst_index": index,
        "got": outcome.got.real,
        "want": outcome.want.real,
        "got_imag": outcome.got.imag,
        "want_imag": outcome.want.imag,
    }


def _outcome(
    task: Task, key: Key, got: Any, base: Baseline, recorded: Divergence | None
) -> Outcome:
    """Compare one tensor with the truth, then with what the case expects of it."""
    truth = np.asarray(base.truth[key])
    dtype = dtype_for(task.dtype, truth)
    noise = base.noise[key]
    expected = _expected(task, key)
    if isinstance(expected, Between):
        return in_set(got, expected, truth.shape, dtype, bound_of(task, truth, noise, dtype))
    # Where NaN is the truth, to return it is no divergence from it.
    nan_expected = np.isnan(expected.value) if expected is not None else recorded is not None
    bound = bound_of(task, truth, noise, dtype)
    outcome = compare(got, truth, dtype=dtype, noise=noise, bound=bound, nan_expected=nan_expected)
    if expected is None or not outcome.agrees:
        return outcome
    return as_expected(outcome, got, expected, dtype, bound)


def bound_of(task: Task, truth: np.ndarray, noise: np.ndarray, dtype: np.dtype[Any]) -> np.ndarray:
    """The error that is let pass, element by element: the case's own, or derived from noise."""
    if dtype.kind not in "fcV":
        return np.zeros(truth.shape)
    if task.tolerance is not None:
        size = largest(truth, dtype)
        return np.full(truth.shape, task.tolerance.abs + task.tolerance.rel * size)
    return MULTIPLE * noise + least_number(dtype)


def _expected(task: Task, key: Key) -> Expected | Between | None:
    """What the case expects of a tensor: at the first step, or of an update at the last."""
    check, name, step = key
    if step != (task.steps - 1 if check == "update" else 0):
        return None
    return task.expect.get(check, {}).get(name)


def _verdict(
    task: Task,
    adapter: str,
    key: Key,
    got: Any,
    outcome: Outcome,
    recorded: Divergence | None,
) -> tuple[str, str, str]:
    """The verdict, its kind and its reason, a recorded divergence considered."""
    if recorded is None:
        return ("agree", "", "") if outcome.agrees else ("differs", outcome.kind, outcome.reason)
    if outcome.agrees:
        reason = "the recorded divergence is gone: the truth is returned"
        return "stale", recorded.kind, reason + since(task, adapter)
    if not _still(task, key, got, recorded, outcome):
        was = "no gradient" if recorded.value is None else recorded.value
        reason = f"no longer what was recorded ({was}){since(task, adapter)}: {outcome.reason}"
        return "stale", recorded.kind, reason
    return "known", recorded.kind, recorded.because


def since(task: Task, adapter: str) -> str:
    """With which version a divergence was recorded, where the case says so."""
    version = task.versions.get(adapter)
    return f", as of {adapter} {version}" if version else ""


def recorded_of(task: Task, adapter: str, key: Key) -> Divergence | None:
    """The divergence that the case records of a tensor, where it shows at that step."""
    for divergence in task.divergences:
        if divergence.raises is not None:
            continue
        if adapter in divergence.adapters and (divergence.check, divergence.tensor) == key[:2]:
            shows = key[0] != "update" or key[2] >= divergence.since - 1
            return divergence if shows else None
    return None


def _still(task: Task, key: Key, got: Any, recorded: Divergence, outcome: Outcome) -> bool:
    """Whether what was recorded is still returned: of an update, at the last step."""
    if recorded.value is None and recorded.kind == "unsupported":
        return outcome.kind == "missing"
    if recorded.value is None or (key[0] == "update" and key[2] != task.steps - 1):
        return True
    if got is None:
        return False
    # A trajectory adds up the roundings of all its steps, as the derived bound knows.
    allowed = outcome.tolerance if key[0] == "update" and task.steps > 1 else 0.0
    return same_as(got, recorded.value, RECORDED_ULPS, recorded.within + allowed)
