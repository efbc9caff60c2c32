"""Holds a captured JAX function against JAX itself, in float64."""

import jax
import jax.numpy as jnp
import numpy as np

from gradparity.adapters.captures.jax import capture
from gradparity.adapters.numpy_reference import reference
from gradparity.cases.task import Task

#: Of the largest element: both sides compute the same in float64.
WITHIN = 1e-9


def task_of(captured):
    """A captured program as the reference runs it."""
    checks = frozenset({"value", "grad"})
    text = {"*": captured.program}
    return Task("captured", {}, "float64", text, captured.inputs, captured.params, checks)


def wide(tree):
    """A tree with its floating arrays in float64."""

    def one(x):
        dtype = getattr(x, "dtype", None)
        floating = dtype is not None and jnp.issubdtype(dtype, jnp.floating)
        return jnp.asarray(x, "float64") if floating else x

    return jax.tree.map(one, tree)


def off(found, expected, size):
    """The largest error, as a share of a size."""
    return float(np.abs(np.asarray(found) - np.asarray(expected)).max(initial=0)) / size


def held(function, params, *args, state=None, differentiate=jax.grad, root="", **kwargs):
    """Capture a function whole, and hold its outputs, state and gradients against JAX's.

    Returns the capture.
    """
    captured = capture(function, params, args, kwargs, state=state, dtype="float64", root=root)
    assert list(map(str, captured.gaps)) == []
    task = task_of(captured)
    step = reference(task).steps[0]
    with jax.enable_x64(True):  # noqa: FBT003  JAX takes it by position
        params, args, kwargs, state = map(wide, (params, args, kwargs, state))
        g = task.cotangent(step.values[captured.program.output].shape)

        def called(params):
            if state is None:
                return function(params, *args, **kwargs), None
            return function(params, state, *args, **kwargs)

        def contracted(params):
            outputs, after = called(params)
            floating = [y for y in jax.tree.leaves(outputs) if jnp.issubdtype(y.dtype, jnp.inexact)]
            return (floating[0] * g).sum(), (outputs, after)

        found, (outputs, after) = jax.jit(differentiate(contracted, has_aux=True))(params)
        gradients = jax.tree.leaves(found)
    known = {**captured.inputs, **captured.params, **step.values}
    for name, y in zip(captured.outputs.values(), jax.tree.leaves(outputs), strict=True):
        assert off(known[name], y, np.abs(y).max(initial=1e-300)) < WITHIN, name
    kept = [y for y in jax.tree.leaves(after) if jnp.issubdtype(y.dtype, jnp.floating)]
    names = [k for k in captured.state.values() if known[k].dtype.kind == "f"]
    for name, y in zip(names, kept, strict=True):
        assert off(known[name], y, np.abs(y).max(initial=1e-300)) < WITHIN, name
    # A bias before a norm has no gradient but rounding: sizes are those of all gradients.
    size = max(float(np.abs(g).max(initial=0)) for g in gradients) or 1.0
    for name, y in zip(captured.params, gradients, strict=True):
        given = step.grads.get(name)
        assert off(np.zeros(()) if given is None else given, y, size) < WITHIN, name
    return captured
