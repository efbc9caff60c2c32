"""Calls in a program: which operation is meant, and whether it is called rightly."""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from ..refimpl.operation import Operation
from ..refimpl.ops import TABLE
from . import limits
from .casting import CAST, WIDTHS
from .faults import shown, unknown
from .foreign import meant, meant_class, unknown_attribute, unknown_operation
from .methods import METHODS, Method
from .native import is_native, refusal, unabridged
from .native_calls import WRITING, objection
from .program import Const, Ref
from .syntax import DOLLAR, Fault, called


class Call(NamedTuple):
    """A call that is in order."""

    operation: str
    arguments: tuple[Any, ...]
    attributes: dict[str, Any]
    native: bool
    #: Of a native call, under which keywords the last of the arguments stand.
    keywords: tuple[str, ...] = ()
    #: Of a native call, which of its arguments are one list, as ``Instruction.lists``.
    lists: tuple[tuple[int, int], ...] = ()


class Calls:
    """Reads the calls of one text.

    Parameters
    ----------
    framework
        Whose text it is, None for a text that all share.
    constants
        What ``$name`` may stand for.
    value
        Gives an expression's value: a ``Ref`` or a constant.
    is_array
        Whether a name is an array's, so that what stands behind its dot is a method.
    """

    def __init__(
        self,
        framework: str | None,
        constants: Mapping[str, Any],
        value: Callable[[Any], Any],
        is_array: Callable[[str], bool],
    ) -> None:
        self._framework, self._constants, self._value = framework, constants, value
        self._is_array = is_array

    def read(self, node: ast.Call) -> Call:
        """The call that a node makes.

        Raises
        ------
        Fault
            Where there is no such operation, or it is not called so.
        """
        method = self._method(node)
        if method is not None:
            return self._of_method(method, node)
        name = self._operation_name(node.func)
        if is_native(name):
            return self._native(name, node)
        row = self.row(name, node.func)
        attributes = self._attributes(row, node)
        if name == CAST and attributes["dtype"] not in WIDTHS:
            (keyword,) = node.keywords
            raise Fault(unknown("floating dtype", attributes["dtype"], WIDTHS), keyword.value)
        return Call(name, self._arguments(row, node), attributes, native=False)

    @staticmethod
    def row(name: str, node: Any) -> Operation:
        """The operation's row of the table."""
        if name not in TABLE:
            raise Fault(unknown_operation(name), node)
        return TABLE[name]

    def _method(self, node: ast.Call) -> Method | None:
        """What an array's method is in the text's framework; None where it is no such call."""
        at = node.func
        if not isinstance(at, ast.Attribute):
            return None
        name = at.attr
        while isinstance(at, ast.Attribute):
            at = at.value
        if isinstance(at, ast.Name) and not self._is_array(at.id):
            return None
        return METHODS.get(self._framework or "", {}).get(name)

    def _of_method(self, method: Method, node: ast.Call) -> Call:
        """The call of a function on the array that stands before the dot."""
        assert isinstance(node.func, ast.Attribute), "a method stands behind a dot"
        array = self._value(node.func.value)
        if not isinstance(array, Ref):
            raise Fault(f"a method of {shown(array)}, expected one of an array", node.func)
        if method.function in TABLE:
            if node.args or node.keywords:
                raise Fault(f".{node.func.attr}() takes nothing here", node)
            return Call(method.function, (array,), {}, native=False)
        given = list(node.args)
        if method.shape and (len(given) > 1 or (given and self._is_number(given[0]))):
            given = [ast.copy_location(ast.Tuple(given, ast.Load()), node)]
        return self._native(method.function, node, array, given)

    def _is_number(self, node: ast.expr) -> bool:
        return type(self._value(node)) is int

    def _operation_name(self, node: Any) -> str:
        parts: list[str] = []
        at = node
        while isinstance(at, ast.Attribute):
            parts.append(at.attr)
            at = at.value
        if parts and (not isinstance(at, ast.Name) or self._is_array(at.id)):
            raise Fault(_no_method(parts[0]), node)
        if not isinstance(at, ast.Name):
            made = _made_of_class(at, self._framework)
            what = "what a call hands back" if isinstance(at, ast.Call) else called(at)
            raise Fault(f"a call of {what}, expected an operation's name{made}", node)
        first = at.id
        if first.startswith(DOLLAR):
            word = first[1:]
            if word not in self._constants:
                raise Fault(unknown("sweep name", word, self._constants), node)
            first = self._constants[word]
            if not isinstance(first, str):
                raise Fault(
                    f"${word} is {shown(first)} here, expected the name of an operation", node
                )
        return unabridged(".".join([first, *reversed(parts)]), self._framework)

    def _arguments(self, row: Operation, node: ast.Call) -> tuple[Any, ...]:
        name = row.name
        values: list[tuple[Any, Any]] = []
        for argument in node.args:
            value = self._value(argument)
            if row.variadic and isinstance(value, tuple):
                values += [(item, argument) for item in value]
            else:
                values.append((value, argument))
        least = sum(argument not in row.optional for argument in row.arguments)
        most = math.inf if row.variadic else len(row.arguments)
        if not (1 if row.variadic else least) <= len(values) <= most:
            raise Fault(
                f"{name} is given {len(values)} arrays, expected {_counted(row)}; attributes go "
                f"by keyword: {row.signature}",
                node,
            )
        arguments = []
        for position, (value, at) in enumerate(values):
            if value is None:
                label = row.arguments[min(position, len(row.arguments) - 1)]
                if label not in row.optional:
                    raise Fault(f"None for {name}'s {label}, expected an array", at)
                arguments.append(None)
            else:
                arguments.append(_argument(name, value, at))
        if row.arguments and not any(isinstance(a, Ref) for a in arguments):
            raise Fault(f"{name} of constants alone, expected an array among its arguments", node)
        return tuple(arguments)

    def _attributes(self, row: Operation, node: ast.Call) -> dict[str, Any]:
        name, attributes = row.name, {}
        for keyword in node.keywords:
            if keyword.arg is None:
                raise Fault("**, expected attributes by keyword", keyword.value)
            if keyword.arg in row.arguments:
                raise Fault(
                    f"{keyword.arg} is an array of {name}, expected it by position: "
                    f"{row.signature}",
                    keyword,
                )
            if keyword.arg not in row.attributes:
                message = unknown_attribute(f"attribute of {name}", keyword.arg, row.attributes)
                raise Fault(message, keyword)
            _once(keyword, attributes)
            value = attributes[keyword.arg] = self._constant(keyword)
            if expected := row.unfit(keyword.arg, value):
                message = f"{shown(value)} for {keyword.arg} of {name}, expected {expected}"
                raise Fault(message, keyword.value)
        missing = [key for key in row.required if key not in attributes]
        if missing:
            raise Fault(
                f"{name} lacks {', '.join(missing)}, expected it by keyword, for it has no "
                f"default: {row.signature}",
                node,
            )
        return attributes

    def _native(
        self, name: str, node: ast.Call, array: Ref | None = None, args: list[Any] | None = None
    ) -> Call:
        """A framework's own function, of the node's arguments or of an array and others."""
        reason = refusal(name, self._framework)
        if reason:
            raise Fault(reason, node.func)
        attributes: dict[str, Any] = {}
        arrays: dict[str, Ref] = {}
        for keyword in node.keywords:
            if keyword.arg is None:
                raise Fault("**, expected attributes by keyword", keyword.value)
            _once(keyword, attributes)
            if keyword.arg in WRITING or keyword.arg.startswith("_"):
                raise Fault(
                    f"{keyword.arg}= makes {name} write to an array, expected it left out", keyword
                )
            value = self._value(keyword.value)
            if isinstance(value, Ref):
                arrays[keyword.arg] = value
            else:
                attributes[keyword.arg] = self._checked(keyword, value)
        given = node.args if args is None else args
        flat, lists, places = _positional(name, [(self._value(at), at) for at in given], array)
        if not arrays and not any(isinstance(a, Ref) for a in flat):
            raise Fault(f"{name} of constants alone, expected an array among its arguments", node)
        reason = objection(name, places, {**attributes, **arrays})
        if reason:
            raise Fault(reason, node, limit="at most" in reason)
        every = (*flat, *arrays.values())
        return Call(
            name, every, attributes, native=True, keywords=tuple(arrays), lists=tuple(lists)
        )

    def _constant(self, keyword: ast.keyword) -> Any:
        return self._checked(keyword, self._value(keyword.value))

    @staticmethod
    def _checked(keyword: ast.keyword, value: Any) -> Any:
        if isinstance(value, Ref) or _has_ref(value):
            raise Fault(f"an array for {keyword.arg}, expected a constant", keyword.value)
        return _small(value, keyword.value)


def _positional(
    name: str, given: list[tuple[Any, Any]], array: Ref | None
) -> tuple[list[Any], list[tuple[int, int]], list[Any]]:
    """What stands by position: one after another, which of it are lists, and what is at each place.

    ``array`` comes before all that is given.
    """
    flat: list[Any] = [] if array is None else [array]
    lists: list[tuple[int, int]] = []
    places: list[Any] = list(flat)
    for value, at in given:
        items = _listed(name, value, at)
        if items is None:
            flat.append(_plain(value, at))
            places.append(flat[-1])
        else:
            lists.append((len(flat), len(items)))
            flat += items
            places.append(None)  # no number, as far as an objection goes
    return flat, lists, places


def _made_of_class(node: Any, framework: str | None) -> str:
    """Which function is meant by what a class makes, as ``nn.MSELoss()``, for a message's end."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
        return meant_class(ast.unparse(node.func), framework)
    return ""


def _no_method(name: str) -> str:
    """That arrays have no methods, and which operation is meant."""
    ours = meant(name)
    put = f": {ours}(…)" if ours in TABLE else ours and f": {ours}"
    return f"the method .{name}(), expected operations and no methods{put}"


def _counted(row: Operation) -> str:
    if row.variadic:
        return "one or more"
    least = len(row.arguments) - len(row.optional)
    names = ", ".join(row.arguments)
    if row.optional:
        return f"{least} to {len(row.arguments)} ({names})"
    return f"{least} ({names})"


def _argument(name: str, value: Any, node: Any) -> Ref | Const:
    if isinstance(value, Ref):
        return value
    if isinstance(value, bool | int | float | complex):
        return Const(value)
    raise Fault(
        f"{shown(value)} given to {name} by position, expected an array or a number "
        "(attributes go by keyword)",
        node,
    )


def _plain(value: Any, node: Any) -> Ref | Const | None:
    """What stands by position in a native call."""
    return value if isinstance(value, Ref) or value is None else Const(_small(value, node))


def _listed(name: str, value: Any, node: Any) -> list[Any] | None:
    """The items of a list that has an array in it; None of anything else."""
    if not _has_ref(value):
        return None
    if any(isinstance(item, tuple) or item is None for item in value):
        raise Fault(f"lists within a list of arrays in {name}, expected arrays alone", node)
    return [_plain(item, node) for item in value]


def _has_ref(value: Any) -> bool:
    return isinstance(value, tuple) and any(isinstance(x, Ref) or _has_ref(x) for x in value)


def _small(value: Any, node: Any) -> Any:
    """Refuse sizes that would make an array beyond the limit."""
    sizes = value if isinstance(value, tuple) else (value,)
    product = 1
    for size in sizes:
        if isinstance(size, tuple):
            _small(size, node)
        elif type(size) is int:
            product *= max(abs(size), 1)
    if product > limits.ELEMENTS:
        what = "sizes that multiply to" if len(sizes) > 1 else "the whole number"
        raise Fault(
            f"{what} {product} in a call, expected at most {limits.ELEMENTS} (or a decimal point, "
            "where it is no size)",
            node,
            limit=True,
        )
    return value


def _once(keyword: ast.keyword, attributes: Mapping[str, Any]) -> None:
    """Python's parser lets a keyword stand twice: only its compiler refuses it."""
    if keyword.arg in attributes:
        raise Fault(f"{keyword.arg} is given twice, expected it once", keyword)
