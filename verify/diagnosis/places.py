"""Where an instruction stands, for people: its text, its line, and whose text that is."""

from __future__ import annotations

from ...cases.program import Instruction, Program


def side(adapter: str) -> str:
    """Whose text an adapter's is."""
    return "the reference's text" if adapter == "numpy" else f"{adapter}'s text"


def placed(instruction: Instruction, program: Program, text: str = "") -> str:
    """As ```a = gelu(z)`, line 2 of torch's text``."""
    line = program.line_of(instruction)
    where = f", line {line}" + (f" of {text}" if text else "") if line else ""
    turn = f", {instruction.turns[-1]}" if instruction.turns else ""
    return f"`{written(instruction)}`{where}{turn}"


def called_in_loop(instruction: Instruction) -> str:
    """The operation; of what a loop or a cond does by itself, its own name."""
    if instruction.turns and instruction.turns[-1].role:
        return instruction.turns[-1].kind.removeprefix("reverse ")
    return instruction.operation


def written(instruction: Instruction) -> str:
    """An assignment as the case has it; of a sub-expression, the expression alone."""
    if not instruction.text:
        return instruction.target
    if not instruction.named:
        return instruction.text
    return f"{instruction.target} = {instruction.text}"


def named(program: Program, instruction: Instruction) -> str:
    """The named variable that an instruction's result is, or is part of."""
    users: dict[str, Instruction] = {}
    for i in program.instructions:
        for name in i.refs:
            users.setdefault(name, i)
    while not instruction.named and instruction.target in users:
        instruction = users[instruction.target]
    return instruction.target
