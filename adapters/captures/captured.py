"""What a capture yields, and how it is built."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ...cases.program import Const, Instruction, Program, Ref


@dataclass(frozen=True)
class Place:
    """Where an instruction comes from in a user's code.

    A module path as ``blocks.0.attn``, a file, a line from 1 (0 where none is known), its text.
    """

    module: str = ""
    file: str = ""
    line: int = 0
    code: str = ""

    def __str__(self) -> str:
        """As ``blocks.0.attn: net.py:31: scores = q @ k.T``."""
        where = f"{self.file}:{self.line}" if self.file else ""
        return ": ".join(part for part in (self.module, where, self.code) if part)


@dataclass(frozen=True)
class Gap:
    """What could not be captured: the framework's name for it, why, and where."""

    operation: str
    reason: str
    place: Place


@dataclass(frozen=True)
class Custom:
    """A function whose derivative its author wrote: its name, and where it was called."""

    name: str
    place: Place


@dataclass(frozen=True)
class Captured:
    """One side of a comparison, as a program of the reference.

    ``params`` are the differentiated leaves and ``inputs`` all others (users' inputs, buffers,
    constants that were folded), NumPy arrays in the dtypes that the user's code has. ``outputs``
    maps paths in the output's tree, in order, to the variables that are handed back (a single
    output has the path ``""``); ``state`` maps a buffer or a running statistic to the variable
    that it becomes.
    """

    program: Program
    params: dict[str, np.ndarray]
    inputs: dict[str, np.ndarray]
    outputs: dict[str, str]
    state: dict[str, str] = field(default_factory=dict)
    #: Variable → where it was computed.
    places: dict[str, Place] = field(default_factory=dict)
    #: Variable → the dtype that the user's code computes it in, as ``float32``: where it is
    #: narrower than the rest, the reference, which has one dtype throughout, does not round.
    dtypes: dict[str, str] = field(default_factory=dict)
    #: Empty where all was captured.
    gaps: tuple[Gap, ...] = ()
    #: Rules of differentiation that the user wrote: the program differentiates their forward
    #: pass, which the side itself does not.
    custom: tuple[Custom, ...] = ()
    #: An output's path → its shape, None of one that is not floating; of those that are known.
    shapes: dict[str, tuple[int, ...] | None] = field(default_factory=dict)

    @property
    def whole(self) -> bool:
        """Whether everything that was met was captured."""
        return not self.gaps


class Builder:
    """Writes a program down, instruction by instruction.

    ``taken`` are names that no variable is given: those of parameters and inputs.
    """

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self.instructions: list[Instruction] = []
        self.constants: dict[str, np.ndarray] = {}
        self.places: dict[str, Place] = {}
        self.gaps: list[Gap] = []
        #: Where what is emitted now comes from.
        self.place = Place()
        self._count = 0
        self._taken = set(taken)

    def emit(self, operation: str, *arguments: Any, **attributes: Any) -> str:
        """Add an instruction; the variable that it assigns.

        An argument is the name of a variable, a number, or None for an array left out.
        """
        target = self._fresh("t")
        made = tuple(map(_argument, arguments))
        text = self.place.code or operation
        self.instructions.append(
            Instruction(
                target, operation, made, attributes, named=False, text=text, line=self.place.line
            )
        )
        self.places[target] = self.place
        return target

    def constant(self, x: Any) -> str:
        """An array that moves with no parameter, under a name of its own."""
        name = self._fresh("c")
        self.constants[name] = np.asarray(x)
        self.places[name] = self.place
        return name

    def gap(self, operation: str, reason: str) -> None:
        """Note what could not be captured, at the present place."""
        self.gaps.append(Gap(operation, reason, self.place))

    def program(self, output: str) -> Program:
        """All that was written, with the variable to differentiate."""
        return Program(tuple(self.instructions), output)

    def _fresh(self, kind: str) -> str:
        while True:
            self._count += 1
            name = f"{kind}{self._count}"
            if name not in self._taken:
                return name


def _argument(given: Any) -> Ref | Const | None:
    if given is None:
        return None
    return Ref(given) if isinstance(given, str) else Const(given)


def needed(program: Program, outputs: Iterable[str]) -> frozenset[str]:
    """The variables that outputs are computed from, themselves included."""
    wanted = set(outputs)
    for i in reversed(program.instructions):
        if i.target in wanted:
            wanted.update(i.refs)
    return frozenset(wanted)


def same(a: Captured, b: Captured) -> bool:
    """Whether two captures are one program of the same numbers, whatever their dtypes."""
    if a.program != b.program or a.outputs != b.outputs:
        return False
    leaves = [{**x.inputs, **x.params} for x in (a, b)]
    return leaves[0].keys() == leaves[1].keys() and all(
        np.array_equal(x, leaves[1][name], equal_nan=x.dtype.kind in "fc")
        for name, x in leaves[0].items()
    )


def sharing(captured: Captured, other: Captured) -> Captured:
    """A side that holds another's arrays where its parameters are the same ones."""

    def shared(name: str, x: np.ndarray) -> np.ndarray:
        held = other.params.get(name)
        if held is None or held.dtype != x.dtype or not np.array_equal(held, x):
            return x
        return held

    return replace(captured, params={k: shared(k, x) for k, x in captured.params.items()})


def constant(captured: Captured, names: Iterable[str]) -> Captured:
    """A side of whose inputs some are constants, each in the module that its name tells of."""
    found = {k for k in names if k in captured.inputs} - captured.places.keys()
    places = {k: Place(module=k.rpartition(".")[0]) for k in sorted(found)}
    return replace(captured, places={**captured.places, **places})


def renamed(captured: Captured, names: Mapping[str, str]) -> Captured:
    """A side whose leaves have other names, where they are given any."""

    def new(name: str) -> str:
        return names.get(name, name)

    def instruction(i: Instruction) -> Instruction:
        arguments = tuple(Ref(new(x.name)) if isinstance(x, Ref) else x for x in i.arguments)
        return replace(i, arguments=arguments)

    program = captured.program
    return replace(
        captured,
        program=replace(program, instructions=tuple(map(instruction, program.instructions))),
        params={new(k): x for k, x in captured.params.items()},
        inputs={new(k): x for k, x in captured.inputs.items()},
        outputs={path: new(name) for path, name in captured.outputs.items()},
        state={new(k): new(name) for k, name in captured.state.items()},
        places={new(k): x for k, x in captured.places.items()},
        dtypes={new(k): x for k, x in captured.dtypes.items()},
    )
