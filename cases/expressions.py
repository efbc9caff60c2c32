"""Expressions of the program language: each becomes instructions, one an operation."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping
from typing import Any

from .budget import Budget
from .calls import Calls
from .constants import compare, fold, is_number, literal, of_module
from .control import USES, Control
from .faults import Faults, shown
from .program import Const, Instruction, Ref, Turn
from .scope import Scope
from .spans import slice_of
from .syntax import Fault, Source, called

_BINARY: dict[type, str] = {
    ast.Add: "add",
    ast.Sub: "subtract",
    ast.Mult: "multiply",
    ast.Div: "divide",
    ast.Pow: "pow",
    ast.MatMult: "matmul",
}
_COMPARISONS: dict[type, str] = {
    ast.Gt: "greater",
    ast.GtE: "greater_equal",
    ast.Lt: "less",
    ast.LtE: "less_equal",
    ast.Eq: "equal",
    ast.NotEq: "not_equal",
}


class Expressions:
    """Reads expressions. A value is a ``Ref`` to an array, or a plain Python constant."""

    def __init__(
        self,
        source: Source,
        framework: str | None,
        scope: Scope,
        budget: Budget,
        faults: Faults,
        lengths: Mapping[str, int],
    ) -> None:
        self.instructions: list[Instruction] = []
        self._source, self.scope = source, scope
        self.budget, self._faults = budget, faults
        self.turns: tuple[Turn, ...] = ()
        self.lengths = dict(lengths)
        self._framework = framework
        self._target = ""
        self._count = 0
        self._readers: dict[type, Callable[[Any, str], Any]] = {
            ast.Name: lambda node, _: self.scope.value(node.id, node),
            ast.Constant: lambda node, _: literal(node),
            ast.BinOp: self._binary,
            ast.UnaryOp: self._unary,
            ast.Compare: self._compare,
            ast.Call: self._call,
            ast.Attribute: self._attribute,
            ast.Subscript: self._subscript,
            ast.Slice: self._slice,
            ast.Tuple: self._sequence,
            ast.List: self._sequence,
        }

    def aim(self, target: str) -> None:
        """Sub-expressions are called after this from here on."""
        self._target, self._count = target, 0

    def value(self, node: Any, target: str = "") -> Any:
        """What an expression is; the instruction it ends in assigns ``target``."""
        read = self._readers.get(type(node))
        if read is None:
            raise Fault(f"{called(node)}, expected operations on names and numbers", node)
        return read(node, target)

    def _binary(self, node: ast.BinOp, target: str) -> Any:
        a, b = self.value(node.left), self.value(node.right)
        if not isinstance(a, Ref) and not isinstance(b, Ref):
            return fold(node.op, a, b, node)
        operation = _BINARY.get(type(node.op))
        if operation is None:
            raise Fault(f"the operator {called(node.op)} on arrays, expected + - * / ** or @", node)
        return self.emit(
            operation, (self._operand(a, node.left), self._operand(b, node.right)), {}, node, target
        )

    def _unary(self, node: ast.UnaryOp, target: str) -> Any:
        value = self.value(node.operand)
        if isinstance(node.op, ast.USub):
            if isinstance(value, Ref):
                return self.emit("negative", (value,), {}, node, target)
            if is_number(value):
                return -value
        if isinstance(node.op, ast.UAdd) and is_number(value):
            return value
        raise Fault("an operator that is not in the language, expected unary minus", node)

    def _compare(self, node: ast.Compare, target: str) -> Any:
        if len(node.ops) != 1:
            raise Fault("a chain of comparisons, expected one: a < b", node)
        operation = _COMPARISONS.get(type(node.ops[0]))
        if operation is None:
            raise Fault("is, in or not, expected < <= > >= == or !=", node)
        a, b = self.value(node.left), self.value(node.comparators[0])
        if not isinstance(a, Ref) and not isinstance(b, Ref):
            return compare(node.ops[0], a, b, node)
        operands = (self._operand(a, node.left), self._operand(b, node.comparators[0]))
        return self.emit(operation, operands, {}, node, target)

    def _subscript(self, node: ast.Subscript, target: str) -> Any:
        base = node.value
        if isinstance(base, ast.Name) and self.scope.is_family(base.id):
            return self.scope.member(base.id, self.value(node.slice), node)
        value = self.value(base)
        index = self.value(node.slice)
        parts = index if isinstance(index, tuple) else (index,)
        if not isinstance(value, Ref):
            if (
                isinstance(value, tuple)
                and type(index) is int
                and -len(value) <= index < len(value)
            ):
                return value[index]
            raise Fault(f"an index into {shown(value)}, expected an array", node)
        for part in parts:
            if not (
                part is None or part is Ellipsis or isinstance(part, slice) or type(part) is int
            ):
                raise Fault(
                    "an index that is no constant, expected whole numbers, slices, None or … "
                    "(use take for an array of indices)",
                    node.slice,
                )
        if parts.count(Ellipsis) > 1:
            raise Fault("two … in one index, expected one", node.slice)
        return self.emit("getitem", (value,), {"index": parts}, node, target)

    def _slice(self, node: ast.Slice, _target: str) -> slice:
        return slice_of(node, self.value)

    def _sequence(self, node: ast.Tuple | ast.List, _target: str) -> tuple[Any, ...]:
        return tuple(self.value(item) for item in node.elts)

    def _attribute(self, node: ast.Attribute, target: str) -> Any:
        """``x.T`` of a matrix: for other arrays, what it is depends on who is asked; ``jnp.pi``."""
        number = of_module(ast.unparse(node))
        if number is not None:
            return number
        if node.attr != "T":
            raise Fault(f"{called(node)}, expected operations on names and numbers", node)
        value = self.value(node.value)
        if not isinstance(value, Ref):
            raise Fault(f".T of {shown(value)}, expected an array", node)
        return self.emit("permute_dims", (value,), {"axes": (1, 0)}, node, target)

    def _call(self, node: ast.Call, target: str) -> Any:
        found = Control.called(node)
        if found:
            raise Fault(f"{found} inside an expression, expected it on a line of its own", node)
        if isinstance(node.func, ast.Name) and self.scope.function(node.func.id):
            name = node.func.id
            raise Fault(f"a call of the function {name}, expected it in {USES}", node)
        call = self._calls().read(node)
        return self.emit(
            call.operation,
            call.arguments,
            call.attributes,
            node,
            target,
            native=call.native,
            keywords=call.keywords,
            lists=call.lists,
        )

    def _calls(self) -> Calls:
        """Reads calls by what names mean here."""
        return Calls(self._framework, self.scope.constants, self.value, self.scope.is_array)

    def _said(self, node: Any) -> str:
        """What an expression was written as, a sweep's ``$name`` being what it is here."""
        constants = self.scope.constants
        text = self._source.segment(node)
        return re.sub(r"\$(\w+)", lambda found: str(constants.get(found[1], found[0])), text)

    @staticmethod
    def _operand(value: Any, node: Any) -> Ref | Const:
        if isinstance(value, Ref):
            return value
        if is_number(value) or isinstance(value, bool):
            return Const(value)
        raise Fault(f"{shown(value)} beside an array, expected an array or a number", node)

    def emit(
        self,
        operation: str,
        arguments: tuple[Any, ...],
        attributes: dict[str, Any],
        node: Any,
        target: str,
        *,
        named: bool = True,
        native: bool = False,
        keywords: tuple[str, ...] = (),
        lists: tuple[tuple[int, int], ...] = (),
    ) -> Ref:
        """Add an instruction, under a name or as a sub-expression of what is being assigned."""
        self.budget.spend()
        if not native and operation != "select":
            Calls.row(operation, node)
        if not target:
            named = False
            self._count += 1
            target = f"{self._target}.{self._count}"
        place = self._source.place(node)
        self.instructions.append(
            Instruction(
                target,
                operation,
                arguments,
                attributes,
                named=named,
                native=native,
                text=self._said(node),
                line=place.line,
                column=place.column,
                keywords=keywords,
                lists=lists,
                turns=self.turns,
            )
        )
        return Ref(target)
