"""In the place of an adapter that cannot even be made: every task in it is an error, and says why.

An adapter whose module raises as it is imported, or that has no version to tell, costs its own
rows and no one else's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NoReturn

from ..cases.task import Task
from ..refimpl.errors import AdapterFailed, BadUsage, MissingFramework
from . import registry
from .attempt import asked
from .base import Adapter, Trace
from .elsewhere import name_of
from .well_formed import named


def sound(adapter: Any, name: str) -> Adapter:
    """The adapter of that name, where it has a version to tell; else what says why not."""
    if not isinstance(adapter, Adapter):
        return Broken(name, f"{name} is {named(adapter)}, expected an Adapter")
    own = getattr(adapter, "name", None)
    if own != name:
        called = repr(own) if isinstance(own, str) else named(own)
        return Broken(name, f"adapter {name} has the name {called}, expected its entry point's")
    try:
        version = asked(adapter.version)
    except AdapterFailed as failure:
        return Broken(name, f"adapter {name} tells no version: {failure}")
    if not isinstance(version, str):
        return Broken(name, f"adapter {name} has a version that is {named(version)}, expected text")
    return adapter


def all_made(
    items: Iterable[str | Adapter], tell: Callable[[str], None]
) -> tuple[dict[str, Adapter], dict[str, str]]:
    """Adapters by name, those that cannot be made as such, and why frameworks are missing.

    Parameters
    ----------
    items
        Names, as ``registry.make`` takes them, or adapters.
    tell
        Told which is made.

    Raises
    ------
    BadUsage
        For a name that no adapter has, or that two of them have.
    """
    adapters: dict[str, Adapter] = {}
    missing: dict[str, str] = {}
    for item in items:
        name = name_of(item) if isinstance(item, str) else _name(item)
        tell(name)
        try:
            made = sound(registry.make(item) if isinstance(item, str) else item, name)
        except MissingFramework as absent:
            missing[name] = str(absent)
            continue
        except AdapterFailed as failure:
            made = Broken(name, str(failure))
        if name in adapters:
            raise BadUsage(f"two adapters are called {name}, expected different names")
        adapters[name] = made
    return adapters, missing


def _name(adapter: Any) -> str:
    """What an adapter calls itself; its class's name where that is no text."""
    own = getattr(adapter, "name", None)
    return own if isinstance(own, str) and own else type(adapter).__name__


class Broken(Adapter):
    """An adapter that fails every task for one reason."""

    def __init__(self, name: str, reason: str) -> None:
        self.name, self.reason = name, reason

    def version(self) -> str:
        """None is known."""
        return ""

    def has(self, operation: str) -> str:  # noqa: ARG002  it has nothing
        """Nothing."""
        return ""

    def run(self, task: Task) -> Trace:  # noqa: ARG002  it runs nothing
        """Say why it cannot."""
        self._fail()

    def spelled(self, task: Task) -> str:  # noqa: ARG002  it has no update
        """Say why it cannot."""
        self._fail()

    def _fail(self) -> NoReturn:
        raise AdapterFailed(self.reason)
