"""``gradparity fuzz``: random programs, judged; what is new is shrunk and written down."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count as counting
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress, TextColumn, TimeElapsedColumn

from ...adapters import registry
from ...adapters.numpy_reference import NumpyAdapter
from ...refimpl.errors import BadUsage
from ...refimpl.ops import TABLE
from ...reports.fuzz import as_markdown, summary
from ..engine.cluster import Cluster
from ..engine.memory import memory_of
from ..engine.work import Engine, cores, fail_without_a_framework
from ..fuzz.corpus import Corpus
from ..fuzz.drawing import drawn
from ..fuzz.groups import Group, Writer, explained, grouped, shrunk
from ..fuzz.growing import drawable
from ..fuzz.programs import Refused
from ..fuzz.records import Records
from ..fuzz.shrinking import Shrinker
from ..fuzz.table import lines_of, told_of
from ..selection.choices import adapters_of, chosen, jobs_of
from ..selection.finding import find
from ..storage.store import NAME, Store
from .common import Adapters, Jobs, emit, fail_on, say
from .engines import local
from .run import Address, Memory, Timeout

#: Programs of a run that is given neither a number nor a time.
COUNT = 200

#: After so many programs a line says how far it is, where no bar can be shown.
TOLD = 100

#: Enough tasks for a worker in every core.
MANY = 10_000

FOUND = 1

Minutes = Annotated[
    float | None,
    typer.Option("--minutes", metavar="N", help="Draw programs for so long; then sort and shrink."),
]
Count = Annotated[
    int | None,
    typer.Option(
        "--count",
        metavar="N",
        min=1,
        help=f"Judge the first N programs of the seed; {COUNT} if no time is given either.",
    ),
]
Seed = Annotated[int, typer.Option("--seed", metavar="S", min=0, help="Which programs are drawn.")]
Operations = Annotated[
    str | None,
    typer.Option(
        "--operations", metavar="NAMES", help="Programs of these operations alone: softmax,take."
    ),
]
Out = Annotated[
    str,
    typer.Option("--out", metavar="DIR", help="Where the corpus and what is found are kept."),
]


def fuzz(
    *,
    minutes: Minutes = None,
    count: Count = None,
    adapters: Adapters = None,
    operations: Operations = None,
    seed: Seed = 0,
    cluster: Address = None,
    jobs: Jobs = None,
    timeout: Timeout = None,
    memory: Memory = None,
    out: Out = "fuzz",
) -> None:
    """Draw random programs, judge them, and write down what no record explains."""
    if minutes is not None and not minutes > 0:
        raise BadUsage(f"{minutes:g} minutes, expected more than 0")
    names, asked = adapters_of(adapters), jobs_of(jobs)
    wanted = _operations(operations, seed)
    if names is None:  # the reference beside its own truth finds nothing of a framework
        names = [n for n in registry.defaults() if n != NumpyAdapter.name and _present(n)]
    room = memory_of(memory)
    if cluster is None:
        engine = local(MANY, names, asked, timeout, memory=room)
    elif asked is not None or timeout is not None or room is not None:
        raise BadUsage(
            "--cluster with -j, --timeout or --memory: Dask's workers are set where they run"
        )
    else:
        engine = Cluster(names, cluster)
    folder = Path(out)
    with Store(folder / NAME) as store, engine as entered:
        fail_without_a_framework(names, entered.missing)
        corpus = Corpus(store, seed, names, wanted)
        total = count if count is not None or minutes is not None else COUNT
        try:
            took = _fill(corpus, entered, total, minutes)
        except KeyboardInterrupt:
            told = f"{len(corpus.judged):,} programs are judged and kept in {out}"
            say(f"gradparity: interrupted; {told}: the same command goes on")
            raise
        at_once = 1 if asked in (0, 1) else cores()
        writer = Writer(folder, names, say)
        groups = _sorted(corpus, entered, names, at_once, writer)
        rows, about = lines_of(groups, writer.size), told_of(corpus, took)
    (folder / "README.md").write_text(as_markdown(about, rows), encoding="utf-8")
    emit(summary(about, rows, str(folder)))
    raise SystemExit(FOUND if any(not group.recorded for group in groups) else 0)


def _present(name: str) -> bool:
    return name in registry.installed()


def _operations(text: str | None, seed: int) -> tuple[str, ...]:
    """The operations that programs are made of; empty for all.

    Raises
    ------
    BadUsage
        For a name that no operation has, or that no program is made of.
    """
    if text is None:
        return ()
    names = tuple(chosen(text, list(TABLE), "operation") or ())
    idle = [name for name in names if not drawable((name,))]
    if idle:
        why = "they hand no gradient on, or no single result of theirs can be judged"
        raise BadUsage(f"no program is drawn of {', '.join(idle)}: {why}")
    try:
        drawn(seed, 0, names)
    except Refused as fault:
        raise BadUsage(str(fault)) from fault
    return names


def _fill(corpus: Corpus, engine: Engine, total: int | None, minutes: float | None) -> float:
    """Judge programs as long as there is time; the seconds that it took."""
    begun = time.monotonic()
    until = None if minutes is None else begun + 60 * minutes

    def numbers() -> Iterator[int]:
        for number in counting() if total is None else range(total):
            if until is not None and time.monotonic() > until:
                return
            yield number

    with _progress(total) as tell:
        for _ in corpus.fill(engine, numbers()):
            tell(len(corpus.judged))
    return time.monotonic() - begun


def _sorted(
    corpus: Corpus, engine: Engine, names: list[str], at_once: int, writer: Writer
) -> list[Group]:
    """The groups of alarms, the new ones shrunk and written."""
    groups = grouped(corpus.alarming())
    if not groups:
        return []
    cases, faults = find(None)
    fail_on(faults)
    records = Records(cases, engine, names)
    held = list(explained(groups, records))
    new = sum(not group.recorded for group in held)
    say(f"gradparity: {len(held)} kinds of alarms, {new} that no record explains")
    done = []
    shrinker = Shrinker(engine, names, at_once, say=say)
    for group in shrunk(held, shrinker, records, writer.names):
        done.append(group)
        if not group.recorded:
            say(f"gradparity: {writer.write(group)}")
    return done


@contextmanager
def _progress(total: int | None) -> Iterator[Callable[[int], None]]:
    """A bar on standard error while it is a terminal, else a line now and then."""
    begun = time.monotonic()

    def rate(done: int) -> str:
        of = "" if total is None else f" of {total:,}"
        return f"{done:,}{of} programs, {done / max(time.monotonic() - begun, 1e-9):.1f} a second"

    if not sys.stderr.isatty():

        def line(done: int) -> None:
            if done % TOLD == 0:
                say(f"fuzz: {rate(done)}")

        yield line
        return
    columns = (TextColumn("{task.description}", markup=False), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        shown = bar.add_task("", total=total)
        yield lambda done: bar.update(shown, completed=done, description=rate(done))
