"""Which dtype each variable of a program has, where it casts or its tensors have their own.

Arrays that meet are promoted as the array API has it: to the narrowest dtype that holds both, of
float16 and bfloat16 to float32. A number has no part in that.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..refimpl.ops import TABLE
from .program import Instruction, Program, Ref

#: Real floating dtypes, none narrower than those before it but for the two halves.
WIDTHS = {"float16": 2, "bfloat16": 2, "float32": 4, "float64": 8}

#: The operation that changes a dtype.
CAST = "astype"


def promoted(names: Iterable[str]) -> str:
    """The dtype of what is computed of arrays of these; empty for none."""
    found = ""
    for name in names:
        if not found or WIDTHS[name] > WIDTHS[found]:
            found = name
        elif name != found and WIDTHS[name] == WIDTHS[found]:
            found = "float32"
    return found


def casts(program: Program) -> bool:
    """Whether a program changes a dtype."""
    return any(i.operation == CAST and not i.native for i in program.instructions)


def dtypes_of(program: Program, own: Mapping[str, str], dtype: str) -> dict[str, str]:
    """The floating dtype of every variable, where it is floating.

    Parameters
    ----------
    program
        What assigns them.
    own
        The inputs and parameters that have another dtype than the case's.
    dtype
        The case's.
    """
    found = dict(own)
    for i in program.instructions:
        if i.operation == CAST and not i.native:
            found[i.target] = i.attributes["dtype"]
        else:
            met = [found.get(name, dtype) for name in _promoting(i)]
            found[i.target] = promoted(met) or dtype
    return found


def _promoting(instruction: Instruction) -> list[str]:
    """The arguments whose dtypes meet: not indices and masks, where the operation has others."""
    refs = [(k, a.name) for k, a in enumerate(instruction.arguments) if isinstance(a, Ref)]
    row = None if instruction.native else TABLE.get(instruction.operation)
    if row is not None:
        flowing = [name for k, name in refs if row.differentiable(k)]
        if flowing:
            return flowing
    return [name for _, name in refs]
