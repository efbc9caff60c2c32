"""The program language: a text becomes a list of single assignments.

A small, safe subset of Python's expressions, read from its syntax tree and never run. Names that
a sweep gives, loop variables and numbers are constants and are folded; everything else becomes
instructions, one an operation, in the order in which Python would evaluate them.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

from .budget import Budget
from .calls import Calls
from .constants import compare, fold, is_number, literal, of_module
from .faults import Faults, shown
from .program import Const, Instruction, Program, Ref
from .scope import Scope
from .spans import slice_of, turns
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


def read_program(
    source: Source,
    *,
    framework: str | None,
    arrays: Collection[str],
    constants: Mapping[str, Any],
    output: str | None,
    budget: Budget,
    faults: Faults,
    before: Mapping[str, Source] | None = None,
) -> Program | None:
    """Unroll a text at one point of a sweep.

    Parameters
    ----------
    source
        The parsed text.
    framework
        Whose text it is, None for a text that all share.
    arrays
        The names of inputs and parameters.
    constants
        The sweep's names, with the point's values.
    output
        The variable to differentiate; None for ``loss``, else the last name assigned.
    budget
        What the file may still unroll.
    faults
        Where faults are added.
    before
        Names that are assigned before the text, each with the one expression that it is.

    Returns
    -------
    Program or None
        None where there was a fault.

    Raises
    ------
    Overspent
        Where the budget is used up.
    """
    reader = _Reader(source, framework, Scope(source, arrays, constants), budget, faults)
    sound = True
    for name, expression in (before or {}).items():
        sound = reader.given(name, expression) and sound
    sound = reader.block(source.tree.body) and sound
    named = [i.target for i in reader.instructions if i.named]
    if not sound:
        return None
    if not named:
        faults.add("no variable is assigned, expected name = expression", source.locate(1, 0))
        return None
    return Program(
        tuple(reader.instructions),
        output or ("loss" if "loss" in named else named[-1]),
        source.locate(1, 0).line,
    )


class _Reader:
    """One pass over a text. A value is a ``Ref`` to an array, or a plain Python constant."""

    def __init__(
        self,
        source: Source,
        framework: str | None,
        scope: Scope,
        budget: Budget,
        faults: Faults,
    ) -> None:
        self.instructions: list[Instruction] = []
        self._source, self._scope = source, scope
        self._budget, self._faults = budget, faults
        self._calls = Calls(framework, scope.constants, self._value, scope.is_array)
        self._target = ""
        self._count = 0
        self._readers: dict[type, Callable[[Any, str], Any]] = {
            ast.Name: lambda node, _: scope.value(node.id, node),
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

    # Statements

    def given(self, name: str, source: Source) -> bool:
        """Read the expression that a name is, which stands in a text of its own."""
        text, self._source = self._source, source
        (statement,) = source.tree.body
        assert isinstance(statement, ast.Expr)
        target = ast.copy_location(ast.Name(name, ast.Store()), statement)
        made = ast.copy_location(ast.Assign([target], statement.value), statement)
        sound = self.block([made])
        self._source = text
        return sound

    def block(self, statements: list[ast.stmt]) -> bool:
        """Read statements; False where one of them is at fault."""
        sound = True
        for statement in statements:
            self._budget.spend()
            try:
                sound = self._statement(statement) and sound
            except Fault as fault:
                sound = False
                add = self._faults.limit if fault.limit else self._faults.add
                if fault.message:
                    add(fault.message, self._source.place(fault.node))
                self._lose(statement)
        return sound

    def _lose(self, statement: ast.stmt) -> None:
        for node in ast.walk(statement):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                self._scope.lose(node.id)
            elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store):
                for name in ast.walk(node.value):
                    if isinstance(name, ast.Name):
                        self._scope.lose(name.id)

    def _statement(self, statement: ast.stmt) -> bool:
        if isinstance(statement, ast.For):
            return self._loop(statement)
        if not isinstance(statement, ast.Assign):
            raise Fault(f"{called(statement)}, expected name = expression or a for loop", statement)
        if len(statement.targets) != 1:
            raise Fault("two assignments at once, expected one name on the left", statement)
        target = statement.targets[0]
        if isinstance(target, ast.Tuple | ast.List):
            self._assign_several(target, statement.value)
        else:
            self._assign(target, statement.value)
        return True

    def _loop(self, statement: ast.For) -> bool:
        """Unroll ``for name in range(…):``."""
        if not isinstance(statement.target, ast.Name):
            raise Fault(
                "a loop over several names, expected for name in range(…)", statement.target
            )
        name = statement.target.id
        numbers = turns(statement, self._value)
        self._scope.open_loop(name, statement.target)
        sound = True
        for turn in numbers:
            self._budget.spend()
            self._scope.turn(name, turn)
            sound = self.block(statement.body)
            if not sound:  # the other turns have the same faults
                break
        self._scope.close_loop(name)
        return sound

    def _assign(self, target: ast.expr, expression: ast.expr) -> None:
        name = self._new(target)
        self._target, self._count = name, 0
        value = self._value(expression, name)
        if isinstance(value, Ref):
            if value.name != name:  # another name for a value that has one
                self._emit("identity", (value,), {}, expression, name)
            self._scope.declare(name, target)
        elif isinstance(target, ast.Name):
            self._scope.declare_constant(name, value, target)
        else:
            raise Fault(f"{name} would be a constant, expected an array", expression)

    def _assign_several(self, target: ast.Tuple | ast.List, expression: ast.expr) -> None:
        """``q, r = linalg.qr(a)``: the operation, then a selection for each name."""
        if not isinstance(expression, ast.Call):
            raise Fault("several names for one value, expected a call of an operation", expression)
        if len(target.elts) < 2:
            raise Fault("one name in a tuple, expected several or a plain name", target)
        names: list[str] = []
        for element in target.elts:
            skipped = isinstance(element, ast.Name) and element.id == "_"
            name = "" if skipped else self._new(element)
            if name and name in names:
                raise Fault(f"{name} is assigned twice on one line, expected once", element)
            names.append(name)
        self._target, self._count = "_".join(filter(None, names)) or "_", 0
        whole = self._value(expression)
        for index, (name, element) in enumerate(zip(names, target.elts, strict=True)):
            if name:
                self._emit("select", (whole,), {"index": index}, expression, name)
                self._scope.declare(name, element)

    def _new(self, target: ast.expr) -> str:
        """The variable that a target names, which must be new."""
        if isinstance(target, ast.Name):
            return self._scope.new(target.id, target)
        if isinstance(target, ast.Subscript) and isinstance(target.value, ast.Name):
            return self._scope.new_member(target.value.id, self._value(target.slice), target)
        raise Fault(f"{called(target)} is assigned to, expected a name", target)

    # Expressions

    def _value(self, node: Any, target: str = "") -> Any:
        """What an expression is; the instruction it ends in assigns ``target``."""
        read = self._readers.get(type(node))
        if read is None:
            raise Fault(f"{called(node)}, expected operations on names and numbers", node)
        return read(node, target)

    def _binary(self, node: ast.BinOp, target: str) -> Any:
        a, b = self._value(node.left), self._value(node.right)
        if not isinstance(a, Ref) and not isinstance(b, Ref):
            return fold(node.op, a, b, node)
        operation = _BINARY.get(type(node.op))
        if operation is None:
            raise Fault(f"the operator {called(node.op)} on arrays, expected + - * / ** or @", node)
        return self._emit(
            operation, (self._operand(a, node.left), self._operand(b, node.right)), {}, node, target
        )

    def _unary(self, node: ast.UnaryOp, target: str) -> Any:
        value = self._value(node.operand)
        if isinstance(node.op, ast.USub):
            if isinstance(value, Ref):
                return self._emit("negative", (value,), {}, node, target)
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
        a, b = self._value(node.left), self._value(node.comparators[0])
        if not isinstance(a, Ref) and not isinstance(b, Ref):
            return compare(node.ops[0], a, b, node)
        operands = (self._operand(a, node.left), self._operand(b, node.comparators[0]))
        return self._emit(operation, operands, {}, node, target)

    def _subscript(self, node: ast.Subscript, target: str) -> Any:
        base = node.value
        if isinstance(base, ast.Name) and self._scope.is_family(base.id):
            return self._scope.member(base.id, self._value(node.slice), node)
        value = self._value(base)
        index = self._value(node.slice)
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
        return self._emit("getitem", (value,), {"index": parts}, node, target)

    def _slice(self, node: ast.Slice, _target: str) -> slice:
        return slice_of(node, self._value)

    def _sequence(self, node: ast.Tuple | ast.List, _target: str) -> tuple[Any, ...]:
        return tuple(self._value(item) for item in node.elts)

    def _attribute(self, node: ast.Attribute, target: str) -> Any:
        """``x.T`` of a matrix: for other arrays, what it is depends on who is asked; ``jnp.pi``."""
        number = of_module(ast.unparse(node))
        if number is not None:
            return number
        if node.attr != "T":
            raise Fault(f"{called(node)}, expected operations on names and numbers", node)
        value = self._value(node.value)
        if not isinstance(value, Ref):
            raise Fault(f".T of {shown(value)}, expected an array", node)
        return self._emit("permute_dims", (value,), {"axes": (1, 0)}, node, target)

    def _call(self, node: ast.Call, target: str) -> Any:
        call = self._calls.read(node)
        return self._emit(
            call.operation,
            call.arguments,
            call.attributes,
            node,
            target,
            native=call.native,
            keywords=call.keywords,
            lists=call.lists,
        )

    def _said(self, node: Any) -> str:
        """What an expression was written as, a sweep's ``$name`` being what it is here."""
        constants = self._scope.constants
        text = self._source.segment(node)
        return re.sub(r"\$(\w+)", lambda found: str(constants.get(found[1], found[0])), text)

    @staticmethod
    def _operand(value: Any, node: Any) -> Ref | Const:
        if isinstance(value, Ref):
            return value
        if is_number(value) or isinstance(value, bool):
            return Const(value)
        raise Fault(f"{shown(value)} beside an array, expected an array or a number", node)

    def _emit(
        self,
        operation: str,
        arguments: tuple[Any, ...],
        attributes: dict[str, Any],
        node: Any,
        target: str,
        *,
        native: bool = False,
        keywords: tuple[str, ...] = (),
        lists: tuple[tuple[int, int], ...] = (),
    ) -> Ref:
        self._budget.spend()
        if not native and operation != "select":
            self._calls.row(operation, node)
        named = bool(target)
        if not named:
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
            )
        )
        return Ref(target)
