"""The program language: a text becomes a list of single assignments.

A small, safe subset of Python's expressions, read from its syntax tree and never run. Names that
a sweep gives, loop variables and numbers are constants and are folded; everything else becomes
instructions, one an operation, in the order in which Python would evaluate them.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Mapping
from typing import Any

from .budget import Budget
from .control import USES, Control
from .expressions import Expressions
from .faults import Faults
from .program import Program, Ref
from .scope import Scope
from .spans import turns
from .syntax import Fault, Source, called


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
    lengths: Mapping[str, int] | None = None,
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
    lengths
        How long the first axis of an input or a parameter is, as far as it is known; -1 of a
        single number.

    Returns
    -------
    Program or None
        None where there was a fault.

    Raises
    ------
    Overspent
        Where the budget is used up.
    """
    reader = _Reader(
        source, framework, Scope(source, arrays, constants), budget, faults, lengths or {}
    )
    sound = True
    for name, expression in (before or {}).items():
        sound = reader.given(name, expression) and sound
    sound = reader.block(source.tree.body) and reader.all_used(reader.scope) and sound
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


class _Reader(Expressions):
    """One pass over a text, statement by statement."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._control = Control(self)

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
            self.budget.spend()
            try:
                sound = self._statement(statement) and sound
            except Fault as fault:
                sound = False
                add = self._faults.limit if fault.limit else self._faults.add
                if fault.message:
                    add(fault.message, self._source.place(fault.node))
                self._lose(statement)
        return sound

    def all_used(self, scope: Scope) -> bool:
        """Whether every function of a scope was used; faults are added."""
        for function in scope.unused:
            name, place = function.node.name, self._source.place(function.node)
            self._faults.add(f"the function {name} is not used, expected it in {USES}", place)
        return not scope.unused

    def _lose(self, statement: ast.stmt) -> None:
        if isinstance(statement, ast.FunctionDef):
            self.scope.lose(statement.name)
            return
        for node in ast.walk(statement):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                self.scope.lose(node.id)
            elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store):
                for name in ast.walk(node.value):
                    if isinstance(name, ast.Name):
                        self.scope.lose(name.id)

    def _statement(self, statement: ast.stmt) -> bool:
        if isinstance(statement, ast.For):
            return self._loop(statement)
        if isinstance(statement, ast.FunctionDef):
            self._control.define(statement)
            return True
        if not isinstance(statement, ast.Assign):
            raise Fault(f"{called(statement)}, expected name = expression or a for loop", statement)
        if len(statement.targets) != 1:
            raise Fault("two assignments at once, expected one name on the left", statement)
        target, several = statement.targets[0], (ast.Tuple, ast.List)
        if self._control.called(statement.value) and isinstance(statement.value, ast.Call):
            targets = target.elts if isinstance(target, several) else [target]
            self._control.assign(targets, statement.value)
        elif isinstance(target, several):
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
        numbers = turns(statement, self.value)
        self.scope.open_loop(name, statement.target)
        sound = True
        for turn in numbers:
            self.budget.spend()
            self.scope.turn(name, turn)
            sound = self.block(statement.body)
            if not sound:  # the other turns have the same faults
                break
        self.scope.close_loop(name)
        return sound

    def _assign(self, target: ast.expr, expression: ast.expr) -> None:
        name = self.new(target)
        called = self.scope.called(name)
        self.aim(called)
        value = self.value(expression, called)
        if isinstance(value, Ref):
            if value.name != called:  # another name for a value that has one
                self.emit("identity", (value,), {}, expression, called)
            self.scope.declare(name, target)
        elif isinstance(target, ast.Name):
            self.scope.declare_constant(name, value, target)
        else:
            raise Fault(f"{name} would be a constant, expected an array", expression)

    def _assign_several(self, target: ast.Tuple | ast.List, expression: ast.expr) -> None:
        """``q, r = linalg.qr(a)``: the operation, then a selection for each name."""
        if isinstance(expression, ast.Name) and self._unpacked(target, expression):
            return
        if not isinstance(expression, ast.Call):
            raise Fault("several names for one value, expected a call of an operation", expression)
        if len(target.elts) < 2:
            raise Fault("one name in a tuple, expected several or a plain name", target)
        names: list[str] = []
        for element in target.elts:
            skipped = isinstance(element, ast.Name) and element.id == "_"
            name = "" if skipped else self.new(element)
            if name and name in names:
                raise Fault(f"{name} is assigned twice on one line, expected once", element)
            names.append(name)
        self.aim(self.scope.called("_".join(filter(None, names)) or "_"))
        whole = self.value(expression)
        for index, (name, element) in enumerate(zip(names, target.elts, strict=True)):
            if name:
                self.emit("select", (whole,), {"index": index}, expression, self.scope.called(name))
                self.scope.declare(name, element)

    def _unpacked(self, target: ast.Tuple | ast.List, expression: ast.Name) -> bool:
        """``h, c = state``, where a loop carries or left several arrays under one name."""
        parts = self.value(expression)
        if not isinstance(parts, tuple) or not all(isinstance(x, Ref | tuple) for x in parts):
            return False
        if len(parts) != len(target.elts):
            raise Fault(
                f"{len(target.elts)} names for {len(parts)} arrays of {expression.id}", target
            )
        for part, element in zip(parts, target.elts, strict=True):
            if not isinstance(element, ast.Name):
                raise Fault(f"{called(element)} is assigned to, expected a name", element)
            if element.id != "_":
                self.scope.declare_constant(self.new(element), part, element)
        return True

    def new(self, target: ast.expr) -> str:
        """The variable that a target names, which must be new."""
        if isinstance(target, ast.Name):
            return self.scope.new(target.id, target)
        if isinstance(target, ast.Subscript) and isinstance(target.value, ast.Name):
            return self.scope.new_member(target.value.id, self.value(target.slice), target)
        raise Fault(f"{called(target)} is assigned to, expected a name", target)
