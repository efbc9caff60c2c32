"""Users' code by its name, as ``package.module:name``: it is imported, and so run."""

from __future__ import annotations

import importlib
import inspect
import sys
from typing import Any

from ...adapters.captures.raised import in_a_line, raised_at, told
from ...refimpl.errors import BadUsage
from ..selection.documents import Document
from .comparing import compare
from .report import Report


def named(text: str) -> Any:
    """What ``package.module:name`` names; modules beside the caller are found."""
    home, _, name = text.partition(":")
    if not home or not name:
        raise BadUsage(f"{text!r}, expected MODULE:NAME as in mine.net:Block")
    if home.endswith(".py") or not all(part.isidentifier() for part in home.split(".")):
        likely = home.removesuffix(".py").strip("./").replace("/", ".")
        raise BadUsage(f"{text!r}, expected a module as Python imports it, as {likely}:{name}")
    if "" not in sys.path:
        sys.path.insert(0, "")
    try:
        found: Any = importlib.import_module(home)
        for part in name.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError) as error:
        line = raised_at(error.__traceback__)
        where = f" ({line})" if line else ""
        raise BadUsage(f"{text}: {in_a_line(str(error))}{where}") from error
    except SystemExit as error:
        message = f"{text}: its module ends the process as it is imported: {told(error)}"
        raise BadUsage(message) from error
    except Exception as error:
        raise BadUsage(f"{text}: its module raises {told(error)}") from error
    if inspect.ismodule(found):
        raise BadUsage(f"{text} is a module of Python, expected a class, an object or a function")
    return found


def made(code: Any) -> Any:
    """A module of a class that needs nothing; all else as it is."""
    if isinstance(code, type):
        try:
            return code()
        except Exception as error:
            message = f"{code.__name__}() raised {told(error)}"
            raise BadUsage(f"{message}; name a module, not its class") from error
    return code


def report_of(document: Document, draws: int = 1) -> Report:
    """Compare what a document names; its code is imported.

    Inputs are drawn as often as the document says, and ``draws`` times at least.

    Raises
    ------
    BadUsage
        Where a name leads to nothing, and all else that ``compare`` raises.
    """
    own, asked = document.model.own, document.model
    port = made(named(own.jax))
    return compare(
        made(named(own.torch)),
        port if own.jax_params is None else (port, named(own.jax_params)),
        document.inputs,
        own.params if own.params == "auto" else named(own.params),
        loss=None if own.loss is None else named(own.loss),
        draws=max(asked.draws, draws),
        state=asked.state,
    )
