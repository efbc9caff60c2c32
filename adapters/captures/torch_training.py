"""Training steps of a PyTorch module with its user's own optimizer."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch.optim.swa_utils import AveragedModel

from ...refimpl.errors import BadUsage
from ..interpret import failures
from ..torch import array
from .sides import Draw, Given
from .torch.calling import leaves
from .torch_side import TorchSide, buffers_of, total_of
from .training import EMA, After, Steps

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


#: What a training loop may do otherwise, beside the settings of its optimizer.
USUAL = {"average": True, "unscale": True, "skip": True, "begin": "after"}


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
        Settings of the optimizer or of the loop (``USUAL``) that are otherwise.
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
        loop = _Loop(side, given[0], steps, changed or {}, generator, narrow=narrow)
        found = []
        for k in range(len(given) // steps.accumulate):
            passes = given[k * steps.accumulate : (k + 1) * steps.accumulate]
            found.append(loop.step(passes, draw, noisy=seed is not None))
    return found


class _Loop:
    """A training loop, as it is written around an optimizer."""

    def __init__(
        self,
        side: TorchSide,
        given: Given,
        steps: Steps,
        changed: Mapping[str, Any],
        generator: np.random.Generator,
        *,
        narrow: bool,
    ) -> None:
        self._side, self._steps, self._generator = side, steps, generator
        self._narrow = narrow
        self._does = USUAL | {"average": steps.average}
        self._does |= {k: x for k, x in changed.items() if k in USUAL}
        self._ready = side.ready(given, "float64")
        own = side.parameters(self._ready.copies)
        self._named = {k: x for k, x in own.items() if x.requires_grad}
        self._optimizer = _rebuilt(steps.torch_optimizer, side, self._named)
        for group in self._optimizer.param_groups:
            group.update({k: x for k, x in changed.items() if k not in USUAL})
        self._schedule = steps.schedule(self._optimizer) if steps.schedule else None
        self._scaler = _scaler(steps.scaler)
        self._averages = _averages(steps, self._ready.copies)
        if self._averages is not None and self._does["begin"] == "before":
            self._averages.n_averaged += 1
        self._number = 0

    def step(self, passes: Sequence[Given], draw: Draw, *, noisy: bool) -> After:
        """Backward passes, and what they make of parameters."""
        self._number += 1
        self._optimizer.zero_grad()
        if noisy:
            _moved(self._named.values(), self._generator)
        loss = 0.0
        for one in passes:
            loss += self._backward(one, draw)
            if noisy and self._narrow:
                self._accumulated()
        if self._scaler is not None and self._does["unscale"]:
            self._scaler.unscale_(self._optimizer)
        if self._steps.clip:
            self._steps.clip(list(self._named.values()))
        with self._rates(noisy=noisy):
            self._make()
        if self._schedule is not None:
            self._schedule.step()
        if self._averages is not None:
            self._averages.update_parameters(_only(self._ready.copies))
        return self._after(loss)

    def _accumulated(self) -> None:
        """What passes have added up to so far, rounded at random as in float32."""
        for x in self._named.values():
            if x.grad is not None:
                unit = self._generator.uniform(-1, 1, tuple(x.shape))
                x.grad.mul_(1 + RATE * torch.as_tensor(unit))

    def _backward(self, given: Given, draw: Draw) -> float:
        args, kwargs = self._side.arguments(given, "float64")
        made = {
            p: y
            for p, y in leaves(self._ready.code(*args, **kwargs))
            if isinstance(y, torch.Tensor) and y.is_floating_point()
        }
        total = total_of(made, draw)
        if self._does["average"]:
            total = total / self._steps.accumulate
        if self._number in self._steps.overflow:
            total = total * np.inf
        (total if self._scaler is None else self._scaler.scale(total)).backward()
        return float(total.detach())

    @contextmanager
    def _rates(self, *, noisy: bool) -> Iterator[None]:
        """Rates of a schedule, moved by a unit of float32 for a step."""
        groups = self._optimizer.param_groups
        rates = [group["lr"] for group in groups]
        if noisy and self._schedule is not None:
            for group in groups:
                group["lr"] = group["lr"] * (1 + RATE * self._generator.uniform(-1, 1))
        yield
        for group, rate in zip(groups, rates, strict=True):
            group["lr"] = rate

    def _make(self) -> None:
        """The optimizer's step, or none."""
        if self._scaler is None:
            self._optimizer.step()
            return
        if self._does["unscale"] and self._does["skip"]:
            self._scaler.step(self._optimizer)
        else:
            if not self._does["unscale"]:  # it counts what overflows as it unscales
                grads = [None if x.grad is None else x.grad.clone() for x in self._named.values()]
                self._scaler.unscale_(self._optimizer)
                for x, g in zip(self._named.values(), grads, strict=True):
                    x.grad = g
            self._optimizer.step()
        self._scaler.update()

    def _after(self, loss: float) -> After:
        found = _after(loss, self._named, self._optimizer, self._ready.copies)
        if self._averages is None:
            return found
        prefix = next(iter(self._ready.copies))
        held = self._side.parameters({prefix: self._averages.module})
        averages = {k: np.array(array(x.detach())) for k, x in held.items() if k in self._named}
        return replace(found, slots={**found.slots, EMA: averages})


def loop_settings(steps: Steps) -> dict[str, Any]:
    """What a loop does, of that which it could do otherwise."""
    does = {"average": steps.average} if steps.accumulate > 1 else {}
    if steps.scaler is not None:
        does |= {"unscale": True, "skip": True}
    return does | ({"begin": "after"} if steps.ema is not None else {})


def _scaler(given: Any) -> Any:
    return copy.deepcopy(given) if isinstance(given, torch.amp.GradScaler) else given and given()


def _averages(steps: Steps, copies: Mapping[str, Any]) -> Any:
    if steps.ema is None:
        return None
    made = steps.ema[0](_only(copies))
    if not isinstance(made, AveragedModel):
        raise BadUsage(f"train: ema makes a {type(made).__name__}, expected an AveragedModel")
    return made


def _only(copies: Mapping[str, Any]) -> Any:
    if len(copies) != 1:
        raise BadUsage(f"train: ema of {len(copies)} modules, expected one")
    return next(iter(copies.values()))


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
