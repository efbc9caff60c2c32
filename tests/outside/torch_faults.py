"""How a fault is planted into PyTorch."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch.optim.optimizer import register_optimizer_step_post_hook
from torch.utils._python_dispatch import TorchDispatchMode

from .changes import Call, changed
from .fault import Fault
from .switches import Switch

#: Parts that stand at a method of what is patched.
METHODS = {"updates": "step", "gradients": "step", "state": "step", "schedule": "get_lr"}


def place(fault: Fault) -> str | None:
    """The name at which a switch has to stand for it; None where none has to."""
    if fault.part == "kernel":
        return None
    method = METHODS.get(fault.part)
    return f"{fault.patch}.{method}" if method else fault.patch


class Planter:
    """Plants faults into PyTorch, one at a time; made before the adapter is imported."""

    def __init__(self, faults: list[Fault]) -> None:
        names = {place(fault) for fault in faults} - {None}
        self._switches = {name: Switch(name) for name in sorted(map(str, names))}
        self._steps = self._calls = 0
        register_optimizer_step_post_hook(self._stepped)

    @contextmanager
    def planted(self, fault: Fault) -> Iterator[None]:
        """One run with a fault in place: calls and steps are counted from here."""
        self._steps = self._calls = 0
        if fault.part == "kernel":
            with _Kernels(fault, self):
                yield
            return
        switch = self._switches[str(place(fault))]
        switch.change = PLANTS[fault.part](fault, self)
        try:
            yield
        finally:
            switch.change = None

    def call(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Call:
        """What a condition is told of the call that begins."""
        self._calls += 1
        return Call(torch, args, kwargs, self._calls - 1, self._steps)

    def _stepped(self, *_: Any) -> None:
        self._steps += 1


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
        return _of_result(y, self._fault, lambda part: _other(self._fault, call, part, args[0]))


def _other(fault: Fault, call: Call, g: Any, x: Any) -> Any:
    return changed(call, g, x, fault.does, fault.amount, fault.when, fault.at)


def _of_result(y: Any, fault: Fault, change: Callable[[Any], Any]) -> Any:
    """A result with the fault's part of it changed, where it has several."""
    if isinstance(y, torch.Tensor):
        return change(y)
    parts = list(y)
    at = fault.argument if fault.part == "kernel" else 0
    if isinstance(parts[at], torch.Tensor):
        parts[at] = change(parts[at])
    return type(y)(parts) if hasattr(y, "n_fields") else tuple(parts)


def _tensors_of(fault: Fault, args: tuple[Any, ...]) -> tuple[list[Any], Any]:
    """The arguments, and where the fault's stands among them (in a list, for ``concat``)."""
    listed = list(args)
    if listed and isinstance(listed[0], tuple | list):
        listed[0] = list(listed[0])
        return listed, listed[0]
    return listed, listed


def _forward(fault: Fault, planter: Planter) -> Any:
    def change(original: Any, args: Any, kwargs: Any) -> Any:
        call = planter.call(args, kwargs)
        y = original(*args, **kwargs)
        _, among = _tensors_of(fault, args)
        x = among[0] if among else None

        def one(part: Any) -> Any:
            told = dataclasses.replace(call, shape=tuple(part.shape))
            other = _other(fault, told, part, x)
            return other if fault.part == "forward" else part + (other - part).detach()

        return _of_result(y, fault, one)

    return change


def _backward(fault: Fault, planter: Planter) -> Any:
    def change(original: Any, args: Any, kwargs: Any) -> Any:
        call = planter.call(args, kwargs)
        listed, among = _tensors_of(fault, args)
        named = isinstance(fault.argument, str)
        home = kwargs if named else among
        there = fault.argument in kwargs if named else fault.argument < len(among)
        x = home[fault.argument] if there else None
        if isinstance(x, torch.Tensor) and x.requires_grad:
            held = x.detach()
            home[fault.argument] = _Through.apply(x, lambda g: _other(fault, call, g, held))
        y = original(*listed, **kwargs)
        call.shape = tuple(getattr(y, "shape", ()))
        return y

    return change


def _incoming(fault: Fault, planter: Planter) -> Any:
    def change(original: Any, args: Any, kwargs: Any) -> Any:
        call = planter.call(args, kwargs)
        y = original(*args, **kwargs)

        def one(part: Any) -> Any:
            held = part.detach()
            return _Through.apply(part, lambda g: _other(fault, call, g, held))

        return _of_result(y, fault, one)

    return change


def _input(fault: Fault, planter: Planter) -> Any:
    def change(original: Any, args: Any, kwargs: Any) -> Any:
        call = planter.call(args, kwargs)
        y = original(*args, **kwargs)
        x = args[fault.argument].detach()
        with torch.no_grad():
            x.copy_(_other(fault, call, x.clone(), x.clone()))
        return y

    return change


def _keyword(fault: Fault, planter: Planter) -> Any:
    def change(original: Any, args: Any, kwargs: Any) -> Any:
        call = planter.call(args, kwargs)
        if isinstance(fault.argument, int):
            listed = list(args)
            if fault.argument < len(listed):
                listed[fault.argument] = _number(fault, call, listed[fault.argument])
            return original(*listed, **kwargs)
        if fault.argument in kwargs:
            kwargs = {**kwargs, fault.argument: _number(fault, call, kwargs[fault.argument])}
        return original(*args, **kwargs)

    return change


def _number(fault: Fault, call: Call, held: Any) -> Any:
    """A number, a word or a list of tensors as the fault has it."""
    if fault.does == "set" and not isinstance(held, list):
        return fault.amount
    if isinstance(held, list) and held and isinstance(held[0], torch.Tensor):
        return [_other(fault, call, x, x) for x in held]
    other = _other(fault, call, torch.tensor(held, dtype=torch.float64), None)
    return type(held)(other) if isinstance(held, int) else float(other)


def _cut(fault: Fault, planter: Planter) -> Any:
    def change(original: Any, args: Any, kwargs: Any) -> Any:
        listed, among = _tensors_of(fault, args)
        if fault.argument < len(among) and isinstance(among[fault.argument], torch.Tensor):
            among[fault.argument] = among[fault.argument].detach()
        return original(*listed, **kwargs)

    return change


def _kept(fault: Fault, planter: Planter) -> Any:
    held: list[Any] = []

    def change(original: Any, args: Any, kwargs: Any) -> Any:
        y = original(*args, **kwargs)
        if held and held[0].shape == y.shape:
            return y + (held[0] - y).detach()
        held.append(y.detach().clone())
        return y

    return change


def _optimizer(fault: Fault, planter: Planter) -> Any:
    """A wrong ``step``: in what it sees, in what it moves or in what it remembers."""

    def change(original: Any, args: Any, kwargs: Any) -> Any:
        call = planter.call((), {})
        optimizer = args[0]
        params = [x for group in optimizer.param_groups for x in group["params"]]
        before = [x.detach().clone() for x in params]
        if fault.part == "gradients":
            for x, held in zip(params, before, strict=True):
                if x.grad is not None:
                    x.grad = _other(fault, call, x.grad, held)
        y = original(*args, **kwargs)
        with torch.no_grad():
            for x, held in zip(params, before, strict=True):
                if fault.part == "updates":
                    moved = _other(fault, call, x - held, held)
                    x.copy_(torch.where(moved == x - held, x, held + moved))
                state = optimizer.state[x]
                if fault.part == "state" and isinstance(state.get(fault.argument), torch.Tensor):
                    slot = state[fault.argument]
                    slot.copy_(_other(fault, call, slot.clone(), held))
        return y

    return change


def _schedule(fault: Fault, planter: Planter) -> Any:
    def change(original: Any, args: Any, kwargs: Any) -> Any:
        call = planter.call(args, kwargs)
        rates = [torch.tensor(rate, dtype=torch.float64) for rate in original(*args, **kwargs)]
        return [float(_other(fault, call, rate, rate)) for rate in rates]

    return change


PLANTS: dict[str, Callable[[Fault, Planter], Any]] = {
    "forward": _forward,
    "value": _forward,
    "backward": _backward,
    "incoming": _incoming,
    "input": _input,
    "keyword": _keyword,
    "cut": _cut,
    "kept": _kept,
    "updates": _optimizer,
    "gradients": _optimizer,
    "state": _optimizer,
    "schedule": _schedule,
}
