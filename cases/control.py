"""Loops over a function that the text writes: ``scan`` and ``map``, unrolled.

Every turn becomes the instructions of the function's body under names of their own: ``h`` of the
function ``step`` is ``step/h[0]``, ``step/h[1]`` and so on, no name that a text can have. What the
loop itself does between turns is an instruction too, with its ``role`` (see ``program.Turn``), so
that its share of a gradient can be judged as any operation's; and an adapter can put the turns
together again into the loop that its framework has.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

from . import limits
from .budget import Budget
from .faults import shown, unknown
from .program import Ref, Turn
from .scope import Function, Scope
from .syntax import Fault

#: What is called with a function.
CONTROL = ("scan", "map")

_KEYWORDS = {"scan": ("length", "reverse"), "map": ("length",)}


class Reader(Protocol):
    """What reads the statements and expressions round a loop."""

    scope: Scope
    #: The loops that are being unrolled, the outermost first.
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


class Control:
    """Unrolls the loops of one text."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        #: The labels and the numbers of the turns that are being unrolled.
        self._path: tuple[tuple[str, int], ...] = ()
        self._running: list[Function] = []
        #: How many loops there have been of a function, within the same turns.
        self._count: dict[str, int] = {}

    @staticmethod
    def called(node: ast.expr) -> str:
        """``scan`` or ``map`` where an expression is a call of it; else nothing."""
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            return node.func.id if node.func.id in CONTROL else ""
        return ""

    def define(self, node: ast.FunctionDef) -> None:
        """A function is written."""
        a = node.args
        plain = not (a.posonlyargs or a.kwonlyargs or a.vararg or a.kwarg or a.defaults)
        if not plain or any(x.annotation for x in a.args) or node.returns or node.decorator_list:
            raise Fault(
                f"more than plain names in def {node.name}, expected def {node.name}(a, b):", node
            )
        names = [x.arg for x in a.args]
        for at in a.args:
            if names.count(at.arg) > 1:
                raise Fault(f"{at.arg} stands twice in def {node.name}, expected once", at)
            if at.arg != "_":  # what a body does not read
                self._reader.scope.check_name(at.arg, at)
        if not isinstance(node.body[-1], ast.Return) or node.body[-1].value is None:
            raise Fault(
                f"def {node.name} does not end in a return, expected return and what it makes",
                node.body[-1],
            )
        self._reader.scope.define(node)

    def assign(self, targets: Sequence[Any], call: ast.Call) -> None:
        """Unroll a loop, and assign what it makes."""
        kind = self.called(call)
        function, given, options = self._called_with(kind, call)
        if kind == "scan" and len(targets) != 2:
            raise Fault(
                "scan for one name, expected two: what is carried out of the last turn, and what "
                "the turns left: last, ys = scan(…)",
                call,
            )
        init, xs = given if kind == "scan" else ((), given[0])
        length = self._length(kind, call, xs, options)
        loop = _Loop(self, self._reader, function, call, kind, length, reverse=options["reverse"])
        if any(f is function for f in self._running):
            raise Fault(f"{function.node.name} scans itself, expected another function", call)
        self._running.append(function)
        before = self._path
        try:
            last, left = loop.unroll(init, xs)
        finally:
            self._running.pop()
            self._path = before
        if kind == "scan":
            self._bind(loop, targets[0], last, "last")
            self._bind(loop, targets[1], left, "stack")
        else:
            whole = call if len(targets) == 1 else ast.copy_location(ast.Tuple([*targets]), call)
            self._bind(loop, targets[0] if whole is call else whole, left, "stack")

    def _bind(self, loop: _Loop, target: Any, tree: Any, role: str) -> None:
        """Give what a loop made its name, or its parts theirs."""
        if isinstance(target, ast.Tuple | ast.List):
            if not isinstance(tree, tuple) or len(tree) != len(target.elts):
                raise Fault(
                    f"{len(target.elts)} names for {described(tree)}, expected as many", target
                )
            for part, branch in zip(target.elts, tree, strict=True):
                self._bind(loop, part, branch, role)
        elif not (isinstance(target, ast.Name) and target.id == "_"):
            name = self._reader.new(target)
            value = loop.after(role, tree, self._reader.scope.called(name))
            if isinstance(value, Ref):
                self._reader.scope.declare(name, target)
            else:
                self._reader.scope.declare_constant(name, value, target)

    def label(self, function: Function) -> str:
        """What a loop's function is called, which no other loop within the same turns is."""
        name = function.node.name
        within = self.name("", name)
        self._count[within] = number = self._count.get(within, 0) + 1
        return name if number == 1 else f"{name}:{number}"

    def enter(self, label: str, number: int) -> None:
        """Go into a turn."""
        self._path = (*self._path, (label, number))

    def leave(self) -> None:
        """Go out of it."""
        self._path = self._path[:-1]

    def name(self, name: str, label: str = "", number: int | None = None) -> str:
        """What a name of a body is called in the program, in these turns or in one more."""
        path: list[tuple[str, int | None]] = [*self._path]
        path += [(label, number)] if label else []
        indices = ", ".join(str(k) for _, k in path if k is not None)
        return "/".join([*(one for one, _ in path), name]) + (f"[{indices}]" if indices else "")

    def _called_with(self, kind: str, call: ast.Call) -> tuple[Function, list[Any], dict[str, Any]]:
        """The function, the arrays that it is called with, and the options."""
        count = 3 if kind == "scan" else 2
        usage = "scan(step, start, xs)" if kind == "scan" else "map(f, xs)"
        if len(call.args) != count:
            raise Fault(f"{kind} is given {len(call.args)} things, expected {usage}", call)
        first = call.args[0]
        name = first.id if isinstance(first, ast.Name) else ""
        function = self._reader.scope.function(name)
        if function is None:
            if self._reader.scope.is_lost(name):
                raise Fault("", first)
            if not name:
                raise Fault(f"no function's name first in {kind}, expected {usage}", first)
            raise Fault(unknown("function", name, self._reader.scope.functions), first)
        takes = len(function.node.args.args)
        if takes != count - 1:
            raise Fault(
                f"{name} takes {takes} things, expected {count - 1}: {usage} calls it with "
                + ("what is carried and a slice" if kind == "scan" else "a slice"),
                first,
            )
        options: dict[str, Any] = {"length": None, "reverse": False}
        told: set[str] = set()
        for keyword in call.keywords:
            option = keyword.arg or "**"
            if option not in _KEYWORDS[kind]:
                raise Fault(unknown(f"option of {kind}", option, _KEYWORDS[kind]), keyword)
            if keyword.arg in told:
                raise Fault(f"{option} is given twice, expected it once", keyword)
            told.add(option)
            options[option] = self._reader.value(keyword.value)
            wanted = int if option == "length" else bool
            if type(options[option]) is not wanted:
                what = "a whole number" if option == "length" else "True or False"
                raise Fault(f"{option} that is no constant, expected {what}", keyword.value)
        return function, [self._arrays(kind, at) for at in call.args[1:]], options

    def _arrays(self, kind: str, node: ast.expr) -> Any:
        """An array, None for nothing, or a tuple of such."""
        value = self._reader.value(node)
        if not is_tree(value):
            raise Fault(
                f"{shown(value)} given to {kind}, expected an array, or several in brackets", node
            )
        return value

    def _length(self, kind: str, call: ast.Call, xs: Any, options: Mapping[str, Any]) -> int:
        """How many turns there are: as long as what is scanned, or as the option has it."""
        found, at = options["length"], call
        named = "length"
        for ref in leaves(xs):
            own = self._reader.lengths.get(ref.name)
            if own is None:
                continue
            if own < 0:
                raise Fault(f"{kind} over {ref.name}, a single number: expected an axis", call)
            if found is not None and found != own:
                raise Fault(
                    f"{ref.name} is {own} long and {named} {found}, expected one length", at
                )
            found, named = own, f"{ref.name} is"
        if found is None:
            what = "nothing" if xs is None else "what the text makes"
            raise Fault(
                f"{kind} over {what} is of unknown length, expected it said: length=…", call
            )
        if found < 1:
            raise Fault(f"{kind} of {found} turns, expected one at least", call)
        if found > limits.INSTRUCTIONS:
            raise Fault(
                f"{kind} of {found} turns, expected at most {limits.INSTRUCTIONS}", call, limit=True
            )
        return found


class _Loop:
    """One loop, unrolled."""

    def __init__(
        self,
        control: Control,
        reader: Reader,
        function: Function,
        call: ast.Call,
        kind: str,
        length: int,
        *,
        reverse: bool,
    ) -> None:
        self._control, self._reader, self._function = control, reader, function
        self._call, self._length, self._reverse = call, length, reverse
        self._label = control.label(function)
        self._id = control.name(self._label)
        self._kind = f"reverse {kind}" if reverse else kind
        self._names = [a.arg for a in function.node.args.args]

    def unroll(self, init: Any, xs: Any) -> tuple[Any, Any]:
        """Every turn; what the last one carries on, and what each one leaves."""
        reader, of = self._reader, self._length
        scans = self._kind != "map"
        with self._at(-1, "each"):
            whole = self._each(leaves(xs), lambda k, ref: self._emit("unstack", (ref,), f":x{k}"))
        with self._at(-1, "start"):
            edges = self._each(
                leaves(init), lambda k, ref: self._emit("identity", (ref,), f":carry{k}", 0)
            )
        left: list[Any] = []
        for turn in range(of):
            reader.budget.spend()
            parameters = []
            if scans:
                with self._at(turn, "in"):
                    parameters.append(
                        self._found(self._names[0], init, turn, "identity", edges, {})
                    )
            at = of - 1 - turn if self._reverse else turn
            with self._at(turn, "slice"):
                parameters.append(
                    self._found(self._names[-1], xs, turn, "select", whole, {"index": at})
                )
            carried, made = self._body(turn, parameters)
            if scans:
                if not alike(carried, init):
                    raise Fault(
                        f"{self._function.node.name} carries on {described(carried)} and is given "
                        f"{described(init)}, expected the same",
                        self._function.node.body[-1],
                    )
                with self._at(turn, "carry"):
                    edges = self._each(
                        leaves(carried),
                        lambda k, ref, n=turn + 1: self._emit("identity", (ref,), f":carry{k}", n),
                    )
            with self._at(turn, "out"):
                outs = self._each(
                    leaves(made),
                    lambda k, ref, n=turn: self._emit("identity", (ref,), f":out{k}", n),
                )
            left.append(like(made, outs))
        columns = [list(column) for column in zip(*map(leaves, left), strict=True)]
        columns = [column[::-1] if self._reverse else column for column in columns]
        return like(init, edges), like(left[0], columns)

    def after(self, role: str, tree: Any, name: str) -> Any:
        """What is there after the loop, under a name; of several arrays, each under its number."""
        parts = leaves(tree)
        made = []
        with self._at(self._length, role):
            for k, part in enumerate(parts):
                target = f"{name}:{k}" if len(parts) > 1 else name
                if role == "stack":
                    ref = self._reader.emit("stack", tuple(part), {"axis": 0}, self._call, target)
                    self._reader.lengths[ref.name] = self._length
                else:
                    ref = self._reader.emit("identity", (part,), {}, self._call, target)
                made.append(ref)
        return like(tree, made)

    def _each(self, refs: Sequence[Ref], make: Callable[..., Ref]) -> list[Ref]:
        return [make(k, ref) for k, ref in enumerate(refs)]

    def _emit(
        self, operation: str, arguments: tuple[Any, ...], name: str, turn: int | None = None
    ) -> Ref:
        target = self._control.name(name, self._label, turn)
        return self._reader.emit(operation, arguments, {}, self._call, target, named=False)

    def _found(
        self,
        name: str,
        tree: Any,
        turn: int,
        operation: str,
        refs: Sequence[Ref],
        attributes: dict[str, Any],
    ) -> Any:
        """What a parameter is in a turn: an array, or several."""
        made = []
        several = isinstance(tree, tuple)
        for k, ref in enumerate(refs):
            target = self._control.name(f"{name}:{k}" if several else name, self._label, turn)
            made.append(
                self._reader.emit(
                    operation, (ref,), dict(attributes), self._call, target, named=False
                )
            )
        return like(tree, made)

    def _body(self, turn: int, given: list[Any]) -> tuple[Any, Any]:
        """The body's instructions; what it carries on and what it leaves."""
        reader, node = self._reader, self._function.node
        *statements, end = node.body
        assert isinstance(end, ast.Return)
        outside = reader.scope
        self._control.enter(self._label, turn)
        bound = dict(zip(self._names, given, strict=True))
        reader.scope = outside.body(self._function, bound, self._control.name)
        try:
            with self._at(turn, ""):
                sound = reader.block(statements)
                sound = reader.all_used(reader.scope) and sound
                if not sound:
                    raise Fault("", self._call)
                returned = self._returned(end)
        finally:
            reader.scope = outside
            self._control.leave()
        if self._kind == "map":
            return (), returned
        if not isinstance(returned, tuple) or len(returned) != 2:
            raise Fault(
                f"{node.name} returns {described(returned)}, expected two: what it carries on, "
                "and what it leaves (None for nothing)",
                end,
            )
        return returned

    def _returned(self, end: ast.Return) -> Any:
        """What a body returns; an expression in it is a variable of its own."""
        count = iter(range(len(list(ast.walk(end)))))

        def read(node: Any) -> Any:
            if isinstance(node, ast.Tuple | ast.List):
                return tuple(read(item) for item in node.elts)
            if isinstance(node, ast.Name | ast.Constant):
                value = self._reader.value(node)
            else:
                target = self._control.name(f"return:{next(count)}")
                self._reader.aim(target)
                value = self._reader.value(node, target)
            if not is_tree(value):
                raise Fault(
                    f"{shown(value)} returned by {self._function.node.name}, expected arrays", node
                )
            return value

        assert end.value is not None
        return read(end.value)

    @contextmanager
    def _at(self, number: int, role: str) -> Iterator[None]:
        before = self._reader.turns
        turn = Turn(self._id, self._kind, number, self._length, role)
        self._reader.turns = (*before, turn)
        try:
            yield
        finally:
            self._reader.turns = before


def leaves(tree: Any) -> list[Any]:
    """The arrays of a tree, which is None, an array, or a tuple of trees."""
    if isinstance(tree, tuple):
        return [leaf for part in tree for leaf in leaves(part)]
    return [] if tree is None else [tree]


def like(tree: Any, made: Sequence[Any]) -> Any:
    """Other arrays in a tree's places."""
    rest = iter(made)

    def filled(part: Any) -> Any:
        if isinstance(part, tuple):
            return tuple(map(filled, part))
        return None if part is None else next(rest)

    return filled(tree)


def is_tree(value: Any) -> bool:
    """Whether a value is nothing, an array, or a tuple of such."""
    return (
        value is None
        or isinstance(value, Ref)
        or (isinstance(value, tuple) and all(map(is_tree, value)))
    )


def alike(one: Any, other: Any) -> bool:
    """Whether two trees have their arrays at the same places."""
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(map(alike, one, other))
    return (
        not isinstance(one, tuple)
        and not isinstance(other, tuple)
        and ((one is None) == (other is None))
    )


def described(tree: Any) -> str:
    """A tree in words."""
    if isinstance(tree, tuple):
        return f"({', '.join(map(described, tree))})" if tree else "no array"
    return "nothing" if tree is None else "an array"
