"""From paths to cases: every fault of every file at once, none of them raised."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from ..refimpl.errors import BadCase
from . import limits
from .budget import Budget
from .case import Case
from .checks import check_case
from .context import Context
from .faults import Enough, Faults, Place
from .shape_faults import validate
from .yaml_nodes import Mapping, Node, read_documents

#: What case files are called.
SUFFIXES = (".yaml", ".yml")

_CASE_KEY = re.compile(rb"""^(case|"case"|'case')[ \t]*:""", re.MULTILINE)


def catalogue() -> Path:
    """The folder of cases that come with the package."""
    return Path(__file__).parent / "catalogue"


def is_case_file(path: Path) -> bool:
    """Whether a file is YAML with a top-level ``case:``, by a look at its text."""
    if path.suffix not in SUFFIXES or not path.is_file():
        return False
    with path.open("rb") as stream:
        return _CASE_KEY.search(stream.read(limits.FILE_BYTES)) is not None


def load_files(paths: Iterable[str | Path]) -> tuple[list[Case], list[BadCase]]:
    """The cases of files and folders, and all their faults.

    Parameters
    ----------
    paths
        Case files, which must be such; folders, whose YAML files with a top-level ``case:`` are
        taken, sub-folders included, in the order of their names.

    Returns
    -------
    tuple of list of Case and list of BadCase
        The cases in order that are sound, and what is wrong with the others. A bad file never
        raises.
    """
    cases: list[Case] = []
    faults: list[BadCase] = []
    seen: set[Path] = set()
    names: dict[str, Case] = {}
    for given in map(Path, paths):
        files, missing = _files(given)
        faults += missing
        for path in files:
            if path.resolve() in seen:
                continue
            seen.add(path.resolve())
            found, bad = load_file(path)
            faults += bad
            for case in found:
                first = names.setdefault(case.name, case)
                if first is case:
                    cases.append(case)
                else:
                    where = f"{case.path}:{case.line}:{case.column}"
                    faults.append(
                        BadCase(
                            f"the case name {case.name!r} is also at {first.where}, expected "
                            "a name of its own",
                            where,
                        )
                    )
    return cases, faults


def _files(given: Path) -> tuple[list[Path], list[BadCase]]:
    if given.is_dir():
        inside = sorted(p for s in SUFFIXES for p in given.rglob(f"*{s}") if is_case_file(p))
        if inside:
            return inside, []
        return [], [BadCase("no case file in this folder, expected some *.yaml", str(given))]
    if given.is_file():
        return [given], []
    return [], [BadCase("no such file, expected a case file or a folder of some", str(given))]


def load_file(path: Path) -> tuple[list[Case], list[BadCase]]:
    """The cases of one file, and its faults."""
    try:
        with path.open("rb") as stream:
            raw = stream.read(limits.FILE_BYTES + 1)
    except OSError as error:
        return [], [BadCase(f"cannot be read ({error.strerror}), expected a file", str(path))]
    return load_text(raw, path)


def load_text(raw: bytes | str, path: Path) -> tuple[list[Case], list[BadCase]]:
    """The cases of a text, and its faults.

    Parameters
    ----------
    raw
        The text; bytes are UTF-8.
    path
        The file it stands in, or would: for places and for tensors from files.
    """
    faults = Faults(str(path))
    start = Place(1, 1)
    if len(raw) > limits.FILE_BYTES:
        faults.limit(f"a file of more than {limits.FILE_BYTES} bytes, expected less", start)
        return [], faults.in_order()
    try:
        text = raw.decode() if isinstance(raw, bytes) else raw
    except UnicodeDecodeError as error:
        before = error.object[: error.start]
        line = before.count(b"\n") + 1
        column = error.start - before.rfind(b"\n")
        faults.add("bytes that are no UTF-8, expected text", Place(line, column))
        return [], faults.in_order()
    cases: list[Case] = []
    with suppress(Enough):
        documents = read_documents(text, faults)
        if not documents and not faults:
            faults.add("no document in the file, expected a case", start)
        misread = bool(faults)
        cases = _cases(documents, path, text.splitlines(), faults)
        if misread:  # what was read past may have belonged to any of them
            cases = []
    return cases, faults.in_order()


def _cases(
    documents: Sequence[Node], path: Path, lines: Sequence[str], faults: Faults
) -> list[Case]:
    budget = Budget()
    cases = []
    for document in documents:
        before = len(faults)
        model = validate(document, faults)
        if model is None or not isinstance(document, Mapping):
            continue
        case = check_case(Context(document, model, path, lines, budget, faults))
        if case is not None and len(faults) == before:
            cases.append(case)
    return cases


def select(cases: Iterable[Case], words: str | Iterable[str] | None) -> list[Case]:
    """The cases that every word fits: part of the name, a tag, or part of the file's name.

    Parameters
    ----------
    cases
        To choose from.
    words
        Words, or a text of them with blanks between; case does not matter. None or no word
        chooses every case.
    """
    listed = words.split() if isinstance(words, str) else list(words or ())
    return [case for case in cases if all(_fits(case, word.lower()) for word in listed)]


def _fits(case: Case, word: str) -> bool:
    return (
        word in case.name.lower()
        or word in (tag.lower() for tag in case.tags)
        or word in case.path.stem.lower()
    )
