"""Faults of case files: gathered, placed at FILE:LINE:COLUMN, with the nearest valid name."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from ..refimpl.errors import BadCase, LimitExceeded
from . import limits


class Place(NamedTuple):
    """A place in a file, counted from one; in a mapping, which has no lines, a key's.

    ``key`` is then the keys that lead there, as ``params.x``, and empty for the mapping itself; the
    line and the column are those in the text that stands under it, and 0 where it is no text.
    """

    line: int
    column: int
    key: str = ""

    def within(self, whole: str) -> str:
        """``FILE:LINE:COLUMN``, ``WHOLE: KEY`` or ``WHOLE: KEY:LINE:COLUMN``."""
        start = f"{whole}: {self.key}" if self.key else whole
        return f"{start}:{self.line}:{self.column}" if self.line else start


#: Characters of one fault's message: what it quotes may be endless.
LONGEST = 600


class Enough(Exception):
    """A file has so many faults that no more are looked for."""


class Faults:
    """The faults of one file, each said once."""

    def __init__(self, file: str) -> None:
        self.file = file
        self._found: dict[tuple[str, Place], BadCase] = {}
        self._spoiled: set[Place] = set()

    def __bool__(self) -> bool:
        return bool(self._found)

    def __len__(self) -> int:
        return len(self._found)

    def add(self, message: str, place: Place, kind: type[BadCase] = BadCase) -> None:
        """Note that something is wrong there.

        Raises
        ------
        Enough
            Where there are so many faults that reading on is no use.
        """
        if place in self._spoiled:
            return
        said = message.removeprefix(f"{place.key}: ") if place.key else message
        said = " ".join(said.split("\n"))
        said = said if len(said) <= LONGEST else f"{said[:LONGEST]}…"
        self._found.setdefault((message, place), kind(said, place.within(self.file)))
        if len(self._found) >= limits.FAULTS:
            raise Enough

    def spoil(self, place: Place) -> None:
        """What stands there is not what was written: say nothing more about it."""
        self._spoiled.add(place)

    def limit(self, message: str, place: Place) -> None:
        """Note that a limit is exceeded there."""
        self.add(message, place, LimitExceeded)

    def in_order(self) -> list[BadCase]:
        """All of them by their place."""
        order = sorted(self._found.items(), key=lambda item: item[0][1])
        found = [fault for _, fault in order]
        if len(found) >= limits.FAULTS:
            found.append(BadCase("and perhaps more faults, not looked for", f"{self.file}:1:1"))
        return found


def unknown(
    what: str, name: object, valid: Iterable[str], *, listed: str = "", meant: str = ""
) -> str:
    """``unknown key 'stpes', expected one of …; did you mean 'steps'?``.

    ``listed`` says in words where the valid names stand, for when they are too many to list;
    ``meant`` is the name to ask for, where it is known otherwise than by its likeness.
    """
    names = list(dict.fromkeys(valid))
    expected = listed or f"expected {one_of(names)}"
    close = meant or nearest(str(name), names)
    hint = f"; did you mean {close!r}?" if close else ""
    return f"unknown {what} {shown(name)}, {expected}{hint}"


def nearest(name: str, valid: Iterable[str]) -> str:
    """The valid name most like this one, or an empty text where none is like it."""
    return "" if len(name) > 100 else _nearest(name, tuple(valid))


@lru_cache(maxsize=1024)
def _nearest(name: str, names: tuple[str, ...]) -> str:
    lowered = {known.lower(): known for known in names}
    word = name.lower()
    found = difflib.get_close_matches(word, lowered, 5, 0.6)
    swapped = [close for close in found if sorted(close) == sorted(word)]
    return lowered[(swapped or found)[0]] if found else ""


def one_of(names: Iterable[str]) -> str:
    """``a``, ``a or b``, ``one of a, b, c``; long lists are cut."""
    listed = list(names)
    if not listed:
        return "nothing here"
    if len(listed) > 40:
        return f"one of {', '.join(listed[:40])}, …"
    return listed[0] if len(listed) == 1 else f"one of {', '.join(listed)}"


def unprintable(character: str) -> str:
    """That a text has a character which no line can show."""
    return f"the character {character!a} in a text, expected none such"


def shown(value: object) -> str:
    """A value as a message quotes it: short, on one line."""
    if value is None:
        return "nothing (null)"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"
