"""How a framework spells the operations: a default rule by name, and a table of exceptions.

An entry of such a table is one line:

``"max": "torch.amax"``
    The framework's own function, under another name.
``"concat": via("torch.concat", lambda *xs, axis: torch.concat(xs, dim=axis))``
    The framework's own function, called in its own way.
``"mse": composed_function``
    The framework has none: composed of what it has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from ..refimpl.errors import Unsupported

#: What ``Adapter.has`` says of an operation that the framework has no function for.
COMPOSED = "composed"


@dataclass(frozen=True)
class Lowering:
    """A framework's spelling of one operation: its name there, and a function to call.

    ``numbers`` says whether the function takes plain Python numbers where arrays may stand.
    """

    name: str
    call: Callable[..., Any]
    numbers: bool = False


#: An entry of a table of exceptions.
Entry = str | Lowering | Callable[..., Any]


def via(name: str, call: Callable[..., Any], *, numbers: bool = False) -> Lowering:
    """The framework's own function ``name``, reached by ``call``."""
    return Lowering(name, call, numbers)


class Lowerings:
    """All spellings of one framework.

    Parameters
    ----------
    root
        The framework's module; dotted names are looked up from it.
    namespaces
        Where the default rule looks for a function of the operation's name, in this order.
    tables
        The exceptions.
    renamed
        Attributes that the framework's own functions call otherwise.
    prepared
        Turns plain numbers among arguments into arrays, for functions that take none.
    """

    def __init__(
        self,
        root: Any,
        namespaces: tuple[str, ...],
        tables: Iterable[Mapping[str, Entry]],
        renamed: Mapping[str, str] | None = None,
        prepared: Callable[[tuple[Any, ...]], Iterable[Any]] = lambda arguments: arguments,
    ) -> None:
        self._root, self._namespaces = root, namespaces
        self._renamed, self._prepared = dict(renamed or {}), prepared
        self._entries: dict[str, Entry] = {}
        for table in tables:
            twice = self._entries.keys() & table.keys()
            if twice:
                raise TypeError(f"spelt twice: {sorted(twice)}")
            self._entries.update(table)
        self._found: dict[str, Lowering | None] = {}

    def find(self, operation: str) -> Lowering | None:
        """The spelling of an operation; None where there is none."""
        if operation not in self._found:
            self._found[operation] = self._look_up(operation)
        return self._found[operation]

    def __getitem__(self, operation: str) -> Callable[..., Any]:
        lowering = self.find(operation)
        if lowering is None:
            raise Unsupported(f"{self._root.__name__} has no {operation}")
        return lowering.call

    def has(self, operation: str) -> str:
        """As ``Adapter.has``."""
        lowering = self.find(operation)
        return "" if lowering is None else lowering.name

    @property
    def exceptions(self) -> frozenset[str]:
        """The operations that have an entry."""
        return frozenset(self._entries)

    def function(self, name: str) -> Callable[..., Any] | None:
        """The framework's function of that dotted name; None where there is none."""
        found = self._root
        head, *rest = name.split(".")
        if head != found.__name__:
            return None
        for part in rest:
            found = getattr(found, part, None)
        return found if callable(found) and not isinstance(found, type) else None

    def _look_up(self, operation: str) -> Lowering | None:
        entry = self._entries.get(operation)
        if isinstance(entry, Lowering):
            return entry if entry.numbers else self._ready(entry.name, entry.call)
        if callable(entry):
            return self._ready(COMPOSED, entry)
        names = [entry] if entry else [f"{space}.{operation}" for space in self._namespaces]
        for name in names:
            function = self.function(name)
            if function is not None:
                return self._ready(name, partial(self._rename_and_call, function))
        return None

    def _ready(self, name: str, call: Callable[..., Any]) -> Lowering:
        return Lowering(name, lambda *xs, **attributes: call(*self._prepared(xs), **attributes))

    def _rename_and_call(self, function: Callable[..., Any], *xs: Any, **attributes: Any) -> Any:
        return function(*xs, **{self._renamed.get(k, k): v for k, v in attributes.items()})
