"""A training step's update in TensorFlow: clipping, ``tf.keras.optimizers`` and their schedules."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
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
from .spelling import Library
from .tensorflow_lowerings.arrays import as_numpy, as_tensor
from .tensorflow_lowerings.library import keras, tf
from .values import attributes, dtype_of, hyperparameters, real_of

Arrays = dict[str, Any]

_NAME, _WHERE = "tensorflow", "tf.keras.optimizers"


class TensorFlowTraining:
    """What a task's optimizer does to the parameters, which it holds as Keras's variables."""

    def __init__(self, task: Task, params: Arrays) -> None:
        if dtype_of(task.dtype).kind == "c":
            raise Unsupported(f"{_WHERE} move no complex parameters")
        self._task, self._clip = task, _clipping(task)
        self._dtype = real_of(dtype_of(task.dtype)).name
        self._native = "optimizer" in natives(task, _NAME)
        groups = bool(task.update and task.update.groups) and not self._native
        self._optimizers: dict[str, Any] = {}
        with _in_dtype(self._dtype):
            self._variables = {
                k: keras.Variable(x, dtype=x.dtype.name, name=k) for k, x in params.items()
            }
            for name in params if groups else [""]:
                optimizer = _optimizer(keras.optimizers, task, name)
                if self._dtype == "float64":
                    _widen(optimizer)
                optimizer.build([self._variables[k] for k in params if name in ("", k)])
                self._optimizers[name] = optimizer
        self._steps = 0

    def step(self, grads: Mapping[str, np.ndarray | None]) -> Arrays:
        """The parameters after one update."""
        names = list(self._variables)
        found = [
            tf.zeros_like(self._variables[k]) if (g := grads.get(k)) is None else as_tensor(g)
            for k in names
        ]
        clipped = dict(zip(names, self._clip(found), strict=True))
        self._steps += 1
        with _in_dtype(self._dtype):
            for name, optimizer in self._optimizers.items():
                if not self._native:
                    _uncorrected(self._task, name, optimizer, self._steps)
                mine = [k for k in names if name in ("", k)]
                optimizer.apply([clipped[k] for k in mine], [self._variables[k] for k in mine])
        return {k: tf.convert_to_tensor(v) for k, v in self._variables.items()}

    def slots(self) -> dict[str, np.ndarray]:
        """The optimizers' state under the reference's names."""
        assert self._task.update is not None
        own = {} if self._native else SLOTS.get(self._task.update.rule, {})
        names = list(self._variables)
        return {
            f"{k}.{slot}": as_numpy(getattr(optimizer, attribute)[at])
            for name, optimizer in self._optimizers.items()
            for at, k in enumerate(k for k in names if name in ("", k))
            for slot, attribute in own.items()
            if getattr(optimizer, attribute, None)
        }


def spelled(task: Task) -> str:
    """The constructor's call that a task's update is; raises Unsupported where there is none."""
    _clipping(task)
    library = Library(keras.optimizers, _WHERE)
    return text_of_each(task, lambda name: _optimizer(library, task, name))


@contextmanager
def _in_dtype(dtype: str) -> Iterator[None]:
    """Keras keeps rates in its own dtype of floats: not in float32 where parameters are wider."""
    before = keras.config.floatx()
    keras.config.set_floatx("float64" if dtype == "float64" else "float32")
    try:
        yield
    finally:
        keras.config.set_floatx(before)


def _widen(optimizer: Any) -> None:
    """Give Keras tensors in place of its numbers, which ``tf.cast`` takes to float32 on the way."""
    for part in (optimizer, optimizer._learning_rate):  # noqa: SLF001  the schedule, where there is one
        for name in _NUMBERS:
            if isinstance(number := getattr(part, name, None), float):
                setattr(part, name, tf.constant(number, tf.float64))


#: Attributes of optimizers and of schedules.
_NUMBERS = (
    *("momentum", "rho", "beta_1", "beta_2", "weight_decay", "initial_accumulator_value"),
    *("initial_learning_rate", "end_learning_rate", "decay_rate", "power", "alpha"),
    *("warmup_target", "_t_mul", "_m_mul"),
)


def _uncorrected(task: Task, parameter: str, optimizer: Any, step: int) -> None:
    """Give the rules whose eps stands beside the uncorrected root one that makes it the rule's.

    Keras divides by ``√v + eps`` and multiplies by ``√(1 - b2ᵗ)``: the same as ``√v̂ + eps`` of an
    eps that is scaled as v's root is (Kingma & Ba, the end of section 2).
    """
    assert task.update is not None
    if task.update.rule in _UNCORRECTED:
        given = hyperparameters(task, parameter)
        optimizer.epsilon = given["eps"] * (1 - given["b2"] ** step) ** 0.5


_UNCORRECTED = ("adam", "adamw", "amsgrad")


def _clipping(task: Task) -> Callable[[list[Any]], list[Any]]:
    assert task.update is not None
    clip, own = task.update.clip, natives(task, _NAME).get("clip")
    if own is not None:
        function = getattr(tf, own.name)
        if own.name == "clip_by_global_norm":
            return lambda grads: function(grads, **own.attributes)[0]
        return lambda grads: [function(g, **own.attributes) for g in grads]
    if clip is None:
        return lambda grads: grads
    given = attributes(clip, CLIP_ROWS[clip.name].attributes)
    most = given["max"]
    if clip.name == "value":
        return lambda grads: [tf.clip_by_value(g, -most, most) for g in grads]
    if clip.name != "global_norm":
        raise Unsupported(f"TensorFlow does not clip by {clip.name}")
    if given["eps"]:
        raise Unsupported("tf.clip_by_global_norm adds nothing to the norm")
    return lambda grads: tf.clip_by_global_norm(grads, most)[0]


def _scheduled(library: Any, task: Task, rate: float) -> Any:
    lacking = f"{_WHERE}.schedules has no"
    return rate_of(task, _NAME, rate, SCHEDULES, library.schedules, lacking)


def _optimizer(library: Any, task: Task, parameter: str) -> Any:
    own = own_optimizer(library, task, _NAME, partial(_scheduled, library, task))
    if own is not None:
        return own
    make = maker_of(task, OPTIMIZERS, _WHERE, LACKING)
    given = downhill(task, parameter, _WHERE)
    rate = float(given.pop("lr"))
    assert task.update is not None
    if task.update.schedule is not None and given.get("momentum"):
        raise Unsupported(f"{_WHERE} have the rate in the velocity, where a schedule shows")
    return make(library, _scheduled(library, task, rate), **given)


def _inside(name: str, eps: float, *, eps_in_root: bool) -> None:
    if eps and not eps_in_root:
        raise Unsupported(f"{_WHERE}.{name} adds eps inside the root")


def _decoupled(name: str, weight_decay: float) -> None:
    if weight_decay:
        raise Unsupported(
            f"{_WHERE}.{name} takes the decay of weights from them, not from the loss"
        )


def _sgd(
    library: Any,
    rate: Any,
    *,
    momentum: float,
    nesterov: bool,
    dampening: float,
    weight_decay: float,
) -> Any:
    refused(_WHERE, "SGD", dampening=dampening)
    _decoupled("SGD", weight_decay)
    return library.SGD(rate, momentum=float(momentum), nesterov=nesterov)


def _betas(b1: float, b2: float, eps: float) -> dict[str, float]:
    return {"beta_1": b1, "beta_2": b2, "epsilon": eps}


def _adam(library: Any, rate: Any, *, b1: float, b2: float, eps: float, weight_decay: float) -> Any:
    _decoupled("Adam", weight_decay)
    return library.Adam(rate, **_betas(b1, b2, eps))


def _adamw(
    library: Any, rate: Any, *, b1: float, b2: float, eps: float, weight_decay: float
) -> Any:
    return library.AdamW(rate, weight_decay=weight_decay, **_betas(b1, b2, eps))


def _amsgrad(
    library: Any,
    rate: Any,
    *,
    b1: float,
    b2: float,
    eps: float,
    weight_decay: float,
    max_corrected: bool,
) -> Any:
    _decoupled("Adam", weight_decay)
    if max_corrected:
        raise Unsupported(f"{_WHERE}.Adam takes the largest second moment before it corrects it")
    return library.Adam(rate, amsgrad=True, **_betas(b1, b2, eps))


def _adamax(
    library: Any, rate: Any, *, b1: float, b2: float, eps: float, weight_decay: float
) -> Any:
    _decoupled("Adamax", weight_decay)
    if eps:
        raise Unsupported(f"{_WHERE}.Adamax adds eps to the largest gradient, not to each")
    return library.Adamax(rate, **_betas(b1, b2, eps))


def _nadam(
    library: Any,
    rate: Any,
    *,
    b1: float,
    b2: float,
    eps: float,
    momentum_decay: float,
    weight_decay: float,
) -> Any:
    _decoupled("Nadam", weight_decay)
    if momentum_decay != 1:
        raise Unsupported(f"{_WHERE}.Nadam's momentum grows by 0.96 a step")
    return library.Nadam(rate, **_betas(b1, b2, eps))


def _adagrad(
    library: Any,
    rate: Any,
    *,
    eps: float,
    eps_in_root: bool,
    initial_accumulator: float,
    lr_decay: float,
    weight_decay: float,
) -> Any:
    refused(_WHERE, "Adagrad", lr_decay=lr_decay)
    _decoupled("Adagrad", weight_decay)
    _inside("Adagrad", eps, eps_in_root=eps_in_root)
    return library.Adagrad(rate, initial_accumulator_value=initial_accumulator, epsilon=eps)


def _adadelta(library: Any, rate: Any, *, rho: float, eps: float, weight_decay: float) -> Any:
    _decoupled("Adadelta", weight_decay)
    return library.Adadelta(rate, rho=rho, epsilon=eps)


def _rmsprop(
    library: Any,
    rate: Any,
    *,
    decay: float,
    eps: float,
    eps_in_root: bool,
    centered: bool,
    momentum: float,
    weight_decay: float,
) -> Any:
    _decoupled("RMSprop", weight_decay)
    _inside("RMSprop", eps, eps_in_root=eps_in_root)
    return library.RMSprop(rate, rho=decay, momentum=momentum, epsilon=eps, centered=centered)


def _lion(library: Any, rate: Any, *, b1: float, b2: float, weight_decay: float) -> Any:
    return library.Lion(rate, beta_1=b1, beta_2=b2, weight_decay=weight_decay or None)


def _lamb(library: Any, rate: Any, *, b1: float, b2: float, eps: float, weight_decay: float) -> Any:
    if weight_decay:
        raise Unsupported(f"{_WHERE}.Lamb's trust ratio knows nothing of the decay of weights")
    return library.Lamb(rate, **_betas(b1, b2, eps))


#: rule → a function of ``tf.keras.optimizers``, or of what writes its calls down, the rate and the
#: hyperparameters.
OPTIMIZERS: dict[str, Callable[..., Any]] = {
    "sgd": _sgd,
    "adam": _adam,
    "adamw": _adamw,
    "amsgrad": _amsgrad,
    "adamax": _adamax,
    "nadam": _nadam,
    "adagrad": _adagrad,
    "adadelta": _adadelta,
    "rmsprop": _rmsprop,
    "lion": _lion,
    "lamb": _lamb,
}

#: rule → why there is none, where there is one of that name.
LACKING: dict[str, str] = {
    "muon": f"{_WHERE}.Muon weighs the gradient by one less the momentum",
    "adafactor": f"{_WHERE}.Adafactor starts its means otherwise, and caps the rate otherwise",
}

#: schedule → a function of ``tf.keras.optimizers.schedules``, the rate and the attributes.
SCHEDULES: dict[str, Callable[..., Any]] = {
    "constant": lambda _library, rate: rate,
    "exponential": lambda library, rate, *, factor: library.ExponentialDecay(rate, 1, factor),
    "step": lambda library, rate, *, every, factor: library.ExponentialDecay(
        rate, every, factor, staircase=True
    ),
    "multi_step": lambda library, rate, *, at, factor: library.PiecewiseConstantDecay(
        [int(step) - 1 for step in at], [rate * factor**k for k in range(len(at) + 1)]
    ),
    "cosine": lambda library, rate, *, steps, end: library.CosineDecay(
        rate, steps, alpha=end / rate
    ),
    "warm_restarts": lambda library, rate, *, period, growth, end: library.CosineDecayRestarts(
        rate, period, t_mul=float(growth), m_mul=1.0, alpha=end / rate
    ),
    "polynomial": lambda library, rate, *, steps, power, end: library.PolynomialDecay(
        rate, steps, end_learning_rate=end, power=power
    ),
    "linear_warmup": lambda library, rate, *, steps, start: library.PolynomialDecay(
        rate * start, steps, end_learning_rate=rate, power=1.0
    ),
    "warmup_cosine": lambda library, rate, *, warmup, start, steps, end: library.CosineDecay(
        rate * start,
        steps - warmup,
        alpha=end / rate,
        warmup_target=rate,
        warmup_steps=warmup,
    ),
}

#: rule → slot → the optimizer's attribute, a list in the order of its variables. SGD's velocity
#: has the rate in it, and is no slot of the reference's.
SLOTS: dict[str, dict[str, str]] = {
    "adam": {"m": "_momentums", "v": "_velocities"},
    "adamw": {"m": "_momentums", "v": "_velocities"},
    "amsgrad": {"m": "_momentums", "v": "_velocities", "v_max": "_velocity_hats"},
    "adamax": {"m": "_m", "u": "_u"},
    "nadam": {"m": "_momentums", "v": "_velocities"},
    "adagrad": {"sum": "_accumulators"},
    "adadelta": {"v": "_accumulated_grads", "u": "_accumulated_delta_vars"},
    "rmsprop": {"v": "_velocities", "mean": "_average_gradients"},
    "lion": {"m": "_momentums"},
    "lamb": {"m": "_momentums", "v": "_velocities"},
}
