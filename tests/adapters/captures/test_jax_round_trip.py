"""The catalogue, lowered to JAX and captured back: the same values and gradients."""

from collections import Counter
from contextlib import suppress
from dataclasses import replace

import jax
import numpy as np
import pytest

from gradparity.adapters.captures.jax import capture
from gradparity.adapters.interpret import interpret
from gradparity.adapters.jax import JaxAdapter, _Traced
from gradparity.adapters.jax_lowerings import LOWERINGS
from gradparity.adapters.numpy_reference import reference
from gradparity.refimpl.errors import AdapterFailed, Unsupported

from ...whole import whole

CASES, _ = whole()

#: Of a tensor's largest element. Ill-conditioned cases magnify rounding, of which two ways of
#: writing one function have their own.
WITHIN = 1e-7

#: So many of the catalogue's cases that JAX runs come back whole and the same; the others have a
#: gap, which is told.
FLOOR = 0.99

#: In so many parts the whole catalogue is gone through, each as one test of a worker's.
PARTS = 8

#: Cases that show no mathematics: as JAX writes the function, it is a difference of numbers that
#: agree in every digit of extended precision, or in all but some.
LOST = {
    "determinant-of-like-rows",
    "determinant-of-like-rows-of-a-third",
    "geglu-far-below-zero",
    "gelu-tanh-tail-further",
    "log-cosh-small",
    "sinc-slope-at-a-tiny-number",
    "sinc-slope-by-sizes",
    "sinc-slope-near-zero",
    "sinc-slope-very-near-zero",
    "slope-of-sinc-near-zero",
    "tanhshrink-near-zero",
    "tanh-shrink-near-zero",
}


#: Cases of what JAX has no way to say.
UNSAID = {"gradient-ends"}


def unusual(task):
    """Whether a parameter is empty, or so small or large that a formula's rounding may be all."""
    if not all(x.size for x in task.params.values()):
        return True
    sizes = np.concatenate([np.abs(x).ravel() for x in task.params.values()])
    return bool(np.any((sizes != 0) & ~((sizes > 1e-4) & (sizes < 1e4))))


def smallest():
    """A case for every operation that JAX has, the one with the least to compute.

    One of usual numbers where there is one: x - tanh(x) at 3e-8 is lost as it is spelled.
    """
    found = {}
    for case in CASES:
        if case.model.case in UNSAID or case.model.case in LOST:
            continue
        for task in case.tasks(["float64"] if "float64" in case.model.dtypes else []):
            program = task.program("jax")
            if program is None or program.native or not task.params:
                continue
            elements = sum(x.size for x in task.params.values())
            size = (unusual(task), len(program.instructions), elements)
            for operation in {i.operation for i in program.instructions}:
                if LOWERINGS.has(operation) and (
                    operation not in found or size < found[operation][0]
                ):
                    found[operation] = (size, task)
    return {operation: task for operation, (_, task) in sorted(found.items())}


SMALLEST = smallest()


def came_back(task):
    """What is off of a task that is lowered to JAX and captured back: a text, empty if nothing.

    None where JAX cannot run it.
    """
    program = task.program("jax")

    def function(params, inputs):
        leaves = {**params, **inputs}
        values = interpret(program, leaves, _Traced({}), task.dtype)
        return {**leaves, **values}[program.output]

    try:
        captured = capture(function, task.params, (task.rows(0),), dtype="float64")
    except AdapterFailed:  # what JAX cannot trace
        return None
    except Unsupported as refused:
        return None if "no floating output" in str(refused) or lacking(task) else str(refused)
    if captured.gaps:
        return "; ".join(map(str, captured.gaps))
    return off_of(captured, task)


def off_of(captured, task):
    """What a captured program computes otherwise than all that says what it has to."""
    program = task.program("jax")
    plain = replace(task, update=None, steps=1, state={}, checks=frozenset({"value", "grad"}))
    back = replace(
        plain,
        programs={"*": captured.program},
        inputs=captured.inputs,
        params={**task.params, **captured.params},
        batch=None,
    )
    try:
        step = reference(back).steps[0]
    except AdapterFailed as failure:  # as of a singular matrix, where it fails as it stands, too
        return f"cannot be run: {failure}" if list(own(plain)) else None
    off = []
    for expected in truths(plain):
        off = differences(captured, program, step, expected)
        if not off:
            return ""
    wide = reference(back, dtype=np.longdouble).steps[0]
    for expected in [*own(plain, np.longdouble), *stated(plain, np.longdouble)]:
        if not differences(captured, program, wide, expected):
            return ""
    return "; ".join(off)


def lacking(task):
    """Whether JAX's adapter has no such operation or no derivative of it."""
    try:
        JaxAdapter().run(task)
    except Unsupported:
        return True
    return False


def truths(task):
    """What says what the captured program has to compute: one of them has to agree.

    The reference's run of the text for JAX; JAX's own, whose slopes at kinks and singular points
    may be others; and what the case states, from which JAX's may be a recorded divergence. In wide
    precision a case whose numbers leave little of float64 is held to what its text says.
    """
    yield from own(task)
    with suppress(AdapterFailed):  # what JAX itself cannot run, as a determinant of nothing
        yield JaxAdapter().run(task).steps[0]
    yield from stated(task)


def own(task, dtype=None):
    """The reference's run of the text for JAX, where it can."""
    yield from stated(replace(task, programs={"*": task.program("jax")}), dtype)


def stated(task, dtype=None):
    """The reference's run of the case, where there is a text for it."""
    with suppress(Unsupported, AdapterFailed):
        yield reference(task, dtype=dtype).steps[0]


def differences(captured, program, step, expected):
    """Which tensors are off, and by how much."""
    name = captured.program.output
    pairs = {"value": (step.values[name], expected.values.get(program.output))}
    if not captured.custom:
        pairs |= {k: (step.grads.get(k), expected.grads.get(k)) for k in captured.params}
    return [
        f"{key} off by {size:.1e}"
        for key, (found, truth) in pairs.items()
        if truth is not None and (size := distance(found, truth)) > WITHIN
    ]


def distance(found, truth):
    """The largest error as a share of the largest element; none between NaNs or infinities."""
    found = np.zeros(truth.shape) if found is None else found
    if found.shape != truth.shape:
        return np.inf
    same = (found == truth) | (np.isnan(found) & np.isnan(truth))
    if same.all():
        return 0.0
    with np.errstate(all="ignore"):
        error = np.abs(np.where(same, 0, found - truth)).max()
    return float(error / max(np.abs(truth[np.isfinite(truth)]).max(initial=0), 1e-300))


@pytest.mark.thinned(36)
@pytest.mark.parametrize("operation", SMALLEST)
def test_an_operation_comes_back(operation):
    assert came_back(SMALLEST[operation]) == ""


def test_a_capture_of_another_program_is_told(monkeypatch):
    task = SMALLEST["tanh"]
    assert came_back(task) == ""
    monkeypatch.setattr(
        _Traced, "lower", lambda _, name: LOWERINGS["sin" if name == "tanh" else name]
    )
    monkeypatch.setattr(JaxAdapter, "run", lambda _, task: reference(task))
    assert "value off by" in (came_back(task) or "")


@pytest.mark.thinned(2, "rare")
@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_the_catalogue_comes_back(part, record_property):
    counted, off, lost = Counter(), {}, set()
    cases = CASES[part::PARTS]
    for case in cases:
        for task in case.tasks(["float64"] if "float64" in case.model.dtypes else []):
            if task.program("jax") is None:
                continue
            found = came_back(task)
            if found and task.case in LOST:
                lost.add(task.case)
                continue
            counted["not run" if found is None else "off" if found else "same"] += 1
            if found:
                off[task.id] = found
        jax.clear_caches()
    share = counted["same"] / (counted["same"] + counted["off"])
    record_property("cases", dict(counted))
    print(counted, off)  # noqa: T201  the coverage figure
    wrong = {name: why for name, why in off.items() if not why.startswith("Gap(")}
    assert wrong == {}
    assert lost == LOST & {case.name for case in cases}
    assert share >= FLOOR, off
