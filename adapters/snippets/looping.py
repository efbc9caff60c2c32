"""Loops and conds of a program as statements: functions, and what calls them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from ..rolling import Branched, Rolled
from .code import Code

#: Instructions as statements, by what variables are called in them.
Write = Callable[[Sequence[object], dict[str, Code], int, Callable[[str], str]], list[str]]


def word(name: str) -> str:
    """A variable's name as Python has names: ``h[2]`` is ``h_2_``."""
    return name if name.isidentifier() else re.sub(r"\W+", "_", name)


def local(name: str) -> str:
    """What a variable of a body is called in it: ``h`` of ``step/h[3]``."""
    return word(name.rpartition("/")[2].partition("[")[0].lstrip(":"))


def loop_lines(
    loop: Rolled,
    scope: dict[str, Code],
    write: Write,
    stack: Callable[[Code], Code],
    name: Callable[[str], str],
    *,
    jax: bool,
) -> list[str]:
    """The function, the loop, and the names that it gives.

    Parameters
    ----------
    loop, scope
        The loop, and how variables outside of it are written.
    write
        Writes the body.
    stack
        How the framework puts arrays side by side.
    name
        What a variable outside of it is called.
    jax
        Whether it is JAX's own loop that is written, or Python's.
    """
    first = loop.turns[0]
    function = word(first[0].turns[loop.depth].loop.rpartition("/")[2].partition("[")[0])
    starts = [scope[i.refs[0]].text for i in loop.having("start", loop.before)]
    whole = {i.target: scope[i.refs[0]].part for i in loop.having("each", loop.before)}
    xs = [whole[i.refs[0]] for i in loop.having("slice", first)]
    inner = dict(scope)
    found = [local(i.target) for i in loop.having("in", first)]
    parts = [local(i.target) for i in loop.having("slice", first)]
    for i in (*loop.having("in", first), *loop.having("slice", first)):
        inner[i.target] = Code(local(i.target))
    body = [i for i in first if not loop.role(i)]
    lines = write(body, inner, loop.depth + 1, local)
    carries = [inner[i.refs[0]].text for i in loop.having("carry", first)]
    outs = [inner[i.refs[0]].text for i in loop.having("out", first)]
    head = [
        f"{_listed(names)} = {given}"
        for names, given in ((found, "carried_"), (parts, "slices_"))
        if names
    ]
    returned = f"return {_tuple(carries)}, {_tuple(outs)}"
    written = [f"def {function}(carried_, slices_):"]
    written += [f"    {line}" for line in (*head, *lines, returned)]
    carried, left = f"{function}_carried", f"{function}_left"
    length = len(loop.turns)
    if jax and loop.kind == "map" and xs:
        call = f"jax.lax.map(lambda slices_: {function}((), slices_)[1], {_tuple(xs)})"
        written.append(f"{left} = {call}")
    elif jax:
        turned = ", reverse=True" if loop.reverse else ""
        call = f"jax.lax.scan({function}, {_tuple(starts)}, {_tuple(xs)}, length={length}{turned})"
        written.append(f"{carried}, {left} = {call}")
    else:
        turns = f"reversed(range({length}))" if loop.reverse else f"range({length})"
        slices = _tuple([f"{x}[turn_]" for x in xs])
        written += [
            f"{carried}, {left} = {_tuple(starts)}, []",
            f"for turn_ in {turns}:",
            f"    {carried}, made_ = {function}({carried}, {slices})",
            f"    {left}.append(made_)",
        ]
    places = _places(loop)
    for i in loop.after:
        if loop.role(i) == "stack":
            k = places[i.refs]
            column = f"[made_[{k}] for made_ in {left}{'[::-1]' if loop.reverse else ''}]"
            value = f"{left}[{k}]" if jax else stack(Code(f"*{column}")).text
        else:
            ends = [c.target for c in loop.having("carry", loop.turns[-1])]
            value = f"{carried}[{ends.index(i.refs[0])}]"
        written.append(f"{name(i.target)} = {value}")
        scope[i.target] = Code(name(i.target))
    return written


def branch_lines(
    branched: Branched,
    scope: dict[str, Code],
    write: Write,
    name: Callable[[str], str],
    *,
    jax: bool,
) -> list[str]:
    """The two functions, what calls one of them, and the names that it gives.

    Parameters
    ----------
    branched, scope
        The cond, and how variables outside of it are written.
    write, name
        As for ``loop_lines``.
    jax
        Whether it is ``jax.lax.cond`` that is written, or an ``if``.
    """
    given = {i.target: scope[i.refs[0]].text for i in branched.before if branched.role(i)}
    functions, lines = [word(one) for one in branched.names], []
    for number, function in enumerate(functions):
        found = {i.refs[0]: i.target for i in branched.found(number)}
        parameters = [local(found[k]) for k in given if k in found] or ["*_"] * bool(given)
        inner = scope | {target: Code(local(target)) for target in found.values()}
        inner |= {i.target: scope[i.refs[0]] for i in branched.before}
        own = branched.branches[number]
        body = write([i for i in own if not branched.role(i)], inner, branched.depth + 1, local)
        outs = [inner[i.refs[0]].text for i in own if branched.role(i) == "out"]
        lines.append(f"def {function}({', '.join(parameters)}):")
        lines += [f"    {line}" for line in (*body, f"return {_tuple(outs)}")]
    one, other = functions
    passed, made = ", ".join(given.values()), f"{one}_or_{other}"
    guard = scope[branched.guard].text
    if jax:
        call = ", ".join([guard, one, other, *given.values()])
        lines.append(f"{made} = jax.lax.cond({call})")
    else:
        lines += [
            f"if {guard}:",
            f"    {made} = {one}({passed})",
            "else:",
            f"    {made} = {other}({passed})",
        ]
    for k, i in enumerate(branched.after):
        value = f"{made}[{k}]"
        if i.named:
            lines.append(f"{name(i.target)} = {value}")
            value = name(i.target)
        scope[i.target] = Code(value)
    return lines


def _places(loop: Rolled) -> Mapping[tuple[str, ...], int]:
    """What every turn leaves → which of what a turn leaves it is."""
    columns = zip(*(loop.having("out", turn) for turn in loop.turns), strict=True)
    found = {}
    for k, column in enumerate(columns):
        names = tuple(i.target for i in column)
        found[names[::-1] if loop.reverse else names] = k
    return found


def _tuple(parts: Sequence[str]) -> str:
    return f"({', '.join(parts)}{',' * (len(parts) == 1)})"


def _listed(parts: Sequence[str]) -> str:
    return ", ".join(parts) + "," * (len(parts) == 1)
