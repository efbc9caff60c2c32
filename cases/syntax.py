"""A program's text as Python's syntax tree, never compiled and never run."""

from __future__ import annotations

import ast
import io
import re
import tokenize
import unicodedata
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from . import limits
from .faults import Faults, Place, shown

#: Stands for ``$`` where Python's parser reads: a letter, so that ``$act`` is one name.
DOLLAR = "\N{LATIN LETTER ALVEOLAR CLICK}"

#: From (line from 1, column from 0) of the text to the place in the file.
Locate = Callable[[int, int], Place]


class Fault(Exception):
    """One thing is wrong in a program; caught where the next statement can be read on."""

    def __init__(self, message: str, node: Any, *, limit: bool = False) -> None:
        message = message.replace(DOLLAR, "$")
        super().__init__(message)
        self.message, self.node, self.limit = message, node, limit


@dataclass(frozen=True, eq=False)
class Source:
    """A text, its tree, and where it stands."""

    text: str
    tree: ast.Module
    locate: Locate
    lines: tuple[str, ...]

    def place(self, node: Any) -> Place:
        """Where a node begins in the file."""
        line, column = node.lineno, node.col_offset
        written = self.lines[line - 1] if line <= len(self.lines) else ""
        if not written.isascii():  # the parser counts bytes
            column = len(written.encode()[:column].decode(errors="ignore"))
        return self.locate(line, column)

    def segment(self, node: Any) -> str:
        """What a node was written as, on one line."""
        first, last = node.lineno - 1, node.end_lineno - 1
        lines = [line.encode() for line in self.lines[first : last + 1]]
        lines[-1] = lines[-1][: node.end_col_offset]
        lines[0] = lines[0][node.col_offset :]
        return " ".join(b" ".join(lines).decode().split()).replace(DOLLAR, "$")


def parse(text: str, locate: Locate, faults: Faults) -> Source | None:
    """The tree of a text, or None where it is no Python; the fault is added."""
    if DOLLAR in text:
        where = text.index(DOLLAR)
        line = text.count("\n", 0, where) + 1
        faults.add(f"the letter {DOLLAR}, expected ASCII names", locate(line, 0))
        return None
    readable = re.sub(r"\$(?=[A-Za-z])", DOLLAR, text)
    lines = tuple(readable.split("\n"))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(readable)
    except SyntaxError as error:
        line = min(max(error.lineno or 1, 1), len(lines))
        column = min(max((error.offset or 1) - 1, 0), len(lines[line - 1]))
        said = (error.msg or "invalid syntax").replace(DOLLAR, "$")
        faults.add(f"{said}, expected lines such as name = expression", locate(line, column))
        return None
    except (RecursionError, MemoryError, ValueError) as error:
        if isinstance(error, ValueError) and "digits" in str(error):  # Python reads no more
            faults.limit(
                "a whole number of thousands of digits, expected a smaller one", locate(1, 0)
            )
        elif isinstance(error, ValueError):
            faults.add(f"{error}, expected lines such as name = expression", locate(1, 0))
        else:
            faults.limit(_too_deep(), locate(1, 0))
        return None
    for name, line, column in _respelled(readable):
        said = f"the name {shown(name)}, expected ASCII: Python reads it as another"
        faults.add(said, locate(line, column))
        return None
    source = Source(text, tree, locate, lines)
    deepest = _too_deep_node(tree)
    if deepest is not None:
        faults.limit(_too_deep(), source.place(deepest))
        return None
    return source


def _respelled(text: str) -> Iterator[tuple[str, int, int]]:
    """Names that the parser takes for others: a full-width letter or a ligature for plain ones."""
    if text.replace(DOLLAR, "").isascii():
        return
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        name = token.string.replace(DOLLAR, "")
        if token.type == tokenize.NAME and unicodedata.normalize("NFKC", name) != name:
            yield name, *token.start


def _too_deep() -> str:
    return f"nested too deep, expected at most {limits.EXPRESSION_DEPTH} levels"


def _too_deep_node(tree: ast.Module) -> Any:
    """The first statement that is nested deeper than the limit."""
    for statement in tree.body:
        level: list[Any] = [statement]
        for _ in range(limits.EXPRESSION_DEPTH):
            level = [child for node in level for child in ast.iter_child_nodes(node)]
            if not level:
                break
        if level:
            return statement
    return None


_WORDS = {
    "Lambda": "a lambda",
    "IfExp": "a conditional expression",
    "If": "an if",
    "While": "a while loop",
    "FunctionDef": "a function",
    "AsyncFunctionDef": "a function",
    "ClassDef": "a class",
    "Import": "an import",
    "ImportFrom": "an import",
    "ListComp": "a comprehension",
    "SetComp": "a comprehension",
    "DictComp": "a comprehension",
    "GeneratorExp": "a comprehension",
    "Dict": "a dict",
    "Set": "a set",
    "BoolOp": "and/or",
    "JoinedStr": "an f-string",
    "Starred": "a starred expression",
    "NamedExpr": "an assignment inside an expression",
    "AugAssign": "an augmented assignment",
    "AnnAssign": "an annotation",
    "Await": "await",
    "Yield": "yield",
    "YieldFrom": "yield",
    "Expr": "an expression that is not assigned",
    "Pass": "pass",
    "Try": "a try",
    "With": "a with",
    "Return": "a return",
    "Delete": "a del",
    "Assert": "an assert",
    "Attribute": "an attribute",
}


def called(node: Any) -> str:
    """What a piece of Python is, in words."""
    name = type(node).__name__
    return _WORDS.get(name, f"Python's {shown(name)}")
