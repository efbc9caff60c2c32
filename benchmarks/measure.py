"""Times taken side by side: what is compared takes turns, so that both meet the same machine."""  # noqa: INP001 - scripts, no package

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Result:
    """One line of the table: a number, and the most it may be."""

    name: str
    measured: float
    target: float
    unit: str
    detail: str

    @property
    def met(self) -> bool:
        """Whether it is within its target."""
        return self.measured <= self.target

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {**asdict(self), "met": self.met}


def seconds(run: Callable[[], Any]) -> float:
    """How long one call takes."""
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def cpu_seconds(run: Callable[[], Any]) -> float:
    """How much of the processors one call takes, whatever else runs on the machine."""
    start = time.process_time()
    run()
    return time.process_time() - start


def least(repeats: int, *runs: Callable[[], Any]) -> tuple[float, ...]:
    """The least time of each, taken in turns after one call to warm up.

    What else the machine does only ever adds to a time, so that the least is nearest to the truth.
    """
    for run in runs:
        run()
    rounds = [[seconds(run) for run in runs] for _ in range(repeats)]
    return tuple(map(min, zip(*rounds, strict=True)))


def ratio(name: str, target: float, repeats: int, ours: Any, theirs: Any) -> Result:
    """Our least time over theirs."""
    mine, other = least(repeats, ours, theirs)
    detail = f"{mine * 1e3:.2f} ms against {other * 1e3:.2f} ms"
    return Result(name, mine / other, target, "times", detail)
