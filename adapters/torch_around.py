"""What goes around ``torch.optim``'s step: accumulated gradients, a scaled loss, an average."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch
from torch.optim import swa_utils

from ..cases.native_training import Chosen
from ..cases.task import Task
from ..cases.training_parts import Ema
from ..refimpl.errors import Unsupported
from .spelling import text_of

Params = dict[str, torch.Tensor]


class Gathering:
    """Gradients of several passes, added up as ``.backward()`` does where none is set to zero."""

    def __init__(self, task: Task, params: Params) -> None:
        rule = None if task.update is None else task.update.accumulate
        self._params, self._rule = params, rule
        self._held: Params = {}
        self._passes = 0

    def complete(self) -> bool:
        """Add the pass's gradients; True where they make an update, and are then in place."""
        rule = self._rule
        if rule is None:
            return True
        for name, x in self._params.items():
            if x.grad is None:
                continue
            g = x.grad / rule.passes if rule.mean else x.grad.clone()  # as of loss / passes
            if name in self._held:
                self._held[name] += g
            else:
                self._held[name] = g
        self._passes += 1
        if self._passes % rule.passes:
            return False
        for name, x in self._params.items():
            x.grad = self._held.get(name)
        self._held = {}
        return True


class Scaling:
    """``torch.amp.GradScaler``, where a task scales its loss."""

    def __init__(self, task: Task, params: Params) -> None:
        self._params, self._scaler = params, None
        rule, self.unscales_first = task.loss_scale, True
        if rule is None:
            return
        if any(x.dtype == torch.float16 for x in params.values()):
            raise Unsupported(
                "torch.amp.GradScaler unscales no float16 gradients: it wants parameters in float32"
            )
        given = _scaler(task)
        #: Whether gradients are unscaled before they are clipped, as ``unscale_`` is there for.
        self.unscales_first = given.pop("unscale_", True)
        device = next(iter(params.values())).device
        self._scaler = torch.amp.GradScaler(device.type, **given)
        one = torch.ones((), device=device)
        self._scaler.scale(one)  # it makes its scale when it is first used

    @property
    def scale(self) -> float:
        """What the loss of the next pass is multiplied by."""
        return 1.0 if self._scaler is None else self._scaler.get_scale()

    def finite(self, optimizer: torch.optim.Optimizer) -> bool:
        """Unscale the gradients; whether all are finite, so that the optimizer will step."""
        if self._scaler is None:
            return True
        if self.unscales_first:
            self._scaler.unscale_(optimizer)
        grads = (x.grad for x in self._params.values() if x.grad is not None)
        return all(bool(torch.isfinite(g).all()) for g in grads)

    def step(self, optimizer: torch.optim.Optimizer, closure: Any) -> None:
        """Step, unless a gradient is not finite, and change the scale."""
        if self._scaler is None:
            optimizer.step(closure)
            return
        self._scaler.step(optimizer)
        self._scaler.update()


class Average:
    """``torch.optim.swa_utils``'s average of the parameters, where a task has one."""

    def __init__(self, task: Task, params: Params) -> None:
        self._rule = None if task.update is None else task.update.ema
        self._params, self._updates = params, 0
        self._held: Params = {}
        self._model = None
        if self._rule is None:
            return
        native = _native(task, "ema")
        if native is not None:
            self._rule = replace(self._rule, debias=False)
            self._model = swa_utils.AveragedModel(_Held(params), **_averaging(native))
            return
        if self._rule.start == "first":
            self._model = swa_utils.AveragedModel(
                _Held(params), multi_avg_fn=swa_utils.get_ema_multi_avg_fn(self._rule.decay)
            )
            return
        start = torch.clone if self._rule.start == "params" else torch.zeros_like
        self._held = {name: start(x.detach()) for name, x in params.items()}

    def update(self) -> None:
        """Move the average towards the parameters."""
        if self._rule is None:
            return
        self._updates += 1
        if self._model is not None:
            self._model.update_parameters(_Held(self._params))
            return
        move = swa_utils.get_ema_multi_avg_fn(self._rule.decay)
        move(list(self._held.values()), [x.detach() for x in self._params.values()], None)

    def slots(self) -> Params:
        """The average as ``W.ema``, from the first update on."""
        if self._rule is None or not self._updates:
            return {}
        held = self._held
        if self._model is not None:
            averaged = self._model.module.get_parameter
            held = {name: averaged(name) for name in self._params}
        bias = _bias(self._rule, self._updates)
        return {f"{name}.ema": x.detach() / bias for name, x in held.items()}


class _Held(torch.nn.Module):
    """A module of the parameters, which share their memory with it."""

    def __init__(self, params: Params) -> None:
        super().__init__()
        for name, x in params.items():
            smooth = x.is_floating_point() or x.is_complex()
            self.register_parameter(name, torch.nn.Parameter(x.detach(), requires_grad=smooth))


def _bias(rule: Ema, updates: int) -> float:
    return 1 - rule.decay**updates if rule.debias else 1.0


def _native(task: Task, part: str) -> Chosen | None:
    """What of PyTorch's own the case calls in the place of a part."""
    return None if task.update is None else task.update.native.get("torch", {}).get(part)


def _scaler(task: Task) -> dict[str, Any]:
    """What ``GradScaler`` is given."""
    native, rule = _native(task, "loss-scale"), task.loss_scale
    assert rule is not None
    if native is not None:
        return dict(native.attributes)
    return {
        "init_scale": rule.init,
        "growth_factor": rule.growth,
        "backoff_factor": rule.backoff,
        "growth_interval": rule.every,
    }


def scaler_text(task: Task) -> tuple[str, bool]:
    """How ``GradScaler`` is made, and whether it unscales before the clip."""
    given = _scaler(task)
    first = given.pop("unscale_", True)
    return f"torch.amp.GradScaler({_given({'device': 'cpu', **given})})", first


def averaging(task: Task) -> tuple[Ema, bool]:
    """The average that is kept, and whether all updates have the same share of it."""
    update = task.update
    assert update is not None
    assert update.ema is not None, "an average is asked for"
    native = _native(task, "ema")
    if native is None:
        return update.ema, False
    alike = native.name == "AveragedModel"
    return Ema(native.attributes.get("decay", 0.999), "first"), alike


def _averaging(native: Chosen) -> dict[str, Any]:
    """What ``AveragedModel`` is given, which alone averages all updates alike."""
    if native.name == "AveragedModel":
        return native.attributes
    return {"multi_avg_fn": swa_utils.get_ema_multi_avg_fn(**native.attributes)}


def _given(attributes: Mapping[str, Any]) -> str:
    return ", ".join(f"{k}={text_of(v)}" for k, v in attributes.items())


def spelled(task: Task) -> list[str]:
    """How it is written, one line each."""
    lines, update = [], task.update
    assert update is not None
    if update.accumulate is not None:
        rule = update.accumulate
        loss = f"(loss / {rule.passes})" if rule.mean else "loss"
        lines.append(f"{loss}.backward() in each of {rule.passes} passes, then optimizer.step()")
    if task.loss_scale is not None:
        given = _scaler(task)
        first = given.pop("unscale_", True)
        text = f"torch.amp.GradScaler({_given(given)})"
        clips = update.clip is not None and first
        lines.append(f"{text}; scaler.unscale_(optimizer) before the clip" if clips else text)
    native = _native(task, "ema")
    if native is not None:
        fn = f"{native.name}({_given(native.attributes)})"
        own = native.name == "AveragedModel"
        inside = _given(native.attributes) if own else f"multi_avg_fn={fn}"
        lines.append(f"torch.optim.swa_utils.AveragedModel(model{', ' * bool(inside)}{inside})")
    elif update.ema is not None:
        rule, decay = update.ema, f"get_ema_multi_avg_fn({update.ema.decay:g})"
        swa = "torch.optim.swa_utils."
        divided = f", divided by 1 - {rule.decay:g}**t" if rule.debias else ""
        lines.append(
            f"{swa}AveragedModel(model, multi_avg_fn={decay}){divided}"
            if rule.start == "first"
            else f"{swa}{decay} on {'copies' if rule.start == 'params' else 'zeros'}{divided}"
        )
    return lines
