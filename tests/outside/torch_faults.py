"""How a fault is planted into PyTorch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch.optim.optimizer import register_optimizer_step_post_hook
from torch.utils._python_dispatch import TorchDispatchMode

from . import planting
from .changes import Call
from .fault import Fault
from .planting import other
from .switches import Change

#: Parts that stand at a method of what is patched.
METHODS = {"updates": "step", "gradients": "step", "state": "step", "schedule": "get_lr"}


class Planter(planting.Planter):
    """Plants faults into PyTorch, one at a time; made before the adapter is imported."""

    xp = torch
    unswitched = "kernel"

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__(faults)
        register_optimizer_step_post_hook(self._stepped)

    def _stepped(self, *_: Any) -> None:
        self._steps += 1

    def place(self, fault: Fault) -> str:
        """The name at which a fault's switch stands."""
        method = METHODS.get(fault.part)
        return f"{fault.patch}.{method}" if method else fault.patch

    def plants(self) -> dict[str, Callable[[Fault], Change]]:
        """What goes wrong in PyTorch's own ways."""
        return {
            "input": self._input,
            "kept": _kept,
            "updates": self._optimizer,
            "gradients": self._optimizer,
            "state": self._optimizer,
            "schedule": self._schedule,
        }

    def beside(self, fault: Fault) -> TorchDispatchMode:
        """A kernel that is wrong, whoever calls it."""
        return _Kernels(fault, self)

    def is_array(self, x: Any) -> bool:
        """Whether it is a tensor."""
        return isinstance(x, torch.Tensor)

    def is_differentiated(self, x: Any) -> bool:
        """Whether it is a tensor that asks for a gradient."""
        return isinstance(x, torch.Tensor) and x.requires_grad

    def constant(self, x: Any) -> Any:
        """The tensor detached."""
        return x.detach()

    def through(self, x: Any, fault: Fault, call: Call) -> Any:
        """The identity, whose cotangent a fault changes."""
        held = x.detach()
        return _Through.apply(x, lambda g: other(fault, call, g, held))

    def number(self, fault: Fault, call: Call, held: Any) -> Any:
        """A number, a word or a list of tensors as the fault has it."""
        if fault.does == "set" and not isinstance(held, list):
            return fault.amount
        if isinstance(held, list) and held and isinstance(held[0], torch.Tensor):
            return [other(fault, call, x, x) for x in held]
        wrong = other(fault, call, torch.tensor(held, dtype=torch.float64), None)
        return type(held)(wrong) if isinstance(held, int) else float(wrong)

    def _input(self, fault: Fault) -> Change:
        def change(original: Any, args: Any, kwargs: Any) -> Any:
            call = self.call(args, kwargs)
            y = original(*args, **kwargs)
            x = args[fault.argument].detach()
            with torch.no_grad():
                x.copy_(other(fault, call, x.clone(), x.clone()))
            return y

        return change

    def _optimizer(self, fault: Fault) -> Change:
        """A wrong ``step``: in what it sees, in what it moves or in what it remembers."""

        def change(original: Any, args: Any, kwargs: Any) -> Any:
            call = self.call((), {})
            optimizer = args[0]
            params = [x for group in optimizer.param_groups for x in group["params"]]
            before = [x.detach().clone() for x in params]
            if fault.part == "gradients":
                for x, held in zip(params, before, strict=True):
                    if x.grad is not None:
                        x.grad = other(fault, call, x.grad, held)
            y = original(*args, **kwargs)
            with torch.no_grad():
                for x, held in zip(params, before, strict=True):
                    if fault.part == "updates":
                        moved = other(fault, call, x - held, held)
                        x.copy_(torch.where(moved == x - held, x, held + moved))
                    state = optimizer.state[x]
                    if fault.part == "state" and isinstance(
                        state.get(fault.argument), torch.Tensor
                    ):
                        slot = state[fault.argument]
                        slot.copy_(other(fault, call, slot.clone(), held))
            return y

        return change

    def _schedule(self, fault: Fault) -> Change:
        def change(original: Any, args: Any, kwargs: Any) -> Any:
            call = self.call(args, kwargs)
            rates = [torch.tensor(rate, dtype=torch.float64) for rate in original(*args, **kwargs)]
            return [float(other(fault, call, rate, rate)) for rate in rates]

        return change


class _Through(torch.autograd.Function):
    """The identity, whose cotangent is changed."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, change: Callable[..., Any]) -> torch.Tensor:
        ctx.change = change
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, g: torch.Tensor) -> tuple[torch.Tensor, None]:  # pyright: ignore[reportIncompatibleMethodOverride] - as torch documents it
        return ctx.change(g), None


class _Kernels(TorchDispatchMode):
    """Changes what a kernel hands back, whoever calls it."""

    def __init__(self, fault: Fault, planter: Planter) -> None:
        super().__init__()
        self._fault, self._planter = fault, planter

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        y = func(*args, **(kwargs or {}))
        if str(func).rpartition(".")[0] != self._fault.patch:
            return y
        call = self._planter.call(args, kwargs or {})
        return self._planter.of_result(
            y, lambda part: other(self._fault, call, part, args[0]), at=self._fault.argument
        )


def _kept(fault: Fault) -> Change:
    held: list[Any] = []

    def change(original: Any, args: Any, kwargs: Any) -> Any:
        y = original(*args, **kwargs)
        if held and held[0].shape == y.shape:
            return y + (held[0] - y).detach()
        held.append(y.detach().clone())
        return y

    return change
