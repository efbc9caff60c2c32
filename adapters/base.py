"""The interface of an adapter, for this distribution and for others.

An adapter runs a task in one framework and hands back a trace. It is a class that is named in the
entry-point group ``gradparity.adapters`` of any distribution::

    [project.entry-points."gradparity.adapters"]
    mine = "my_package.my_module:MyAdapter"

CONTRIBUTING.md has a whole adapter as an example, and ``conformance.check`` says what an adapter
does otherwise than is written here. ``interpret`` and ``values`` have what most adapters need: a
walk of the program, and constants, cotangents and dtypes as every framework is to be given them.

What a task gives
-----------------
``program``
    Single assignments, each one operation of the table (``gradparity ops``): positional arguments
    are arrays and numbers, keyword ones are attributes. ``select`` takes one result of an
    operation that has several. What is in a branch is run or not as data has it
    (``Instruction.settled``), which ``interpret`` sees to. A number takes the dtype of the arrays
    it meets, after it was rounded to the task's dtype (``values.rounded``).
``params``, ``rows(step)``
    NumPy arrays in the task's dtype, or in the real counterpart of a complex one; whole numbers
    (int64) and booleans stay what they are. They are shared with other adapters and are not to be
    written to, nor handed back. ``rows`` are the inputs as a step sees them.
``dtype``
    What to compute in. bfloat16 is ml_dtypes'.
``cotangent(shape)``
    What the output is contracted with (``values.cotangent_of`` has it in the task's dtype): the
    loss is ``L = Σ Re(conj(cotangent) · output)``, and every gradient in a trace is L's.
``steps``, ``update``
    How many steps to take, and how the parameters move after each; None where they do not.
``state``, ``loss_scale``, ``own_dtypes``, and ``accumulate`` and ``ema`` of the update
    For adapters that say that they are ``able`` to: see ``cases.training_parts``.
``whole_step``
    The step of which a trace has every variable: the first one, unless blame asks for another.
``tangents()``
    The direction that parameters are moved along, where ``jvp`` or ``hvp`` is asked for.
``checks``
    What else is asked for than values, gradients and updates has a method of its own: ``jvp``,
    ``hvp``, ``vmap``. Where neither ``grad`` nor ``update`` is among them, no gradient is asked
    for, and the program may have none (``values.differentiates``).

The convention of complex gradients is ``∂L/∂Re + i·∂L/∂Im``, which is PyTorch's. A framework that
hands back the conjugate, as JAX and HIPS autograd do, has it turned by its adapter.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..cases.program import Instruction, Program, Ref
from ..cases.task import Task
from ..refimpl.errors import Unsupported
from ..refimpl.ops import TABLE

#: An array, or None where the framework handed back no gradient.
Cotangent = np.ndarray | None


@dataclass(frozen=True)
class Shown:
    """What a snippet prints: variables' values, and parameters' gradients or updates.

    ``missing`` are those whose gradient the framework does not give; ``output`` is the output's
    value, for its shape.
    """

    values: tuple[str, ...]
    grads: tuple[str, ...]
    missing: frozenset[str]
    output: np.ndarray


@dataclass
class Step:
    """One step: NumPy arrays by the name of what they are of.

    Every array is a plain ``numpy.ndarray`` (a scalar one of no axes), of its own memory, in the
    task's dtype or its real or complex counterpart, as the operation's result has it; whole
    numbers may be of any width.

    Attributes
    ----------
    values
        At the whole step of every variable that is assigned, the unnamed ones of sub-expressions
        included, in program order; of other steps the output's, and of what is carried to the next
        step (``task.state``); not of what is in a branch that was not run, which has no cotangent
        either. A variable that is several
        results at once has none, each of them that is selected has.
    grads
        The cotangents ∂L/∂v, of v's shape, that ``watched`` names: at every step of each
        parameter, at the whole one also of every variable on a differentiable way from a
        parameter to the output. What arrives at the variable from all its uses; None where the
        framework hands back no gradient: never zeros in place of it.
    params
        Every parameter after the update of this step; empty where the task has no update.
    slots
        What the optimizer remembers after it, as far as the framework tells: ``W.m`` is W's slot
        ``m``, under the name and in the shape that the reference's rule has it.
    """

    values: dict[str, np.ndarray] = field(default_factory=dict)
    grads: dict[str, Cotangent] = field(default_factory=dict)
    params: dict[str, np.ndarray] = field(default_factory=dict)
    slots: dict[str, np.ndarray] = field(default_factory=dict)


@dataclass
class Trace:
    """What a run yields: as many steps as the task has, and how long they took together."""

    steps: list[Step]
    seconds: float = 0.0


class Adapter(ABC):
    """One framework.

    Importing the module of an adapter imports its framework, and nothing else of ours does: a
    ``ModuleNotFoundError`` there is told as a framework that is not installed, with the
    requirements of the distribution's extra of the adapter's name.

    The registry makes an adapter without arguments, anew for every run and every process. It is
    given one task at a time, any number in any order; what it keeps between them (compiled
    functions) must not show in a trace: the same task gives the same trace, bit for bit. Settings
    of the framework that it changes while it runs are as they were afterwards.

    Where the framework has no way to do what a task asks for, an adapter raises ``Unsupported``
    with a message that says what is lacking: the task is counted as such, and nothing fails. It is
    for what the framework is known to be unable to express, not for what it computes wrongly or
    has no longer, and never to be answered by another computation in its place. Whatever else it
    raises is an error of the framework's (``interpret.failures`` gives it our type), and fails the
    task. ``errors.Poisoned`` says that the framework computes nothing any more in this process, as
    after an error of CUDA's that stays (``poisoning``): a worker then goes on as a new one.
    """

    #: What it can do beside a plain step, of ``cases.training_parts.FEATURES``; a task that needs
    #: another one is ``Unsupported`` and not run.
    able: frozenset[str] = frozenset()

    #: As in ``--adapters``, in the rows, and in cases (``program: {name: …}``): the name of its
    #: entry point, of letters, digits, ``-``, ``_`` and ``.``.
    name: str

    @abstractmethod
    def version(self) -> str:
        """The framework's version (and its optimizers' library's), on one line.

        Rows and records of divergences have it: what may change results belongs to it.
        """

    @abstractmethod
    def run(self, task: Task) -> Trace:
        """Run a task.

        Raises
        ------
        Unsupported
            Where the framework cannot express it: an operation, a function that is called by
            another framework's name, a dtype, an update; or the case has no text for it. The
            message says what it lacks.
        AdapterFailed
            Where the framework raised.
        """

    def jvp(self, task: Task) -> dict[str, Cotangent]:  # noqa: ARG002  for those who have it
        """The tangent ẏ = J v of every variable of the first step, v being ``task.tangents()``.

        Parameters move along v, inputs stay. A variable that does not move may be left out, or
        None.

        Raises
        ------
        Unsupported, AdapterFailed
            As ``run``: where the framework has no forward mode, or none for an operation.
        """
        raise Unsupported(f"{self.name} has no jvp")

    def hvp(self, task: Task) -> dict[str, Cotangent]:  # noqa: ARG002  for those who have it
        """For each differentiated parameter, the Hessian of ``L`` times ``task.tangents()``.

        None where the framework hands back none. Its convention is that of gradients.

        Raises
        ------
        Unsupported, AdapterFailed
            As ``run``.
        """
        raise Unsupported(f"{self.name} has no hvp")

    def vmap(self, task: Task, batched: str) -> dict[str, Cotangent]:  # noqa: ARG002  the same
        """One slice of a batch: the output's value, and the gradients of parameters.

        The framework's own function that adds an axis to a function maps the whole gradient over
        ``ways.slices`` of what is batched (``ways.is_batched``); the slice is ``ways.of_slice``.

        Parameters
        ----------
        task
            What to run, at its first step.
        batched
            An argument's name, ``ways.COTANGENT`` or ``ways.EVERYTHING``.

        Returns
        -------
        Arrays under the variables' own names.

        Raises
        ------
        Unsupported, AdapterFailed
            As ``run``.
        """
        raise Unsupported(f"{self.name} has no vmap")

    @abstractmethod
    def has(self, operation: str) -> str:
        """How it has an operation of the table.

        Returns
        -------
        Its own name for it, dotted, for people; ``composed`` where it is put together of others;
        an empty text where it has none, and for what is in no table. ``run`` agrees with it.
        """

    def lacks(self, operation: str) -> str:  # noqa: ARG002  for those who write it down
        """Why it has no such operation of the table, on one line.

        An adapter that answers this for each operation that ``has`` knows nothing of fails a task
        (``AdapterFailed``) that asks for one it knows nothing of and says nothing of: it had it,
        and has it no longer. ``lowering.Lowerings`` does so for its adapters.

        Returns
        -------
        The reason; an empty text where there is none to tell.
        """
        return ""

    def spelled(self, task: Task) -> str:  # noqa: ARG002  for those who have optimizers
        """How the update of a task that has one is written in this framework.

        Returns
        -------
        Calls of its constructors, one a line; an empty text where that is not told.

        Raises
        ------
        Unsupported
            Where the framework cannot express it.
        """
        return ""

    def statements(self, task: Task) -> list[str]:  # noqa: ARG002  for those who can write
        """A task's program as it is written in this framework, one statement a named variable.

        Returns
        -------
        The statements; none where they are not told.

        Raises
        ------
        Unsupported
            Where the framework cannot express it.
        """
        return []

    def snippet(self, task: Task, shown: Shown) -> str:  # noqa: ARG002  for those who can write
        """A task as a short Python program of its own that prints what is shown.

        Returns
        -------
        The program; an empty text where that is not told. A task that trains prints its
        parameters after the last step.

        Raises
        ------
        Unsupported
            Where it cannot be written down.
        """
        return ""

    def facts(self) -> dict[str, str]:
        """What ``gradparity doctor`` tells besides the version: devices, thread counts."""
        return {}

    def mode(self, task: Task) -> str:
        """The other way in which the case has it run, of ``cases.modes``; mostly none."""
        return task.modes.get(self.name, "")

    def forget(self) -> None:  # noqa: B027  for those who keep something
        """Let go of what is kept from task to task, as compiled functions: memory runs short."""

    def one_thread(self) -> AbstractContextManager[None]:
        """Inside, the framework keeps to one thread, where it has a setting of its own for that.

        Afterwards the setting is as it was. BLAS and OpenMP are seen to by ``threads``. How a sum
        is shared out among threads decides its last bits.
        """
        return nullcontext()

    def program(self, task: Task) -> Program:
        """The task's text for this adapter.

        Raises
        ------
        Unsupported
            Where there is none.
        """
        program = task.program(self.name)
        if program is None:
            raise Unsupported(f"the case has no program text for {self.name}")
        return program


def on_path(program: Program, params: Any) -> list[str]:
    """Parameters and variables that lie on a differentiable way from a parameter to the output.

    In program order, parameters first. These are the variables whose cotangents are compared.
    A native call is taken to be differentiable in all its arguments.

    Raises
    ------
    Unsupported
        Where an operation is in no table.
    """
    made = {i.target: i for i in program.instructions}
    ways = [(i, _sources(i, made)) for i in program.instructions]
    tracked = set(params)
    for i, sources in ways:
        if not tracked.isdisjoint(sources):
            tracked.add(i.target)
    reached = {program.output} & tracked
    for i, sources in reversed(ways):
        if i.target in reached:
            reached |= tracked.intersection(sources)
    order = [*params, *(i.target for i in program.instructions)]
    return [name for name in order if name in reached]


def watched(program: Program, params: Mapping[str, Any], number: int) -> list[str]:
    """The variables whose cotangents a step hands back, in program order, parameters first.

    Every parameter's at each step, whether or not the program uses it; at the whole one, from which
    ``number`` counts, also those of the variables on the way from a parameter to the output.

    Raises
    ------
    Unsupported
        As ``on_path`` does.
    """
    return list(dict.fromkeys([*params, *(on_path(program, params) if number == 0 else ())]))


def _sources(instruction: Instruction, made: Mapping[str, Instruction]) -> list[str]:
    """The variables that an instruction's result flows back to.

    Of several results that are made of one argument each, every one flows to its own.
    """
    if _apart(instruction):
        return []
    whole = made.get(instruction.refs[0]) if instruction.operation == "select" else None
    if whole is None or not _apart(whole):
        return [a for k, a in _refs(instruction) if _flows(instruction, k)]
    own = instruction.attributes["index"]
    return [a for k, a in _refs(whole) if k == own and _flows(whole, k)]


def _apart(instruction: Instruction) -> bool:
    row = None if instruction.native else TABLE.get(instruction.operation)
    return row is not None and row.apart


def _refs(instruction: Instruction) -> list[tuple[int, str]]:
    return [(k, a.name) for k, a in enumerate(instruction.arguments) if isinstance(a, Ref)]


def _flows(instruction: Instruction, position: int) -> bool:
    if instruction.native or instruction.operation == "select":
        return True
    row = TABLE.get(instruction.operation)
    if row is None:
        raise Unsupported(f"no operation is called {instruction.operation}")
    return row.differentiable(position)
