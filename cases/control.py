"""Functions that the text writes, and what calls them: ``scan``, ``map``, ``cond``, ``while_loop``.

Every turn of a loop and both branches of a cond become the instructions of the function's body
under names of their own: ``h`` of the function ``step`` is ``step/h[0]``, ``step/h[1]`` and so on,
no name that a text can have. What the loop or the cond itself does is an instruction too; and an
adapter can put the turns or the branches together again into what its framework has.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from . import limits
from .bodies import Reader
from .branches import Branches
from .faults import shown, unknown
from .loops import Loop, While
from .program import Ref
from .scope import Function
from .syntax import Fault
from .trees import described, is_tree, leaves

_USAGE = {
    "scan": "scan(step, start, xs)",
    "map": "map(f, xs)",
    "cond": "cond(x > 0, f, g, x)",
    "while_loop": "while_loop(test, step, start, max=…)",
}

#: What is called with a function.
CONTROL = (*_USAGE,)

#: Where the name of a function may stand, in words.
USES = "scan(…), map(…), cond(…) or while_loop(…)"

_KEYWORDS = {
    "scan": ("length", "reverse"),
    "map": ("length",),
    "cond": (),
    "while_loop": ("max",),
}


class Control:
    """Unrolls the loops and the branches of one text."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        #: The labels and the numbers of the turns that are being unrolled; a branch has no number.
        self._path: tuple[tuple[str, int | None], ...] = ()
        self._running: list[Function] = []
        #: How often a function was called, within the same turns.
        self._count: dict[str, int] = {}

    @staticmethod
    def called(node: ast.expr) -> str:
        """``scan`` or another of these, where an expression is a call of it; else nothing."""
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
        """Unroll a loop or a cond, and assign what it makes."""
        kind, before = self.called(call), self._path
        single = targets[0] if len(targets) == 1 else None
        whole = single or ast.copy_location(ast.Tuple([*targets]), targets[0])
        names = [n.id for n in ast.walk(whole) if isinstance(n, ast.Name) and n.id != "_"]
        if names:
            self._reader.aim(self._reader.scope.called("_".join(names)))
        try:
            if kind == "cond":
                self._cond(whole, call)
            elif kind == "while_loop":
                self._while(whole, call)
            else:
                self._loop(kind, targets, whole, call)
        finally:
            self._path = before

    def _loop(self, kind: str, targets: Sequence[Any], whole: Any, call: ast.Call) -> None:
        (function,), given, options = self._called_with(kind, call)
        if kind == "scan" and len(targets) != 2:
            raise Fault(
                "scan for one name, expected two: what is carried out of the last turn, and what "
                "the turns left: last, ys = scan(…)",
                call,
            )
        init, xs = given if kind == "scan" else ((), given[0])
        length = self._length(kind, call, xs, options)
        reverse = options.get("reverse", False)
        loop = Loop(self, self._reader, function, call, kind, length, reverse=reverse)
        last, left = loop.unroll(init, xs)
        if kind == "scan":
            self._bind(lambda *made: loop.after("last", *made), targets[0], last)
            whole = targets[1]
        self._bind(lambda *made: loop.after("stack", *made), whole, left)

    def _cond(self, target: Any, call: ast.Call) -> None:
        guard = self._decider(call)
        functions, given, _ = self._called_with("cond", call)
        labels = [self.label(function) for function in functions]
        branches = Branches(self, self._reader, call, guard, labels, labels)
        self._bind(branches.after, target, branches.unroll(functions, given))

    def _decider(self, call: ast.Call) -> Ref:
        """The variable that a cond hangs on."""
        if len(call.args) < 3:
            raise Fault(f"cond is given {len(call.args)} things, expected {_USAGE['cond']}", call)
        node = call.args[0]
        value = self._reader.value(node)
        if not isinstance(value, Ref):
            raise Fault(f"{shown(value)} decides, expected what is computed, as x > 0", node)
        return value

    def _while(self, target: Any, call: ast.Call) -> None:
        (test, step), (init,), options = self._called_with("while_loop", call)
        if options["max"] is None:
            raise Fault(
                "while_loop without an end, expected the most turns that it may take: max=…", call
            )
        self._check_length("while_loop", call, options["max"])
        if not leaves(init):
            raise Fault("while_loop carries nothing, expected an array", call.args[2])
        loop = While(self, self._reader, step, call, "while_loop", options["max"])
        last = loop.unroll_while(test, init)
        self._bind(lambda *made: loop.after("last", *made), target, last)

    @contextmanager
    def running(self, function: Function, call: ast.Call) -> Iterator[None]:
        """A function's body is gone into, which must not be in itself."""
        if any(f is function for f in self._running):
            does = {"scan": "scans", "map": "maps"}.get(self.called(call), "calls")
            raise Fault(f"{function.node.name} {does} itself, expected another function", call)
        self._running.append(function)
        try:
            yield
        finally:
            self._running.pop()

    def _bind(self, after: Callable[[Any, str], Any], target: Any, tree: Any) -> None:
        """Give what was made its name, or its parts theirs."""
        if isinstance(target, ast.Tuple | ast.List):
            if not isinstance(tree, tuple) or len(tree) != len(target.elts):
                raise Fault(
                    f"{len(target.elts)} names for {described(tree)}, expected as many", target
                )
            for part, branch in zip(target.elts, tree, strict=True):
                self._bind(after, part, branch)
        elif not (isinstance(target, ast.Name) and target.id == "_"):
            name = self._reader.new(target)
            value = after(tree, self._reader.scope.called(name))
            if isinstance(value, Ref):
                self._reader.scope.declare(name, target)
            else:
                self._reader.scope.declare_constant(name, value, target)

    def label(self, function: Function) -> str:
        """What a function is called here, which no other one within the same turns is."""
        name = function.node.name
        within = self.name("", name)
        self._count[within] = number = self._count.get(within, 0) + 1
        return name if number == 1 else f"{name}:{number}"

    def enter(self, label: str, number: int | None) -> None:
        """Go into a turn, or a branch."""
        self._path = (*self._path, (label, number))

    def leave(self) -> None:
        """Go out of it."""
        self._path = self._path[:-1]

    def name(self, name: str, label: str = "", number: int | None = None) -> str:
        """What a name of a body is called in the program, in these turns or in one more."""
        path = [*self._path, (label, number)]
        indices = ", ".join(str(k) for _, k in path if k is not None)
        return "/".join([*(one for one, _ in path if one), name]) + (
            f"[{indices}]" if indices else ""
        )

    def _called_with(
        self, kind: str, call: ast.Call
    ) -> tuple[list[Function], list[Any], dict[str, Any]]:
        """The functions, the arrays that they are called with, and the options."""
        usage, args = _USAGE[kind], call.args
        functions = slice(1, 3) if kind == "cond" else slice(2 if kind == "while_loop" else 1)
        count = len(usage.partition("(")[2].split(", ")) - (kind == "while_loop")
        if kind != "cond" and len(args) != count:
            raise Fault(f"{kind} is given {len(args)} things, expected {usage}", call)
        found = [self._function(kind, at) for at in args[functions]]
        given = args[functions.stop :]
        for function, at in zip(found, args[functions], strict=True):
            takes = len(function.node.args.args)
            if takes != len(given):
                what = {"scan": "what is carried and a slice", "map": "a slice"}
                what["while_loop"] = "what is carried"
                raise Fault(
                    f"{function.node.name} takes {takes} things, expected {len(given)}: "
                    f"{usage} calls it with {what.get(kind, 'what follows the two functions')}",
                    at,
                )
        return found, [self._arrays(kind, at) for at in given], self._options(kind, call)

    def _function(self, kind: str, at: ast.expr) -> Function:
        """The function that an argument names."""
        name = at.id if isinstance(at, ast.Name) else ""
        function = self._reader.scope.function(name)
        if function is not None:
            return function
        if self._reader.scope.is_lost(name):
            raise Fault("", at)
        if not name:
            where = {"scan": " first", "map": " first"}.get(kind, " there")
            raise Fault(f"no function's name{where} in {kind}, expected {_USAGE[kind]}", at)
        raise Fault(unknown("function", name, self._reader.scope.functions), at)

    def _options(self, kind: str, call: ast.Call) -> dict[str, Any]:
        options: dict[str, Any] = {"length": None, "reverse": False, "max": None}
        told: set[str] = set()
        for keyword in call.keywords:
            option = keyword.arg or "**"
            if option not in _KEYWORDS[kind]:
                raise Fault(unknown(f"option of {kind}", option, _KEYWORDS[kind]), keyword)
            if keyword.arg in told:
                raise Fault(f"{option} is given twice, expected it once", keyword)
            told.add(option)
            options[option] = self._reader.value(keyword.value)
            wanted = bool if option == "reverse" else int
            if type(options[option]) is not wanted:
                what = "a whole number" if wanted is int else "True or False"
                raise Fault(f"{option} that is no constant, expected {what}", keyword.value)
        return options

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
        return self._check_length(kind, call, found)

    @staticmethod
    def _check_length(kind: str, call: ast.Call, found: int) -> int:
        if found < 1:
            raise Fault(f"{kind} of {found} turns, expected one at least", call)
        if found > limits.INSTRUCTIONS:
            raise Fault(
                f"{kind} of {found} turns, expected at most {limits.INSTRUCTIONS}", call, limit=True
            )
        return found
