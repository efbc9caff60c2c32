"""A side is called for the first time: what its own code raises is told with its line."""

from __future__ import annotations

import linecache
import logging
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

from ...adapters.captures.captured import Captured
from ...adapters.captures.sides import Given, Side
from ...refimpl.errors import AdapterFailed, OwnCodeFailed

#: Where no user's code lies: this distribution, and what is installed.
_ROOT = Path(__file__).resolve().parents[2]
_OURS = {_ROOT / k for k in ("refimpl", "cases", "adapters", "verify", "reports", "front")}
_INSTALLED = ("site-packages", "dist-packages")

#: What is said where a module raises both as it is exported and as it is run.
TWICE = " (and torch.export raised"

#: What writes tracebacks of its own to the terminal, of what is raised here anyway.
LOUD = "torch._subclasses.fake_tensor"


def captured_of(side: Side, given: Given) -> Captured:
    """A side as a program in float64.

    Raises
    ------
    OwnCodeFailed
        Where the user's own code raises as it is called.
    """
    loud = logging.getLogger(LOUD)
    level = loud.level
    loud.setLevel(logging.CRITICAL)
    try:
        return side.capture(given, "float64")
    except AdapterFailed as failed:
        causes = list(_causes(failed))
        line = next(filter(None, (raised_at(one.__traceback__) for one in causes)), "")
        called = any(isinstance(one, TypeError) and "argument" in str(one) for one in causes)
        told, twice, _ = str(failed).partition(TWICE)
        if not (line or called or twice):
            raise
        where = f" ({line})" if line else ""
        raise OwnCodeFailed(f"{side.name} raises as it is called: {told}{where}") from failed
    finally:
        loud.setLevel(level)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """What an error was raised from, and that from, innermost last."""
    found: BaseException | None = error
    while found is not None and (found := found.__cause__ or found.__context__) is not None:
        yield found


def raised_at(found: TracebackType | None) -> str:
    """The innermost line of a user's code in a traceback, as ``port.py:3: y = x @ w``."""
    for frame, line in reversed(list(traceback.walk_tb(found))):
        file = Path(frame.f_code.co_filename)
        if not file.is_file() or not _OURS.isdisjoint(file.resolve().parents):
            continue
        if not any(part in _INSTALLED for part in file.parts) and "lib" not in file.parts[:3]:
            code = linecache.getline(str(file), line).strip()
            return f"{file.name}:{line}: {code}" if code else f"{file.name}:{line}"
    return ""
