"""JAX's other ways of differentiating: ``jax.jvp``, forward over reverse, ``jax.vmap``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..cases.program import Program
from ..cases.task import Task
from ..cases.ways import COTANGENT, is_batched, of_slice, slices
from .interpret import arrays_of, interpret
from .lacking import unsupported_where
from .values import cotangent_of, kind_of

Arrays = dict[str, Any]

#: A function as it is run: jitted, or as it stands.
Wrap = Callable[[Callable[..., Any]], Callable[..., Any]]

#: What JAX says where it has no such rule; a rule that is wrong says nothing.
LACKS = (
    "can't apply forward-mode",
    "Forward-mode differentiation",
    "Differentiation rule for",
    "Batching rule for",
    "Reverse-mode differentiation does not work",
    "not implemented",
    "Attempted boolean conversion of traced",
    "Abstract tracer value encountered",
)


def placed(arrays: Mapping[str, np.ndarray]) -> Arrays:
    """Arrays of JAX's, as ``jnp.asarray`` makes them, which compiles an identity for every shape.

    That takes some hundred times as long.
    """
    return {name: jax.device_put(x) for name, x in arrays.items()}


def lacking() -> AbstractContextManager[None]:
    """Where JAX says that it has no such rule, it is ``Unsupported``."""
    return unsupported_where(LACKS, NotImplementedError, TypeError, ValueError)


class Setup:
    """A task's arguments as arrays, and its program as a function of them."""

    def __init__(self, task: Task, program: Program, dialect: Any, wrap: Wrap = jax.jit) -> None:
        self.task, self.program, self.wrap, self._dialect = task, program, wrap, dialect
        #: What is made of the function that is differentiated, as by ``jax.checkpoint``.
        self.rewritten: Wrap = lambda function: function
        self.arguments = placed({**task.rows(0), **task.params})
        self.directions = placed(task.tangents())

    @property
    def moving(self) -> Arrays:
        """The parameters that are differentiated."""
        return {name: self.arguments[name] for name in self.directions}

    @property
    def still(self) -> Arrays:
        """All other arguments."""
        return {k: x for k, x in self.arguments.items() if k not in self.directions}

    def variables(self, leaves: Arrays) -> Arrays:
        """Every variable that is an array, the arguments included."""

        def made(leaves: Arrays) -> Arrays:
            return arrays_of(interpret(self.program, leaves, self._dialect, self.task.dtype))

        return {**leaves, **self.rewritten(made)(leaves)}

    def output(self, leaves: Arrays) -> Any:
        """The variable that is differentiated."""
        return self.variables(leaves)[self.program.output]

    def cotangent(self) -> np.ndarray:
        """What the output is contracted with."""
        shape = jax.eval_shape(self.output, self.arguments)
        return cotangent_of(self.task, shape.shape, kind_of(shape.dtype))

    def loss(self, moving: Arrays, still: Arrays, cotangent: Any) -> Any:
        """The output contracted: Σ Re(conj(cotangent)·output)."""
        output = self.output({**still, **moving})
        return jnp.sum(jnp.real(jnp.conj(cotangent) * output))


def jvp(setup: Setup) -> dict[str, Any]:
    """Tangents by ``jax.jvp``."""
    names = [i.target for i in setup.program.instructions]

    def tangents(moving: Arrays, along: Arrays, still: Arrays) -> Arrays:
        def moved(d: Arrays) -> Arrays:
            found = setup.variables({**still, **d})
            return {k: found[k] for k in names if k in found and kind_of(found[k].dtype) in "fc"}

        return jax.jvp(moved, (moving,), (along,))[1]

    with lacking():
        return _numpy(setup.wrap(tangents)(setup.moving, setup.directions, setup.still))


def jvp_by_jacfwd(setup: Setup) -> dict[str, Any]:
    """Tangents as ``jax.jacfwd`` times the direction."""
    moving, still = setup.moving, setup.still
    shapes = jax.eval_shape(setup.variables, setup.arguments)
    names = [i.target for i in setup.program.instructions]
    names = [k for k in names if k in shapes and kind_of(shapes[k].dtype) in "fc"]

    def moved(d: Arrays) -> Arrays:
        found = setup.variables({**still, **d})
        return {k: found[k] for k in names}

    holomorphic = any(kind_of(x.dtype) == "c" for x in moving.values())
    with lacking():
        found = setup.wrap(jax.jacfwd(moved, holomorphic=holomorphic))(moving)
    return {
        name: sum(
            np.tensordot(np.array(j[k]), np.asarray(v), axes=v.ndim)
            for k, v in setup.directions.items()
        )
        for name, j in found.items()
    }


def hvp_forward_over_reverse(setup: Setup) -> dict[str, Any]:
    """The tangent of ``jax.grad``."""

    def product(moving: Arrays, along: Arrays, still: Arrays, cotangent: Any) -> Arrays:
        return jax.jvp(lambda d: jax.grad(setup.loss)(d, still, cotangent), (moving,), (along,))[1]

    with lacking():
        given = setup.moving, setup.directions, setup.still, setup.cotangent()
        found = setup.wrap(product)(*given)
    return {k: np.conj(x) for k, x in _numpy(found).items()}


def hvp_reverse_over_reverse(setup: Setup) -> dict[str, Any]:
    """The gradient of the gradient's product with the direction."""

    def product(moving: Arrays, along: Arrays, still: Arrays, cotangent: Any) -> Arrays:
        def slope(d: Arrays) -> Any:
            found = jax.grad(setup.loss)(d, still, cotangent)
            # JAX's gradient is the conjugate of the one whose real product is meant.
            return sum(jnp.sum(jnp.real(found[k] * along[k])) for k in found)

        return jax.grad(slope)(moving)

    with lacking():
        given = setup.moving, setup.directions, setup.still, setup.cotangent()
        found = setup.wrap(product)(*given)
    return {k: np.conj(x) for k, x in _numpy(found).items()}


def vmap(setup: Setup, batched: str) -> dict[str, Any]:
    """``jax.vmap`` of the output and ``jax.grad``."""
    g = setup.cotangent()
    given = {
        k: jax.device_put(slices(np.asarray(x))) if is_batched(k, batched) else x
        for k, x in setup.arguments.items()
    }
    moving = {k: given[k] for k in setup.directions}
    still = {k: x for k, x in given.items() if k not in moving}

    def one(moving: Arrays, still: Arrays, cotangent: Any) -> tuple[Any, Arrays]:
        output = setup.output({**still, **moving})
        return output, jax.grad(setup.loss)(moving, still, cotangent)

    axes = (
        {k: 0 if is_batched(k, batched) else None for k in moving},
        {k: 0 if is_batched(k, batched) else None for k in still},
        0 if is_batched(COTANGENT, batched) else None,
    )
    cotangent = slices(g) if is_batched(COTANGENT, batched) else g
    with lacking():
        output, grads = setup.wrap(jax.vmap(one, in_axes=axes))(moving, still, cotangent)
    found = {k: np.conj(of_slice(x)) for k, x in _numpy(grads).items()}
    return {setup.program.output: np.array(of_slice(np.asarray(output))), **found}


def _numpy(arrays: Arrays) -> Arrays:
    return {name: np.array(x) for name, x in arrays.items()}
