"""What a framework has no way to do, written down: whatever is neither spelled nor here is lost.

An operation, a rule or a schedule that an adapter had, and that a new release or a slip took away,
is so an error, and never passes for something that the framework cannot do.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TypeVar

from ..refimpl.errors import AdapterFailed, GradparityError, Unsupported

_T = TypeVar("_T")


def entry(spelled: Mapping[str, _T], name: str, unsupported: Mapping[str, str], where: str) -> _T:
    """The spelling of a name.

    Parameters
    ----------
    spelled
        name → what spells it.
    unsupported
        name → the reason, of what ``where`` has no way to do.
    where
        A library, in messages.

    Raises
    ------
    Unsupported
        Where it is written down that there is none.
    AdapterFailed
        Where there is none and nothing says why.
    """
    found = spelled.get(name)
    if found is None:
        raise absent(name, unsupported, where)
    return found


def absent(name: str, unsupported: Mapping[str, str], where: str) -> GradparityError:
    """The error of a name that has no spelling, as ``entry`` raises it."""
    reason = unsupported.get(name)
    if reason is None:
        return AdapterFailed(
            f"{where} has no {name} any more: it has no spelling, and is not written down as "
            "unsupported"
        )
    return Unsupported(f"{where} has no {name}: {reason}")


@contextmanager
def unsupported_where(words: Iterable[str], *errors: type[Exception]) -> Iterator[None]:
    """Take what a framework says, in these words, for what it has no way to do.

    Parameters
    ----------
    words
        Of a line of its messages; a ``NotImplementedError`` needs none.
    errors
        What it raises with them.

    Raises
    ------
    Unsupported
        With the first line of what it says that has them, else the first.
    """
    try:
        yield
    except errors as error:
        text = str(error).strip()
        lines = [line.strip() for line in text.splitlines()] or [""]
        saying = [line for line in lines if any(said in line for said in words)]
        if saying or isinstance(error, NotImplementedError):
            raise Unsupported((saying or lines)[0]) from error
        raise
