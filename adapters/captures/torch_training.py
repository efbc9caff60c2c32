"""Training steps of a PyTorch module with its user's own optimizer."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch

from ...refimpl.errors import BadUsage
from ..interpret import failures
from ..torch import array
from .sides import Draw, Given
from .torch_averages import decay_of, only
from .torch_loop import SLOTS, Loop, does
from .torch_roots import rooted
from .torch_side import TorchSide
from .training import After, Steps

__all__ = ["SLOTS", "clipping", "loop_settings", "name_of", "settings", "train"]


def train(
    side: TorchSide,
    given: Sequence[Given],
    steps: Steps,
    draw: Draw,
    *,
    seed: int | None = None,
    changed: Mapping[str, Any] | None = None,
    narrow: bool = False,
) -> list[After]:
    """Train a copy of the module in float64.

    Parameters
    ----------
    given
        What each backward pass is called with; of whole steps.
    draw
        What outputs are contracted with.
    seed
        Parameters are moved by about a unit in the last place before each step, at random; rates
        of a schedule by one of float32.
    changed
        Settings of the optimizer or of the loop (``torch_loop.USUAL``) that are otherwise.
    narrow
        Whether the port adds gradients up in float32, as ``optax.MultiSteps`` does whatever it is
        trained in; with a seed, sums are moved by as much.

    Raises
    ------
    BadUsage
        Where the optimizer is not over the module's parameters, or averages are none of PyTorch's.
    """
    with failures(), torch.enable_grad():
        generator = np.random.default_rng(seed)
        made = functools.partial(_rebuilt, steps.torch_optimizer, side)
        loop = Loop(side, given[0], steps, changed or {}, made, generator, narrow=narrow)
        found = []
        for k in range(len(given) // steps.accumulate):
            passes = given[k * steps.accumulate : (k + 1) * steps.accumulate]
            found.append(loop.step(passes, draw, noisy=seed is not None))
    return found


def loop_settings(side: TorchSide, given: Given, steps: Steps, draw: Draw) -> dict[str, Any]:
    """What a loop does, of that which it could do otherwise."""
    held = does(steps, {})
    keys = ["passes", "average", "clip"]
    keys += ["clips"] if steps.clip and (steps.accumulate > 1 or steps.scaler is not None) else []
    keys += ["unscale"] if steps.scaler is not None else []
    keys += ["skip"] if steps.scaler is not None or steps.overflow else []
    keys += ["schedule"] if steps.schedule is not None else []
    keys += ["begin", "decay"] if steps.ema is not None else []
    made = _rebuilt(steps.torch_optimizer, side, side.parameters(side.copies()))
    keys += ["root"] if rooted(made) else []
    keys += ["ungraded"] if _ungraded(side, given, steps, draw) else []
    if steps.ema is not None:
        held["decay"] = decay_of(steps, only(side.ready(given, "float64").copies))
    return {k: held[k] for k in keys}


def _ungraded(side: TorchSide, given: Given, steps: Steps, draw: Draw) -> list[str]:
    """The parameters that are trained and get no gradient."""
    made = functools.partial(_rebuilt, steps.torch_optimizer, side)
    with failures(), torch.enable_grad():
        loop = Loop(side, given, steps, {}, made, np.random.default_rng(0), narrow=False)
        return loop.ungraded(given, draw)


def clipping(
    side: TorchSide, given: Given, steps: Steps, grads: Mapping[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """What the user's own clip makes of gradients by name."""
    named = side.parameters(side.ready(given, "float64").copies)
    held = [named[k] for k in grads]
    for x, g in zip(held, grads.values(), strict=True):
        x.grad = torch.as_tensor(np.array(g))
    if steps.clip:
        steps.clip(held)
    return {
        k: np.array(array(x.grad)) for k, x in zip(grads, held, strict=True) if x.grad is not None
    }


def settings(optimizer: Any, side: TorchSide) -> dict[str, Any]:
    """The numbers and switches of an optimizer's first group."""
    named = side.parameters(side.copies())
    made = _rebuilt(optimizer, side, named)
    return {
        k: x
        for k, x in made.param_groups[0].items()
        if isinstance(x, bool | int | float | tuple) and k not in ("params", "foreach", "fused")
    }


def by_groups(optimizer: Any, side: TorchSide) -> dict[str, tuple[Any, ...]]:
    """The settings that an optimizer's groups have otherwise, each group's in turn."""
    groups = _rebuilt(optimizer, side, side.parameters(side.copies())).param_groups
    found = {k: tuple(group.get(k) for group in groups) for k in groups[0] if k != "params"}
    return {k: x for k, x in found.items() if any(one != x[0] for one in x)}


def decays(optimizer: Any, side: TorchSide) -> dict[str, float]:
    """By how much each parameter is decayed, by name; nothing of a rule that decays none."""
    named = side.parameters(side.copies())
    names = {id(x): k for k, x in named.items() if x.requires_grad}
    return {
        names[id(x)]: float(group["weight_decay"])
        for group in _rebuilt(optimizer, side, named).param_groups
        for x in group["params"]
        if id(x) in names and isinstance(group.get("weight_decay"), int | float)
    }


def name_of(optimizer: Any, side: TorchSide) -> str:
    """The name of an optimizer's class."""
    return type(_rebuilt(optimizer, side, side.parameters(side.copies()))).__name__


def _rebuilt(given: Any, side: TorchSide, named: Mapping[str, torch.Tensor]) -> Any:
    """An optimizer over other tensors."""
    if not isinstance(given, torch.optim.Optimizer):
        if not callable(given):
            raise BadUsage(
                f"train: {type(given).__name__} is no optimizer of PyTorch, nor makes one"
            )
        return given(list(named.values()))
    names = {id(x): k for k, x in side.parameters().items()}
    groups = []
    for group in given.param_groups:
        unknown = [x for x in group["params"] if id(x) not in names]
        if unknown:
            raise BadUsage("train: the optimizer is over tensors that are not the module's own")
        kept = [named[names[id(x)]] for x in group["params"] if names[id(x)] in named]
        groups.append({**group, "params": kept})
    known = inspect.signature(type(given)).parameters
    return type(given)(groups, **{k: x for k, x in given.defaults.items() if k in known})
