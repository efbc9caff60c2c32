"""A training step's update in MLX: clipping, ``mlx.optimizers`` and its schedules."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import mlx.core as mx
import numpy as np
from mlx import optimizers

from ..cases.task import Task
from ..refimpl.errors import Unsupported
from ..refimpl.optimizers.clipping import CLIPS as CLIP_ROWS
from .constructors import maker_of, natives, own_optimizer, rate_of, refused, text_of_each
from .mlx_lowerings.arrays import as_array
from .spelling import Library
from .values import attributes, hyperparameters

Arrays = dict[str, Any]

_NAME, _WHERE = "mlx", "mlx.optimizers"


class MlxTraining:
    """What a task's optimizer does to the parameters."""

    def __init__(self, task: Task, params: Arrays) -> None:
        if task.dtype == "float64":
            raise Unsupported("mlx.optimizers hold their rate in float32")
        self._task = task
        self._clip = _clipping(task)
        self._native = "optimizer" in natives(task, _NAME)
        groups = bool(task.update and task.update.groups) and not self._native
        names = list(params) if groups else [""]
        self._optimizers = {name: _optimizer(optimizers, task, name) for name in names}

    def step(self, params: Arrays, grads: Mapping[str, np.ndarray | None], _loss: float) -> Arrays:
        """The parameters after one update."""
        found = {
            k: mx.zeros_like(x) if grads.get(k) is None else as_array(_some(grads[k]))
            for k, x in params.items()
        }
        found = self._clip(found)
        moved: Arrays = {}
        for name, optimizer in self._optimizers.items():
            mine = {name: params[name]} if name else params
            moved |= optimizer.apply_gradients({k: found[k] for k in mine}, mine)
        mx.eval(moved)
        return {k: moved[k] for k in params}

    def slots(self) -> Arrays:
        """The optimizers' state under the reference's names."""
        assert self._task.update is not None
        update = self._task.update
        plain = update.rule == "sgd" and not update.hyperparameters.get("momentum")
        if plain or self._native:
            return {}
        names = SLOTS.get(update.rule, {})
        return {
            f"{name}.{slot}": optimizer.state[name][own]
            for optimizer in self._optimizers.values()
            for name in self._task.params
            for slot, own in names.items()
            if own in optimizer.state.get(name, {})
        }


def _some(x: np.ndarray | None) -> np.ndarray:
    assert x is not None
    return x


def spelled(task: Task) -> str:
    """The constructor's call that a task's update is; raises Unsupported where there is none."""
    _clipping(task)
    library = Library(optimizers, _WHERE)
    return text_of_each(task, lambda name: _optimizer(library, task, name))


def _clipping(task: Task) -> Callable[[Arrays], Arrays]:
    assert task.update is not None
    clip, own = task.update.clip, natives(task, _NAME).get("clip")
    if own is not None:
        return lambda grads: getattr(optimizers, own.name)(grads, **own.attributes)[0]
    if clip is None:
        return lambda grads: grads
    given = attributes(clip, CLIP_ROWS[clip.name].attributes)
    if clip.name != "global_norm":
        raise Unsupported(f"mlx.optimizers clips by the global norm, not by {clip.name}")
    if given["eps"] != 1e-6:
        raise Unsupported("mlx.optimizers.clip_grad_norm adds 1e-6 to the norm")
    return lambda grads: optimizers.clip_grad_norm(grads, given["max"])[0]


def _optimizer(library: Any, task: Task, parameter: str) -> Any:
    own = own_optimizer(library, task, _NAME, partial(_scheduled, library, task))
    if own is not None:
        return own
    make = maker_of(task, OPTIMIZERS, _WHERE)
    given = hyperparameters(task, parameter)
    rate = given.pop("lr")
    return make(library, _scheduled(library, task, rate), **given)


def _scheduled(library: Any, task: Task, rate: float) -> Any:
    return rate_of(task, _NAME, rate, SCHEDULES, library, f"{_WHERE} has no schedule")


def _above_zero(name: str, eps: float) -> None:
    if eps <= 0:
        raise Unsupported(f"mlx.optimizers.{name} takes no eps of 0")


def _sgd(library: Any, rate: Any, *, maximize: bool, **given: Any) -> Any:
    refused(_WHERE, "SGD", maximize=maximize)
    if given["dampening"]:
        raise Unsupported("mlx.optimizers.SGD dampens the first step too")
    return library.SGD(rate, **given)


def _adam(library: Any, rate: Any, *, b1: float, b2: float, eps: float, **others: Any) -> Any:
    refused(_WHERE, "Adam", **others)
    return library.Adam(rate, betas=[b1, b2], eps=eps, bias_correction=True)


def _adamw(
    library: Any,
    rate: Any,
    *,
    b1: float,
    b2: float,
    eps: float,
    weight_decay: float,
    maximize: bool,
) -> Any:
    refused(_WHERE, "AdamW", maximize=maximize)
    return library.AdamW(
        rate, betas=[b1, b2], eps=eps, weight_decay=weight_decay, bias_correction=True
    )


def _adagrad(
    library: Any,
    rate: Any,
    *,
    eps: float,
    eps_in_root: bool,
    initial_accumulator: float,
    **others: Any,
) -> Any:
    refused(
        _WHERE,
        "Adagrad",
        eps_in_root=eps_in_root,
        initial_accumulator=initial_accumulator,
        **others,
    )
    _above_zero("Adagrad", eps)
    return library.Adagrad(rate, eps=eps)


def _adadelta(library: Any, rate: Any, *, rho: float, eps: float, **others: Any) -> Any:
    refused(_WHERE, "AdaDelta", **others)
    _above_zero("AdaDelta", eps)
    return library.AdaDelta(rate, rho=rho, eps=eps)


def _rmsprop(
    library: Any,
    rate: Any,
    *,
    decay: float,
    eps: float,
    eps_in_root: bool,
    **others: Any,
) -> Any:
    refused(_WHERE, "RMSprop", eps_in_root=eps_in_root, **others)
    _above_zero("RMSprop", eps)
    return library.RMSprop(rate, alpha=decay, eps=eps)


def _lion(library: Any, rate: Any, *, b1: float, b2: float, weight_decay: float) -> Any:
    return library.Lion(rate, betas=[b1, b2], weight_decay=weight_decay)


def _signum(library: Any, rate: Any, *, momentum: float) -> Any:
    """The sign of a mean of gradients is Lion's, of equal coefficients."""
    return library.Lion(rate, betas=[momentum, momentum])


def _sign_sgd(library: Any, rate: Any) -> Any:
    return library.Lion(rate, betas=[0.0, 0.0])


def _adamax(library: Any, rate: Any, **_: Any) -> Any:
    del library, rate
    raise Unsupported("mlx.optimizers.Adamax does not correct the bias of its mean")


def _muon(library: Any, rate: Any, **_: Any) -> Any:
    del library, rate
    raise Unsupported("mlx.optimizers.Muon weighs the gradient by one less the momentum")


def _adafactor(library: Any, rate: Any, **_: Any) -> Any:
    del library, rate
    raise Unsupported("mlx.optimizers.Adafactor has another decay, and clips otherwise")


#: rule → a function of ``mlx.optimizers``, or of what writes its calls down, the rate and the
#: hyperparameters.
OPTIMIZERS: dict[str, Callable[..., Any]] = {
    "sgd": _sgd,
    "adam": _adam,
    "adamw": _adamw,
    "adagrad": _adagrad,
    "adadelta": _adadelta,
    "rmsprop": _rmsprop,
    "lion": _lion,
    "signum": _signum,
    "sign_sgd": _sign_sgd,
    "adamax": _adamax,
    "muon": _muon,
    "adafactor": _adafactor,
}

#: schedule → a function of ``mlx.optimizers``, the rate and the attributes.
SCHEDULES: dict[str, Callable[..., Any]] = {
    "exponential": lambda library, rate, *, factor: library.exponential_decay(rate, factor),
    "step": lambda library, rate, *, every, factor: library.step_decay(rate, factor, every),
    "cosine": lambda library, rate, *, steps, end: library.cosine_decay(rate, steps, end),
    "linear_warmup": lambda library, rate, *, steps, start: library.linear_schedule(
        rate * start, rate, steps
    ),
}

#: rule → slot → its name in the optimizer's state.
SLOTS: dict[str, dict[str, str]] = {
    "sgd": {"m": "v"},
    "adam": {"m": "m", "v": "v"},
    "adamw": {"m": "m", "v": "v"},
    "adagrad": {"sum": "v"},
    "adadelta": {"v": "v", "u": "u"},
    "rmsprop": {"v": "v"},
    "lion": {"m": "m"},
}
