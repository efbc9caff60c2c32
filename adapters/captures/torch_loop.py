"""A training loop of PyTorch around an optimizer, or as the other side may have it."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from ..torch import array
from .sides import Draw, Given
from .torch.calling import leaves
from .torch_averages import Averages
from .torch_roots import Root
from .torch_side import TorchSide, buffers_of, total_of
from .training import BESIDE, EMA, LEFT, After, Steps

#: What an optimizer of PyTorch calls what it remembers → what optax does.
SLOTS = {
    "exp_avg": "mu",
    "exp_avg_sq": "nu",
    "momentum_buffer": "trace",
    "square_avg": "nu",
    "grad_avg": "mu",
    "sum": "sum_of_squares",
    "exp_inf": "nu",
}

#: optax works a schedule's rate out in float32, of a count that is no float, whatever it trains in.
RATE = 2.0**-23

#: What a loop does, of that which it may do otherwise; beside the settings of its optimizer.
#: ``clip`` and ``decay`` are the user's own where they are not told.
USUAL = {
    "average": True,
    "passes": 1,
    "unscale": True,
    "skip": True,
    "clip": "own",
    "clips": "update",
    "schedule": 0,
    "begin": "after",
    "decay": None,
    "root": BESIDE,
    "decayed": None,
    "ungraded": LEFT,
}

#: What may be made of gradients that are not finite, in place of a step that is skipped.
MENDS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "nans": lambda g: torch.where(g.isnan(), 0.0, g),
    "zeros": lambda g: torch.where(g.isfinite(), g, 0.0),
}


def does(steps: Steps, changed: Mapping[str, Any]) -> dict[str, Any]:
    """What a loop does."""
    own = {
        "average": steps.average,
        "passes": steps.accumulate,
        "skip": steps.scaler is not None,
    }
    return USUAL | own | {k: x for k, x in changed.items() if k in USUAL}


class Loop:
    """A training loop around an optimizer.

    Parameters
    ----------
    side
        The module.
    given
        What a backward pass is called with.
    steps
        What is made around the optimizer.
    changed
        What the loop does otherwise (``USUAL``), or the optimizer's settings.
    made
        Makes the optimizer of parameters by name.
    generator
        Draws what rounding is.
    narrow
        Whether sums of gradients are rounded as in float32.
    """

    def __init__(
        self,
        side: TorchSide,
        given: Given,
        steps: Steps,
        changed: Mapping[str, Any],
        made: Callable[[Mapping[str, torch.Tensor]], Any],
        generator: np.random.Generator,
        *,
        narrow: bool,
    ) -> None:
        self._side, self._steps, self._generator = side, steps, generator
        self._narrow, self._does = narrow, does(steps, changed)
        self._ready = side.ready(given, "float64")
        own = side.parameters(self._ready.copies)
        self._named = {k: x for k, x in own.items() if x.requires_grad}
        self._optimizer = made(self._named)
        for group in self._optimizer.param_groups:
            group.update({k: x for k, x in changed.items() if k not in USUAL})
        self._begin(changed)
        self._schedule = steps.schedule(self._optimizer) if steps.schedule else None
        self._scaler = _scaler(steps.scaler)
        self._averages = None
        if steps.ema is not None:
            self._averages = Averages(steps, self._ready.copies, self._named, self._does)
        self._number, self._pending, self._updates = 0, 0, 0
        self._sums: dict[str, torch.Tensor] = {}
        if self._does["schedule"] == 1:
            self._next_rate()

    def _begin(self, changed: Mapping[str, Any]) -> None:
        """Have the optimizer begin, decay parameters and take its root, as the other side may."""
        if self._does["decayed"] is not None:
            decay_alone(self._optimizer, self._named, self._does["decayed"].names)
        if self._does["root"] != BESIDE:
            Root(self._optimizer, self._does["root"])
        squares = changed.get("initial_accumulator_value")
        if squares is not None:  # which it has made already
            for state in self._optimizer.state.values():
                state["sum"].fill_(squares)

    def step(self, passes: Sequence[Given], draw: Draw, *, noisy: bool) -> After:
        """Backward passes, and what they make of parameters."""
        self._number += 1
        if noisy:
            _moved(self._named.values(), self._generator)
        loss = 0.0
        for one in passes:
            loss += self._pass(one, draw, noisy=noisy)
        if self._averages is not None:
            self._averages.update()
        return self._after(loss)

    def ungraded(self, given: Given, draw: Draw) -> list[str]:
        """The parameters to which a backward pass gives no gradient, not so much as zeros."""
        self._optimizer.zero_grad()
        self._backward(given, draw)
        return [k for k, x in self._named.items() if x.grad is None]

    def _pass(self, given: Given, draw: Draw, *, noisy: bool) -> float:
        """A backward pass, and an update where it is the last of one."""
        if not self._pending:
            self._optimizer.zero_grad()
        loss = self._backward(given, self._drawn(draw) if noisy else draw)
        self._pending += 1
        if self._does["clips"] == "pass":
            self._clip_pass()
        if noisy and self._narrow:
            self._accumulated()
        if self._pending == self._does["passes"]:
            self._update(noisy=noisy)
            self._pending = 0
        if self._does["schedule"] == "pass":
            self._next_rate()
        return loss

    def _drawn(self, draw: Draw) -> Draw:
        """What outputs are contracted with, moved: a last bias's gradient is its sum alone."""

        def moved(position: int, shape: tuple[int, ...]) -> np.ndarray:
            x = np.asarray(draw(position, shape))
            return x * (1 + np.finfo(np.float64).eps * self._generator.uniform(-1, 1, x.shape))

        return moved

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
        if self._does["average"] and self._does["clips"] != "pass":
            total = total / self._does["passes"]
        if self._number in self._steps.overflow:
            total = total * np.inf
        (total if self._scaler is None else self._scaler.scale(total)).backward()
        return float(total.detach())

    def _clip_pass(self) -> None:
        """Clip the gradients of a pass by themselves, and add them to those before."""
        self._clip()
        passes = self._does["passes"] if self._does["average"] else 1
        for name, x in self._named.items():
            if x.grad is None:
                continue
            held = x.grad / passes
            if self._pending > 1:
                held = held + self._sums[name]
            self._sums[name] = held
            x.grad = torch.zeros_like(held) if self._pending < self._does["passes"] else held

    def _update(self, *, noisy: bool) -> None:
        """Make an update of the gradients that there are."""
        self._updates += 1
        if self._does["ungraded"] != LEFT:
            for x in self._named.values():
                x.grad = torch.zeros_like(x) if x.grad is None else x.grad
        if self._does["clips"] == "scaled":
            self._clip()
        if self._scaler is not None and self._does["unscale"]:
            self._scaler.unscale_(self._optimizer)
        if self._does["clips"] == "update":
            self._clip()
        with self._rates(noisy=noisy):
            self._make()
        late = self._does["schedule"] == -1 and self._updates == 1
        if not late and self._does["schedule"] not in ("pass", "constant"):
            self._next_rate()

    def _clip(self) -> None:
        clip = self._does["clip"]
        if clip == "own":
            if self._steps.clip:
                self._steps.clip(list(self._named.values()))
        elif clip is not None:
            clipped(self._named, clip.clipped)

    def _next_rate(self) -> None:
        if self._schedule is not None:
            with warnings.catch_warnings():  # of a schedule that is a step ahead on purpose
                warnings.simplefilter("ignore", UserWarning)
                self._schedule.step()

    @contextmanager
    def _rates(self, *, noisy: bool) -> Iterator[None]:
        """Rates of a schedule, moved by a unit of float32 for a step."""
        groups = self._optimizer.param_groups
        rates = [group["lr"] for group in groups]
        if self._does["schedule"] == "constant":
            for group in groups:
                group["lr"] = group.get("initial_lr", group["lr"])
        if noisy and self._schedule is not None:
            for group in groups:
                group["lr"] = group["lr"] * (1 + RATE * self._generator.uniform(-1, 1))
        yield
        for group, rate in zip(groups, rates, strict=True):
            group["lr"] = rate

    def _make(self) -> None:
        """The optimizer's step, or none."""
        skip, told = self._does["skip"], self._does["unscale"]
        if self._scaler is not None and told and skip is True:
            self._scaler.step(self._optimizer)
            self._scaler.update()
            return
        if self._scaler is not None and not told:  # it counts what overflows as it unscales
            grads = [None if x.grad is None else x.grad.clone() for x in self._named.values()]
            self._scaler.unscale_(self._optimizer)
            for x, g in zip(self._named.values(), grads, strict=True):
                x.grad = g
        with torch.no_grad():
            self._mend()
        grads = [x.grad for x in self._named.values() if x.grad is not None]
        finite = all(bool(g.isfinite().all()) for g in grads)
        if finite or skip is not True or self._scaler is not None:
            self._optimizer.step()
        if self._scaler is not None:
            self._scaler.update()

    def _mend(self) -> None:
        mend = MENDS.get(self._does["skip"])
        for x in self._named.values():
            if mend is not None and x.grad is not None:
                x.grad = mend(x.grad)

    def _after(self, loss: float) -> After:
        found = _after(loss, self._named, self._optimizer, self._ready.copies)
        if self._averages is None:
            return found
        averages = self._averages.arrays(self._side, next(iter(self._ready.copies)))
        return replace(found, slots={**found.slots, EMA: averages})


def clipped(
    named: Mapping[str, torch.Tensor],
    clip: Callable[[dict[str, np.ndarray], dict[str, np.ndarray]], Mapping[str, np.ndarray]],
) -> None:
    """Put clipped gradients in the place of parameters' own."""
    having = {k: x for k, x in named.items() if x.grad is not None}
    grads = {k: np.array(array(x.grad)) for k, x in having.items() if x.grad is not None}
    made = clip(grads, {k: np.array(array(x.detach())) for k, x in having.items()})
    for k, x in having.items():
        x.grad = torch.as_tensor(np.array(made[k]))


def _scaler(given: Any) -> Any:
    return copy.deepcopy(given) if isinstance(given, torch.amp.GradScaler) else given and given()


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


def decay_alone(optimizer: Any, named: Mapping[str, torch.Tensor], names: frozenset[str]) -> None:
    """Have an optimizer decay the parameters of these names alone, by the most it decays any."""
    rate = max(group.get("weight_decay", 0.0) for group in optimizer.param_groups)
    chosen = {id(named[k]) for k in names}
    split = [
        {**group, "params": held, "weight_decay": by}
        for group in optimizer.param_groups
        for by, inside in ((rate, True), (0.0, False))
        if (held := [x for x in group["params"] if (id(x) in chosen) is inside])
    ]
    optimizer.param_groups[:] = split


def _moved(tensors: Any, generator: np.random.Generator) -> None:
    with torch.no_grad():
        for x in tensors:
            unit = generator.uniform(-1, 1, tuple(x.shape)) * np.finfo(np.float64).eps
            x.mul_(1 + torch.as_tensor(unit))
