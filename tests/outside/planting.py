"""How a fault is planted into a framework: what is the same for all of them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any, ClassVar

from .changes import Call, changed
from .fault import Fault
from .switches import Change, Switch


def other(fault: Fault, call: Call, g: Any, x: Any) -> Any:
    """Numbers as a fault leaves them; ``x`` is the argument they belong to."""
    return changed(call, g, x, fault.does, fault.amount, fault.when, fault.at)


class Planter(ABC):
    """Plants faults into a framework, one at a time; made before its adapter is imported."""

    #: ``torch`` or ``jax.numpy``.
    xp: ClassVar[Any]

    #: The part for which no switch stands: what is patched is no function of a name.
    unswitched: ClassVar[str]

    def __init__(self, faults: list[Fault]) -> None:
        names = {self.place(fault) for fault in faults if fault.part != self.unswitched}
        self._switches = {name: Switch(name) for name in sorted(names)}
        self._plants: Mapping[str, Callable[[Fault], Change]] = {
            "forward": self._forward,
            "value": self._forward,
            "backward": self._backward,
            "cut": self._cut,
            "incoming": self._incoming,
            "keyword": self._keyword,
            **self.plants(),
        }
        self._calls = self._steps = 0

    @contextmanager
    def planted(self, fault: Fault) -> Iterator[None]:
        """One run with a fault in place: calls and steps are counted from here."""
        self._calls = self._steps = 0
        if fault.part == self.unswitched:
            with self.beside(fault):
                yield
            return
        switch = self._switches[self.place(fault)]
        switch.change = self._plants[fault.part](fault)
        try:
            yield
        finally:
            switch.change = None

    def call(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Call:
        """What a condition is told of the call that begins."""
        self._calls += 1
        return Call(self.xp, args, kwargs, self._calls - 1, self._steps)

    # What each framework says in its own way

    def place(self, fault: Fault) -> str:
        """The name at which a fault's switch stands."""
        return fault.patch

    @abstractmethod
    def plants(self) -> dict[str, Callable[[Fault], Change]]:
        """What goes wrong in the parts that only this framework has, or has in its own way."""

    @abstractmethod
    def beside(self, fault: Fault) -> AbstractContextManager[Any]:
        """A fault for which no switch stands, in place while that lasts."""

    @abstractmethod
    def is_array(self, x: Any) -> bool:
        """Whether it is one of the framework's arrays."""

    @abstractmethod
    def is_differentiated(self, x: Any) -> bool:
        """Whether a gradient can arrive at it."""

    @abstractmethod
    def constant(self, x: Any) -> Any:
        """The same numbers, which no gradient reaches."""

    @abstractmethod
    def through(self, x: Any, fault: Fault, call: Call) -> Any:
        """The identity, whose cotangent a fault changes."""

    @abstractmethod
    def number(self, fault: Fault, call: Call, held: Any) -> Any:
        """A number, a word or whatever else a keyword has, as a fault has it."""

    # What goes wrong in the same way everywhere

    def of_result(self, y: Any, change: Callable[[Any], Any], at: int = 0) -> Any:
        """A result with one part of it changed, where it has several."""
        if self.is_array(y):
            return change(y)
        parts = list(y)
        if self.is_array(parts[at]):
            parts[at] = change(parts[at])
        if hasattr(y, "_fields"):
            return type(y)(*parts)
        return type(y)(parts) if hasattr(y, "n_fields") else tuple(parts)

    def _forward(self, fault: Fault) -> Change:
        def change(original: Any, args: Any, kwargs: Any) -> Any:
            call = self.call(args, kwargs)
            y = original(*args, **kwargs)
            _, among = _arguments(args)
            x = among[0] if among else None

            def one(part: Any) -> Any:
                call.shape = tuple(part.shape)
                wrong = other(fault, call, part, x)
                return wrong if fault.part == "forward" else part + self.constant(wrong - part)

            return self.of_result(y, one)

        return change

    def _backward(self, fault: Fault) -> Change:
        def change(original: Any, args: Any, kwargs: Any) -> Any:
            call = self.call(args, kwargs)
            listed, home, x = _argument(fault, args, kwargs)
            if self.is_differentiated(x):
                home[fault.argument] = self.through(x, fault, call)
            y = original(*listed, **kwargs)
            call.shape = tuple(getattr(y, "shape", ()))
            return y

        return change

    def _cut(self, fault: Fault) -> Change:
        def change(original: Any, args: Any, kwargs: Any) -> Any:
            listed, home, x = _argument(fault, args, kwargs)
            if self.is_array(x):
                home[fault.argument] = self.constant(x)
            return original(*listed, **kwargs)

        return change

    def _incoming(self, fault: Fault) -> Change:
        def change(original: Any, args: Any, kwargs: Any) -> Any:
            call = self.call(args, kwargs)
            y = original(*args, **kwargs)
            return self.of_result(y, lambda part: self.through(part, fault, call))

        return change

    def _keyword(self, fault: Fault) -> Change:
        def change(original: Any, args: Any, kwargs: Any) -> Any:
            call = self.call(args, kwargs)
            listed = list(args)
            home: Any = listed if isinstance(fault.argument, int) else kwargs
            if _is_in(fault.argument, home):
                home[fault.argument] = self.number(fault, call, home[fault.argument])
            return original(*listed, **kwargs)

        return change


def _argument(fault: Fault, args: Any, kwargs: dict[str, Any]) -> tuple[list[Any], Any, Any]:
    """The arguments, where the fault's stands, and what it is; None where there is none."""
    listed, among = _arguments(args)
    home: Any = kwargs if isinstance(fault.argument, str) else among
    return listed, home, home[fault.argument] if _is_in(fault.argument, home) else None


def _is_in(argument: Any, home: Any) -> bool:
    return argument in home if isinstance(home, dict) else argument < len(home)


def _arguments(args: tuple[Any, ...]) -> tuple[list[Any], list[Any]]:
    """The arguments, and the list among which the fault's stands (the first, for ``concat``)."""
    listed = list(args)
    if listed and isinstance(listed[0], tuple | list):
        listed[0] = list(listed[0])
        return listed, listed[0]
    return listed, listed
