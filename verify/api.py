"""The public API: load cases, run them, get a DataFrame."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import pandas as pd

from ..adapters.base import Adapter
from ..cases.case import Case
from ..cases.loading import select
from ..cases.task import Task
from ..refimpl.errors import BadCase, BadUsage
from .engine.apart import apart
from .engine.local import local
from .engine.session import Session
from .engine.work import (
    LONG,
    Here,
    Progress,
    Work,
    drawings,
    fail_without_a_framework,
    seconds_for,
)
from .explain.choosing import task_of
from .explain.derivation import explain as derive
from .explain.parts import Derivation
from .explain.shown import Explanation
from .linting.refusing import refused
from .selection.sources import Source, gathered
from .storage.store import Store


class BadCases(BadCase):
    """Every fault of all that cases were to be read from; ``faults`` has them one by one."""

    def __init__(self, faults: list[BadCase]) -> None:
        self.faults = faults
        super().__init__("\n".join(map(str, faults)))


def load_cases(
    cases: Source | Iterable[Source] | None = None, keywords: str | None = None
) -> list[Case]:
    """Read cases.

    Parameters
    ----------
    cases
        A path, a name in the shipped catalogue, YAML text, a dict with a case's keys, or several
        of them, a ``Case`` too; None for the whole catalogue. In a dict, NumPy arrays stand for
        their numbers. Text and dicts find files of arrays in the current folder.
    keywords
        Words of which a case's name, tags or file name must have all.

    Raises
    ------
    BadCases
        With every fault of every file, text and dict. Places are ``FILE:LINE:COLUMN``,
        ``<text>:LINE:COLUMN`` and ``<dict> case NAME: KEY``, numbered where there are several.
    BadUsage
        Where a path does not exist, or no case is left.
    """
    found, faults = gathered(cases)
    if faults:
        raise BadCases(faults)
    chosen = select(found, keywords) if keywords else found
    if not chosen:
        raise BadUsage("no case: " + (f"none has {keywords!r}" if found else "an empty list"))
    return chosen


def run(
    cases: Source | Iterable[Source] | None = None,
    *,
    adapters: Iterable[str | Adapter] | None = None,
    dtypes: Iterable[str] | None = None,
    keywords: str | None = None,
    draws: int = 1,
    jobs: int | Literal["auto"] | None = 0,
    timeout: float | None = None,
    memory: int | None = None,
    max_work: int | None = None,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Run cases over adapters and judge every tensor.

    Parameters
    ----------
    cases
        As in ``load_cases``: paths, names, YAML text, dicts, cases.
    adapters
        Names of adapters, or adapters themselves; None for all whose framework is installed, of
        which there must be one beside the reference.
    dtypes
        Of each case's own dtypes, only these.
    keywords
        As in ``load_cases``.
    draws
        How often the random tensors of a case are drawn, its own drawing included: a bug may need
        a number that one drawing lacks. The column ``draw`` counts from 1. ``Case.redrawn`` says
        what of a case holds at others than the first.
    jobs
        How many worker processes run tasks; ``auto`` for one a core, 0 for none: tasks are run
        in this process, and one that crashes takes it along, as a framework's own function can
        that a stranger's case calls. None is ``auto`` where there are many tasks, or where a case
        calls such functions. The results are the same, bit for bit. A script that asks for
        workers needs ``if __name__ == "__main__":``, as for ``multiprocessing``.
    timeout
        Seconds that a task may take in a worker, over all its adapters; one that takes longer is
        stopped, and the adapter that was at work has a row ``error``.
    memory
        Bytes that each worker may take for its tasks, on Linux; None for its share of the
        machine's. An allocation beyond it fails, and its task has a row ``error``.
    max_work
        Steps that one pass over the cases of a file may take before it is refused, 10**9 where it
        is None, about a second. More is for files that are trusted.
    progress
        Called as ``progress(done, total, task)`` before each task is begun; ``task.id`` names it.

    Returns
    -------
    DataFrame
        One row for each case, point, dtype, adapter, check, tensor and step; the columns are
        those of ``gradparity.reports.columns``.

    Raises
    ------
    BadCases, BadUsage
        As ``load_cases`` and ``Runner`` do; for what ``gradparity lint`` refuses, a case that
        cannot be run or proves nothing included; and for a timeout or memory without workers.
    """
    found = load_cases(cases, keywords)
    if faults := refused(found, max_work):
        raise BadCases(faults)
    drawn = drawings(found, draws)
    work = Work(drawn, None if dtypes is None else list(dtypes))
    engine = local(
        len(work),
        adapters,
        jobs,
        timeout,
        limit=seconds_for(found),
        native=work.native,
        memory=memory,
    )
    with Store() as store:
        session = Session(work, [str(number) for number in range(len(work))], store)
        with engine as entered:
            fail_without_a_framework(adapters, entered.missing)
            session.run(entered, progress)
        return session.frame()


def explain(
    case: Source,
    *,
    adapters: Iterable[str | Adapter] | None = None,
    dtype: str | None = None,
    point: str | None = None,
) -> Explanation:
    """Derive a case's gradients by hand, every framework beside it, as ``gradparity explain``.

    Parameters
    ----------
    case
        One case, in any form that ``load_cases`` takes.
    adapters
        As ``run`` takes them.
    dtype, point
        One of its dtypes, and a point of its sweep, as ``axis=0,act=relu``; the first if none.

    Returns
    -------
    Explanation
        Printed, it is text; a notebook shows it with its graph, and ``.graph`` by itself.

    Raises
    ------
    BadCases, BadUsage
        As ``load_cases`` and ``run`` do; where there are several cases, or no such point.
    """
    found = load_cases(case)
    if len(found) != 1:
        raise BadUsage(f"{len(found)} cases, expected one: {', '.join(c.name for c in found)}")
    (one,) = found
    task = task_of(one, dtype, point)
    names = None if adapters is None else list(adapters)
    work = (task, names, one.about)
    derived = apart(_derived, *work, seconds=LONG) if one.native else _derived(*work)
    return Explanation(derived)


def _derived(task: Task, adapters: list[str | Adapter] | None, about: str) -> Derivation:
    with Here(adapters) as here:
        fail_without_a_framework(adapters, here.missing)
        return derive(task, here.runner, about)
