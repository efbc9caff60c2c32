"""``gradparity run``: run cases over the adapters and judge every tensor."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import StringIO
from itertools import chain
from pathlib import Path
from typing import Annotated, Literal

import pandas as pd
import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from ...cases.case import Case
from ...cases.loading import select
from ...refimpl.errors import BadCase, BadUsage, printable
from ...reports.as_text import as_csv, as_json
from ...reports.ci import FORMATS
from ...reports.columns import frame
from ...reports.console import show
from ...reports.markdown import as_markdown
from ..atlas.accepting import Proposal, proposals
from ..engine.apart import apart
from ..engine.cluster import Cluster
from ..engine.memory import memory_of
from ..engine.session import Session
from ..engine.work import LONG, Engine, Work, drawings, fail_without_a_framework, seconds_for
from ..engine.work import Progress as Tell
from ..linting.refusing import apart as sound
from ..own import running
from ..reporting import withdraw, write
from ..selection.choices import adapters_of, dtypes_of, jobs_of
from ..selection.documents import Document
from ..selection.finding import find_all
from ..sheets.making import sheets
from ..storage.keys import keys
from ..storage.store import NAME, Store
from .common import (
    BAD_CASE,
    WIDTH,
    Adapters,
    Dtypes,
    Jobs,
    Keywords,
    Large,
    Most,
    Paths,
    emit,
    fail_on,
    say,
    say_all,
    with_large,
)
from .engines import here, local
from .refreshing import Refreshed

DIFFERS, FAILED = 1, 3

Out = Annotated[
    str | None,
    typer.Option("--out", metavar="DIR", help="Write results and reports into this folder."),
]
Format = Annotated[
    Literal["table", "json", "csv", "markdown", "summary", "github", "sarif", "junit"],
    typer.Option("--format", help="How to print them; the last four are for services that build."),
]
Draws = Annotated[
    int,
    typer.Option(
        "--draws", metavar="N", min=1, help="Draw the random tensors of a case N times over."
    ),
]
Timeout = Annotated[
    float | None,
    typer.Option(
        "--timeout",
        metavar="S",
        help="Seconds that a task may take in a worker before it is stopped; 300 if not given.",
    ),
]
Memory = Annotated[
    str | None,
    typer.Option(
        "--memory",
        metavar="SIZE",
        help="Memory that a worker may take for its tasks, as 4G; its share of all if not given.",
    ),
]
Address = Annotated[
    str | None,
    typer.Option(
        "--cluster", metavar="ADDRESS", help="Run tasks on the workers of this Dask scheduler."
    ),
]
Resume = Annotated[
    bool,
    typer.Option("--resume", help="Go on with the interrupted run whose results are in --out."),
]
Changed = Annotated[
    bool,
    typer.Option(
        "--changed",
        help="Take tasks from earlier runs where case, code and versions are unchanged.",
    ),
]
Strict = Annotated[
    bool, typer.Option("--strict", help="Run nothing where any case file has a fault.")
]
AcceptStale = Annotated[
    bool,
    typer.Option(
        "--accept-stale", help="Propose the edit that makes stale divergences hold, as a diff."
    ),
]
Allow = Annotated[
    bool,
    typer.Option(
        "--allow-imports", help="Import and run the code that files with own: name; needed."
    ),
]
InPlace = Annotated[
    bool, typer.Option("--in-place", help="Make that edit in the case files, comments kept.")
]


def run(
    paths: Paths = None,
    *,
    keywords: Keywords = None,
    large: Large = False,
    adapters: Adapters = None,
    dtypes: Dtypes = None,
    draws: Draws = 1,
    jobs: Jobs = None,
    timeout: Timeout = None,
    memory: Memory = None,
    max_work: Most = None,
    cluster: Address = None,
    out: Out = None,
    resume: Resume = False,
    changed: Changed = False,
    form: Format = "table",
    strict: Strict = False,
    allow_imports: Allow = False,
    accept_stale: AcceptStale = False,
    in_place: InPlace = False,
) -> None:
    """Run cases and print the verdicts; the exit status says whether all agree."""
    names, wanted, asked = adapters_of(adapters), dtypes_of(dtypes), jobs_of(jobs)
    room = memory_of(memory)
    _begin(out)
    meant = with_large(paths, wanted=large)
    cases, own, faulty = _chosen(
        meant, keywords, max_work, strict=strict, allow_imports=allow_imports
    )
    work = _work(cases, draws, wanted, own)
    chosen = _engine(work, names, asked, timeout, cluster, room, seconds_for(cases))
    with _store(out, resume=resume, changed=changed) as store:
        session = Session(work, list(keys(work, names)), store)
        if resume:
            session.take_finished()
            say(f"gradparity: {session.finished} of {len(work)} tasks are finished already")
        if changed:
            session.take_unchanged()
            say(f"gradparity: {session.finished} of {len(work)} tasks are unchanged")
        try:
            if session.left:
                _run(session, chosen, names, _after(session, cases, out))
        except KeyboardInterrupt:
            say(_interrupted(session, out))
            raise
        finally:
            session.remember()
        compared, wrong = running.run(own, draws, timeout or LONG)
        results = frame(chain(session.rows(), compared))
    _left_out(wrong)
    emit(_printed(results, form))
    if out is not None:
        written = write(results, out, sheets(cases, results))
        if form == "table":
            emit("\n".join(["", *(printable(str(path)) for path in written)]))
    names_of_stale = set(results.loc[results["verdict"] == "stale", "case"])
    stale = [case for case in cases if case.name in names_of_stale]
    if accept_stale or in_place:
        _accept(names, stale, wanted, emit if form == "table" else say, in_place=in_place)
    elif stale:
        say(f"gradparity: {len(stale)} with stale records; --accept-stale proposes the edit")
    raise SystemExit(BAD_CASE if faulty or wrong else status(results))


def _begin(out: str | None) -> None:
    """Whatever becomes of this run, the report of an earlier one does not stand for it."""
    if out is not None:
        withdraw(out)


def _chosen(
    paths: list[str] | None,
    keywords: str | None,
    most: int | None,
    *,
    strict: bool,
    allow_imports: bool,
) -> tuple[list[Case], list[Document], bool]:
    """The cases to run, the users' own, and whether files with faults are left out: it is said."""
    cases, own, faults = find_all(paths)
    if keywords:
        cases, own = select(cases, keywords), select(own, keywords)
    cases, faults = sound(cases, faults, most)
    if not allow_imports:
        faults += running.refused(own)
        own = []
    if strict or not (cases or own):
        fail_on(faults)
    if not (cases or own):
        raise BadUsage(f"no case has {keywords!r}" if keywords else "no case file is there")
    _left_out(faults)
    return cases, own, bool(faults)


def _left_out(faults: list[BadCase]) -> None:
    if faults:
        say_all(faults)
        say("gradparity: the cases of these files are not run; those of the others are")


def _work(cases: list[Case], draws: int, dtypes: list[str] | None, own: list[Document]) -> Work:
    work = Work(drawings(cases, draws), dtypes)
    if not len(work) and not own:
        raise BadUsage(f"no case has a dtype of {','.join(dtypes or ())}")
    return work


def _engine(
    work: Work,
    names: list[str] | None,
    jobs: int | Literal["auto"] | None,
    timeout: float | None,
    cluster: str | None,
    memory: int | None,
    limit: float,
) -> Engine:
    """What runs the tasks: a Dask cluster, workers or this process."""
    if cluster is not None:
        if jobs is not None or timeout is not None or memory is not None:
            raise BadUsage(
                "--cluster with -j, --timeout or --memory: Dask's workers are set where they run"
            )
        return Cluster(names, cluster)
    return local(len(work), names, jobs, timeout, native=work.native, memory=memory, limit=limit)


def _store(out: str | None, *, resume: bool, changed: bool) -> Store:
    """Where the rows are kept: what is there is dropped, unless it is asked for."""
    if out is None:
        if resume:
            raise BadUsage("--resume needs --out DIR, the folder of the run to go on with")
        return Store()
    path = Path(out) / NAME
    if resume and not path.exists():
        raise BadUsage(f"nothing to resume: {path} does not exist")
    store = Store(path)
    if not (resume or changed):
        store.forget()
    return store


def _after(session: Session, cases: list[Case], out: str | None) -> Callable[[], None]:
    """What is done after each task: the page of what is there so far is written."""
    return (lambda: None) if out is None else Refreshed(session, cases, out)


def _run(
    session: Session, chosen: Engine, names: list[str] | None, after: Callable[[], None]
) -> None:
    with chosen as entered:
        fail_without_a_framework(names, entered.missing)
        for why in entered.missing.values():
            say(f"gradparity: {why}")
        with _progress() as tell:
            session.run(entered, tell, after)


def _interrupted(session: Session, out: str | None) -> str:
    done = f"gradparity: interrupted; {session.finished} of {len(session.keys)} tasks are finished"
    if out is None:
        return f"{done}, which --changed takes over"
    return f"{done} and kept in {out}: go on with the same command and --resume"


def _accept(
    names: list[str] | None,
    cases: list[Case],
    dtypes: list[str] | None,
    tell: Callable[[str], None],
    *,
    in_place: bool,
) -> None:
    """Print the edit that makes stale records hold again, and make it where that is wanted."""
    if not cases:
        say("gradparity: no record is stale")
        return
    if any(case.native for case in cases):
        found = apart(_proposed, names, cases, dtypes, seconds=LONG * len(cases))
    else:
        found = _proposed(names, cases, dtypes)
    for proposal in found:
        if proposal.diff:
            tell(proposal.diff)
        for fault in proposal.by_hand:
            say(f"gradparity: {fault}")
        if in_place and proposal.diff:
            proposal.path.write_text(proposal.after, "utf-8")
            say(f"gradparity: {proposal.path} is written; look at it and run it again")


def _proposed(
    names: list[str] | None, cases: list[Case], dtypes: list[str] | None
) -> list[Proposal]:
    with here(names) as entered:
        return list(proposals(entered.runner.adapters.values(), cases, dtypes))


def status(results: pd.DataFrame) -> int:
    """1 where anything differs, is stale or could not be captured, else 3 where an adapter failed.

    0 if all is well.
    """
    verdicts = set(results["verdict"])
    if verdicts & {"differs", "stale"} or (results["check"] == running.CAPTURE).any():
        return DIFFERS
    return FAILED if "error" in verdicts else 0


def _printed(results: pd.DataFrame, form: str) -> str:
    if form == "json":
        return as_json(results)
    if form == "csv":
        return as_csv(results)
    if form == "markdown":
        return as_markdown(results)
    if form in FORMATS:
        return FORMATS[form](results)
    terminal = Console()
    text = StringIO()
    show(
        results,
        Console(
            file=text,
            force_terminal=terminal.is_terminal,
            width=terminal.width or WIDTH,
            color_system=terminal.color_system if terminal.is_terminal else None,  # type: ignore[arg-type]
        ),
    )
    return text.getvalue()


@contextmanager
def _progress() -> Iterator[Tell | None]:
    """A bar on standard error while it is a terminal; nothing in a pipe."""
    if not sys.stderr.isatty():
        yield None
        return
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        shown = bar.add_task("", total=None)
        yield lambda done, total, task: bar.update(
            shown, completed=done, total=total, description=task.id
        )
