"""What each entry of the atlas came to, by framework and version: kept beside the atlas as JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

from .errors import BadResults
from .plain import plain_table
from .sections import Head, Table
from .wording import counted, safe

#: Entry → framework → version → what it did.
History = dict[str, dict[str, dict[str, str]]]

#: The file of it in the folder of an atlas.
NAME = "history.json"

#: What a framework did that is not off.
RIGHT = "right"

#: A longer text of what it did is cut where people read it.
LONG = 160


def merged(*histories: History) -> History:
    """All of them as one; of the same version the last one counts."""
    found: History = {}
    for history in histories:
        for entry, frameworks in history.items():
            for framework, versions in frameworks.items():
                found.setdefault(entry, {}).setdefault(framework, {}).update(versions)
    return found


def as_json(history: History) -> str:
    """The file's text, a line an entry, so that a difference of two is short."""
    lines = (
        f"{json.dumps(entry)}: {json.dumps(history[entry], ensure_ascii=False, sort_keys=True)}"
        for entry in sorted(history)
    )
    return "{\n" + ",\n".join(lines) + "\n}\n"


def read(text: str, name: str = NAME) -> History:
    """What ``as_json`` wrote.

    Raises
    ------
    BadResults
        Where it is something else.
    """
    try:
        held = json.loads(text)
    except ValueError as fault:
        raise BadResults(f"{name} is no JSON: {fault}") from fault
    if not _is_nested(held, 3):
        raise BadResults(f"{name} is no history of an atlas: expected entry, framework, version")
    return held


def _is_nested(held: Any, levels: int) -> bool:
    if not levels:
        return isinstance(held, str)
    return isinstance(held, dict) and all(_is_nested(x, levels - 1) for x in held.values())


def lines(frameworks: Mapping[str, Mapping[str, str]]) -> list[str]:
    """An entry's history in words: of each framework of which several versions are known.

    ``torch: 2.11.0 to 2.12.0 off: x.grad = [nan]; 2.13.0 right``.
    """
    told = []
    for framework, versions in frameworks.items():
        if len(versions) > 1:
            ordered = sorted(versions.items(), key=lambda item: natural(item[0]))
            spans = [
                f"{_span([version for version, _ in group])} {_cut(did)}"
                for did, group in groupby(ordered, key=lambda item: item[1])
            ]
            told.append(f"{framework}: {'; '.join(spans)}")
    return told


def last(versions: Mapping[str, str]) -> str:
    """What a framework did in the newest version that is known."""
    return versions[max(versions, key=natural)]


def natural(version: str) -> list[tuple[int, int | str]]:
    """A key by which 2.9 stands before 2.10."""
    parts = re.findall(r"\d+|[a-z]+", version)
    return [(1, int(part)) if part.isdigit() else (0, part) for part in parts]


def _span(versions: Sequence[str]) -> str:
    return versions[0] if len(versions) == 1 else f"{versions[0]} to {versions[-1]}"


def _cut(text: str) -> str:
    return safe(text if len(text) <= LONG else f"{text[: LONG - 1]}…")


def changes(here: History, there: History) -> Table:
    """What is otherwise in another version: of the entries and frameworks that both have.

    Parameters
    ----------
    here, there
        Of one version a framework each.
    """
    rows = []
    for entry, framework in _both(here, there):
        (now,), (then,) = here[entry][framework].items(), there[entry][framework].items()
        if now[1] != then[1]:
            versions = f"{framework} {then[0]}", f"{framework} {now[0]}"
            rows.append((entry, versions[0], _cut(then[1]), versions[1], _cut(now[1])))
    heads = ("entry", "there", "did there", "here", "does here")
    return Table("What changed by version", tuple(Head(name, "code") for name in heads), (*rows,))


def _both(here: History, there: History) -> Iterable[tuple[str, str]]:
    for entry, frameworks in here.items():
        for framework in frameworks:
            if framework in there.get(entry, {}):
                yield entry, framework


def as_text(here: History, there: History) -> str:
    """The changes in plain text, how many there are last."""
    found, both = changes(here, there), list(_both(here, there))
    versions = {f"{f} {v}": None for e, f in both for v in there[e][f]}
    where = " and ".join(versions) or "no version"
    said = f"{counted(len(both), 'entry', 'entries')} run in {where}: "
    said += f"{len(found.rows)} otherwise than here." if found.rows else "all as here."
    return "\n\n".join([plain_table(found), said] if found.rows else [said])
