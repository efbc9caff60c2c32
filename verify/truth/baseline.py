"""What a task's results should be, and how far rounding alone may move them.

Truth is the reference in wider precision, on the inputs as rounded to the task's dtype. Noise is
the reference in the task's own dtype, run a few times on arrays whose arithmetic is moved at
random within its rounding bound (see ``refimpl.rounding``): the root mean square of what that
does to each element. Where rounding decides between branches, the jump is no noise: what is right
there is one of a set (``measure.branches``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ...adapters.base import Trace, on_path
from ...adapters.metering import Meter, TooLarge
from ...adapters.numpy_reference import reference
from ...adapters.reference_ways import ways as other_ways
from ...adapters.values import in_dtype
from ...cases import limits
from ...cases.program import Const
from ...cases.task import Task
from ...refimpl.errors import AdapterFailed
from ...refimpl.operation import Operation
from ...refimpl.ops import TABLE
from ...refimpl.rounding import grid_of, short, unit_roundoff
from ..measure.branches import Branches
from ..measure.dtypes import WIDER, dtype_at
from ..measure.explained import Runs, curved, explained, lost, unmeasured
from ..measure.noise import HOPELESS, MULTIPLE, RUNS, begins_short, flushed, largest, spread, unseen
from ..slopes.curvature import contradicted
from ..slopes.nearness import Near, Watch

#: Which tensor of a run: check, name, step.
Key = tuple[str, str, int]


#: So many units of the largest number there is: what a value moves by at a jump, not by rounding.
JUMP = 2.0**8


@dataclass(frozen=True)
class Baseline:
    """Truth of one task, and what rounding explains (``scale_of_noise``), tensor by tensor."""

    truth: dict[Key, np.ndarray]
    noise: dict[Key, np.ndarray]
    #: Where rounding decides between branches, of those tensors that it does.
    branches: dict[Key, Branches] = field(default_factory=dict)
    #: How far the rounding of the case's own numbers moves what the case expects of.
    condition: dict[Key, np.ndarray] = field(default_factory=dict)
    #: The parameters that the reference's text does not differentiate: their gradient is zero.
    unused: frozenset[str] = frozenset()
    #: The task whose scalar output has another cotangent, where gradients are asked for.
    seeded: Task | None = None
    #: Where an operation comes nearest to its kinks.
    near: tuple[Near, ...] = ()
    #: The kink that the task stands on and does not speak of, in a sentence.
    kink: str = ""
    #: Whether rounding moves a value from one branch to another, and not only a slope.
    jumps: bool = False
    #: Where rounding decides whether a tensor is finite, of those tensors that it does.
    lost: dict[Key, np.ndarray] = field(default_factory=dict)
    #: The noise that others' formulas may have in all, however well an operation keeps its digits.
    loose: dict[Key, np.ndarray] = field(default_factory=dict)
    #: What an adapter's own text comes to, of those tensors of which that is not the truth.
    own: dict[Key, np.ndarray] = field(default_factory=dict)


def flat(trace: Trace) -> dict[Key, Any]:
    """Every tensor of a trace under its key."""
    return {
        (check, name, number): array
        for number, step in enumerate(trace.steps)
        for check, tensors in (
            ("value", step.values),
            ("grad", step.grads),
            ("update", {**step.params, **step.slots}),
        )
        for name, array in tensors.items()
    }


def baseline(task: Task, runs: int = RUNS, rows: Mapping[str, Operation] = TABLE) -> Baseline:
    """Truth and noise of a task.

    ``rows`` are the operations that both are computed with; another table than the reference's
    own is for planting faults in it.

    Raises
    ------
    AdapterFailed
        Where the reference cannot run the task: the case itself is at fault.
    """
    program = task.program("numpy")
    watch = None if program is None else Watch(program)
    ways = _Runs(task, rows, runs)
    truth, unused = ways.truth(watch)
    if program is not None and program.branches:
        truth = _surely_there(truth, ways)
    updated = {key for key in truth if key[0] == "update"}
    made = explained(truth, ways, untightened=updated)
    noise, found = made.noise, made.branches
    larger = _left_over(truth, _far_out(truth, curved(truth, noise, found, ways), task), task)
    larger = _signless(task, truth, unmeasured(truth, larger, ways), ways)
    return Baseline(
        truth,
        _decided(task, truth, larger, ways, found),
        found,
        _of_what_is_expected(truth, ways),
        unused,
        _seeded(task, truth),
        tuple(watch.found) if watch else (),
        jumps=_jumps(truth, found, task),
        lost=lost(truth, noise, ways),
        loose=made.loose,
    )


class _Runs(Runs[Key]):
    """Runs of a task, each tensor of each under its key."""

    def __init__(self, task: Task, rows: Mapping[str, Operation], count: int) -> None:
        super().__init__(task, count=count)
        self._rows, self._wide = rows, WIDER[task.dtype]
        self._unused: frozenset[str] = frozenset()

    def dtype_of(self, key: Key, want: np.ndarray) -> np.dtype[Any]:
        """That of the variable."""
        return dtype_at(self.task, key[1], want)

    def truth(self, watch: Watch | None) -> tuple[dict[Key, np.ndarray], frozenset[str]]:
        """The run in wider precision, and the parameters that it does not differentiate."""
        meter = Meter(limits.TASK, limits.VALUES)
        try:
            trace = reference(
                self.task, dtype=self._wide, rows=self._rows, watch=watch, meter=meter
            )
        except TooLarge as fault:
            raise AdapterFailed(f"it is too large: {fault}") from fault
        found = flat(trace) | other_ways(self.task, dtype=self._wide, rows=self._rows)
        program = self.task.program("numpy")
        assert program is not None, "a task without a text for the reference has no truth"
        names = {name for check, name, _ in found if check == "grad" and name in self.task.params}
        used = {n for n in names if found["grad", n, 0] is not None}
        self._unused = frozenset(names - used.intersection(on_path(program, self.task.params)))
        filled = self._filled(found)
        products = {name: x for (check, name, _), x in filled.items() if check == "hvp"}
        if products and (fault := contradicted(self.task, products, self._rows)):
            raise AdapterFailed(fault)
        return filled, self._unused

    def leads(self, key: Key) -> bool:
        """Values do; a gradient, where terms cancel, may be lost by itself."""
        return key[0] == "value"

    def _filled(self, found: dict[Key, Any]) -> dict[Key, np.ndarray]:
        """Zeros for the gradients of what is not differentiated."""
        for name in self._unused:
            for step in range(self.task.steps):
                x = in_dtype(self.task.params[name], self._wide)
                found["grad", name, step] = np.zeros_like(x)
        for check, name, _ in list(found):
            if check == "hvp" and found[check, name, 0] is None:
                found[check, name, 0] = np.zeros_like(in_dtype(self.task.params[name], self._wide))
        return {key: x for key, x in found.items() if x is not None}

    def run(self, *, wide: bool = False, **options: Any) -> dict[Key, np.ndarray]:
        """One run of the reference."""
        dtype = self._wide if wide else None
        found = flat(reference(self.task, rows=self._rows, dtype=dtype, **options))
        return self._filled(found | other_ways(self.task, rows=self._rows, dtype=dtype, **options))


def _surely_there(truth: dict[Key, np.ndarray], runs: _Runs) -> dict[Key, np.ndarray]:
    """The truth without the variables of branches that rounding alone may take or not.

    What comes of either branch is one of a set, and judged as such.
    """
    return {key: x for key, x in truth.items() if all(key in sample for sample in runs.native)}


def _jumps(truth: Mapping[Key, np.ndarray], found: Mapping[Key, Branches], task: Task) -> bool:
    """Whether a value's branches are further apart than what is left of sums by rounding.

    At a kink a value is the same on either side, and slopes between both sides' are right; at a
    jump, nothing between is.
    """
    floats = [x for x in (*task.inputs.values(), *task.params.values()) if x.dtype.kind in "fcV"]
    values = [x for key, x in truth.items() if key[0] == "value" and x.dtype.kind in "fc"]
    scale = max(
        (largest(np.asarray(x, np.clongdouble), np.float64) for x in (*floats, *values)),
        default=0.0,
    )
    least = JUMP * unit_roundoff(task.dtype) * scale
    return any(
        key[0] == "value"
        and truth[key].dtype.kind in "fc"
        and bool((np.abs(part.values - truth[key]).max(axis=0)[part.where] > least).any())
        for key, part in found.items()
    )


def _seeded(task: Task, truth: Mapping[Key, np.ndarray]) -> Task | None:
    """The task with another cotangent of its output, where that is a scalar."""
    program = task.program("numpy")
    assert program is not None
    output = truth.get(("value", program.output, 0))
    if output is None or output.shape or "grad" not in task.checks:
        return None
    fewer = task.update is None or task.update.schedule is None
    return replace(task.seeded(), steps=1 if fewer else task.steps)


def _of_what_is_expected(truth: Mapping[Key, np.ndarray], runs: _Runs) -> dict[Key, np.ndarray]:
    """How far the rounding of the case's own numbers moves what the case says something of."""
    task = runs.task
    keys = [
        key
        for key, want in truth.items()
        if key[1] in task.expect.get(key[0], {}) and want.dtype.kind in "fc"
    ]
    if not keys or (begins_short(task) and _short_constants(task)):
        return {}  # they are written as they are computed with
    samples = runs.conditioned
    return {k: MULTIPLE * spread(truth[k], [s.get(k) for s in samples]) for k in keys}


def _short_constants(task: Task) -> bool:
    """Whether the numbers of the reference's text are short, as those of ``begins_short`` are."""
    program = task.program("numpy")
    assert program is not None
    numbers = [
        a.value
        for i in program.instructions
        for a in (*i.arguments, *map(Const, i.attributes.values()))
        if isinstance(a, Const) and isinstance(a.value, float)
    ]
    if task.update is not None:
        return False  # hyperparameters are seldom short
    return all(short(np.asarray(x), grid_of(task.dtype)) for x in numbers)


def _decided(
    task: Task,
    truth: Mapping[Key, np.ndarray],
    noise: dict[Key, np.ndarray],
    runs: _Runs,
    branches: Mapping[Key, Branches],
) -> dict[Key, np.ndarray]:
    """The noise, with where the reference's own run is that takes another step than the truth.

    A number that the dtype rounds to one half is rounded to another whole number than it was.
    Where rounding is seen to decide, the branches are known, and judged as such.
    """
    program = task.program("numpy")
    assert program is not None
    steps = {i.target for i in program.instructions if _jumps_at(i.operation)}
    taken = [
        key
        for key, want in truth.items()
        if key[0] == "value" and key[1] in steps and want.size and key not in branches
    ]
    if not any((np.asarray(runs.plain[key]) != truth[key]).any() for key in taken):
        return noise
    return {
        key: np.maximum(own, _away(truth, key, runs)) if key not in branches else own
        for key, own in noise.items()
    }


def _signless(
    task: Task, truth: Mapping[Key, np.ndarray], noise: dict[Key, np.ndarray], runs: _Runs
) -> dict[Key, np.ndarray]:
    """The noise, with where the reference's own run is whose gradients the dtype rounds to zero.

    A rule that moves by a gradient's sign, however small that is, moves nothing then; a few runs
    that each round it up or down need not have come to zero.
    """
    if task.update is None:
        return noise
    gone: dict[tuple[str, int], np.ndarray] = {}
    for key, g in truth.items():
        check, name, step = key
        if check != "grad" or name not in task.params or g.dtype.kind not in "fc":
            continue
        tiny = (g != 0) & (np.abs(g) < flushed(runs.dtype_of(key, g)))
        held = np.asarray(runs.plain.get(key, g)) if tiny.any() else g
        if held.shape == g.shape and (tiny & (held == 0)).any():
            gone[name, step] = tiny & (held == 0)
    if not gone:
        return noise
    first = min(step for _, step in gone)
    wider = dict(noise)
    for key, own in noise.items():
        check, name, step = key
        where = np.asarray(step > first)  # from a parameter that is elsewhere, all is
        if check == "update" and not where:
            where = gone.get((name.partition(".")[0], step), where)
        if where.any() and where.shape in ((), np.shape(own)):
            wider[key] = np.maximum(own, np.where(where, _away(truth, key, runs), 0.0))
    return wider


def _away(truth: Mapping[Key, np.ndarray], key: Key, runs: _Runs) -> Any:
    """How far the reference's own run is off the truth; zero where that is no number."""
    want, held = truth[key], np.asarray(runs.plain.get(key, truth[key]))
    if want.dtype.kind not in "fc" or held.shape != want.shape:
        return 0.0
    with np.errstate(all="ignore"):
        away = np.abs(held - want)
    return np.where(np.isfinite(away), away, 0.0)


def _jumps_at(operation: str) -> bool:
    """Whether an operation's values jump: nothing flows back through it, yet it has kinks."""
    row = TABLE.get(operation)
    return row is not None and bool(row.kinks) and not row.joint and not any(row.vjps)


def _left_over(
    truth: Mapping[Key, np.ndarray], noise: dict[Key, np.ndarray], task: Task
) -> dict[Key, np.ndarray]:
    """The noise, of Hessian-vector products with what rounding leaves where terms cancel.

    A second derivative that is nothing, as of a linear function, is by many a right formula the
    difference of terms as large as the gradient's change over a direction of the parameters' size.
    """
    more = dict(noise)
    shares = [
        float(np.max(np.abs(v), initial=0)) / max(1.0, float(np.max(np.abs(x), initial=0)))
        for x, v in ((task.params[name], v) for name, v in task.tangents().items())
    ]
    for key, own in noise.items():
        if key[0] == "hvp":
            g = truth["grad", key[1], 0]
            left = unit_roundoff(dtype_at(task, key[1], g)) * largest(g, g.dtype)
            more[key] = own + left * max(shares, default=0.0)
    return more


def _far_out(
    truth: Mapping[Key, np.ndarray], noise: dict[Key, np.ndarray], task: Task
) -> dict[Key, np.ndarray]:
    """The noise, larger where it stands on values of which nothing is known.

    What comes of a value that is moved by more than itself is no longer linear in the rounding,
    and a few samples say little of how far the next one is.
    """
    lost = any(
        unseen(want, noise[key], dtype_at(task, key[1], want)).sum() * 2 > want.size
        for key, want in truth.items()
        if key[0] == "value" and want.dtype.kind in "fc"
    )
    if not lost:
        return noise
    far = 64 * unit_roundoff(task.dtype)
    with np.errstate(all="ignore"):
        return {
            key: x * np.where(x > far * np.abs(truth[key]), HOPELESS, 1.0) if x.size else x
            for key, x in noise.items()
        }
