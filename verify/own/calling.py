"""A side is called for the first time: what its own code raises is told with its line."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from ...adapters.captures.captured import Captured
from ...adapters.captures.raised import in_a_line, raised_at, told
from ...adapters.captures.sides import Given, Side
from ...refimpl.errors import AdapterFailed, BadUsage, Randomness, Unsupported

#: What is said where a module raises both as it is exported and as it is run.
TWICE = " (and torch.export raised"

#: What writes tracebacks of its own to the terminal, of what is raised here anyway.
LOUD = "torch._subclasses.fake_tensor"


class Raised(BadUsage):
    """A side's own code raises as it is called."""


def captured_of(side: Side, given: Given) -> Captured:
    """A side as a program in float64.

    Raises
    ------
    Raised
        Where the user's own code raises as it is called.
    BadUsage
        Where its output is nothing that can be compared.
    """
    with called(side):
        return side.capture(given, "float64")


@contextmanager
def called(side: Side) -> Iterator[None]:
    """What a side's own code raises in here is told with its line.

    Raises
    ------
    Raised
        Where the user's own code raises.
    BadUsage
        Where its output is nothing that can be compared.
    """
    loud = logging.getLogger(LOUD)
    level = loud.level
    loud.setLevel(logging.CRITICAL)
    try:
        yield
    except AdapterFailed as failed:
        causes = list(_causes(failed))
        line = next(filter(None, (raised_at(one.__traceback__) for one in causes)), "")
        called = any(isinstance(one, TypeError) and "argument" in str(one) for one in causes)
        said, twice, _ = str(failed).partition(TWICE)
        if not (line or called or twice):
            raise
        where = f" ({line})" if line else ""
        raise Raised(f"{side.name} raises as it is called: {in_a_line(said)}{where}") from failed
    except SystemExit as ended:
        raise Raised(f"{side.name} ends the process as it is called: {told(ended)}") from ended
    except Randomness:
        raise
    except Unsupported as error:
        raise BadUsage(f"{side.name}: {error}") from error
    finally:
        loud.setLevel(level)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """What an error was raised from, and that from, innermost last."""
    found: BaseException | None = error
    while found is not None and (found := found.__cause__ or found.__context__) is not None:
        yield found
