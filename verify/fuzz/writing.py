"""A grown program as a case file, and as a case."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ...cases import Case, load_text
from ...refimpl.errors import BadCase
from .enclosing import Enclosed, statements
from .programs import Grown, Line

#: How long a line may grow by what is nested into it.
WIDTH = 90


def text_of(
    name: str,
    program: Grown,
    dtypes: tuple[str, ...],
    more: Sequence[str] = (),
    *,
    flat: bool = False,
    about: str = "A random program.",
    tags: Sequence[str] = ("fuzz",),
    enclosed: Enclosed | None = None,
) -> str:
    """A case file of one document.

    Parameters
    ----------
    name, program, dtypes, about, tags
        What the case is.
    more
        Further lines of YAML.
    flat
        With an operation a line; else what is short and used once stands where it is used.
    enclosed
        How some of its lines stand in a branch or in a loop, if they do.
    """
    lines = [f"case: {name}", f"about: {about}", f"tags: [{', '.join(tags)}]"]
    for key, arrays in (("inputs", program.inputs), ("params", program.params)):
        if arrays:
            lines.append(f"{key}:")
            lines += [f"  {k}: {_tensor(x)}" for k, x in arrays.items()]
    lines.append("program: |")
    if enclosed is None:
        lines += [f"  {line}" for line in _statements(program, flat=flat)]
    else:
        lines += [f"  {line}" for line in statements(program, enclosed, _line)]
    lines += [f"output: {program.output}", f"dtypes: [{', '.join(dtypes)}]", *more, ""]
    return "\n".join(lines)


def case_in(text: str, path: Path | None = None) -> Case:
    """The case of a text.

    Raises
    ------
    BadCase
        Where it is none: the table took what a case may not say.
    """
    cases, faults = load_text(text, path or Path("fuzz.yaml"))
    if faults:
        raise BadCase("; ".join(map(str, faults)) + "\n" + text)
    return cases[0]


def _statements(program: Grown, *, flat: bool) -> list[str]:
    """The program's lines; what is short and used once stands where it is used, unless flat."""
    used = [name for line in program.lines for name in line.names]
    nested: dict[str, str] = {}
    written = []
    for number, line in enumerate(program.lines):
        text = _call(line, nested)
        (first, *others) = line.targets
        once = used.count(first) == 1 and not others and first != program.output
        if not flat and once and number % 3 == 0 and len(text) < WIDTH // 2:
            nested[first] = text
        else:
            written.append(f"{', '.join(line.targets)} = {text}")
    return written


def _line(line: Line) -> str:
    return f"{', '.join(line.targets)} = {_call(line, {})}"


def _call(line: Line, nested: dict[str, str]) -> str:
    arguments = ["None" if name is None else nested.get(name, name) for name in line.arguments]
    if line.operation == "getitem":
        return f"{arguments[0]}[{_index(line.attributes['index'])}]"
    attributes = [f"{key}={_constant(value)}" for key, value in line.attributes.items()]
    return f"{line.operation}({', '.join([*arguments, *attributes])})"


def _index(index: Any) -> str:
    parts = index if isinstance(index, tuple) else (index,)
    return ", ".join(_place(part) for part in parts)


def _place(part: Any) -> str:
    if isinstance(part, slice):
        ends = ["" if end is None else str(end) for end in (part.start, part.stop)]
        return ":".join([*ends, *([] if part.step is None else [str(part.step)])])
    return "..." if part is Ellipsis else str(part)


def _constant(value: Any) -> str:
    if isinstance(value, tuple | list):
        inside = ", ".join(map(_constant, value))
        return f"({inside},)" if isinstance(value, tuple) and len(value) == 1 else f"({inside})"
    if isinstance(value, float | np.floating) and math.isinf(value):
        return "inf" if value > 0 else "-inf"
    return repr(value)


def _tensor(x: np.ndarray) -> str:
    """An array as YAML has it, where a bare number is a floating one."""
    if x.ndim or x.dtype.kind == "f":
        return _numbers(x.tolist())
    return f"{{full: [], value: {int(x)}, dtype: {x.dtype}}}"


def _numbers(held: Any) -> str:
    """Numbers as YAML has them."""
    if isinstance(held, list):
        return f"[{', '.join(map(_numbers, held))}]"
    return str(held).lower() if isinstance(held, bool) else repr(held)
