"""A program as Python statements: what an adapter runs, in plain text.

The walk is ``interpret``'s, given names in place of arrays; the calls are the lowerings' own, given
modules that write calls down in place of making them.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from types import CellType, FunctionType, ModuleType
from typing import Any

from ...cases.program import Const, Instruction, Program, Ref
from ...cases.task import Task
from ...refimpl.errors import Unsupported
from ..lowering import COMPOSED, Lowerings
from ..rolling import Branched, Rolled, rolled
from .code import Code, infix, text_of
from .looping import branch_lines, loop_lines, word

#: What a snippet calls where an operation is composed of more than can be written in a call.
OURS = "LOWERINGS"

_INFIX = {
    "add": "+",
    "subtract": "-",
    "multiply": "*",
    "divide": "/",
    "pow": "**",
    "matmul": "@",
    "less": "<",
    "less_equal": "<=",
    "greater": ">",
    "greater_equal": ">=",
    "equal": "==",
    "not_equal": "!=",
}


def statements(
    task: Task,
    program: Program,
    lowerings: Lowerings,
    number: Callable[[Any], str] = text_of,
) -> list[str]:
    """A task's program as Python statements, one a named variable.

    ``number`` writes a number where no array beside it has the task's dtype.

    Raises
    ------
    Unsupported
        Where an operation's spelling cannot be written down.
    """
    leaves = {**task.rows(0), **task.params}
    scope = {name: Code(word(name), shape=x.shape) for name, x in leaves.items()}
    return _lines(program.instructions, scope, 0, word, lowerings, number)


def _lines(
    instructions: Sequence[Any],
    scope: dict[str, Code],
    depth: int,
    name: Callable[[str], str],
    lowerings: Lowerings,
    number: Callable[[Any], str],
) -> list[str]:
    """Instructions as statements; what variables are called is added to the scope."""
    written: list[str] = []
    chosen: dict[str, list[Instruction]] = {}
    for i in instructions:
        if i.operation == "select" and not i.native and i.named:
            chosen.setdefault(i.refs[0], []).append(i)
    write = partial(_lines, lowerings=lowerings, number=number)
    for i in rolled(instructions, depth):
        if isinstance(i, Rolled):
            written += loop_lines(
                i,
                scope,
                write,
                lambda arrays: _written("stack", [arrays], {"axis": 0}, lowerings),
                name,
                jax=lowerings.framework == "jax",
            )
            continue
        if isinstance(i, Branched):
            written += branch_lines(
                i,
                scope,
                write,
                name,
                jax=lowerings.framework == "jax",
            )
            continue
        if i.operation == "select" and not i.native:
            (whole,) = i.refs
            scope[i.target] = (
                Code(name(i.target)) if i.named else scope[whole][i.attributes["index"]]
            )
            continue
        found = _expression(i, scope, lowerings, number)
        names = _unpacked({k.attributes["index"]: name(k.target) for k in chosen.get(i.target, ())})
        if names or i.named:
            written.append(f"{names or name(i.target)} = {found.text}")
            scope[i.target] = Code(name(i.target))
        else:
            scope[i.target] = found
    return written


def _unpacked(chosen: Mapping[int, str]) -> str:
    """The left side of an assignment of some results of several, by their places."""
    if not chosen:
        return ""
    names = [chosen.get(at, "_") for at in range(max(chosen) + 1)]
    return ", ".join([*names, "*_"])


def _expression(
    i: Instruction,
    scope: Mapping[str, Code],
    lowerings: Lowerings,
    number: Callable[[Any], str],
) -> Code:
    arguments: list[Any] = [
        scope.get(a.name, Code(word(a.name)))
        if isinstance(a, Ref)
        else a.value
        if isinstance(a, Const)
        else a
        for a in i.arguments
    ]
    if i.native:
        plain, by_keyword = i.passed(arguments)
        return Code(i.operation)(*plain, **by_keyword, **i.attributes)
    if i.operation in _INFIX:
        return infix(_INFIX[i.operation])(*arguments)
    if i.operation == "negative":
        return -arguments[0]
    if i.operation == "getitem":
        index = i.attributes["index"]
        parts = index if isinstance(index, tuple) else (index,)
        turned = any(isinstance(part, slice) and (part.step or 1) < 0 for part in parts)
        if turned and "getitem" in lowerings.exceptions:
            return Code(f'{OURS}["getitem"]')(arguments[0], index=index)
        return arguments[0][index]
    if i.operation == "where" and all(isinstance(a, float) for a in arguments[1:]):
        arguments[1:] = [Code(number(value)) for value in arguments[1:]]
    attributes = {k: tuple(v) if isinstance(v, list) else v for k, v in i.attributes.items()}
    return _written(i.operation, arguments, attributes, lowerings)


def _written(
    operation: str, arguments: Iterable[Any], given: dict[str, Any], lowerings: Lowerings
) -> Code:
    """The call that a lowering makes, as text."""
    name, function, unsaid = lowerings.spelling(operation)
    told = {k: v for k, v in unsaid.items() if v is not None and v is not False}
    arguments = list(arguments)
    ours = Code(f'{OURS}["{operation}"]')
    if name == COMPOSED and function is None:  # of other operations, for any framework
        return ours(*arguments, **given)
    plain = Code(name)(*arguments, **lowerings.renamed({**told, **given}))
    if function is None:
        return plain
    if lowerings.alone(operation) and not told and not given:
        return plain
    try:
        found = _rewritten(function, lowerings)(*arguments, **{**unsaid, **given})
    except Exception:  # noqa: BLE001  whatever it asks of an array that is only a name
        return ours(*arguments, **given)
    return found if isinstance(found, Code) else ours(*arguments, **given)


def _rewritten(function: Callable[..., Any], lowerings: Lowerings) -> Callable[..., Any]:
    """A lowering that writes its calls down: the same code, with other modules in its globals.

    What it was made with, as the framework's function that it calls, is another in it as well.
    """
    if isinstance(function, partial):
        first = _rewritten(function.func, lowerings)
        return partial(first, *map(_named, function.args), **function.keywords)
    if not isinstance(function, FunctionType):
        raise Unsupported("its spelling cannot be written down")
    ours = _is_ours(function)
    names = function.__code__.co_names
    changed = {
        name: _named(value) if isinstance(value, ModuleType) else _rewritten(value, lowerings)
        for name, value in function.__globals__.items()
        if name in names and (isinstance(value, ModuleType) or (ours and _is_ours(value)))
    }
    copy = FunctionType(
        function.__code__,
        {**function.__globals__, **changed},
        function.__name__,
        function.__defaults__,
        tuple(
            CellType(_held(cell.cell_contents, lowerings)) for cell in function.__closure__ or ()
        ),
    )
    copy.__kwdefaults__ = function.__kwdefaults__
    return copy


def _held(value: Any, lowerings: Lowerings) -> Any:
    """What a lowering was made with, as it is written."""
    if _is_ours(value):
        return _rewritten(value, lowerings)
    name = lowerings.dotted(value) if callable(value) else ""
    return Code(name) if name else _named(value)


def _is_ours(value: Any) -> bool:
    return isinstance(value, FunctionType) and "_lowerings" in value.__module__


def _named(value: Any) -> Any:
    """A framework's module, whose calls are written down; Python's own compute numbers."""
    if not isinstance(value, ModuleType) or value.__name__ in sys.stdlib_module_names:
        return value
    return Code(value.__name__)
