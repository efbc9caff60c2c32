"""Training steps of a PyTorch module with its user's own optimizer."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch

from ...refimpl.errors import BadUsage
from ..interpret import failures
from ..torch import array
from .sides import Draw, Given
from .torch.calling import leaves
from .torch_side import TorchSide, buffers_of, total_of
from .training import After, Steps

#: What an optimizer of PyTorch calls what it remembers → what optax does.
SLOTS = {
    "exp_avg": "mu",
    "exp_avg_sq": "nu",
    "momentum_buffer": "trace",
    "square_avg": "nu",
    "sum": "sum_of_squares",
    "exp_inf": "nu",
}

#: optax works a schedule's rate out in float32, of a count that is no float, whatever it trains in.
RATE = 2.0**-23


def train(
    side: TorchSide,
    given: Sequence[Given],
    steps: Steps,
    draw: Draw,
    *,
    seed: int | None = None,
    changed: Mapping[str, Any] | None = None,
) -> list[After]:
    """Train a copy of the module in float64.

    Parameters
    ----------
    given
        What each step is called with.
    draw
        What outputs are contracted with.
    seed
        Parameters are moved by about a unit in the last place before each step, at random; rates
        of a schedule by one of float32.
    changed
        Settings of the optimizer that are otherwise.

    Raises
    ------
    BadUsage
        Where the optimizer is not over the module's parameters.
    """
    with failures(), torch.enable_grad():
        ready = side.ready(given[0], "float64")
        named = {k: x for k, x in side.parameters(ready.copies).items() if x.requires_grad}
        optimizer = _rebuilt(steps.torch_optimizer, side, named)
        for group in optimizer.param_groups:
            group.update(changed or {})
        schedule = steps.schedule(optimizer) if steps.schedule else None
        generator = np.random.default_rng(seed)
        found = []
        for one in given:
            optimizer.zero_grad()
            if seed is not None:
                _moved(named.values(), generator)
            args, kwargs = side.arguments(one, "float64")
            made = {
                p: y
                for p, y in leaves(ready.code(*args, **kwargs))
                if isinstance(y, torch.Tensor) and y.is_floating_point()
            }
            total = total_of(made, draw)
            total.backward()
            if steps.clip:
                steps.clip(list(named.values()))
            rates = [group["lr"] for group in optimizer.param_groups]
            if seed is not None and schedule is not None:
                for group in optimizer.param_groups:
                    group["lr"] = group["lr"] * (1 + RATE * generator.uniform(-1, 1))
            optimizer.step()
            for group, rate in zip(optimizer.param_groups, rates, strict=True):
                group["lr"] = rate
            if schedule is not None:
                schedule.step()
            found.append(_after(float(total.detach()), named, optimizer, ready.copies))
    return found


def settings(optimizer: Any, side: TorchSide) -> dict[str, Any]:
    """The numbers and switches of an optimizer's first group."""
    named = side.parameters(side.copies())
    made = _rebuilt(optimizer, side, named)
    return {
        k: x
        for k, x in made.param_groups[0].items()
        if isinstance(x, bool | int | float | tuple) and k not in ("params", "foreach", "fused")
    }


def name_of(optimizer: Any, side: TorchSide) -> str:
    """The name of an optimizer's class."""
    return type(_rebuilt(optimizer, side, side.parameters(side.copies()))).__name__


def _after(loss: float, named: Mapping[str, Any], optimizer: Any, copies: Any) -> After:
    slots: dict[str, dict[str, np.ndarray]] = {}
    for name, x in named.items():
        for slot, held in optimizer.state.get(x, {}).items():
            if slot in SLOTS and isinstance(held, torch.Tensor):
                slots.setdefault(slot, {})[name] = np.array(array(held.detach()))
    return After(
        loss,
        {k: np.array(array(x.detach())) for k, x in named.items()},
        {slot: held for slot, held in slots.items() if len(held) == len(named)},
        {k: np.array(array(x)) for k, x in buffers_of(copies).items()},
    )


def _moved(tensors: Any, generator: np.random.Generator) -> None:
    with torch.no_grad():
        for x in tensors:
            unit = generator.uniform(-1, 1, tuple(x.shape)) * np.finfo(np.float64).eps
            x.mul_(1 + torch.as_tensor(unit))


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
