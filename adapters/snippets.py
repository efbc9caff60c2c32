"""Writes a case's program as Python that a reader can paste: what an adapter runs, in plain text.

The text is made by the walk that runs the program (``interpret``), given names in place of arrays,
and by the lowerings themselves, given modules that write calls down in place of making them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from types import FunctionType, ModuleType
from typing import Any

import numpy as np

from ..cases.program import Const, Instruction, Program, Ref
from ..cases.task import Task
from ..refimpl.errors import Unsupported
from .lowering import Lowerings

#: What a snippet calls where an operation is composed of more than can be written in a call.
OURS = "LOWERINGS"

#: What fits a line of a snippet.
WIDTH = 110

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


class Code:
    """An expression as it is written; what is done to it is written down too."""

    def __init__(
        self, text: str, *, atom: bool = True, shape: tuple[int, ...] | None = None
    ) -> None:
        self.text, self._atom, self._shape = text, atom, shape

    @property
    def part(self) -> str:
        """As an operand: in parentheses where it needs them."""
        return self.text if self._atom else f"({self.text})"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        known = {} if self._shape is None else {"shape": self._shape, "ndim": len(self._shape)}
        if name in known:
            return known[name]
        return Code(f"{self.part}.{name}")

    def __call__(self, *arguments: Any, **keywords: Any) -> Code:
        """A call of it."""
        parts = [*map(text_of, arguments), *(f"{k}={text_of(v)}" for k, v in keywords.items())]
        return Code(f"{self.text}({', '.join(parts)})")

    def __getitem__(self, index: Any) -> Code:
        parts = index if isinstance(index, tuple) else (index,)
        return Code(f"{self.part}[{', '.join(map(_index, parts)) or '()'}]")

    def __bool__(self) -> bool:
        raise Unsupported("what is written down cannot be asked")

    def __iter__(self) -> Any:
        raise Unsupported("what is written down cannot be walked")

    def __neg__(self) -> Code:
        return Code(f"-{self.part}", atom=False)

    __hash__ = object.__hash__


def _infix(sign: str) -> Callable[[Any, Any], Code]:
    return lambda a, b: Code(f"{part_of(a)} {sign} {part_of(b)}", atom=False)


for _name, _sign in (("add", "+"), ("sub", "-"), ("mul", "*"), ("truediv", "/"), ("pow", "**")):
    setattr(Code, f"__{_name}__", _infix(_sign))
    setattr(Code, f"__r{_name}__", lambda a, b, sign=_sign: _infix(sign)(b, a))
for _name, _sign in (
    ("lt", "<"),
    ("le", "<="),
    ("gt", ">"),
    ("ge", ">="),
    ("eq", "=="),
    ("ne", "!="),
):
    setattr(Code, f"__{_name}__", _infix(_sign))


def text_of(value: Any) -> str:
    """A value as Python writes it."""
    if isinstance(value, Code):
        return value.text
    if isinstance(value, list | tuple):
        inside = ", ".join(map(text_of, value))
        return f"[{inside}]" if isinstance(value, list) else f"({inside}{',' * (len(value) == 1)})"
    if isinstance(value, float) and not math.isfinite(value):
        return f"float('{value}')"
    if isinstance(value, complex) and not isinstance(value, float):
        return f"complex({text_of(value.real)}, {text_of(value.imag)})"
    return repr(value)


def part_of(value: Any) -> str:
    """A value as an operand."""
    if isinstance(value, Code):
        return value.part
    text = text_of(value)
    return f"({text})" if text.startswith("-") else text


def _index(part: Any) -> str:
    if not isinstance(part, slice):
        return "..." if part is Ellipsis else text_of(part)
    text = ":".join("" if end is None else text_of(end) for end in (part.start, part.stop))
    return text if part.step is None else f"{text}:{text_of(part.step)}"


def statements(task: Task, program: Program, lowerings: Lowerings) -> list[str]:
    """A task's program as Python statements, one a named variable.

    Raises
    ------
    Unsupported
        Where an operation's spelling cannot be written down.
    """
    written: list[str] = []
    leaves = {**task.rows(0), **task.params}
    scope = {name: Code(name, shape=x.shape) for name, x in leaves.items()}
    chosen: dict[str, list[Instruction]] = {}
    for i in program.instructions:
        if i.operation == "select" and not i.native and i.named:
            chosen.setdefault(i.refs[0], []).append(i)
    for i in program.instructions:
        if i.operation == "select" and not i.native:
            if not i.named:
                (whole,) = i.refs
                scope[i.target] = scope[whole][i.attributes["index"]]
            continue
        found = _expression(i, scope, lowerings)
        names = [part.target for part in chosen.get(i.target, ())]
        if names or i.named:
            written.append(f"{', '.join(names) or i.target} = {found.text}")
        else:
            scope[i.target] = found
    return written


def _expression(i: Instruction, scope: Mapping[str, Code], lowerings: Lowerings) -> Code:
    arguments: list[Any] = [
        scope.get(a.name, Code(a.name))
        if isinstance(a, Ref)
        else a.value
        if isinstance(a, Const)
        else a
        for a in i.arguments
    ]
    if i.native:
        return Code(i.operation)(*arguments, **i.attributes)
    if i.operation in _INFIX:
        return _infix(_INFIX[i.operation])(*arguments)
    if i.operation == "negative":
        return -arguments[0]
    if i.operation == "getitem":
        return arguments[0][i.attributes["index"]]
    attributes = {k: tuple(v) if isinstance(v, list) else v for k, v in i.attributes.items()}
    return _written(i.operation, arguments, attributes, lowerings)


def _written(
    operation: str, arguments: Iterable[Any], given: dict[str, Any], lowerings: Lowerings
) -> Code:
    """The call that a lowering makes, as text."""
    name, function, unsaid = lowerings.spelling(operation)
    told = {k: v for k, v in unsaid.items() if v is not None and v is not False}
    plain = not told and not given and lowerings.function(name) is not None
    if function is None or plain:
        return Code(name)(*arguments, **lowerings.renamed({**told, **given}))
    try:
        found = _rewritten(function)(*arguments, **{**unsaid, **given})
    except Exception:  # noqa: BLE001  whatever it asks of an array that is only a name
        found = None
    if isinstance(found, Code):
        return found
    return Code(f'{OURS}["{operation}"]')(*arguments, **given)


def _rewritten(function: Callable[..., Any]) -> Callable[..., Any]:
    """A lowering that writes its calls down: the same code, with other modules in its globals."""
    if isinstance(function, partial):
        return partial(_rewritten(function.func), *map(_named, function.args), **function.keywords)
    if not isinstance(function, FunctionType):
        raise Unsupported("its spelling cannot be written down")
    ours = function.__module__.startswith(__package__ or "gradparity")
    names = function.__code__.co_names
    changed = {
        name: _named(value) if isinstance(value, ModuleType) else _rewritten(value)
        for name, value in function.__globals__.items()
        if name in names and (isinstance(value, ModuleType) or (ours and _is_ours(value)))
    }
    copy = FunctionType(
        function.__code__,
        {**function.__globals__, **changed},
        function.__name__,
        function.__defaults__,
        function.__closure__,
    )
    copy.__kwdefaults__ = function.__kwdefaults__
    return copy


def _is_ours(value: Any) -> bool:
    return isinstance(value, FunctionType) and "_lowerings" in value.__module__


def _named(value: Any) -> Any:
    return Code(value.__name__) if isinstance(value, ModuleType) else value


def data(x: np.ndarray) -> str:
    """An array's numbers as Python writes them, exactly."""
    wide = x.astype(np.complex128 if x.dtype.kind == "c" else np.float64)
    return text_of((x if x.dtype.kind in "biu" else wide).tolist())


def joined(*parts: Iterable[str]) -> str:
    """Each part's statements on one line where they fit, else on one each."""
    written: list[str] = []
    for part in map(list, parts):
        joined = "; ".join(part)
        short = len(joined) <= WIDTH and not any("\n" in one for one in part)
        written += [joined] if short else part
    return "\n".join(line for line in written if line)


def printed(values: Iterable[tuple[str, str]]) -> str:
    """A call of print: each label with an expression."""
    parts = [f'"{label} =", {text}' for label, text in values]
    return f"print({', '.join(parts)})"


def ones(task: Task, output: np.ndarray) -> bool:
    """Whether the output is contracted with ones."""
    return bool(np.all(task.cotangent(output.shape) == 1))


def cotangent(task: Task, output: np.ndarray) -> np.ndarray:
    """What the output is contracted with, in its dtype."""
    g = np.broadcast_to(task.cotangent(output.shape), output.shape)
    return (g if output.dtype.kind == "c" else np.real(g)).astype(output.dtype)


def from_file(file: str, key: str) -> str:
    """An array of a file of the package."""
    return f'numpy.load(files("gradparity.cases") / "data/{file}")["{key}"]'


def batches(task: Task) -> list[str]:
    """Statements that take a step's rows of the inputs, each from what was called ``all_…``.

    Raises
    ------
    Unsupported
        Where they are shuffled.
    """
    if task.batch is None:
        return []
    if task.batch.order != "sequential":
        raise Unsupported("shuffled batches are not written down")
    rows = {k: x.shape[0] for k, x in task.inputs.items() if x.ndim}
    count, size = min(rows.values()), task.batch.size
    picked = f"[(step * {size} + k) % {count} for k in range({size})]"
    return [f"{k} = all_{k}[numpy.array({picked})]" for k in rows]


def held(task: Task, name: str, x: np.ndarray) -> str:
    """What an input is called as a whole: a step may see some of its rows only."""
    return f"all_{name}" if task.batch is not None and x.ndim else name


def imports(task: Task, body: Iterable[str], framework: str) -> list[str]:
    """What the reading of files, the batches and composed operations need."""
    composed = any(f"{OURS}[" in line for line in body)
    ours = [f"from gradparity.adapters.{framework}_lowerings import {OURS}"] if composed else []
    numpy = ["import numpy"] if task.files or task.batch is not None else []
    return ours + numpy + (["from importlib.resources import files"] if task.files else [])
