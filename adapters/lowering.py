"""How a framework spells the operations: a default rule by name, and a table of exceptions.

An entry of such a table is one line:

``"max": "torch.amax"``
    The framework's own function, under another name.
``"concat": via("torch.concat", lambda *xs, axis: torch.concat(xs, dim=axis))``
    The framework's own function, called in its own way.
``"mse": composed_function``
    The framework has none: composed of what it has.

A function is called with the arrays by position (None where one is left out) and with every
attribute of the row by keyword, defaults included.

What a framework has neither by name nor in a table of its own may be composed of its other
operations (``compositions``), and what it cannot do at all stands with the reason in a table of
what it lacks (``lacking``); an operation that is in none of these is an error.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from inspect import Parameter
from types import ModuleType
from typing import Any, ClassVar

import numpy as np

from ..cases.native import refusal
from ..refimpl.errors import AdapterFailed, GradparityError, Unsupported
from ..refimpl.ops import TABLE
from .interpret import Dialect
from .lacking import absent
from .values import kind_of

#: What ``Adapter.has`` says of an operation that the framework has no function for.
COMPOSED = "composed"


@dataclass(frozen=True)
class Lowering:
    """A framework's spelling of one operation: its name there, and a function to call.

    ``numbers`` says whether the function takes plain Python numbers where arrays may stand;
    ``alone`` whether the framework's function of that name does the same, given the arrays and no
    attributes, where the lowering asks an array what only a run can tell.
    """

    name: str
    call: Callable[..., Any]
    numbers: bool = False
    alone: bool = False


#: An entry of a table of exceptions.
Entry = str | Lowering | Callable[..., Any]

#: An operation in terms of others: a function of ``Operations``, then as an entry's.
Composition = Callable[..., Any]


def via(
    name: str, call: Callable[..., Any], *, numbers: bool = False, alone: bool = False
) -> Lowering:
    """The framework's own function ``name``, reached by ``call``."""
    return Lowering(name, call, numbers, alone)


def tables(package: str, path: Iterable[str]) -> list[Mapping[str, Entry]]:
    """The tables of a package: what each of its modules has under the name ``LOWERINGS``.

    Parameters
    ----------
    package, path
        Its ``__name__`` and ``__path__``. All its modules are imported; those that have no
        such table are for something else, as the update rules.
    """
    modules = [import_module(f"{package}.{found.name}") for found in pkgutil.iter_modules(path)]
    return [module.LOWERINGS for module in modules if hasattr(module, "LOWERINGS")]


class Lowerings:
    """All spellings of one framework.

    Parameters
    ----------
    framework
        The adapter's name, which the allow-list of native calls knows it by.
    roots
        The framework's modules; dotted names are looked up from them.
    namespaces
        Where the default rule looks for a function of the operation's name, in this order.
    tables
        The exceptions.
    renamed
        Attributes that the framework's own functions call otherwise.
    prepared
        Turns plain numbers among arguments into arrays, for functions that take none.
    lacking
        The operations that the framework has no way to do, each with the reason. A spelling of
        one of them is not looked for.
    refuses
        What it says of arguments that it takes none of, in words of its messages.
    compositions
        Operations in terms of others, for those that are found neither by name nor in a table.
    array, kind
        As ``Dialect`` has them, for the constants of compositions and what hangs on a dtype.
    serves
        Whether a function that the default rule finds by its name will do for an operation: it may
        lack a derivative.
    """

    def __init__(
        self,
        framework: str,
        roots: tuple[ModuleType, ...],
        namespaces: tuple[str, ...],
        tables: Iterable[Mapping[str, Entry]],
        renamed: Mapping[str, str] | None = None,
        prepared: Callable[[tuple[Any, ...]], Iterable[Any]] = lambda arguments: arguments,
        lacking: Mapping[str, str] | None = None,
        *,
        refuses: Collection[str] = (),
        compositions: Mapping[str, Composition] | None = None,
        array: Callable[[np.ndarray], Any] = np.asarray,
        kind: Callable[[Any], str] = lambda value: kind_of(value.dtype),
        serves: Callable[[str, Callable[..., Any]], bool] = lambda _operation, _function: True,
    ) -> None:
        self.framework, self._namespaces = framework, namespaces
        self._roots = {module.__name__: module for module in roots}
        self._renamed, self._prepared = dict(renamed or {}), prepared
        self._entries: dict[str, Entry] = {}
        for table in tables:
            twice = self._entries.keys() & table.keys()
            if twice:
                raise TypeError(f"spelt twice: {sorted(twice)}")
            self._entries.update(table)
        self._lacking = dict(lacking or {})
        twice = self._entries.keys() & self._lacking.keys()
        if twice:
            raise TypeError(f"spelt, and said to be unsupported: {sorted(twice)}")
        self._refuses = tuple(refuses)
        self._compositions = dict(compositions or {})
        self._operations, self._serves = Operations(self, array, kind), serves
        self._found: dict[str, Lowering | None] = {}

    def find(self, operation: str) -> Lowering | None:
        """The spelling of an operation; None where there is none."""
        if operation not in self._found:
            self._found[operation] = self._look_up(operation)
        return self._found[operation]

    def __getitem__(self, operation: str) -> Callable[..., Any]:
        lowering = self.find(operation)
        if lowering is None:
            raise self._absent(operation)
        return lowering.call

    def has(self, operation: str) -> str:
        """As ``Adapter.has``."""
        lowering = self.find(operation)
        return "" if lowering is None else lowering.name

    def lacks(self, operation: str) -> str:
        """As ``Adapter.lacks``."""
        return self._lacking.get(operation, "")

    def _absent(self, operation: str) -> GradparityError:
        if operation not in TABLE:
            return Unsupported(f"no operation is called {operation}")
        return absent(operation, self._lacking, self.framework)

    def spelling(self, operation: str) -> tuple[str, Callable[..., Any] | None, dict[str, Any]]:
        """How an operation is reached: a dotted name, or the function that does it.

        Returns
        -------
        The name; the function, None where a call by that name is all; and what is said of
        attributes that a case leaves out.
        """
        entry, row = self._entries.get(operation), TABLE.get(operation)
        given = row.attributes if row else {}
        unsaid = {k: v for k, v in given.items() if v is not Parameter.empty}
        name = self.has(operation)
        if not name:
            raise self._absent(operation)
        if isinstance(entry, Lowering):
            return name, entry.call, unsaid
        return name, entry if callable(entry) else None, unsaid

    def alone(self, operation: str) -> bool:
        """Whether a function that ``spelling`` names does the same where arrays are all it gets."""
        entry = self._entries.get(operation)
        if not isinstance(entry, Lowering):
            return False
        return entry.alone or entry.call is self.function(entry.name)

    def without(self, lacking: Mapping[str, str]) -> Lowerings:
        """The same, but for operations that some setting lacks, each with the reason."""
        other = copy(self)
        other._lacking, other._found = {**self._lacking, **lacking}, {}  # noqa: SLF001  its own
        other._operations = Operations(other, self._operations.array, self._operations.kind)  # noqa: SLF001  the same
        return other

    def renamed(self, attributes: Mapping[str, Any]) -> dict[str, Any]:
        """Attributes under the names that the framework's own functions have for them."""
        return {self._renamed.get(k, k): v for k, v in attributes.items()}

    @property
    def exceptions(self) -> frozenset[str]:
        """The operations that have an entry."""
        return frozenset(self._entries)

    def function(self, name: str) -> Callable[..., Any] | None:
        """The framework's function of that dotted name; None where there is none."""
        head, *rest = name.split(".")
        found: Any = self._roots.get(head)
        for part in rest:
            found = getattr(found, part, None)
        return found if callable(found) and not isinstance(found, type) else None

    def dotted(self, function: Callable[..., Any]) -> str:
        """The name by which the framework has a function; empty where it is none of its own."""
        own = getattr(function, "__name__", "")
        names = [f"{space}.{own}" for space in self._namespaces] if own else []
        return next((name for name in names if self.function(name) is function), "")

    def native(self, name: str) -> Callable[..., Any]:
        """The framework's function that a case calls by its own name.

        Raises
        ------
        Unsupported
            Where cases may not call it.
        AdapterFailed
            Where this release of the framework has none.
        """
        refused = refusal(name, self.framework)
        if refused:
            raise Unsupported(refused)
        function = self.function(name)
        if function is None:
            raise AdapterFailed(f"this release of {self.framework} has no {name}")
        return function

    def _look_up(self, operation: str) -> Lowering | None:
        if operation in self._lacking:
            return None
        entry = self._entries.get(operation)
        if isinstance(entry, Lowering):
            return self._ready(operation, entry)
        if callable(entry):
            return self._ready(operation, via(COMPOSED, entry))
        names = [entry] if entry else [f"{space}.{operation}" for space in self._namespaces]
        for name in names:
            function = self.function(name)
            if function is not None and (entry or self._serves(operation, function)):
                call = partial(self._rename_and_call, function)
                return self._ready(operation, via(name, call))
        composition = self._compositions.get(operation)
        return composition and self._ready(
            operation, via(COMPOSED, partial(composition, self._operations))
        )

    def _ready(self, operation: str, lowering: Lowering) -> Lowering:
        """With every attribute said, and numbers made arrays where the function wants them."""
        row = TABLE.get(operation)
        unsaid = (
            {k: v for k, v in row.attributes.items() if v is not Parameter.empty} if row else {}
        )
        prepared = tuple if lowering.numbers else self._prepared

        def call(*xs: Any, **attributes: Any) -> Any:
            try:  # and no context: torch.compile goes in here, and breaks its graph at one
                return lowering.call(*prepared(xs), **{**unsaid, **attributes})
            except (RuntimeError, TypeError, ValueError) as error:
                if said := self._refusal(error):
                    raise Unsupported(said) from error
                raise

        return Lowering(lowering.name, call, numbers=True)

    @contextmanager
    def refusing(self) -> Iterator[None]:
        """Where the framework refuses a call in words that are written down, it is Unsupported."""
        try:
            yield
        except (RuntimeError, TypeError, ValueError) as error:
            if said := self._refusal(error):
                raise Unsupported(said) from error
            raise

    def _refusal(self, error: Exception) -> str:
        """What the framework says where it refuses a call in such words; else nothing."""
        said = str(error).partition("\n")[0]
        refuses = any(words in said for words in self._refuses)
        return f"{self.framework} refuses it: {said}" if refuses else ""

    def _rename_and_call(self, function: Callable[..., Any], *xs: Any, **attributes: Any) -> Any:
        return function(*xs, **self.renamed(attributes))


class Operations:
    """A framework's operations as attributes, for those that are composed of them.

    ``o.where(condition, a, b)``, ``o["linalg.vector_norm"](x, axis=-1)``; ``o.array(x)`` is the
    framework's array of NumPy's ``x``, and ``o.kind(x)`` what an array holds.
    """

    def __init__(
        self,
        lowerings: Lowerings,
        array: Callable[[np.ndarray], Any],
        kind: Callable[[Any], str],
    ) -> None:
        self._lowerings, self.array, self.kind = lowerings, array, kind

    def __getitem__(self, operation: str) -> Callable[..., Any]:
        return self._lowerings[operation]

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        return self._lowerings[operation]


class SpelledDialect(Dialect):
    """A dialect whose functions come from a framework's spellings."""

    lowerings: ClassVar[Lowerings]

    def lower(self, operation: str) -> Callable[..., Any]:
        """As the table of exceptions or the default rule has it."""
        return self.lowerings[operation]

    def native(self, name: str) -> Callable[..., Any]:
        """The framework's own."""
        return self.lowerings.native(name)
