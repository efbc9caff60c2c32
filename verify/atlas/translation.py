"""The lines of the translation table: every optimizer's case, spelled, run and measured."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from ...adapters.base import Adapter
from ...cases.case import Case
from ...cases.loading import catalogue, load_files
from ...cases.task import Task
from ...refimpl.errors import AdapterFailed, BadUsage, Unsupported
from ...reports.translation import Line, Spelling
from ..engine.runner import Runner
from ..judging.rows import FAILING, Row
from ..selection.choices import nearest

#: Functions that put an update together, by which no line is found.
PLUMBING = frozenset(("", "asarray", "chain", "float", "inject_hyperparams", "partition", "step"))

_CALL = re.compile(r"([A-Za-z_]\w*)\(")

#: A file of the catalogue → what its lines are headed with.
GROUPS = {
    "matched": "Spelled so that they agree",
    "defaults": "The same name with each framework's own defaults",
    "schedules": "Schedules",
    "clipping": "Clipping",
    "recipes": "As they are often asked for",
}


def lines(
    runner: Runner, name: str | None = None, tell: Callable[[str], None] = lambda _: None
) -> Iterator[Line]:
    """Every line of the table, or those of one rule, schedule or clip.

    Each is a case at the last point of its sweep, in float64 where it has that.

    Parameters
    ----------
    runner
        Of the frameworks whose spellings are wanted.
    name
        A name of ours, or of a constructor of PyTorch's or optax's, as ``AdamW``,
        ``torch.optim.AdamW`` or ``optax.cosine_decay_schedule``; or a word that a line is known
        by, as ``warmup``, ``ema`` or ``epsilon-hat``.
    tell
        Called with each case's name before it is run.

    Raises
    ------
    BadUsage
        Where nothing has that name.
    """
    for case, group in _chosen(runner, name):
        tell(case.name)
        wide = ["float64"] if "float64" in case.dtypes else None
        yield _line(runner, case.tasks(wide)[-1], case.about, group)


def _chosen(runner: Runner, name: str | None) -> list[tuple[Case, str]]:
    folder = catalogue() / "optimizers"
    cases = [
        (case, group)
        for stem, group in GROUPS.items()
        for case in load_files([folder / f"{stem}.yaml"])[0]
    ]
    if name is None:
        return cases
    known: set[str] = set()
    found = []
    asked = name.rpartition(".")[2].lower()
    for case, group in cases:
        names = _names(case, runner.adapters.values())
        known |= names
        if asked in {x.lower() for x in names}:
            found.append((case, group))
    if not found:
        raise BadUsage(f"no optimizer, schedule or clip is called {name!r}{nearest(name, known)}")
    return found


def _names(case: Case, adapters: Iterable[Adapter]) -> set[str]:
    """What a line can be found by: our names, and those of the constructors it calls."""
    task = case.tasks()[-1]
    assert task.update is not None
    names = {_name(task), *_words(case)}
    for parts in task.update.native.values():
        names |= {chosen.name for chosen in parts.values()}
    bare = replace(task, update=replace(task.update, schedule=None, clip=None, native={}))
    parted = task.update.schedule is not None or task.update.clip is not None
    for adapter in adapters:
        called = _calls(_spelled(adapter, task).text)
        # A schedule's line is found by the schedule, not by the rule that it goes with.
        names |= called - _calls(_spelled(adapter, bare).text) if parted else called
    return names - PLUMBING


def _words(case: Case) -> set[str]:
    """Other words that a line is known by: its tags, each with either mark between its parts."""
    return {word for tag in case.tags for word in (tag, tag.replace("-", "_"))}


def _calls(text: str) -> set[str]:
    """The names of the functions that a text calls."""
    return set(_CALL.findall(text))


def _name(task: Task) -> str:
    """What a line is of: a schedule or a clip where it has one, else the rule."""
    update = task.update
    assert update is not None
    chosen = update.schedule or update.clip
    return chosen.name if chosen else update.rule


def _line(runner: Runner, task: Task, about: str, group: str) -> Line:
    names = [name for name in runner.adapters if name != "numpy"]
    rows = {name: runner.rows_for(task, name) for name in names}
    recorded = {
        f"{d.because} To agree: {d.agree_by}." if d.agree_by else d.because
        for d in task.divergences
    }
    return Line(
        group,
        _name(task),
        about,
        task.id,
        tuple(_measured(_spelled(runner.adapters[name], task), rows[name]) for name in names),
        tuple(sorted(recorded)),
        any(row["verdict"] in (*FAILING, "error") for held in rows.values() for row in held),
    )


def _spelled(adapter: Adapter, task: Task) -> Spelling:
    try:
        return Spelling(adapter.name, adapter.spelled(task))
    except (Unsupported, AdapterFailed) as lack:
        return Spelling(adapter.name, "", str(lack))


def _measured(spelling: Spelling, rows: list[Row]) -> Spelling:
    if not spelling.text:
        return spelling
    updates = [row for row in rows if row["check"] == "update" and "." not in row["tensor"]]
    errors = [row["max_abs"] for row in updates]
    worst = max((e for e in errors if not math.isnan(e)), default=math.nan)
    verdicts = {row["verdict"] for row in rows}
    verdict = next((v for v in (*FAILING, "error", "known") if v in verdicts), "agree")
    return Spelling(spelling.adapter, spelling.text, "", worst, verdict)
