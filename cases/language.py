"""The program language: a text becomes a list of single assignments.

A small, safe subset of Python's expressions, read from its syntax tree and never run. Names that
a sweep gives, loop variables and numbers are constants and are folded; everything else becomes
instructions, one an operation, in the order in which Python would evaluate them.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Mapping
from typing import Any

from . import limits
from .budget import Budget, Overspent
from .calls import Calls
from .constants import NUMBERS, compare, fold, is_number, literal
from .faults import Faults, shown, unknown
from .native import ROOTS
from .program import Const, Instruction, Program, Ref
from .syntax import Fault, Source, called

#: Names that no tensor, variable or sweep may have.
RESERVED = frozenset((*NUMBERS, *ROOTS, "range", "numpy", "jnp"))

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

    Returns
    -------
    Program or None
        None where there was a fault.
    """
    reader = _Reader(source, framework, arrays, constants, budget, faults)
    try:
        sound = reader.block(source.tree.body)
    except Overspent:
        faults.limit(
            f"the file's programs unroll to more than {limits.INSTRUCTIONS} instructions, "
            "expected at most that",
            source.locate(1, 0),
        )
        return None
    named = [i.target for i in reader.instructions if i.named]
    if not sound:
        return None
    if not named:
        faults.add("no variable is assigned, expected name = expression", source.locate(1, 0))
        return None
    return Program(tuple(reader.instructions), output or ("loss" if "loss" in named else named[-1]))


class _Reader:
    """One pass over a text. A value is a ``Ref`` to an array, or a plain Python constant."""

    def __init__(
        self,
        source: Source,
        framework: str | None,
        arrays: Collection[str],
        constants: Mapping[str, Any],
        budget: Budget,
        faults: Faults,
    ) -> None:
        self.source, self.faults, self.budget = source, faults, budget
        self.instructions: list[Instruction] = []
        self.constants = dict(constants)
        #: Arrays, with the node that assigned them (None: inputs and parameters).
        self.assigned: dict[str, Any] = dict.fromkeys(arrays)
        #: Names of constants that the text itself assigned.
        self.named_constants: dict[str, Any] = {}
        #: Family name → its members' names.
        self.families: dict[str, list[str]] = {}
        self.loops: dict[str, int] = {}
        #: What a statement at fault would have assigned: used without another fault.
        self.lost: set[str] = set()
        self.calls = Calls(framework, self.constants, self.value)
        self._target = ""
        self._count = 0

    # Statements

    def block(self, statements: list[ast.stmt]) -> bool:
        """Read statements; False where one of them is at fault."""
        sound = True
        for statement in statements:
            try:
                if isinstance(statement, ast.Assign):
                    self._assign(statement)
                elif isinstance(statement, ast.For):
                    sound = self._loop(statement) and sound
                else:
                    raise Fault(
                        f"{called(statement)}, expected name = expression or a for loop", statement
                    )
            except Fault as fault:
                sound = False
                add = self.faults.limit if fault.limit else self.faults.add
                if fault.message:
                    add(fault.message, self.source.place(fault.node))
                self._lose(statement)
        return sound

    def _lose(self, statement: ast.stmt) -> None:
        for node in ast.walk(statement):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                self.lost.add(node.id)
            elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store):
                self.lost.update(n.id for n in ast.walk(node.value) if isinstance(n, ast.Name))

    def _loop(self, statement: ast.For) -> bool:
        """Unroll ``for name in range(…):``."""
        target, call = statement.target, statement.iter
        if not isinstance(target, ast.Name):
            raise Fault("a loop over several names, expected for name in range(…)", target)
        if not (
            isinstance(call, ast.Call)
            and isinstance(call.func, ast.Name)
            and call.func.id == "range"
            and 1 <= len(call.args) <= 3
            and not call.keywords
        ):
            raise Fault("a loop over something else, expected for name in range(…)", call)
        if statement.orelse:
            raise Fault("an else of a loop, expected none", statement.orelse[0])
        bounds = []
        for argument in call.args:
            bound = self.value(argument)
            if not isinstance(bound, int) or isinstance(bound, bool):
                raise Fault("a loop bound that is no constant, expected a whole number", argument)
            bounds.append(bound)
        if len(bounds) == 3 and bounds[2] == 0:
            raise Fault("a step of 0, expected another", call.args[2])
        name = target.id
        self._check_name(name, target)
        if name in self.constants and name not in self.loops:
            raise Fault(f"{name} is the sweep's name, expected another for the loop", target)
        if name in self.loops:
            raise Fault(f"{name} is the outer loop's variable, expected another", target)
        if name in self.assigned or name in self.families:
            raise Fault(f"{name} is a variable already, expected another for the loop", target)
        sound = True
        try:
            for turn in range(*bounds):
                self.budget.spend()
                self.loops[name] = self.constants[name] = turn
                sound = self.block(statement.body) and sound
        finally:
            self.loops.pop(name, None)
            self.constants.pop(name, None)
        return sound

    def _assign(self, statement: ast.Assign) -> None:
        if len(statement.targets) != 1:
            raise Fault("two assignments at once, expected one name on the left", statement)
        target = statement.targets[0]
        if isinstance(target, ast.Tuple | ast.List):
            self._assign_several(target, statement.value)
            return
        name = self._target_name(target)
        self._target, self._count = name, 0
        value = self.value(statement.value, target=name)
        if isinstance(value, Ref):
            if value.name != name:  # another name for a value that has one
                self._emit("identity", (value,), {}, statement.value, name)
        elif isinstance(target, ast.Name):
            self.constants[name] = value
            self.named_constants[name] = statement
            return
        else:
            raise Fault(f"{name} would be a constant, expected an array", statement.value)
        self._declare(name, target)

    def _assign_several(self, target: ast.Tuple | ast.List, expression: ast.expr) -> None:
        """``q, r = linalg.qr(a)``: the operation, then a selection for each name."""
        if not isinstance(expression, ast.Call):
            raise Fault("several names for one value, expected a call of an operation", expression)
        if len(target.elts) < 2:
            raise Fault("one name in a tuple, expected several or a plain name", target)
        names = []
        for element in target.elts:
            skipped = isinstance(element, ast.Name) and element.id == "_"
            name = "" if skipped else self._target_name(element)
            if name and name in names:
                raise Fault(f"{name} is assigned twice on one line, expected once", element)
            names.append(name)
        self._target, self._count = "_".join(filter(None, names)) or "_", 0
        whole = self.value(expression)
        assert isinstance(whole, Ref)
        for index, (name, element) in enumerate(zip(names, target.elts, strict=True)):
            if name:
                self._emit("select", (whole,), {"index": index}, expression, name)
                self._declare(name, element)

    def _target_name(self, target: ast.expr) -> str:
        """The variable that a target names, which must be new."""
        if isinstance(target, ast.Name):
            name = target.id
            self._check_name(name, target)
            if name in self.families:
                raise Fault(f"{name} is a family ({name}[…]), expected another name", target)
        elif isinstance(target, ast.Subscript) and isinstance(target.value, ast.Name):
            base = target.value.id
            self._check_name(base, target.value)
            if base in self.assigned or base in self.constants:
                raise Fault(
                    f"{base} is no family of variables, and an array's elements cannot be "
                    "assigned, expected a new name",
                    target,
                )
            name = self._member(base, target)
            if not name:
                raise Fault(f"the index of {base}, expected whole numbers from 0 up", target.slice)
        else:
            raise Fault(f"{called(target)} is assigned to, expected a name", target)
        first = self.assigned.get(name, self.named_constants.get(name))
        if first is not None:
            self._assigned_again(name, first, target)
        if name in self.assigned:
            raise Fault(f"{name} is an input or a parameter, expected another name", target)
        if name in self.constants:
            what = "the loop's variable" if name in self.loops else "the sweep's name"
            raise Fault(f"{name} is {what}, expected another name", target)
        return name

    def _assigned_again(self, name: str, first: Any, target: ast.expr) -> None:
        line, again = self.source.place(first).line, self.source.place(target).line
        hint = f" (in a loop write {name}[i] = …)" if line == again and self.loops else ""
        raise Fault(
            f"{name} is assigned at line {line} and again at line {again}, "
            f"expected one assignment{hint}",
            target,
        )

    @staticmethod
    def _check_name(name: str, node: Any) -> None:
        if not name.isascii() or not name[0].isalpha() or len(name) > 100:
            raise Fault(
                f"the name {shown(name)}, expected an ASCII letter, then letters, digits and _",
                node,
            )
        if name in RESERVED:
            raise Fault(f"the name {name} is reserved, expected another", node)

    def _declare(self, name: str, node: Any) -> None:
        self.assigned[name] = node
        base, bracket, _ = name.partition("[")
        if bracket:
            self.families.setdefault(base, []).append(name)

    def _member(self, base: str, node: ast.Subscript) -> str:
        """``h[2]`` or ``h[2, 0]``; empty where the index is not made of whole numbers."""
        index = self.value(node.slice)
        parts = index if isinstance(index, tuple) else (index,)
        if parts and all(type(part) is int and part >= 0 for part in parts):
            return f"{base}[{', '.join(map(str, parts))}]"
        return ""

    # Expressions

    def value(self, node: Any, target: str = "") -> Any:
        """What an expression is; the instruction it ends in assigns ``target``."""
        kind = type(node)
        if kind is ast.Name:
            return self._name(node)
        if kind is ast.Constant:
            return literal(node)
        if kind is ast.BinOp:
            return self._binary(node, target)
        if kind is ast.Call:
            return self._call(node, target)
        if kind is ast.UnaryOp:
            return self._unary(node, target)
        if kind is ast.Subscript:
            return self._subscript(node, target)
        if kind is ast.Compare:
            return self._compare(node, target)
        if kind in (ast.Tuple, ast.List):
            items = [self.value(item) for item in node.elts]
            return tuple(items)
        if kind is ast.Slice:
            return self._slice(node)
        raise Fault(f"{called(node)}, expected operations on names and numbers", node)

    def _name(self, node: ast.Name) -> Any:
        name = node.id
        if name in self.assigned:
            return Ref(name)
        if name in self.constants:
            return self.constants[name]
        if name in NUMBERS:
            return NUMBERS[name]
        if name in self.lost:
            raise Fault("", node)
        if name in self.families:
            members = ", ".join(self.families[name][:4])
            raise Fault(f"{name} is a family, expected one of its members ({members})", node)
        raise Fault(unknown("variable", name, self._names()), node)

    def _names(self) -> list[str]:
        return [*self.assigned, *self.constants]

    def _binary(self, node: ast.BinOp, target: str) -> Any:
        a, b = self.value(node.left), self.value(node.right)
        if not isinstance(a, Ref) and not isinstance(b, Ref):
            return fold(node.op, a, b, node)
        operation = _BINARY.get(type(node.op))
        if operation is None:
            raise Fault(f"the operator {called(node.op)} on arrays, expected + - * / ** or @", node)
        return self._emit(
            operation, (self._operand(a, node.left), self._operand(b, node.right)), {}, node, target
        )

    def _unary(self, node: ast.UnaryOp, target: str) -> Any:
        value = self.value(node.operand)
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
        a, b = self.value(node.left), self.value(node.comparators[0])
        if not isinstance(a, Ref) and not isinstance(b, Ref):
            return compare(node.ops[0], a, b, node)
        operands = (self._operand(a, node.left), self._operand(b, node.comparators[0]))
        return self._emit(operation, operands, {}, node, target)

    def _subscript(self, node: ast.Subscript, target: str) -> Any:
        base = node.value
        if isinstance(base, ast.Name) and base.id in self.families:
            name = self._member(base.id, node)
            if name in self.assigned:
                return Ref(name)
            if base.id in self.lost:
                raise Fault("", node)
            members = ", ".join(self.families[base.id][:8])
            raise Fault(
                f"{name or 'this member of ' + base.id} is not assigned, expected one of {members}",
                node,
            )
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
        return self._emit("getitem", (value,), {"index": parts}, node, target)

    def _slice(self, node: ast.Slice) -> slice:
        bounds = []
        for part in (node.lower, node.upper, node.step):
            bound = None if part is None else self.value(part)
            if not (bound is None or type(bound) is int):
                raise Fault("a bound of a slice, expected a whole number", part)
            bounds.append(bound)
        if bounds[2] == 0:
            raise Fault("a slice's step of 0, expected another", node.step)
        return slice(*bounds)

    def _call(self, node: ast.Call, target: str) -> Any:
        call = self.calls.read(node)
        return self._emit(
            call.operation, call.arguments, call.attributes, node, target, native=call.native
        )

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
    ) -> Ref:
        self.budget.spend()
        if not native and operation != "select":
            self.calls.row(operation, node)
        named = bool(target)
        if not named:
            self._count += 1
            target = f"{self._target}.{self._count}"
        place = self.source.place(node)
        self.instructions.append(
            Instruction(
                target,
                operation,
                arguments,
                attributes,
                named=named,
                native=native,
                text=self.source.segment(node),
                line=place.line,
                column=place.column,
            )
        )
        return Ref(target)
