"""The reference's tangents and Hessian-vector products, with no rule but its VJPs.

A rule is linear in g, and the transpose of the operation's Jacobian: read the other way it is
forward mode, (J v)ᵢ = Re Σ conj(vjp(eᵢ))·v, operation by operation. A gradient whose parameters
are dual numbers has the Hessian's product with their tangents in its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np

from ..cases.task import Task
from ..cases.ways import COTANGENTS, along, cotangent
from ..refimpl import dual_special
from ..refimpl.dual import Dual
from ..refimpl.errors import Unsupported
from ..refimpl.operation import Operation
from ..refimpl.ops import TABLE
from ..refimpl.rounding import Noise, NoisyArray
from ..refimpl.tape import Tape, unbroadcast
from .interpret import Dialect, failures, interpret
from .on_tape import OnTape
from .values import HALVES, cotangent_of, dtype_of, in_dtype, kind_of, single

Arrays = dict[str, Any]

#: The rules that dual numbers follow come with their modules.
RULES = dual_special

#: Results of more elements than this are not pushed forward one by one.
MOST = 1024


def ways(
    task: Task,
    *,
    dtype: Any = None,
    noise: Noise | None = None,
    condition: Noise | None = None,
    rows: Mapping[str, Operation] = TABLE,
) -> dict[tuple[str, str, int], Any]:
    """What a task's checks ``jvp`` and ``hvp`` ask for, under the keys of a baseline.

    Parameters
    ----------
    task
        What to run, at its first step.
    dtype, noise, condition, rows
        As for ``numpy_reference.reference``.

    Raises
    ------
    Unsupported
        Where the program calls a framework's own functions, at a half type, and where no
        derivative of a rule is known.
    AdapterFailed
        Where an operation cannot be computed.
    """
    asked = [(way, run) for way, run in (("jvp", jvp), ("hvp", hvp)) if way in task.checks]
    if not asked:
        return {}
    arithmetic = Arithmetic(task, dtype, noise, condition, rows)
    return {(way, name, 0): x for way, run in asked for name, x in run(task, arithmetic).items()}


class Arithmetic:
    """In which dtype it is computed, and by what numbers are moved."""

    def __init__(
        self,
        task: Task,
        dtype: Any = None,
        noise: Noise | None = None,
        condition: Noise | None = None,
        rows: Mapping[str, Operation] = TABLE,
    ) -> None:
        if task.dtype in HALVES:
            raise Unsupported(f"the reference has no tangents in {task.dtype}")
        #: The dtype that the numbers are of, and that they are held in.
        self.of = dtype_of(task.dtype)
        self.compute = np.dtype(dtype if dtype is not None else self.of)
        self.rows, self._noise = rows, noise
        self.feeding: Callable[[Any], Any] | None = None
        self.rounding: Callable[[Any], Any] | None = None
        if condition is not None:
            self.feeding = self.rounding = partial(_each, condition.jittered)
        elif noise is not None:
            self.rounding = partial(_each, self.fed)

    def fed(self, x: Any) -> Any:
        """An array in the dtype that is computed in, noisy where there is noise."""
        if type(x) is NoisyArray:
            return x
        x = in_dtype(x, self.compute)
        return x if self._noise is None or x.dtype.kind not in "fc" else self._noise.array(x)

    def rounded(self, x: Any) -> Any:
        """A result as it is stored."""
        return x if self.rounding is None else self.rounding(x)

    def given(self, x: Any) -> Any:
        """An argument as an operation sees it."""
        return x if self.feeding is None else self.feeding(x)

    def out(self, x: Any) -> np.ndarray:
        """As handed back: a plain array of its own."""
        return np.array(in_dtype(np.asarray(x).view(np.ndarray), self.compute))


def _each(move: Callable[[Any], Any], x: Any) -> Any:
    """Move an array, or the value and the tangent of a dual one, or each of several."""
    if isinstance(x, tuple):
        return tuple(_each(move, part) for part in x)
    if type(x) is Dual:
        return Dual(move(x.value), move(x.tangent))
    return move(x)


# Hessian-vector products


def hvp(task: Task, arithmetic: Arithmetic | None = None) -> dict[str, Any]:
    """H v of the contracted output, for each differentiated parameter; None where none arrives."""
    a = arithmetic or Arithmetic(task)
    with np.errstate(all="ignore"), failures():
        return _hvp(task, a)


def _hvp(task: Task, a: Arithmetic) -> dict[str, Any]:
    program, directions = _program(task), task.tangents()
    tape = Tape(a.rounding, a.feeding)

    def lifted(x: Any, v: Any = None) -> Any:
        x = a.fed(x)
        if x.dtype.kind not in "fc":
            return x
        return Dual(x, a.fed(np.zeros_like(x) if v is None else v))

    leaves = {k: tape.leaf(lifted(x), differentiated=False) for k, x in task.rows(0).items()}
    for name, x in task.params.items():
        v = directions.get(name)
        leaves[name] = tape.leaf(lifted(x, v), differentiated=v is not None)
    nodes = interpret(program, leaves, OnTape(tape, a.compute, a.of, a.rows), task.dtype)
    output = {**leaves, **nodes}[program.output]
    g = cotangent_of(task, np.shape(output.value), kind_of(output.value.dtype))
    tape.backward(output, lifted(g))
    found = {name: leaves[name].cotangent for name in directions}
    return {
        name: None if g is None else a.out(g.tangent if type(g) is Dual else np.zeros_like(g))
        for name, g in found.items()
    }


def _program(task: Task) -> Any:
    program = task.program("numpy")
    if program is None:
        raise Unsupported("the case has no program text for numpy")
    return program


# Tangents


class Moved:
    """A value and its tangent; of several results, a tuple of each. None: it does not move."""

    __slots__ = ("tangent", "value")

    def __init__(self, value: Any, tangent: Any = None) -> None:
        self.value, self.tangent = value, tangent


class _TooLarge(Unsupported):
    """A result has more elements than are pushed forward one by one."""


def jvp(task: Task, arithmetic: Arithmetic | None = None) -> dict[str, Any]:
    """J v: the tangent of every variable that moves with the parameters.

    Where a result has more than ``MOST`` elements, the products ⟨g, J v⟩ = ⟨Jᵀ g, v⟩ of each
    tangent with a few seeded cotangents g, under the names that ``ways.along`` gives them.
    """
    a = arithmetic or Arithmetic(task)
    with np.errstate(all="ignore"), failures():
        try:
            return _pushed_through(task, a)
        except _TooLarge:
            return _multiplied(task, a)


def _pushed_through(task: Task, a: Arithmetic) -> dict[str, Any]:
    program, directions = _program(task), task.tangents()
    leaves = {k: Moved(a.fed(x)) for k, x in task.rows(0).items()}
    for name, x in task.params.items():
        v = directions.get(name)
        leaves[name] = Moved(a.fed(x), None if v is None else a.fed(v))
    variables = interpret(program, leaves, _Pushing(a), task.dtype)
    return {
        name: a.out(x.tangent)
        for name, x in variables.items()
        if x.tangent is not None and not isinstance(x.tangent, tuple)
    }


def _multiplied(task: Task, a: Arithmetic) -> dict[str, Any]:
    """⟨Jᵀ g, v⟩ for each variable that moves, backwards from it with one cotangent at a time."""
    directions = task.tangents()
    found: dict[str, list[Any]] = {}
    program = _program(task)
    names = [i.target for i in program.instructions if i.named or i.target == program.output]
    for name in names:
        for number in range(COTANGENTS):
            product = _product(task, a, name, number, directions)
            if product is None:
                break
            found.setdefault(along(name), []).append(product)
    return {name: a.out(np.array(products)) for name, products in found.items()}


def _product(
    task: Task, a: Arithmetic, name: str, number: int, directions: Mapping[str, Any]
) -> Any:
    """One of them; None of what does not move, or is several results."""
    tape = Tape(a.rounding, a.feeding)
    leaves = {k: tape.leaf(a.fed(x), differentiated=False) for k, x in task.rows(0).items()}
    for k, x in task.params.items():
        leaves[k] = tape.leaf(a.fed(x), differentiated=k in directions)
    nodes = interpret(_program(task), leaves, OnTape(tape, a.compute, a.of, a.rows), task.dtype)
    node = nodes[name]
    if not node.tracked or isinstance(node.value, tuple):
        return None
    g = cotangent(task.seed_along(name), number, np.asarray(node.value))
    tape.backward(node, a.fed(g))
    parts = [
        np.sum(np.real(np.conj(leaves[k].cotangent) * a.fed(v)))
        for k, v in directions.items()
        if leaves[k].cotangent is not None
    ]
    return sum(parts) if parts else None


class _Pushing(Dialect):
    """Instructions as operations on values and tangents."""

    def __init__(self, arithmetic: Arithmetic) -> None:
        self._a = arithmetic

    def lower(self, operation: str) -> Callable[..., Any]:
        row = self._a.rows.get(operation)
        if row is None:
            raise Unsupported(f"the reference has no {operation}")
        row = row.of_dtype(self._a.of, self._a.compute)
        return lambda *xs, **attributes: pushed(row, xs, attributes, self._a)

    def kind(self, value: Moved) -> str:
        return kind_of(value.value.dtype)

    def truth(self, value: Moved) -> bool:
        return single(value.value)

    def array(self, x: np.ndarray) -> np.ndarray:
        return in_dtype(x, self._a.compute)

    def select(self, results: Moved, index: int) -> Moved:
        tangent = None if results.tangent is None else results.tangent[index]
        return Moved(results.value[index], tangent)


def pushed(row: Operation, xs: Any, attributes: dict[str, Any], a: Arithmetic) -> Moved:
    """An operation's value and tangent, the tangent by its VJPs at one unit after another."""
    if not row.complex_too and any(np.iscomplexobj(_value(x)) for x in xs):
        raise Unsupported(f"the reference's {row.name} is for real numbers alone")
    values = [a.given(x.value) if type(x) is Moved else x for x in xs]
    moving = {
        k: x.tangent
        for k, x in enumerate(xs)
        if type(x) is Moved and x.tangent is not None and row.differentiable(k)
    }
    y = a.rounded(row.forward(*values, **attributes))
    if not moving:
        return Moved(y)
    pull = _pulling(row, y, values, attributes, moving)
    if not isinstance(y, tuple):
        return Moved(y, _tangent(y, pull, a))
    blank = [np.zeros_like(part) for part in y]

    def pull_at(k: int) -> Callable[[Any], Any]:
        return lambda g: pull((*blank[:k], g, *blank[k + 1 :]))

    return Moved(y, tuple(_tangent(part, pull_at(k), a) for k, part in enumerate(y)))


def _value(x: Any) -> Any:
    return x.value if type(x) is Moved else x


def _pulling(
    row: Operation, y: Any, values: list[Any], attributes: dict[str, Any], moving: dict[int, Any]
) -> Callable[[Any], Any]:
    """The function g ↦ Re Σ conj(vjp(g))·v over the arguments that move."""

    def pull(g: Any) -> Any:
        if row.joint is not None:
            parts = row.joint(g, y, *values, **attributes)
        else:
            parts = {k: _rule(row, k)(g, y, *values, **attributes) for k in moving}
        total: Any = 0
        for k, v in moving.items():
            if parts[k] is not None:
                part = unbroadcast(parts[k], v.shape)
                total = total + np.real(np.sum(np.where(v == 0, 0, np.conj(part) * v)))
        return total

    return pull


def _rule(row: Operation, position: int) -> Callable[..., Any]:
    rule = row.vjps[position]
    assert rule is not None, "only differentiable arguments move"
    return rule


def _tangent(y: Any, pull: Callable[[Any], Any], a: Arithmetic) -> Any:
    """The tangent of one result; None of whole numbers."""
    if kind_of(y.dtype) not in "fc":
        return None
    if y.size > MOST:
        raise _TooLarge(f"a result of {y.size} elements has no tangent, which takes {MOST}")
    total = np.zeros(y.shape, y.dtype)
    for at in np.ndindex(y.shape):
        for unit in (1, 1j) if y.dtype.kind == "c" else (1,):
            g = np.zeros(y.shape, y.dtype)
            g[at] = unit
            total[at] += unit * np.asarray(pull(a.fed(g)))
    return a.rounded(a.fed(total))
