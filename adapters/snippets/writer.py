"""A task as a short program of a framework's: what is the same for all, round what each says."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import replace
from typing import ClassVar

import numpy as np

from ...cases.task import Task
from ...refimpl.errors import Unsupported
from ..base import Shown
from ..lowering import Lowerings
from .code import data, text_of
from .looping import word
from .statements import OURS, statements

#: What fits a line of a snippet.
WIDTH = 110

#: A label that is printed, and the expression printed after it.
Labelled = tuple[str, str]


class Writer(ABC):
    """Writes one task down: its arrays, its program, and a print of what is asked for.

    Parameters
    ----------
    task
        It has a text for the framework.
    shown
        What is printed; a task that trains prints its parameters after the last step.
    mode
        As ``Adapter.mode`` has it.

    Raises
    ------
    Unsupported
        Where an operation's spelling cannot be written down.
    """

    #: The adapter's name, its spellings, and its functions for an array of numbers, of zeros
    #: of a shape, and of ones like another.
    framework: ClassVar[str]
    lowerings: ClassVar[Lowerings]
    new: ClassVar[str]
    zeros: ClassVar[str]
    ones_like: ClassVar[str]

    def __init__(self, task: Task, shown: Shown, mode: str) -> None:
        program = task.program(self.framework)
        assert program is not None, "the case has a text for the framework"
        # The constants of a captured text have names that no text can have, and are in none.
        own = {k: x for k, x in task.inputs.items() if k.isidentifier()}
        task = replace(task, inputs=own)
        # A body's variables are not to be had outside of the loop.
        told = tuple(k for k in shown.values if "/" not in k)
        self.task, self.program = task, program
        self.shown, self.mode = replace(shown, values=told), mode
        self.output = word(program.output)
        self.body = statements(task, program, self.lowerings, self.number)

    def text(self) -> str:
        """The program.

        Raises
        ------
        Unsupported
            Where batches are shuffled, or the framework cannot express the update.
        """
        task = self.task
        head = [*self.imports(), *_imports(task, self.body, self.framework), *self.settings()]
        head += [f"{self._held(k)} = {self._input(k)}" for k in task.inputs]
        head += [f"{k} = {self.array(x, param=True)}" for k, x in task.params.items()]
        if task.update is not None:
            return _joined(head, *self._trained())
        lines, grads = self.gradients()
        values = [(k, self.shown_value(word(k))) for k in self.shown.values]
        return _joined(head, [*lines, _printed([*values, *grads])])

    def shown_value(self, name: str) -> str:
        """The expression that a variable is printed by."""
        return f"{name}.tolist()"

    @abstractmethod
    def imports(self) -> list[str]:
        """Statements that import the framework."""

    def settings(self) -> list[str]:
        """Statements that set it up as its adapter runs it."""
        return []

    @abstractmethod
    def dtype(self, name: str) -> str:
        """The argument that gives an array NumPy's dtype of that name."""

    def shape(self, shape: tuple[int, ...]) -> str:
        """The argument that gives zeros their shape."""
        return str(shape)

    def param(self, x: np.ndarray) -> str:  # noqa: ARG002  for frameworks that mark parameters
        """What else an array is given that is a parameter."""
        return ""

    def contracting(self, g: np.ndarray) -> np.ndarray:
        """What the framework contracts an output with, where the task contracts it with ``g``."""
        return g

    @abstractmethod
    def gradients(self) -> tuple[list[str], list[Labelled]]:
        """The program and its gradients as statements, and the gradients that are printed."""

    @abstractmethod
    def training(self) -> tuple[list[list[str]], list[str], list[Labelled]]:
        """Parts before a loop of steps, the loop's statements, and the parameters after it."""

    def array(self, x: np.ndarray, *, param: bool = False) -> str:
        """An expression that makes an array, bit for bit."""
        # Whole numbers and booleans are of the right dtype as they stand, where there are any.
        dtype = "" if x.dtype.kind in "bi" and x.size else f", {self.dtype(x.dtype.name)}"
        made = f"{self.new}({data(x)}" if x.size else f"{self.zeros}({self.shape(x.shape)}"
        return f"{made}{dtype}{self.param(x) if param else ''})"

    def number(self, value: float) -> str:
        """An expression that makes a number an array of the task's dtype."""
        return f"{self.new}({text_of(value)}, {self.dtype(self.task.dtype)})"

    def cotangent(self) -> str:
        """What the output is contracted with; an empty text where that is a real number one."""
        output = self.shown.output
        g = np.broadcast_to(self.task.cotangent(output.shape), output.shape)
        if not np.all(g == 1):
            g = g if output.dtype.kind == "c" else np.real(g)
            return self.array(self.contracting(g.astype(output.dtype)))
        real = output.dtype.kind != "c" and not output.shape
        return "" if real else f"{self.ones_like}({self.output})"

    def _held(self, name: str) -> str:
        """What an input is called as a whole: a step may see some of its rows only."""
        batched = self.task.batch is not None and name in _with_rows(self.task)
        return f"all_{name}" if batched else name

    def _input(self, name: str) -> str:
        x = self.task.inputs[name]
        if name not in self.task.files:
            return self.array(x)
        file, key = self.task.files[name]
        read = f'numpy.load(files("gradparity.cases") / "data/{file}")["{key}"]'
        return f"{self.new}({read}, {self.dtype(x.dtype.name)})"

    def _trained(self) -> list[list[str]]:
        """The optimizer, its loop, and the parameters after it."""
        before, inside, params = self.training()
        loop = [
            f"for step in range({self.task.steps}):",
            *indented([*_batches(self.task), *inside]),
        ]
        return [*before, ["\n".join(loop)], [_printed(params)]]


def indented(lines: Iterable[str]) -> list[str]:
    """Statements as they stand inside another."""
    return [f"    {line}" for line in lines]


def _joined(*parts: Iterable[str]) -> str:
    """Each part's statements on one line where they fit, else on one each."""
    written: list[str] = []
    for part in map(list, parts):
        joined = "; ".join(part)
        short = len(joined) <= WIDTH and not any("\n" in one for one in part)
        written += [joined] if short else part
    return "\n".join(line for line in written if line)


def _printed(values: Iterable[Labelled]) -> str:
    """A call of print: each label with an expression."""
    parts = [f'"{label} =", {text}' for label, text in values]
    return f"print({', '.join(parts)})"


def _with_rows(task: Task) -> dict[str, int]:
    """Inputs of which a step may see some rows, and how many they have."""
    return {k: x.shape[0] for k, x in task.inputs.items() if x.ndim and k not in task.state}


def _batches(task: Task) -> list[str]:
    """Statements that take a step's rows of the inputs, each from what was called ``all_…``."""
    if task.batch is None:
        return []
    if task.batch.order != "sequential":
        raise Unsupported("shuffled batches are not written down")
    rows = _with_rows(task)
    count, size = min(rows.values()), task.batch.size
    picked = f"[(step * {size} + k) % {count} for k in range({size})]"
    return [f"{k} = all_{k}[numpy.array({picked})]" for k in rows]


def _imports(task: Task, body: Iterable[str], framework: str) -> list[str]:
    """What the reading of files, the batches and composed operations need."""
    composed = any(f"{OURS}[" in line for line in body)
    ours = [f"from gradparity.adapters.{framework}_lowerings import {OURS}"] if composed else []
    numpy = ["import numpy"] if task.files or task.batch is not None else []
    return ours + numpy + (["from importlib.resources import files"] if task.files else [])
