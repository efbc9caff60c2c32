"""How an error reaches a tensor: the ways between variables of a program, by their names."""

from __future__ import annotations

from collections import deque

from ...cases.program import Program


def path_to_parameter(program: Program, variable: str, params: tuple[str, ...]) -> tuple[str, ...]:
    """A way from a variable back to a parameter, by named variables."""
    ways = [way(program, variable, name) for name in params]
    return min((found for found in ways if found), key=len, default=(variable,))


def way(program: Program, start: str, end: str, *, forward: bool = False) -> tuple[str, ...]:
    """How an error in one variable's operation reaches another variable, by named variables.

    Going backwards it follows the arguments; to what is not among them, it goes by the output.
    Empty where there is no way.
    """
    if forward:
        return tuple(reversed(_upwards(program, end, start)))
    back = _upwards(program, start, end)
    if back or start == program.output:
        return back
    ahead, from_output = (
        _upwards(program, program.output, start),
        _upwards(program, program.output, end),
    )
    return (*reversed(ahead), *from_output[1:]) if ahead and from_output else ()


def _upwards(program: Program, start: str, end: str) -> tuple[str, ...]:
    """From a variable to one that it is computed from, by the fewest steps; itself included."""
    made = {i.target: i for i in program.instructions}
    before: dict[str, str] = {start: ""}
    waiting = deque([start])
    while waiting and end not in before:
        name = waiting.popleft()
        for source in made[name].refs if name in made else ():
            if source not in before:
                before[source] = name
                waiting.append(source)
    if end not in before:
        return ()
    found, name = [end], before[end]
    while name:
        if name == start or made[name].named:
            found.append(name)
        name = before[name]
    return tuple(reversed(found))
