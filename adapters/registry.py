"""Which adapters there are: the entry points of group ``gradparity.adapters``.

Any distribution may add one; a framework is imported only when its adapter is made. Where none is
named, those that the project is about are meant, whatever else is installed.
"""

from __future__ import annotations

import difflib
from importlib.metadata import EntryPoint
from typing import Any

from ..cases.garbage import uncollected
from ..cases.registered import registered
from ..cases.variants import framework_of
from ..refimpl.errors import AdapterFailed, BadUsage, MissingFramework
from .attempt import asked
from .base import Adapter
from .elsewhere import Elsewhere, interpreter_of, name_of, program_of
from .installing import command, present
from .well_formed import named

GROUP = "gradparity.adapters"

#: Frameworks run in another way (``cases.variants``): run where they are named, and only there.
VARIANTS = "gradparity.variants"

#: Those that are meant where none is named, in the order in which tables have them; others follow
#: by name.
_FIRST = ("numpy", "torch", "jax")


def names() -> list[str]:
    """Every adapter's name: the reference first, then in a fixed order.

    Raises
    ------
    BadUsage
        Where two distributions have an adapter of one name: which is meant cannot be told.
    """
    found: dict[str, EntryPoint] = {}
    for point in registered(GROUP):
        first = found.setdefault(point.name, point)
        if first.value != point.value:
            raise BadUsage(
                f"two adapters are called {point.name!r}: {_owned(first)} and {_owned(point)}, "
                "expected names of their own"
            )
    return sorted(found, key=_order)


def variants() -> list[str]:
    """The frameworks' variants that can be named, in the order of their frameworks."""
    found = {point.name for point in registered(VARIANTS)}
    return sorted(found, key=lambda name: (_order(framework_of(name)), name))


def defaults() -> list[str]:
    """Those that are meant where none is named; all, where none of these is registered."""
    found = names()
    return [name for name in found if name in _FIRST] or found


def installed() -> list[str]:
    """Those whose framework is installed, as far as their distribution's extras say; in order."""
    return [
        name
        for name in names()
        for point in [registered(GROUP, name)[0]]
        if present(name, _distribution(point))
    ]


def make(name: str) -> Adapter:
    """Make an adapter, importing its framework.

    Parameters
    ----------
    name
        As it is registered; with ``@PYTHON`` after it, it is made and run in that interpreter.

    Raises
    ------
    BadUsage
        Where there is no such adapter; the message has the nearest name. Where there are two of
        a name, as ``names``; where there is no such interpreter.
    MissingFramework
        Where its framework is not installed; the message says what to install.
    AdapterFailed
        For whatever else its module raises as it is imported, or its class as it is called.
    """
    if interpreter_of(name):
        return Elsewhere(name_of(name), program_of(name))
    known = names()
    points = registered(GROUP, name) or registered(VARIANTS, name)
    if not points:
        near = difflib.get_close_matches(name, [*known, *variants()], n=1)
        hint = f"; did you mean {near[0]}?" if near else f"; there are {', '.join(known)}"
        raise BadUsage(f"no adapter is called {name!r}{hint}")
    point = points[0]
    try:
        made = asked(lambda: _made(point))
    except AdapterFailed as failure:
        raise AdapterFailed(f"adapter {name} cannot be made: {failure}") from failure
    if not isinstance(made, Adapter):
        raise AdapterFailed(f"adapter {name} is {named(made)}, expected an Adapter")
    return made


def _made(point: EntryPoint) -> Any:
    """Import the framework and call what makes the adapter."""
    try:
        with uncollected():
            make = point.load()
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing == "gradparity":
            raise
        raise MissingFramework(
            f"adapter {point.name} needs {missing}, which is not installed: "
            f"{_remedy(point, missing)}"
        ) from error
    return make()


def _owned(point: EntryPoint) -> str:
    return f"{point.value} of {point.dist.name}" if point.dist else point.value


def _order(name: str) -> tuple[int, str]:
    return _FIRST.index(name) if name in _FIRST else len(_FIRST), name


def _distribution(point: EntryPoint) -> str:
    return point.dist.name if point.dist else "gradparity"


def _remedy(point: EntryPoint, missing: str) -> str:
    """What to type; or what is needed, where the adapter's distribution does not say."""
    extra = framework_of(point.name)
    return command(extra, _distribution(point)) or f"install what has the module {missing}"
