"""Expressions that are written down in place of being computed."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ...refimpl.errors import Unsupported


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

    def __format__(self, spec: str) -> str:
        raise Unsupported("what is written down is no part of a name")

    def __neg__(self) -> Code:
        return Code(f"-{self.part}", atom=False)

    __hash__ = object.__hash__


def infix(sign: str) -> Callable[[Any, Any], Code]:
    """An operator: ``infix("+")(a, b)`` is ``a + b``."""
    return lambda a, b: Code(f"{part_of(a)} {sign} {part_of(b)}", atom=False)


for _name, _sign in (("add", "+"), ("sub", "-"), ("mul", "*"), ("truediv", "/"), ("pow", "**")):
    setattr(Code, f"__{_name}__", infix(_sign))
    setattr(Code, f"__r{_name}__", lambda a, b, sign=_sign: infix(sign)(b, a))
for _name, _sign in (
    ("lt", "<"),
    ("le", "<="),
    ("gt", ">"),
    ("ge", ">="),
    ("eq", "=="),
    ("ne", "!="),
):
    setattr(Code, f"__{_name}__", infix(_sign))


def text_of(value: Any) -> str:
    """A value as Python writes it.

    Raises
    ------
    Unsupported
        For a function or a class that has no name which a snippet could call.
    """
    if isinstance(value, Code):
        return value.text
    if isinstance(value, type) and value.__module__ == "builtins":
        return value.__name__
    if callable(value):
        raise Unsupported("a function is not written down")
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


def data(x: np.ndarray) -> str:
    """An array's numbers as Python writes them, exactly."""
    wide = x.astype(np.complex128 if x.dtype.kind == "c" else np.float64)
    return text_of((x if x.dtype.kind in "biu" else wide).tolist())
