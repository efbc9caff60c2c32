"""Recorded divergences: which one is of a tensor or of a run, and whether it still holds."""

from __future__ import annotations

from typing import Any

from ...cases.task import Divergence, Task
from ..measure.compare import Outcome
from ..truth.baseline import Key
from .expectation import same_as

#: A recorded value must still be returned to within this many units in the last place: as
#: exactly as decimal text and different processors' vector units allow.
RECORDED_ULPS = 4.0


def recorded_of(task: Task, adapter: str, key: Key) -> Divergence | None:
    """The divergence that the case records of a tensor, where it shows at that step."""
    for divergence in task.divergences:
        if divergence.raises is not None:
            continue
        if adapter in divergence.adapters and (divergence.check, divergence.tensor) == key[:2]:
            shows = key[0] != "update" or key[2] >= divergence.since - 1
            return divergence if shows else None
    return None


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


def still(task: Task, key: Key, got: Any, recorded: Divergence, outcome: Outcome) -> bool:
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


def since(task: Task, adapter: str) -> str:
    """With which version a divergence was recorded, where the case says so."""
    version = task.versions.get(adapter)
    return f", as of {adapter} {version}" if version else ""
