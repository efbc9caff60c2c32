"""JAX: ``jax.grad`` of the whole program, jitted, and optax."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from ..cases.program import Program
from ..cases.task import Task
from ..cases.training_parts import FEATURES
from .base import Adapter, Cotangent, Shown, Step, Trace, watched
from .interpret import arrays_of, failures, interpret
from .jax_around import Around
from .jax_control import Looping, not_run
from .jax_lowerings import LOWERINGS
from .jax_snippets import JaxWriter
from .jax_training import slots, spelled, transformation
from .jax_ways import Setup, hvp_forward_over_reverse, jvp, placed, vmap
from .jax_width import wide
from .snippets.statements import OURS, statements
from .values import cotangent_of, differentiates, kind_of

Arrays = dict[str, Any]

#: So many compiled programs are kept: more than any case of the catalogue has points and dtypes.
KEPT = 64


class JaxAdapter(Adapter):
    """JAX on the CPU, one compiled function a program.

    Compiling costs far more than running: tasks that differ in their numbers alone, as redrawn
    ones, share a compiled function, of which the last ``KEPT`` are held.
    """

    name = "jax"
    able = frozenset(FEATURES)
    #: The platform whose first device computes.
    platform = "cpu"

    def __init__(self) -> None:
        self._device = jax.local_devices(backend=self.platform)[0]
        self._held: OrderedDict[str, _Compiled] = OrderedDict()

    def version(self) -> str:
        """JAX's, and optax's."""
        return f"{jax.__version__} (optax {optax.__version__})"

    def has(self, operation: str) -> str:
        """Its dotted name in JAX, ``composed``, or nothing."""
        return LOWERINGS.has(operation)

    def lacks(self, operation: str) -> str:
        """Why it has none, of its table of what is unsupported."""
        return LOWERINGS.lacks(operation)

    def spelled(self, task: Task) -> str:
        """The constructors' calls that a task's update is."""
        return spelled(task)

    def statements(self, task: Task) -> list[str]:
        """Its program in plain calls; none where an operation is composed of too many."""
        found = statements(task, self.program(task), LOWERINGS)
        return [] if any(OURS in line for line in found) else found

    def snippet(self, task: Task, shown: Shown) -> str:
        """A jitted function, its gradients and a print; or a loop of training."""
        return JaxWriter(task, shown, self.mode(task)).text()

    def facts(self) -> dict[str, str]:
        """Its devices."""
        return {"devices": ", ".join(map(str, jax.devices()))}

    def forget(self) -> None:
        """Drop compiled functions, its own and what JAX keeps of every one there has been."""
        self._held.clear()
        jax.clear_caches()

    def run(self, task: Task) -> Trace:
        """Run a task, with 64 bits or without whatever the importing program has set."""
        program = self.program(task)
        started = time.perf_counter()
        with self._placed(task):
            steps = self._compiled(task, program, self.mode(task)).steps(task)
        return Trace(steps, time.perf_counter() - started)

    def jvp(self, task: Task) -> dict[str, Cotangent]:
        """By ``jax.jvp``."""
        with self._placed(task):
            return jvp(self._setup(task))

    def hvp(self, task: Task) -> dict[str, Cotangent]:
        """By forward over reverse."""
        with self._placed(task):
            return hvp_forward_over_reverse(self._setup(task))

    def vmap(self, task: Task, batched: str) -> dict[str, Cotangent]:
        """By ``jax.vmap`` of ``jax.grad``."""
        with self._placed(task):
            return vmap(self._setup(task), batched)

    @contextmanager
    def _placed(self, task: Task) -> Iterator[None]:
        """Inside, JAX has 64 bits as the task asks, and computes on this adapter's device."""
        bits = jax.enable_x64(wide(task, self.program(task)))
        with failures(), bits, jax.default_device(self._device):
            yield

    def _setup(self, task: Task) -> Setup:
        return Setup(task, self.program(task), _Traced({}))

    def _compiled(self, task: Task, program: Program, mode: str) -> _Compiled:
        key = _key(task, program, mode)
        held = self._held.pop(key, None) or _Compiled(task, program, mode)
        self._held[key] = held
        if len(self._held) > KEPT:
            self._held.popitem(last=False)
        return held


def _key(task: Task, program: Program, mode: str) -> str:
    """All of a task that its compiled function depends on: everything but the arrays' numbers."""
    shapes = [
        [(name, x.dtype.name, x.shape) for name, x in arrays.items()]
        for arrays in (task.params, task.rows(0))
    ]
    around = (task.loss_scale, task.state, task.own_dtypes)
    # By its text, for 1, 1.0 and True are equal, and NaN is not.
    return repr(
        (program, mode, shapes, task.dtype, differentiates(task), task.update, _count(task), around)
    )


def _count(task: Task) -> int:
    """How many steps a schedule is told of; 0 where there is none."""
    return task.steps if task.update is not None and task.update.schedule is not None else 0


class _Compiled:
    """A program and its update as one compiled function of parameters, state and inputs."""

    def __init__(self, task: Task, program: Program, mode: str) -> None:
        self._program, self._dtype, self._dtypes = program, task.dtype, task.dtypes
        self._state = task.state
        self._differentiates = differentiates(task)
        # JAX's convention is ∂L/∂Re - i·∂L/∂Im, the contract's ∂L/∂Re + i·∂L/∂Im.
        self._turned = jnp.conj if mode != "conjugate" else lambda gradient: gradient
        self._order = [i.target for i in program.instructions]
        self._around = Around(task, transformation(task)) if task.update else None
        # Where nothing is updated, the loss is still multiplied by what it is at first.
        fixed = task.loss_scale is not None and not task.update
        self._fixed = task.loss_scale.init if fixed and task.loss_scale is not None else None
        self._differentiated = [k for k, x in task.params.items() if kind_of(x.dtype) in "fc"]
        params, inputs = placed(task.params), placed(task.rows(0))
        shapes = jax.eval_shape(self._values, params, inputs)
        leaves = {**params, **inputs}
        ways = watched(program, params, 0) if self._differentiates else []
        self._watched = [k for k in ways if k in leaves or k in shapes]
        #: Where the cotangents of variables arrive.
        self._slots = {
            k: shapes[k] for k in self._watched if k in shapes and kind_of(shapes[k].dtype) in "fc"
        }
        self._output = shapes.get(program.output, leaves.get(program.output))
        self._wrap = WRAPS.get(mode, lambda function: function)
        self._run = self._step if mode == "eager" else jax.jit(self._step)

    def steps(self, task: Task) -> list[Step]:
        """Every step of a task, the one it was made for or one of the same key."""
        params, carried = placed(task.params), {}
        state = self._around.init(params) if self._around else None
        output, name = self._output, self._program.output
        cotangent = jax.device_put(cotangent_of(task, output.shape, kind_of(output.dtype), name))
        if self._fixed is not None:
            cotangent = cotangent * jnp.asarray(self._fixed, cotangent.dtype)
        kept = {self._program.output, *self._state.values()}
        steps = []
        for number in range(task.steps):
            inputs = placed(task.rows(number)) | carried
            values, grads, params, state = self._run(params, state, inputs, cotangent)
            # jit sorts keys; the trace is in program order
            whole = number == task.whole_step
            carried = {k: values[made] for k, made in self._state.items()}
            gone = not_run(self._program, values) if self._program.branches else ()
            wanted = [k for k in self._order if k not in gone and (whole or k in kept)]
            values = {k: values[k] for k in wanted if k in values}
            step = Step(_numpy(values))
            followed = [k for k in self._watched if k not in gone and (whole or k in task.params)]
            step.grads = {k: _gradient(grads.get(k)) for k in followed}
            if self._around:
                step.params = _numpy(params)
                step.slots = _numpy(slots(task, state["optimizer"]))
                step.slots |= _numpy(self._around.slots(task, state))
            steps.append(step)
        return steps

    def _values(self, params: Arrays, inputs: Arrays) -> Arrays:
        """Every variable that is an array."""
        leaves = {**params, **inputs}
        return arrays_of(interpret(self._program, leaves, _Traced({}), self._dtype, self._dtypes))

    def _step(self, params: Arrays, state: Any, inputs: Arrays, cotangent: jax.Array) -> Any:
        """Values, cotangents, and parameters and state after the update."""
        if not self._differentiates:
            return self._values(params, inputs), {}, params, state
        if self._around:
            cotangent = self._around.scaled(cotangent, state)

        def contracted(differentiated: Arrays, slots: Arrays) -> tuple[jax.Array, Arrays]:
            leaves = {**params, **differentiated, **inputs}
            traced = _Traced(slots)
            values = interpret(self._program, leaves, traced, self._dtype, self._dtypes)
            output = {**leaves, **values}[self._program.output]
            return jnp.sum(jnp.real(jnp.conj(cotangent) * output)), arrays_of(values)

        differentiated = {k: params[k] for k in self._differentiated}
        # Nothing is computed with slots, so that an array of JAX's own would be traced for nothing.
        slots = {k: np.zeros(s.shape, s.dtype) for k, s in self._slots.items()}
        gradient = jax.grad(self._wrap(contracted), argnums=(0, 1), has_aux=True)
        found, values = gradient(differentiated, slots)
        leading, inner = jax.tree.map(self._turned, found)
        if self._around:
            gradients = {k: leading.get(k, jnp.zeros_like(x)) for k, x in params.items()}
            loss = jnp.real({**params, **inputs, **values}[self._program.output])
            loss = loss if loss.ndim == 0 else jnp.nan
            params, state = self._around.update(gradients, state, params, loss)
        return values, {**leading, **inner}, params, state


def _scanned(function: Callable[..., Any]) -> Callable[..., Any]:
    """A loss and its variables as the body of a scan of one step."""

    def scanned(*given: Any) -> tuple[Any, Any]:
        def body(total: Any, _: None) -> tuple[Any, Any]:
            loss, values = function(*given)
            return total + loss, values

        shape = jax.eval_shape(lambda: function(*given)[0])
        start = jnp.full(shape.shape, -0.0, shape.dtype)
        total, values = jax.lax.scan(body, start, None, length=1)
        return total, {k: x[0] for k, x in values.items()}

    return scanned


#: The function that is differentiated, rewritten: by the name of the variant.
WRAPS: dict[str, Callable[..., Any]] = {"checkpoint": jax.checkpoint, "scan": _scanned}


@jax.custom_vjp
def _tapped(value: jax.Array, slot: jax.Array) -> jax.Array:  # noqa: ARG001  its gradient is the point
    """``value``, bit for bit, whose cotangent arrives at ``slot`` as well."""
    return value


_tapped.defvjp(lambda value, _: (value, None), lambda _, g: (g, g))


class _Traced(Looping):
    """Instructions as calls of JAX under a trace, variables with a slot being tapped."""

    lowerings = LOWERINGS

    def kind(self, value: jax.Array) -> str:
        return kind_of(value.dtype)

    def array(self, x: np.ndarray) -> jax.Array:
        return jnp.asarray(x)

    def tap(self, name: str, value: Any) -> Any:
        return _tapped(value, self.slots[name]) if name in self.slots else value


def _numpy(arrays: Arrays) -> dict[str, np.ndarray]:
    return {name: np.array(x) for name, x in arrays.items()}


def _gradient(x: Any) -> np.ndarray | None:
    return None if x is None else np.array(x)
