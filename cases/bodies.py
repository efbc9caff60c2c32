"""The body of a function that the text writes, read where a loop or a branch runs it."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, Protocol

from .budget import Budget
from .faults import shown
from .program import Ref, Turn
from .scope import Function, Scope
from .syntax import Fault
from .trees import is_tree, like


class Reader(Protocol):
    """What reads the statements and expressions round a loop or a branch."""

    scope: Scope
    #: The loops and branches that are being unrolled, the outermost first.
    turns: tuple[Turn, ...]
    budget: Budget
    #: How long the first axis of an array is, by its name in the program.
    lengths: dict[str, int]

    def new(self, target: ast.expr) -> str:
        """The variable that a target names, which must be new."""
        ...

    def all_used(self, scope: Scope) -> bool:
        """Whether every function of a scope was used; faults are added."""
        ...

    def value(self, node: Any, target: str = "") -> Any:
        """What an expression is."""
        ...

    def block(self, statements: list[ast.stmt]) -> bool:
        """Read statements; False where one is at fault."""
        ...

    def aim(self, target: str) -> None:
        """Sub-expressions are called after this from here on."""
        ...

    def emit(
        self,
        operation: str,
        arguments: tuple[Any, ...],
        attributes: dict[str, Any],
        node: Any,
        target: str,
        *,
        named: bool = True,
    ) -> Ref:
        """An instruction."""
        ...


class Places(Protocol):
    """Where in loops and branches what is being unrolled stands, and what names are there."""

    def label(self, function: Function) -> str:
        """What a function is called here, which no other one within the same turns is."""
        ...

    def name(self, name: str, label: str = "", number: int | None = None) -> str:
        """What a name of a body is called in the program, in these turns or in one more."""
        ...

    def enter(self, label: str, number: int | None) -> None:
        """Go into a turn, or a branch."""
        ...

    def leave(self) -> None:
        """Go out of it."""
        ...

    def running(self, function: Function, call: ast.Call) -> AbstractContextManager[None]:
        """A function's body is gone into, which must not be in itself."""
        ...


class Unrolled:
    """What a loop and a cond have in common: a call that runs functions of the text."""

    def __init__(self, places: Places, reader: Reader, call: ast.Call) -> None:
        self._places, self._reader, self._call = places, reader, call

    def _each(self, refs: Sequence[Ref], make: Callable[..., Ref]) -> list[Ref]:
        return [make(k, ref) for k, ref in enumerate(refs)]

    def _emit(
        self,
        operation: str,
        arguments: tuple[Any, ...],
        name: str,
        label: str,
        turn: int | None = None,
        attributes: dict[str, Any] | None = None,
    ) -> Ref:
        """An instruction of the loop's own, in a turn of what the label names."""
        target = self._places.name(name, label, turn)
        given = dict(attributes or {})
        return self._reader.emit(operation, arguments, given, self._call, target, named=False)

    def _found(
        self,
        name: str,
        tree: Any,
        label: str,
        turn: int | None,
        operation: str,
        refs: Sequence[Ref],
        attributes: dict[str, Any] | None = None,
    ) -> Any:
        """What a parameter is in a turn: an array, or several."""
        several = isinstance(tree, tuple)
        made = [
            self._emit(
                operation, (ref,), f"{name}:{k}" if several else name, label, turn, attributes
            )
            for k, ref in enumerate(refs)
        ]
        return like(tree, made)

    def _body(
        self,
        function: Function,
        label: str,
        turn: int | None,
        given: Sequence[Any],
        at: Turn | None,
    ) -> Any:
        """The instructions of a function's body, and what it returns of what it is given."""
        reader, node = self._reader, function.node
        *statements, end = node.body
        assert isinstance(end, ast.Return)
        outside = reader.scope
        self._places.enter(label, turn)
        bound = dict(zip((a.arg for a in node.args.args), given, strict=True))
        reader.scope = outside.body(function, bound, self._places.name)
        try:
            with (
                self._places.running(function, self._call),
                nullcontext() if at is None else self._at(at),
            ):
                sound = reader.block(statements)
                sound = reader.all_used(reader.scope) and sound
                if not sound:
                    raise Fault("", self._call)
                return self._returned(node.name, end)
        finally:
            reader.scope = outside
            self._places.leave()

    def _returned(self, name: str, end: ast.Return) -> Any:
        """What a body returns; an expression in it is a variable of its own."""
        count = iter(range(len(list(ast.walk(end)))))

        def read(node: Any) -> Any:
            if isinstance(node, ast.Tuple | ast.List):
                return tuple(read(item) for item in node.elts)
            if isinstance(node, ast.Name | ast.Constant):
                value = self._reader.value(node)
            else:
                target = self._places.name(f"return:{next(count)}")
                self._reader.aim(target)
                value = self._reader.value(node, target)
            if not is_tree(value):
                raise Fault(f"{shown(value)} returned by {name}, expected arrays", node)
            return value

        assert end.value is not None
        return read(end.value)

    @contextmanager
    def _at(self, turn: Turn) -> Iterator[None]:
        before = self._reader.turns
        self._reader.turns = (*before, turn)
        try:
            yield
        finally:
            self._reader.turns = before
