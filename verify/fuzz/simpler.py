"""Programs that are a step simpler than one that alarms: fewer operations, smaller, rounder.

Each function yields candidates, the boldest first. What the table refuses, or what has no finite
numbers, is none.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace

import numpy as np

from ...refimpl.ops import TABLE
from .drawing import Drawn
from .programs import ANY, Grown, Line, Refused, results

#: Digits after the point, the fewest first.
DIGITS = (0, 1, 2)

#: Numbers of a leaf are tried one by one where there are no more.
FEW = 6

Leaves = dict[str, np.ndarray]


def cost(made: Drawn) -> tuple[int, ...]:
    """What is to become smaller, the most important first."""
    program = made.program
    leaves = [*program.params.values(), *program.inputs.values()]
    asked = len(made.ways) + made.steps + len(made.optimizer)
    asked += sum(map(len, made.optimizer.values())) + (made.enclosed is not None)
    text = len(made.text(flat=True))
    return len(program.lines), asked, sum(x.size for x in leaves), len(program.params), text


def replayed(lines: list[Line], params: Leaves, inputs: Leaves) -> Grown:
    """A program of these lines, every value computed anew; Refused where there is none."""
    made = Grown(lines, params, inputs, {**params, **inputs})
    for line in lines:
        arrays = [None if name is None else made.values[name] for name in line.arguments]
        parts = results(TABLE[line.operation], arrays, line.attributes, ANY)
        if len(parts) != len(line.targets):
            raise Refused
        made.values.update(zip(line.targets, parts, strict=True))
    made = made.pruned()
    if not made.lines or not made.params or made.values[made.output].dtype.kind not in "fc":
        raise Refused
    return made


def _with(made: Drawn, lines: list[Line], params: Leaves, inputs: Leaves) -> Iterator[Drawn]:
    with suppress(Refused):
        yield replace(made, program=replayed(lines, params, inputs))


def asked_less(made: Drawn) -> Iterator[Drawn]:
    """Without a branch, an optimizer, a hyperparameter, further steps or other ways."""
    if made.enclosed is not None:
        yield replace(made, enclosed=None)
    if made.optimizer:
        yield replace(made, optimizer={}, steps=1)
    if made.steps > 1:
        yield replace(made, steps=1)
    if made.ways:
        yield replace(made, ways=())
    for rule, given in made.optimizer.items():
        for name in given:
            yield replace(made, optimizer={rule: {k: v for k, v in given.items() if k != name}})


def alone(made: Drawn) -> Iterator[Drawn]:
    """Each line by itself, what it is given as parameters and constants."""
    program = made.program
    moving = _moving(program)
    for line in program.lines:
        held = {name: program.values[name] for name in line.names}
        params = {k: x for k, x in held.items() if k in moving and x.dtype.kind == "f"}
        inputs = {k: x for k, x in held.items() if k not in params}
        yield from _with(made, [line], params, inputs)


def shorter(made: Drawn) -> Iterator[Drawn]:
    """Up to an earlier line; without a line, whose result is a parameter or what it was given."""
    program = made.program
    lines, params, inputs = program.lines, program.params, program.inputs
    for k in range(len(lines) - 1):
        yield from _with(made, lines[: k + 1], params, inputs)
    for k, line in enumerate(lines[:-1]):
        rest = lines[:k] + lines[k + 1 :]
        given = {name: program.values[name] for name in line.targets}
        if all(x.dtype.kind == "f" for x in given.values()):
            yield from _with(made, rest, {**params, **given}, inputs)
        for name in line.names:
            if len(line.targets) == 1:
                yield from _with(made, _renamed(rest, line.targets[0], name), params, inputs)


def smaller(made: Drawn) -> Iterator[Drawn]:
    """With a part of an axis, of all the leaves that have one of that length; or without it."""
    program = made.program
    leaves = [*program.params.values(), *program.inputs.values()]
    for length in sorted({n for x in leaves for n in x.shape if n > 1}, reverse=True):
        half = length // 2
        ends = [(0, 1), (length - 1, length), (0, half), (half, length), (0, length - 1)]
        for low, high in dict.fromkeys(ends):
            yield from _mapped(made, lambda x, n=length, a=low, b=high: _part(x, n, a, b))
    for axes in sorted({x.ndim for x in leaves if x.ndim}, reverse=True):
        for place in (0, -1):
            yield from _mapped(made, lambda x, n=axes, k=place: x[k] if x.ndim == n else x)


def plainer(made: Drawn) -> Iterator[Drawn]:
    """With an attribute at its default, or a parameter that is not differentiated."""
    program = made.program
    for k, line in enumerate(program.lines):
        defaults = TABLE[line.operation].attributes
        for name in line.attributes:
            if defaults.get(name, inspect.Parameter.empty) is not inspect.Parameter.empty:
                fewer = {key: v for key, v in line.attributes.items() if key != name}
                lines = [*program.lines]
                lines[k] = replace(line, attributes=fewer)
                yield from _with(made, lines, program.params, program.inputs)
    if len(program.params) > 1 and not made.optimizer:
        for name, x in program.params.items():
            others = {k: v for k, v in program.params.items() if k != name}
            yield from _with(made, program.lines, others, {**program.inputs, name: x})


def rounder(made: Drawn) -> Iterator[Drawn]:
    """With rounder numbers: all of them, those of a leaf, a number by itself."""
    floats = [k for k, x in _leaves(made.program).items() if x.dtype.kind == "f"]
    for digits in DIGITS:
        yield from _mapped(made, lambda x, d=digits: _rounded(x, d))
    for name in floats:
        for to in (1.0, 0.5):
            yield from _mapped(made, lambda x, v=to: np.full_like(x, v), name)
        for digits in DIGITS:
            yield from _mapped(made, lambda x, d=digits: _rounded(x, d), name)
        if 1 < _leaves(made.program)[name].size <= FEW:
            for place in np.ndindex(_leaves(made.program)[name].shape):
                for to in (1.0, 0, 1):
                    digits = to if isinstance(to, int) else None
                    yield from _mapped(
                        made, lambda x, i=place, v=to, d=digits: _put(x, i, v, d), name
                    )


#: In this order, as long as one of them helps.
PASSES: tuple[Callable[[Drawn], Iterator[Drawn]], ...] = (
    alone,
    asked_less,
    shorter,
    smaller,
    plainer,
    rounder,
)


def named(made: Drawn) -> Drawn:
    """The same with short names: parameters x, w, b …, the output y."""
    program = made.program
    letters = iter("xwbacdefghk")
    short = {name: next(letters, name) for name in program.params}
    short |= {name: f"c{k}" for k, name in enumerate(program.inputs)}
    made_names = [t for line in program.lines for t in line.targets if t != program.output]
    short |= {name: f"v{k}" for k, name in enumerate(made_names)} | {program.output: "y"}
    lines = [
        replace(
            line,
            targets=tuple(short[t] for t in line.targets),
            arguments=tuple(None if a is None else short[a] for a in line.arguments),
        )
        for line in program.lines
    ]
    params, inputs = (
        {short[k]: x for k, x in held.items()} for held in (program.params, program.inputs)
    )
    return replace(made, program=replayed(lines, params, inputs))


def _leaves(program: Grown) -> Mapping[str, np.ndarray]:
    return {**program.params, **program.inputs}


def _moving(program: Grown) -> set[str]:
    """What hangs on a parameter."""
    found = set(program.params)
    for line in program.lines:
        if found & set(line.names):
            found |= set(line.targets)
    return found


def _renamed(lines: list[Line], name: str, to: str) -> list[Line]:
    return [
        replace(line, arguments=tuple(to if a == name else a for a in line.arguments))
        for line in lines
    ]


def _mapped(
    made: Drawn, change: Callable[[np.ndarray], np.ndarray], only: str = ""
) -> Iterator[Drawn]:
    """With leaves changed, all of them or one."""
    program = made.program
    params, inputs = (
        {k: np.asarray(change(x)) if only in ("", k) else x for k, x in held.items()}
        for held in (program.params, program.inputs)
    )
    yield from _with(made, program.lines, params, inputs)


def _part(x: np.ndarray, length: int, low: int, high: int) -> np.ndarray:
    return x[tuple(slice(low, high) if n == length else slice(None) for n in x.shape)]


def _rounded(x: np.ndarray, digits: int) -> np.ndarray:
    return np.round(x, digits) + 0.0 if x.dtype.kind == "f" else x


def _put(x: np.ndarray, place: tuple[int, ...], to: float, digits: int | None) -> np.ndarray:
    y = x.copy()
    y[place] = to if digits is None else np.round(x[place], digits) + 0.0
    return y
