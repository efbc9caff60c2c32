"""Training steps of a port with its user's own optax optimizer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ...refimpl.errors import BadUsage
from ..interpret import failures
from .jax import path_name
from .jax_side import JaxSide, widened
from .sides import Draw, Given, contracted
from .training import EMA, After, Steps

Tree = Any


def train(
    side: JaxSide,
    given: Sequence[Given],
    steps: Steps,
    draw: Draw,
    kept: Callable[[str], bool],
) -> list[After]:
    """Train the port in float64.

    Parameters
    ----------
    given
        What each backward pass is called with; of whole steps.
    draw
        What outputs are contracted with.
    kept
        Which leaves are state, and no parameters.

    Raises
    ------
    BadUsage
        Where the optimizer is none of optax's.
    """
    optimizer = steps.optax_optimizer
    if not hasattr(optimizer, "init") or not hasattr(optimizer, "update"):
        raise BadUsage(f"train: {type(optimizer).__name__} is no optimizer of optax")
    with failures(), widened("float64"):
        state = {k: _wide(x) for k, x in given[0].state.items()}
        whole = side.converted(state)
        trained, merged, prefix = _split(whole, kept)
        remembered = optimizer.init(trained)
        step = jax.jit(_step(side, given[0], draw, optimizer, merged))
        averages, found = trained, []
        for k, one in enumerate(given):
            number, last = steps.of_draw(k)
            factor = steps.loss_scale * (np.inf if number in steps.overflow else 1.0)
            arrays = {k: _wide(x) for k, x in one.arguments.items() if isinstance(x, np.ndarray)}
            loss, trained, remembered, whole = step(trained, remembered, whole, arrays, factor)
            if not last:
                continue
            after = _after(float(loss), (trained, remembered, whole), prefix, kept)
            if steps.ema is not None:
                averages = steps.ema[1](averages, trained)
                after = replace(after, slots={**after.slots, EMA: _named(averages, prefix)})
            found.append(after)
    return found


def adds_narrowly(side: JaxSide, given: Given, steps: Steps) -> bool:
    """Whether a rule adds gradients up in a narrower dtype than float64, which it is trained in."""
    with failures(), widened("float64"):
        whole = side.converted({k: _wide(x) for k, x in given.state.items()})
        fields = _fields(steps.optax_optimizer.init(whole))
        sums = [x for name, tree in fields if name == "acc_grads" for x in jax.tree.leaves(tree)]
        return any(np.dtype(x.dtype).itemsize < 8 for x in sums)


def leaves_of(side: JaxSide, state: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The port's leaves of a state, by their paths."""
    with failures(), widened("float64"):
        tree = side.converted({k: _wide(x) for k, x in state.items()})
        return _named(tree)


def _step(
    side: JaxSide, given: Given, draw: Draw, optimizer: Any, merged: Callable[[Tree, Tree], Tree]
) -> Callable[..., Any]:
    def step(
        trained: Tree, remembered: Tree, whole: Tree, arrays: dict[str, Any], factor: Any
    ) -> tuple[Any, Tree, Tree, Tree]:
        def loss(trained: Tree) -> tuple[Any, Tree]:
            held = merged(trained, whole)
            found, after = side.called_on(held, given, arrays)
            total = jnp.zeros(())
            for k, (path, y) in enumerate(found.items()):
                total += (jnp.asarray(contracted(draw, k, path, y.shape), y.dtype) * y).sum()
            return total * factor, held if after is None else _updated(held, after)

        (total, held), grads = jax.value_and_grad(loss, has_aux=True)(trained)
        updates, remembered = optimizer.update(grads, remembered, trained)
        trained = jax.tree.map(lambda p, u: p + u, trained, updates)
        return total, trained, remembered, merged(trained, held)

    return step


def _split(
    whole: Tree, kept: Callable[[str], bool]
) -> tuple[Tree, Callable[[Tree, Tree], Tree], str]:
    """What is trained, what puts it back, and what stands before its paths.

    It is the user's own tree where that can be.
    """
    names = [path_name(p) for p, _ in jax.tree_util.tree_flatten_with_path(whole)[0]]
    if not any(map(kept, names)):
        return whole, lambda trained, _: trained, ""
    if isinstance(whole, dict) and "params" in whole:
        rest = [n for n in names if not n.startswith("params.")]
        if all(map(kept, rest)):
            return whole["params"], lambda trained, held: {**held, "params": trained}, "params."

    def picked(tree: Tree) -> dict[str, Any]:
        flat = jax.tree_util.tree_flatten_with_path(tree)[0]
        return {path_name(p): x for p, x in flat if not kept(path_name(p))}

    def merged(trained: dict[str, Any], held: Tree) -> Tree:
        return jax.tree_util.tree_map_with_path(lambda p, x: trained.get(path_name(p), x), held)

    return picked(whole), merged, ""


def _updated(whole: Tree, after: Tree) -> Tree:
    """A tree with the leaves of a state that was handed back, by the ends of their paths."""
    flat = jax.tree_util.tree_flatten_with_path(after)[0]
    moved = {path_name(p): x for p, x in flat}

    def leaf(path: Any, x: Any) -> Any:
        name = path_name(path)
        near = [k for k in moved if k == name or name.endswith(f".{k}")]
        return moved[near[0]] if len(near) == 1 else x

    return jax.tree_util.tree_map_with_path(leaf, whole)


def _after(
    loss: float, trees: tuple[Tree, Tree, Tree], prefix: str, kept: Callable[[str], bool]
) -> After:
    trained, remembered, whole = trees
    slots: dict[str, dict[str, np.ndarray]] = {}
    for field, tree in _fields(remembered):
        if jax.tree.structure(tree) == jax.tree.structure(trained):
            slots.setdefault(field, _named(tree, prefix))
    state = {k: x for k, x in _named(whole).items() if kept(k)}
    return After(loss, _named(trained, prefix), slots, state)


def _fields(remembered: Any) -> list[tuple[str, Tree]]:
    """The fields of an optimizer's state, of those within it as well."""
    if hasattr(remembered, "_fields"):
        found = list(zip(remembered._fields, remembered, strict=True))
        return [*found, *(x for _, held in found for x in _fields(held))]
    if isinstance(remembered, tuple | list):
        return [x for held in remembered for x in _fields(held)]
    if isinstance(remembered, dict):
        return [x for held in remembered.values() for x in _fields(held)]
    return []


def _named(tree: Tree, prefix: str = "") -> dict[str, np.ndarray]:
    flat = jax.tree_util.tree_flatten_with_path(tree)[0]
    return {prefix + path_name(p): np.asarray(x) for p, x in flat}


def _wide(x: np.ndarray) -> jax.Array:
    return jnp.asarray(x, np.float64) if x.dtype.kind in "fV" else jnp.asarray(x)
