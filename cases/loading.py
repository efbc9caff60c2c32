"""From paths, texts and mappings to cases: every fault at once, none of them raised."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol, TypeVar

from ..refimpl.errors import BadCase
from . import limits
from .budget import Budget
from .case import Case
from .checks import check_case
from .context import Context
from .faults import Enough, Faults, Place
from .folders import Placed, case_files, catalogue, is_case_file, named_once, read
from .garbage import uncollected
from .mappings import as_document
from .shape_faults import validate
from .yaml_nodes import Mapping as MappingNode
from .yaml_nodes import Node, read_documents

__all__ = [
    "catalogue",
    "is_case_file",
    "load_file",
    "load_files",
    "load_mapping",
    "load_text",
    "select",
]

#: What may be said of a mapping before it is known to be a case; no part of a path.
_NAME = re.compile(r"[\w-]{1,100}")


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
    files, faults = case_files(paths)
    cases: list[Case] = []
    names: dict[str, Placed] = {}
    with uncollected():
        for path in files:
            found, bad = load_file(path)
            fresh, repeated = named_once(found, names)
            cases += fresh
            faults += bad + repeated
    return cases, faults


def load_file(path: Path) -> tuple[list[Case], list[BadCase]]:
    """The cases of one file, and its faults."""
    try:
        return load_text(read(path), path)
    except BadCase as unreadable:
        return [], [unreadable]


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
    # the lone surrogates that a text may hold are no UTF-8 either
    encoded = raw if isinstance(raw, bytes) else raw.encode(errors="surrogatepass")
    try:
        text = encoded.decode()
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


def load_mapping(given: Mapping[Any, Any], called: str) -> tuple[list[Case], list[BadCase]]:
    """The case that a mapping is, and its faults.

    Parameters
    ----------
    given
        The keys and values of a case file. Tuples stand for lists, NumPy's arrays and scalars for
        the numbers in them.
    called
        What the mapping is called in messages and results, beside its case's name: ``<dict>``.
        Files of arrays are looked for in the current folder.

    Returns
    -------
    tuple of list of Case and list of BadCase
        The places of faults are keys: ``<dict> case NAME: params.x``.
    """
    name = given.get("case")
    if isinstance(name, str) and _NAME.fullmatch(name):
        called = f"{called} case {name}"
    faults = Faults(called)
    cases: list[Case] = []
    with suppress(Enough):
        document = as_document(given, faults)
        misread = bool(faults)
        cases = _cases([document], Path(called), (), faults)
        if misread:
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
        if model is None or not isinstance(document, MappingNode):
            continue
        case = check_case(Context(document, model, path, lines, budget, faults))
        if case is not None and len(faults) == before:
            cases.append(case)
    return cases


class Chosen(Protocol):
    """A case, or what is chosen as one is."""

    @property
    def name(self) -> str:
        """Its name."""
        ...

    @property
    def tags(self) -> Sequence[str]:
        """Its tags."""
        ...

    @property
    def path(self) -> Path:
        """Its file."""
        ...


AnyChosen = TypeVar("AnyChosen", bound=Chosen)


def select(cases: Iterable[AnyChosen], words: str | Iterable[str] | None) -> list[AnyChosen]:
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


def _fits(case: Chosen, word: str) -> bool:
    stem = case.path.stem.lower()
    return (
        word in case.name.lower()
        or word in (tag.lower() for tag in case.tags)
        or (word in stem and not stem.startswith("<"))  # <text> and <dict> are no files
    )
