"""The reference as an adapter, and as the truth that adapters are held against."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from ..cases.task import SCALE, Task
from ..cases.training_parts import FEATURES
from ..refimpl.errors import AdapterFailed, Unsupported
from ..refimpl.operation import Operation
from ..refimpl.ops import TABLE
from ..refimpl.optimizers import RULES
from ..refimpl.optimizers.rule import UpdateRule
from ..refimpl.rounding import Noise, NoisyArray
from ..refimpl.tape import Node, Tape
from .base import Adapter, Cotangent, Step, Trace, watched
from .interpret import arrays_of, failures, interpret
from .metering import Meter
from .on_tape import OnTape
from .reference_training import OWN, Order, ReferenceTraining, Tables
from .reference_ways import Arithmetic, hvp, jvp
from .standing import Standing
from .values import HALVES, cotangent_of, dtype_of, in_dtype, kind_of, real_of

Arrays = dict[str, Any]

#: Is shown a step, the name of a variable, and its node.
Watch = Callable[[int, str, Node], None]


class NumpyAdapter(Adapter):
    """The reference at the task's own dtype."""

    name = "numpy"
    able = frozenset(FEATURES)

    def __init__(
        self,
        rows: Mapping[str, Operation] = TABLE,
        rules: Mapping[str, UpdateRule] = RULES,
    ) -> None:
        self._rows, self._rules = rows, rules

    def version(self) -> str:
        """NumPy's."""
        return np.__version__

    def run(self, task: Task) -> Trace:
        """Run a task on the reference."""
        return reference(task, rows=self._rows, rules=self._rules)

    def jvp(self, task: Task) -> dict[str, Cotangent]:
        """By the VJPs, read the other way."""
        return jvp(task, Arithmetic(task, rows=self._rows))

    def hvp(self, task: Task) -> dict[str, Cotangent]:
        """By dual numbers on the tape."""
        return hvp(task, Arithmetic(task, rows=self._rows))

    def vmap(self, task: Task, batched: str) -> dict[str, Cotangent]:  # noqa: ARG002  one slice alone
        """The slice by itself, as a loop over slices has it: the reference adds no axis."""
        step = reference(replace(task, steps=1, update=None), rows=self._rows).steps[0]
        return {**step.values, **{name: step.grads.get(name) for name in task.params}}

    def has(self, operation: str) -> str:
        """The reference's own row."""
        return f"refimpl.{operation}" if operation in self._rows else ""


def reference(
    task: Task,
    *,
    dtype: Any = None,
    noise: Noise | None = None,
    rows: Mapping[str, Operation] = TABLE,
    rules: Mapping[str, UpdateRule] = RULES,
    watch: Watch | None = None,
    meter: Meter | None = None,
    condition: Noise | None = None,
    order: Order | None = None,
) -> Trace:
    """Run a task on the reference.

    Constants and the output's cotangent are rounded to the task's dtype before they are widened,
    so that the truth answers the very question the frameworks were asked. Hyperparameters are
    taken as written, and noise moves them by a unit, for a framework may round them or not.

    Parameters
    ----------
    task
        What to run.
    dtype
        To compute in, and of what is returned: ``np.longdouble`` for the truth of float64. None
        for the task's own; float16 and bfloat16 are then computed in float32, each operation's
        result rounded.
    noise
        Moves every result at random within its rounding bound; inputs are not moved themselves.
        What is returned has the dtype that was computed in.
    rows, rules
        The operations and the update rules; other tables than the reference's own are for
        planting faults in them.
    watch
        Shown every variable's node on the tape as it is assigned.
    meter
        Charged for every operation before it is computed.
    condition
        Moves, at random, by a unit of its dtype, what every operation is given and what it hands
        back, and leaves its formula's own arithmetic alone: to be run in wider precision.
    order
        What goes around an update otherwise than it should, for planting faults.

    Raises
    ------
    TooLarge
        Where an operation takes more than the meter has left.
    Unsupported
        Where the program calls a framework's own functions.
    AdapterFailed
        Where an operation cannot be computed.
    """
    started = time.perf_counter()
    with np.errstate(all="ignore"), failures():
        steps = _Run(
            *(task, dtype, noise, rows, Tables(rules, order=order or Order())),
            watch=watch,
            meter=meter,
            condition=condition,
        ).steps()
    return Trace(steps, time.perf_counter() - started)


def updates(
    task: Task,
    given: Iterable[tuple[Arrays, Arrays, Any]],
    *,
    dtype: Any = None,
    noise: Noise | None = None,
    tables: Tables = OWN,
) -> list[Step]:
    """The reference's update alone, of parameters, gradients and a loss that are given each step.

    What the rule remembers goes on from step to step; parameters do not.

    Parameters
    ----------
    task
        It has an update.
    given
        For each step the parameters before it, their gradients, and the loss.
    dtype, noise
        As for ``reference``.
    tables
        The rules, schedules and clips.

    Raises
    ------
    Unsupported, AdapterFailed
        As ``reference`` does.
    """
    with np.errstate(all="ignore"), failures():
        return _Run(task, dtype, noise, TABLE, tables).updates(given)


class _Run:
    """One task on the tape, step by step."""

    def __init__(
        self,
        task: Task,
        dtype: Any,
        noise: Noise | None,
        rows: Mapping[str, Operation],
        tables: Tables,
        watch: Watch | None = None,
        meter: Meter | None = None,
        condition: Noise | None = None,
    ) -> None:
        program = task.program("numpy")
        if program is None:
            raise Unsupported("the case has no program text for numpy")
        self.task, self.program, self.noise = task, program, noise
        self.rows, self.tables, self.watch, self.meter = rows, tables, watch, meter
        half = task.dtype in HALVES
        self.compute = np.dtype(
            dtype if dtype is not None else np.float32 if half else dtype_of(task.dtype)
        )
        emulated = half and dtype is None and noise is None
        self.returned = dtype_of(task.dtype) if emulated else self.compute
        self.rounding: Callable[[Any], Any] | None = None
        self.feeding: Callable[[Any], Any] | None = None
        self.standing: Standing | None = None
        self._emulated = False
        if task.dtypes or task.loss_scale is not None:
            self._emulated = dtype is None and noise is None
            self.standing = Standing(emulated=self._emulated, noise=noise, condition=condition)
        if condition is not None:
            self.rounding = self.feeding = condition.jittered
        elif noise is not None:
            self.rounding = self._fed
        elif emulated:
            self.rounding = self._narrowed

    def steps(self) -> list[Step]:
        """Every step of the task."""
        task = self.task
        params = {name: self._fed(x) for name, x in task.params.items()}
        training = (
            ReferenceTraining(task, params, self._number, self.tables) if task.update else None
        )
        steps, carried = [], {}
        for number in range(task.steps):
            scale = 1.0 if task.loss_scale is None else task.loss_scale.init
            scale = scale if training is None else training.scale
            step, grads, carried = self._step(number, params, carried, scale)
            if training is not None:
                loss = step.values.get(self.program.output)
                moved, slots = training.step(params, grads, loss)
                params = {name: self._settled(x, name) for name, x in moved.items()}
                training.settle(self._settled)
                step.params = {name: self._out(x, name) for name, x in params.items()}
                step.slots = {name: self._out(x, name) for name, x in slots.items()}
            steps.append(step)
        return steps

    def updates(self, given: Iterable[tuple[Arrays, Arrays, Any]]) -> list[Step]:
        """The update alone, of what is given each step."""
        start = {name: self._fed(x) for name, x in self.task.params.items()}
        training = ReferenceTraining(self.task, start, self._number, self.tables)
        steps = []
        for params, grads, loss in given:
            held = {name: self._fed(x) for name, x in params.items()}
            pulled = {name: None if g is None else self._fed(g) for name, g in grads.items()}
            moved, slots = training.step(held, pulled, loss)
            training.settle(self._settled)
            settled = {k: self._out(self._settled(x, k), k) for k, x in moved.items()}
            steps.append(Step(params=settled, slots={k: self._out(x, k) for k, x in slots.items()}))
        return steps

    def _step(
        self, number: int, params: Arrays, carried: Arrays, scale: float
    ) -> tuple[Step, Arrays, Arrays]:
        """One forward and backward pass; the parameters' cotangents, and what is carried on."""
        task, mixed = self.task, self.standing is not None
        tape = Tape(self.rounding, self.feeding, self.standing)
        leaves = {
            name: tape.leaf(self._fed(x), differentiated=False, stands_for=task.dtype_at(name))
            for name, x in {**task.rows(number), **carried}.items()
        }
        for name, x in params.items():
            smooth = kind_of(x.dtype) in "fc"
            leaves[name] = tape.leaf(x, differentiated=smooth, stands_for=task.dtype_at(name))
        after, program = number - self.task.whole_step, self.program
        watch = None if self.watch is None else partial(self.watch, number)
        if self.meter is not None:
            self.meter.begin(sum(node.value.size for node in leaves.values()))
        stands_for = task.dtype_at if mixed else None
        of = dtype_of(task.dtype)
        dialect = OnTape(tape, self.compute, of, self.rows, watch, self.meter, stands_for)
        nodes = interpret(program, leaves, dialect, task.dtype, task.dtypes)
        everything = {**leaves, **nodes}
        followed = [name for name in watched(program, params, after) if name in everything]
        for name in followed:
            everything[name].kept = True
        output = everything[program.output]
        kept = {program.output, *task.state.values()}
        values = arrays_of({k: n.value for k, n in nodes.items() if after == 0 or k in kept})
        values = {name: self._out(value, name) for name, value in values.items()}
        shape, kind = np.shape(output.value), kind_of(output.value.dtype)
        g = self._fed(cotangent_of(task, shape, kind, program.output))
        if task.loss_scale is not None:
            g = g * np.asarray(scale, g.dtype)
            g = self.standing.made(g, output.stands_for) if self.standing is not None else g
        tape.backward(output, g)
        grads = {
            name: None if everything[name].cotangent is None else everything[name].cotangent
            for name in followed
            if _has_gradient(everything[name].value)
        }
        step = Step(values, {k: None if g is None else self._out(g, k) for k, g in grads.items()})
        carried = {name: everything[made].value for name, made in task.state.items()}
        for name, value in carried.items():
            was = leaves[name].value
            if np.shape(value) != np.shape(was):
                raise AdapterFailed(
                    f"the state {name} has the shape {list(np.shape(was))}, and "
                    f"{task.state[name]}, which it is at the next step, {list(np.shape(value))}"
                )
        return step, {name: leaves[name].cotangent for name in params}, carried

    def _fed(self, x: Any) -> Any:
        """An array in the dtype that is computed in, noisy where there is noise."""
        if type(x) is NoisyArray:
            return x
        x = in_dtype(x, self.compute)
        return x if self.noise is None or x.dtype.kind not in "fc" else self.noise.array(x)

    def _narrowed(self, x: Any) -> Any:
        """A result rounded to the half type it stands for."""
        if kind_of(x.dtype) != "f":
            return x
        return np.asarray(x).astype(self.returned).astype(self.compute)

    def _number(self, value: Any, size: Any = None) -> Any:
        """A hyperparameter; noise moves it by a unit of its own or of another size."""
        if isinstance(value, bool) or value is None:
            return value
        value = np.asarray(value, real_of(self.compute))
        if self.noise is None:
            return value
        # Optimizers hold them in float32 at least: 0.999 is one in bfloat16.
        size = np.abs(value if size is None else size)
        return self.noise.in_dtype(self.compute).moved(value, size)

    def _settled(self, x: Any, name: str = "") -> Any:
        """A parameter or a slot as it is stored between steps."""
        if self.standing is not None and name:
            return self.standing.made(x, self.task.dtype_at(name))
        return (self.rounding or (lambda x: in_dtype(x, self.compute)))(x)

    def _out(self, x: Any, name: str) -> np.ndarray:
        """As handed back: a plain array of its own, in the dtype of the variable."""
        plain = np.asarray(x).view(np.ndarray)
        own = self._emulated and (self.task.dtypes or name.endswith(SCALE))
        returned = dtype_of(self.task.dtype_at(name)) if own else self.returned
        return np.array(in_dtype(plain, returned))


def _has_gradient(value: Any) -> bool:
    """Whether a variable is one array of numbers that can be moved by a little."""
    return not isinstance(value, tuple) and kind_of(value.dtype) in "fc"
