"""Names that a user gives, separated by commas; an unknown one is answered with the nearest."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from typing import Literal

from ...adapters import registry
from ...adapters.elsewhere import interpreter_of, name_of, program_of
from ...cases.registered import registered
from ...refimpl.errors import BadUsage

DTYPES = ("float64", "float32", "float16", "bfloat16", "complex128", "complex64")

#: Every adapter that is installed.
ALL = "all"

#: Names are listed in full where there are fewer than this.
FEW = 10


def adapters_of(text: str | None) -> list[str] | None:
    """The adapters that an option names, as ``registry.make`` takes them; None for the usual ones.

    ``all`` is all whose frameworks are installed.

    Raises
    ------
    BadUsage
        For a name that no adapter has, with the nearest that one has; for an interpreter that is
        not there.
    """
    groups = (registry.GROUP, registry.VARIANTS)
    known = sorted({point.name for group in groups for point in registered(group)})
    items = None if text is None else _each(_items(text))
    chosen(None if items is None else ",".join(map(name_of, items)), known, "adapter")
    for item in items or ():
        if interpreter_of(item):
            program_of(item)
    return items


def dtypes_of(text: str | None) -> list[str] | None:
    """The dtypes that an option names; None for all. Raises BadUsage for one that is none."""
    return chosen(text, DTYPES, "dtype")


def jobs_of(text: str | None) -> int | Literal["auto"] | None:
    """The number of workers that an option names, or auto; BadUsage for what is neither."""
    if text is None:
        return None
    if text == "auto":
        return "auto"
    if not text.isdecimal():
        raise BadUsage(f"{text!r} workers, expected a whole number from 0 up, or auto")
    return int(text)


def draws_of(text: str | None) -> int:
    """The number of drawings that an option names, 1 for none; BadUsage for what is no such."""
    if text is None:
        return 1
    if not text.isdecimal() or int(text) < 1:
        raise BadUsage(f"{text!r} drawings, expected a whole number from 1 up")
    return int(text)


def chosen(text: str | None, known: Sequence[str], what: str) -> list[str] | None:
    """The names in a list separated by commas, each once; BadUsage for one that is not known."""
    if text is None:
        return None
    names = _items(text)
    if not names:
        raise BadUsage(f"no {what} is named; there are {', '.join(known)}")
    for name in names:
        if name not in known:
            raise BadUsage(f"no {what} is called {name!r}{nearest(name, known)}")
    return names


def _each(items: list[str]) -> list[str]:
    """With every adapter that is installed in the place of ``all``, those named besides as such."""
    own = {name_of(item) for item in items}
    found = [name for name in registry.installed() if name not in own]
    return [name for item in items for name in (found if item == ALL else [item])]


def _items(text: str) -> list[str]:
    return list(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))


def nearest(name: str, known: Iterable[str]) -> str:
    """``; did you mean NAME?``, or what there is where nothing is near and little is known."""
    known = list(known)
    near = difflib.get_close_matches(name, known, n=1)
    if near:
        return f"; did you mean {near[0]}?"
    return f"; there are {', '.join(known)}" if 0 < len(known) < FEW else ""
