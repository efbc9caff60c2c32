"""What a user's own code raised, in one line and with the place where it did."""

from __future__ import annotations

import linecache
import sysconfig
import traceback
from pathlib import Path
from types import TracebackType

from ...refimpl.errors import described

#: Where no user's code lies: this distribution, and what is installed.
_ROOT = Path(__file__).resolve().parents[2]
_OURS = {_ROOT / k for k in ("refimpl", "cases", "adapters", "verify", "reports", "front")}
_INSTALLED = ("site-packages", "dist-packages")
_STANDARD = Path(sysconfig.get_paths()["stdlib"]).resolve()

#: Where what JAX says begins to be of its own insides.
_INSIDES = ("The error occurred while tracing", "See https://docs.jax.dev")

#: So many characters of a message are shown.
LONGEST = 400


def told(error: BaseException) -> str:
    """An error as ``KeyError: 'bias' (port.py:8: return p["bias"])``, in one line."""
    return in_a_line(described(error)) + _in_brackets(raised_at(error.__traceback__))


def in_a_line(text: str) -> str:
    """A message in one line, without what a framework says of its own insides."""
    for inside in _INSIDES:
        text = text.partition(inside)[0]
    text = " ".join(text.split())
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def _in_brackets(line: str) -> str:
    return f" ({line})" if line else ""


def raised_at(found: TracebackType | None) -> str:
    """The innermost line of a user's code in a traceback, as ``port.py:3: y = x @ w``."""
    for frame, line in reversed(list(traceback.walk_tb(found))):
        file = Path(frame.f_code.co_filename)
        if not file.is_file() or not _OURS.isdisjoint(file.resolve().parents):
            continue
        standard = _STANDARD in file.resolve().parents
        if not standard and not any(part in _INSTALLED for part in file.parts):
            code = linecache.getline(str(file), line).strip()
            return f"{file.name}:{line}: {code}" if code else f"{file.name}:{line}"
    return ""
