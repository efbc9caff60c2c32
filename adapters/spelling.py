"""Writes down how a framework is called, by the very code that calls it.

What turns a rule into calls takes the framework's module as an argument; given a ``Library`` in its
place, the calls come back as text.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from typing import Any


class Text:
    """A call as it is written; it can be called in turn, as a schedule is."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __call__(self, *arguments: Any, **keywords: Any) -> Text:
        """The call of what it stands for."""
        given = [*map(text_of, arguments), *(f"{k}={text_of(v)}" for k, v in keywords.items())]
        return Text(f"{self.text}({', '.join(given)})")


class Library:
    """A module, or a part of one, whose calls are written down and not made."""

    def __init__(self, real: Any, name: str) -> None:
        self._real, self._name = real, name
        self.said = name

    def __getattr__(self, name: str) -> Library:
        return Library(getattr(self._real, name), f"{self._name}.{name}")

    def __call__(self, *arguments: Any, **keywords: Any) -> Text:
        """The call, written down."""
        return Text(call_text(self._name, self._real, arguments, keywords))


def said(text: str, function: Callable[..., Any]) -> Any:
    """A function with the text to show for it."""
    function.said = text  # type: ignore[attr-defined]
    return function


def call_text(name: str, real: Any, arguments: Any, keywords: dict[str, Any]) -> str:
    """A call, each argument by its name, without those that are the function's own defaults."""
    signature = inspect.signature(real)
    bound = signature.bind_partial(*arguments, **keywords)
    parts: list[str] = []
    for key, value in bound.arguments.items():
        parameter = signature.parameters[key]
        if parameter.kind is parameter.VAR_POSITIONAL:
            parts += [text_of(x) for x in value]
        elif key == "lr" or not _same(value, parameter.default):
            first = key in ("params", "parameters", "optimizer", "transforms", "param_labels")
            parts.append(text_of(value) if first else f"{key}={text_of(value)}")
    return f"{name}({', '.join(parts)})"


def text_of(value: Any) -> str:
    """A value as Python writes it; calls, functions and what is inside of mappings as said."""
    if isinstance(value, Text):
        return value.text
    if isinstance(value, dict):
        return f"{{{', '.join(f'{k!r}: {text_of(v)}' for k, v in value.items())}}}"
    if isinstance(value, (list, tuple)):
        inside = ", ".join(map(text_of, value))
        return f"[{inside}]" if isinstance(value, list) else f"({inside}{',' * (len(value) == 1)})"
    if callable(value):
        return getattr(value, "said", value.__name__)
    if isinstance(value, float):
        # What is shown is not what is computed with: 0.1 for a tenth of an odd sum.
        return repr(float(f"{value:.12g}")) if math.isfinite(value) else f"float('{value}')"
    return repr(value)


def _same(value: Any, default: Any) -> bool:
    plain = isinstance(value, (bool, int, float, str, tuple, type(None)))
    return plain and type(value) in (type(default), int, float) and value == default
