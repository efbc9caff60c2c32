"""Converters of one side's state to a port's parameters, as functions that JAX can trace."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ...refimpl.errors import BadUsage
from .converting import Arrays, Part, Recipe, given_by, recovered
from .jax import path_name
from .raised import in_a_line, told

Tree = Any

#: The kinds of what leaves hold, as NumPy calls them; V is that of bfloat16.
NUMBERS = "?biufcV"


def traceable(
    convert: Callable[..., Tree],
    state: Arrays,
    tensors: Callable[[Mapping[str, np.ndarray]], Any],
) -> tuple[Callable[[dict[str, Any]], Tree], Sequence[str]]:
    """A converter that JAX can trace, and what it does to each leaf where that was found out.

    One that is written in JAX (or in what tracers have) is taken as it is; one in PyTorch or
    NumPy is probed.

    Raises
    ------
    BadUsage
        Where it does more than move, add and leave out elements, or cannot be run at all.
    """
    shapes = {k: jax.ShapeDtypeStruct(x.shape, x.dtype) for k, x in state.items()}
    try:
        with contextlib.redirect_stderr(None):
            jax.eval_shape(convert, shapes)
    except Exception as error:  # noqa: BLE001  whatever it raises, it is not written in JAX
        return _probed(convert, state, tensors, error)
    return convert, ()


def _probed(
    convert: Callable[..., Tree],
    state: Arrays,
    tensors: Callable[[Mapping[str, np.ndarray]], Any],
    traced: Exception,
) -> tuple[Callable[[dict[str, Any]], Tree], Sequence[str]]:
    """``traced`` is what it raised as JAX traced it."""

    def with_tensors(arrays: Arrays) -> Tree:
        return convert(tensors(arrays))

    raised = {"JAX": traced}
    for attempt in (with_tensors, convert):
        try:
            flat, tree = jax.tree_util.tree_flatten_with_path(attempt(state))
        except Exception as error:  # noqa: BLE001  it is a user's, and there are two ways to call it
            raised["PyTorch" if attempt is with_tensors else "NumPy"] = error
            continue
        names = [path_name(path) for path, _ in flat]
        for name, (_, leaf) in zip(names, flat, strict=True):
            if np.asarray(leaf).dtype.kind not in NUMBERS:
                raise BadUsage(f"params makes no array of {name}: {in_a_line(repr(leaf))}")

        def leaves(arrays: Arrays, attempt: Any = attempt) -> list[np.ndarray]:
            return [np.asarray(x) for x in jax.tree_util.tree_leaves(attempt(arrays))]

        recipes = recovered(leaves, state, names)
        return _of_recipes(recipes, tree), [
            f"{n}: {r}" for n, r in zip(names, recipes, strict=True)
        ]
    raise BadUsage(f"params raises {_all_told(raised)}") from raised["PyTorch"]


def _all_told(raised: Mapping[str, Exception]) -> str:
    """What a converter raised: of whose arrays it is written for, where that can be seen.

    Of another framework's arrays it asks what they have not, or do otherwise.
    """
    other = (AttributeError, TypeError)
    likely = [raised[k] for k in ("PyTorch", "JAX", "NumPy") if not isinstance(raised[k], other)]
    if likely:
        return told(likely[0])
    return "; ".join(f"{told(error)} on arrays of {whose}" for whose, error in raised.items())


def _of_recipes(recipes: Sequence[Recipe], tree: Any) -> Callable[[dict[str, Any]], Tree]:
    def convert(state: dict[str, Any]) -> Tree:
        return jax.tree_util.tree_unflatten(tree, [r.apply(jnp, state) for r in recipes])

    return convert


def leaves_of(tree: Tree) -> tuple[dict[str, np.ndarray], Callable[[Mapping[str, Any]], Tree]]:
    """The leaves of a pytree by name, and what makes such a tree of others."""
    flat, structure = jax.tree_util.tree_flatten_with_path(tree)
    names = [path_name(path) for path, _ in flat]

    def rebuilt(given: Mapping[str, Any]) -> Tree:
        return jax.tree_util.tree_unflatten(structure, [given[n] for n in names])

    return {n: np.asarray(x) for n, (_, x) in zip(names, flat, strict=True)}, rebuilt


def states(
    convert: Callable[[dict[str, Any]], Tree], state: Arrays, buffers: Sequence[str]
) -> Callable[[Tree], dict[str, Any]]:
    """What makes, of the state that a port hands back, the other side's buffers.

    Leaf and buffer belong together where the converter makes the one of the other; the leaf's path
    in the state is, or ends as, its path among the parameters.

    Raises
    ------
    BadUsage
        Where a leaf of the state is made of no buffer alone.
    """
    flat = jax.tree_util.tree_flatten_with_path(convert(dict(state)))[0]
    names = [path_name(path) for path, _ in flat]

    def leaves(arrays: Arrays) -> list[np.ndarray]:
        return [np.asarray(x) for x in jax.tree_util.tree_leaves(convert(dict(arrays)))]

    homes: dict[str, Part] = {}
    for buffer in buffers:
        homes |= given_by(leaves, state, buffer, names)

    def after(tree: Tree) -> dict[str, Any]:
        found = {}
        for path, x in jax.tree_util.tree_flatten_with_path(tree)[0]:
            name = path_name(path)
            near = [n for n in homes if n == name or n.endswith(f".{name}")]
            if len(near) == 1:
                part = homes[near[0]]
                order = np.argsort(part.source, kind="stable")
                shape = np.shape(state[part.entry])
                found[part.entry] = jnp.reshape(jnp.reshape(x, -1)[order], shape)
        if not found:
            raise BadUsage("the port hands back no state whose paths are those of its parameters")
        return found

    return after
