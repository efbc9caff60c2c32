"""A training step's update in Paddle: clipping, ``paddle.optimizer`` and its schedules."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np

from ..cases.task import Task
from ..refimpl.errors import Unsupported
from ..refimpl.optimizers.clipping import CLIPS as CLIP_ROWS
from .constructors import (
    downhill,
    maker_of,
    natives,
    own_optimizer,
    rate_of,
    refused,
    text_of_each,
)
from .paddle_lowerings.arrays import as_numpy
from .paddle_lowerings.library import Tensor, paddle
from .spelling import Library
from .values import attributes, dtype_of

Arrays = dict[str, Any]

_NAME, _WHERE = "paddle", "paddle.optimizer"


class PaddleTraining:
    """What a task's optimizer does to the parameters, whose gradients are in place."""

    def __init__(self, task: Task, params: Arrays) -> None:
        assert task.update is not None
        if dtype_of(task.dtype).kind == "c":
            raise Unsupported(f"{_WHERE} move no complex parameters")
        self._task, self._left = task, task.steps
        self.params = {k: _parameter(x) for k, x in params.items()}
        self._native = "optimizer" in natives(task, _NAME)
        names = list(params) if task.update.groups and not self._native else [""]
        with self._wide():
            self._optimizers = {
                name: _optimizer(
                    paddle,
                    task,
                    name,
                    parameters=[x for k, x in self.params.items() if name in ("", k)],
                )
                for name in names
            }

    @contextmanager
    def _wide(self) -> Iterator[None]:
        """Paddle keeps rates in its default dtype: who trains in float64 has set it."""
        before = paddle.get_default_dtype()
        paddle.set_default_dtype("float64" if self._task.dtype == "float64" else before)
        try:
            yield
        finally:
            paddle.set_default_dtype(before)

    def step(self, loss: float) -> None:
        """Move the parameters, then the schedules."""
        self._left -= 1
        with self._wide():
            for optimizer in self._optimizers.values():
                schedule = _schedule_of(optimizer)
                watching = isinstance(schedule, paddle.optimizer.lr.ReduceOnPlateau)
                if watching:
                    schedule.step(paddle.to_tensor(loss))
                optimizer.step()
                if schedule is not None and not watching and self._left:
                    schedule.step()

    def slots(self) -> dict[str, np.ndarray]:
        """The optimizers' state under the reference's names."""
        assert self._task.update is not None
        names = {} if self._native else SLOTS.get(self._task.update.rule, {})
        return {
            f"{k}.{slot}": as_numpy(held[x.name]).reshape(tuple(x.shape))
            for optimizer in self._optimizers.values()
            for slot, own in names.items()
            for held in [optimizer._accumulators.get(own, {})]  # noqa: SLF001  its state has names of its own
            for k, x in self.params.items()
            if x.name in held
        }


def _parameter(x: Tensor) -> Tensor:
    return paddle.base.framework.EagerParamBase.from_tensor(x)


def _schedule_of(optimizer: Any) -> Any:
    rate = optimizer._learning_rate  # noqa: SLF001  its schedule has no public name
    return rate if isinstance(rate, paddle.optimizer.lr.LRScheduler) else None


def spelled(task: Task) -> str:
    """The constructor's call that a task's update is; raises Unsupported where there is none."""
    library = Library(paddle, "paddle")
    return text_of_each(task, lambda name: _optimizer(library, task, name))


def _clip(library: Any, task: Task) -> dict[str, Any]:
    """The clipping as a constructor's argument; nothing where there is none."""
    assert task.update is not None
    clip, own = task.update.clip, natives(task, _NAME).get("clip")
    if own is not None:
        return {"grad_clip": getattr(library.nn, own.name)(**own.attributes)}
    if clip is None:
        return {}
    given = attributes(clip, CLIP_ROWS[clip.name].attributes)
    if clip.name == "value":
        return {"grad_clip": library.nn.ClipGradByValue(given["max"])}
    if clip.name != "global_norm":
        raise Unsupported(f"paddle.nn does not clip by {clip.name}")
    if given["eps"]:
        raise Unsupported("paddle.nn.ClipGradByGlobalNorm adds nothing to the norm")
    if task.update.groups and "optimizer" not in natives(task, _NAME):
        raise Unsupported("paddle.nn.ClipGradByGlobalNorm is of one optimizer's parameters")
    return {"grad_clip": library.nn.ClipGradByGlobalNorm(given["max"])}


def _optimizer(library: Any, task: Task, parameter: str, **others: Any) -> Any:
    others |= _clip(library, task)
    rated = partial(_scheduled, library, task)
    called = own_optimizer(library.optimizer, task, _NAME, rated, **others)
    if called is not None:
        return called
    make = maker_of(task, OPTIMIZERS, _WHERE, LACKING)
    given = downhill(task, parameter, _WHERE)
    rate = rated(float(given.pop("lr")))
    name, own = make(**given)
    numbers = {key: float(own.get(key, 0.0)) for key in SINGLE.get(name, ())}
    held = [key for key, number in numbers.items() if number != float(np.float32(number))]
    if held and task.dtype == "float64":
        raise Unsupported(f"{_WHERE}.{name} holds {' and '.join(held)} in float32")
    return getattr(library.optimizer, name)(rate, **own, **others)


def _scheduled(library: Any, task: Task, rate: float) -> Any:
    return rate_of(task, _NAME, rate, SCHEDULES, library.optimizer.lr, f"{_WHERE}.lr has no")


def _decay(weight_decay: float) -> dict[str, Any]:
    return {"weight_decay": float(weight_decay)} if weight_decay else {}


def _sgd(
    *, momentum: float, dampening: float, nesterov: bool, weight_decay: float
) -> tuple[str, dict[str, Any]]:
    refused(_WHERE, "Momentum", dampening=dampening)
    if not momentum:
        return "SGD", _decay(weight_decay)
    own = {"momentum": float(momentum), "use_nesterov": nesterov}
    return "Momentum", own | _decay(weight_decay)


def _betas(b1: float, b2: float, eps: float) -> dict[str, Any]:
    return {"beta1": b1, "beta2": b2, "epsilon": eps}


def _of_betas(name: str, **fixed: Any) -> Callable[..., tuple[str, dict[str, Any]]]:
    def made(
        *, b1: float, b2: float, eps: float, weight_decay: float, **others: Any
    ) -> tuple[str, dict[str, Any]]:
        refused(_WHERE, name, **others)
        return name, _betas(b1, b2, eps) | fixed | _decay(weight_decay)

    return made


def _adamw(*, b1: float, b2: float, eps: float, weight_decay: float) -> tuple[str, dict[str, Any]]:
    return "AdamW", _betas(b1, b2, eps) | {"weight_decay": float(weight_decay)}


def _amsgrad(*, max_corrected: bool, **given: Any) -> tuple[str, dict[str, Any]]:
    if max_corrected:
        raise Unsupported(f"{_WHERE}.Adam takes the largest second moment before it corrects it")
    return _of_betas("Adam", amsgrad=True)(**given)


def _nadam(*, momentum_decay: float, **given: Any) -> tuple[str, dict[str, Any]]:
    return _of_betas("NAdam", momentum_decay=float(momentum_decay))(**given)


def _radam(*, eps_corrected: bool, **given: Any) -> tuple[str, dict[str, Any]]:
    if eps_corrected:
        raise Unsupported(f"{_WHERE}.RAdam adds eps to the uncorrected root")
    return _of_betas("RAdam")(**given)


def _adagrad(
    *,
    eps: float,
    eps_in_root: bool,
    initial_accumulator: float,
    lr_decay: float,
    weight_decay: float,
) -> tuple[str, dict[str, Any]]:
    refused(_WHERE, "Adagrad", lr_decay=lr_decay, eps_in_root=eps and eps_in_root)
    own = {"epsilon": eps, "initial_accumulator_value": float(initial_accumulator)}
    return "Adagrad", own | _decay(weight_decay)


def _adadelta(*, rho: float, eps: float, weight_decay: float) -> tuple[str, dict[str, Any]]:
    return "Adadelta", {"epsilon": eps, "rho": rho} | _decay(weight_decay)


def _rmsprop(
    *,
    decay: float,
    eps: float,
    eps_in_root: bool,
    centered: bool,
    momentum: float,
    weight_decay: float,
) -> tuple[str, dict[str, Any]]:
    if eps and not eps_in_root:
        raise Unsupported(f"{_WHERE}.RMSProp adds eps inside the root")
    own = {"rho": decay, "epsilon": eps, "momentum": float(momentum), "centered": centered}
    return "RMSProp", own | _decay(weight_decay)


def _lamb(*, b1: float, b2: float, eps: float, weight_decay: float) -> tuple[str, dict[str, Any]]:
    own = {"lamb_weight_decay": float(weight_decay), "always_adapt": True}
    return "Lamb", own | _betas(b1, b2, eps)


def _rprop(
    *, eta_minus: float, eta_plus: float, step_min: float, step_max: float
) -> tuple[str, dict[str, Any]]:
    return "Rprop", {"learning_rate_range": (step_min, step_max), "etas": (eta_minus, eta_plus)}


#: rule → a function of its hyperparameters: the constructor's name, and its arguments.
OPTIMIZERS: dict[str, Callable[..., tuple[str, dict[str, Any]]]] = {
    "sgd": _sgd,
    "adam": _of_betas("Adam"),
    "adamw": _adamw,
    "amsgrad": _amsgrad,
    "adamax": _of_betas("Adamax"),
    "nadam": _nadam,
    "radam": _radam,
    "adagrad": _adagrad,
    "adadelta": _adadelta,
    "rmsprop": _rmsprop,
    "lamb": _lamb,
    "rprop": _rprop,
}

#: constructor → the arguments that it holds in float32, whatever the dtype.
SINGLE: dict[str, tuple[str, ...]] = {
    "Momentum": ("momentum", "weight_decay"),
    "AdamW": ("weight_decay",),
    "Adagrad": ("epsilon",),
    "Adadelta": ("rho", "epsilon"),
    "RMSProp": ("rho", "epsilon", "momentum"),
    "Lamb": ("beta1", "beta2", "epsilon", "lamb_weight_decay"),
    **dict.fromkeys(("Adamax", "NAdam", "RAdam"), ("beta1", "beta2", "epsilon")),
}

#: rule → why there is none though there is one of the name.
LACKING = {
    "asgd": f"{_WHERE}.ASGD averages gradients, not parameters",
    "lbfgs": f"{_WHERE}.LBFGS evaluates the loss again, which is not given",
}

#: schedule → a function of ``paddle.optimizer.lr``, the rate and the attributes.
SCHEDULES: dict[str, Callable[..., Any]] = {
    "constant": lambda _library, rate: rate,
    "exponential": lambda library, rate, *, factor: library.ExponentialDecay(rate, factor),
    "step": lambda library, rate, *, every, factor: library.StepDecay(rate, every, factor),
    "multi_step": lambda library, rate, *, at, factor: library.MultiStepDecay(
        rate, [int(step) for step in at], factor
    ),
    "cosine": lambda library, rate, *, steps, end: library.CosineAnnealingDecay(rate, steps, end),
    "warm_restarts": lambda library, rate, *, period, growth, end: (
        library.CosineAnnealingWarmRestarts(rate, period, growth, end)
    ),
    "polynomial": lambda library, rate, *, steps, power, end: library.PolynomialDecay(
        rate, steps, end, power
    ),
    "linear_warmup": lambda library, rate, *, steps, start: library.LinearWarmup(
        rate, steps, rate * start, rate
    ),
    "one_cycle": lambda library, rate, *, steps, peak_at, div, final_div: library.OneCycleLR(
        rate, steps + 1, float(div), rate / div / final_div, (peak_at + 1) / (steps + 1)
    ),
    "reduce_on_plateau": lambda library, rate, *, factor, patience, threshold, cooldown: (
        library.ReduceOnPlateau(
            rate,
            factor=factor,
            patience=patience,
            threshold=threshold,
            cooldown=cooldown,
            epsilon=0.0,
        )
    ),
}

#: rule → slot → the name of an accumulator.
SLOTS: dict[str, dict[str, str]] = {
    "sgd": {"v": "velocity"},
    "adam": {"m": "moment1", "v": "moment2"},
    "adamw": {"m": "moment1", "v": "moment2"},
    "amsgrad": {"m": "moment1", "v": "moment2", "v_max": "moment2_max"},
    "adamax": {"m": "moment", "u": "inf_norm"},
    "nadam": {"m": "moment1", "v": "moment2"},
    "radam": {"m": "moment1", "v": "moment2"},
    "adagrad": {"sum": "moment"},
    "adadelta": {"v": "_avg_squared_grad", "u": "_avg_squared_update"},
    "rmsprop": {"v": "mean_square", "mean": "mean_grad"},
    "lamb": {"m": "moment1", "v": "moment2"},
}
