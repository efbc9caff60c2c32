"""Update rules: optax's own, with what it keeps apart put before or behind them."""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import Any

import jax.numpy as jnp

from ...refimpl.errors import Unsupported
from ..spelling import said, text_of

Transformation = Any  # optax's types of transformations are many, and all interchangeable
#: A number, or a function of the count of steps.
Rate = Any


def _prepared(
    optax: Any, rule: Transformation, *, weight_decay: float = 0.0, maximize: bool = False
) -> Transformation:
    """``g ← ∇L`` (or its negative) ``+ weight_decay·θ``, then the rule."""
    before = [optax.scale(-1.0)] if maximize else []
    if weight_decay:
        before.append(optax.add_decayed_weights(weight_decay))
    return optax.chain(*before, rule) if before else rule


def _decayed(
    optax: Any, direction: Transformation, lr: Rate, weight_decay: float
) -> Transformation:
    """A direction, joined by weight_decay·θ, times the rate."""
    decay = optax.add_decayed_weights(weight_decay)
    return optax.chain(direction, decay, optax.scale_by_learning_rate(lr))


def _plain(name: str, **renamed: str) -> Callable[..., Transformation]:
    """A function of optax's that takes the rate first, and some hyperparameters renamed."""

    def made(optax: Any, /, *, lr: Rate, **given: Any) -> Transformation:
        return attrgetter(name)(optax)(lr, **{renamed.get(k, k): v for k, v in given.items()})

    return made


def _with_prelude(make: Callable[..., Transformation]) -> Callable[..., Transformation]:
    """A rule whose decay is part of the gradient, and which can go uphill."""

    def made(
        optax: Any, /, *, weight_decay: float = 0.0, maximize: bool = False, **given: Any
    ) -> Transformation:
        return _prepared(optax, make(optax, **given), weight_decay=weight_decay, maximize=maximize)

    return made


def _uphill(make: Callable[..., Transformation]) -> Callable[..., Transformation]:
    """A rule that can go uphill, and whose decay is its own."""

    def made(optax: Any, /, *, maximize: bool, **given: Any) -> Transformation:
        return _prepared(optax, make(optax, **given), maximize=maximize)

    return made


def _sgd(
    optax: Any, /, *, lr: Rate, momentum: float, dampening: float, nesterov: bool
) -> Transformation:
    if dampening:
        raise Unsupported("optax.sgd has no dampening")
    return optax.sgd(lr, momentum or None, nesterov)


def _adam_eps_hat(optax: Any, /, *, lr: Rate, b1: float, b2: float, eps: float) -> Transformation:
    """√(1 - b2ᵗ)/(1 - b1ᵗ)·m/(√v + eps) is m̂/(√v̂ + eps/√(1 - b2ᵗ))."""
    corrected = said(
        f"lambda count: {eps} / jnp.sqrt(1 - {b2} ** jnp.asarray(count + 1, float))",
        lambda count: eps / jnp.sqrt(1 - b2 ** jnp.asarray(count + 1, float)),
    )
    return optax.inject_hyperparams(optax.adam, static_args=("b1", "b2"))(
        learning_rate=lr, b1=b1, b2=b2, eps=corrected
    )


def _amsgrad(
    optax: Any, /, *, lr: Rate, b1: float, b2: float, eps: float, max_corrected: bool
) -> Transformation:
    if max_corrected:
        return optax.amsgrad(lr, b1, b2, eps)
    if eps:
        raise Unsupported(
            "optax.amsgrad takes the largest second moment after it has corrected its bias"
        )
    correction = said(
        f"lambda count: jnp.sqrt(1 - {b2} ** (count + 1))",
        lambda count: jnp.sqrt(1 - b2 ** (count + 1)),
    )
    return optax.chain(
        optax.scale_by_amsgrad(b1, b2, eps=0.0, bias_correction_nu=False),
        optax.scale_by_schedule(correction),
        optax.scale_by_learning_rate(lr),
    )


def _constant_b1(momentum_decay: float) -> None:
    if 0.96**momentum_decay:
        raise Unsupported("optax.nadam has no momentum_decay: its b1 is constant")


def _nadam(optax: Any, /, *, lr: Rate, momentum_decay: float, **others: Any) -> Transformation:
    _constant_b1(momentum_decay)
    return optax.nadam(lr, **others)


def _nadamw(optax: Any, /, *, lr: Rate, momentum_decay: float, **others: Any) -> Transformation:
    _constant_b1(momentum_decay)
    return optax.nadamw(lr, **others)


def _after_correction(eps: float, *, eps_corrected: bool) -> None:
    if eps and eps_corrected:
        raise Unsupported("optax.radam adds eps after it has corrected the moment's bias")


def _radam(
    optax: Any, /, *, lr: Rate, b1: float, b2: float, eps: float, eps_corrected: bool
) -> Transformation:
    _after_correction(eps, eps_corrected=eps_corrected)
    return optax.radam(lr, b1, b2, eps)


def _radamw(
    optax: Any,
    /,
    *,
    lr: Rate,
    b1: float,
    b2: float,
    eps: float,
    eps_corrected: bool,
    weight_decay: float,
) -> Transformation:
    _after_correction(eps, eps_corrected=eps_corrected)
    return _decayed(optax, optax.scale_by_radam(b1, b2, eps), lr, weight_decay)


def _adagrad(
    optax: Any,
    /,
    *,
    lr: Rate,
    eps: float,
    eps_in_root: bool,
    initial_accumulator: float,
    lr_decay: float,
) -> Transformation:
    if eps and not eps_in_root:
        raise Unsupported("optax.adagrad adds eps inside the root")

    def slowed(count: Any) -> Any:
        return (lr(count) if callable(lr) else lr) / (1 + count * lr_decay)

    said(f"lambda count: {text_of(lr)} / (1 + count * {lr_decay})", slowed)
    return optax.adagrad(slowed if lr_decay else lr, initial_accumulator, eps)


def _rmsprop(
    optax: Any,
    /,
    *,
    lr: Rate,
    decay: float,
    eps: float,
    eps_in_root: bool,
    centered: bool,
    momentum: float,
) -> Transformation:
    given = {"decay": decay, "eps": eps, "eps_in_sqrt": eps_in_root}
    if not momentum or not callable(lr):
        return optax.rmsprop(lr, centered=centered, momentum=momentum or None, **given)
    # optax.rmsprop's momentum holds the rate: with a changing one it is another rule.
    scaled = optax.scale_by_stddev if centered else optax.scale_by_rms
    rate = optax.scale_by_learning_rate(lr)
    return optax.chain(scaled(**given), optax.trace(momentum), rate)


def _yogi(
    optax: Any, /, *, lr: Rate, b1: float, b2: float, eps: float, initial_accumulator: float
) -> Transformation:
    if initial_accumulator:
        raise Unsupported("optax starts the first moment of yogi there too")
    direction = optax.scale_by_yogi(b1, b2, eps, initial_accumulator_value=0.0)
    return optax.chain(direction, optax.scale_by_learning_rate(lr))


def _adan(
    optax: Any, /, *, lr: Rate, difference: float, b2: float, **others: float
) -> Transformation:
    if abs(difference - (1 - b2)) > 1e-12:
        raise Unsupported("optax.adan weighs the gradient's difference by one less b2")
    return optax.adan(lr, b2=b2, **others)


def _sm3(optax: Any, /, *, lr: Rate, momentum: float, eps: float) -> Transformation:
    return optax.chain(optax.scale_by_sm3(momentum, eps=eps), optax.scale_by_learning_rate(lr))


def _adafactor(
    optax: Any,
    /,
    *,
    lr: Rate,
    decay_rate: float,
    eps: float,
    min_scale: float,
    threshold: float,
    capped: bool,
    weight_decay: float,
    maximize: bool,
) -> Transformation:
    if min_scale != 1e-3:
        raise Unsupported("optax.adafactor's least scale is 1e-3")

    def own(count: Any) -> Any:
        return lr(count) if callable(lr) else lr

    def rate(count: Any) -> Any:
        return jnp.minimum(own(count), 1 / jnp.sqrt(count + 1.0))

    said(f"lambda count: jnp.minimum({text_of(lr)}, 1 / jnp.sqrt(count + 1.0))", rate)
    decay = said(f"lambda count: {text_of(lr)} * {weight_decay}", lambda c: own(c) * weight_decay)
    rule = optax.adafactor(
        rate if capped else lr,
        min_dim_size_to_factor=1,
        decay_rate=decay_rate,
        clipping_threshold=threshold,
        weight_decay_rate=decay if weight_decay else None,
        eps=eps,
    )
    return _prepared(optax, rule, maximize=maximize)


def _muon(
    optax: Any, /, *, lr: Rate, momentum: float, bias_correction: bool, **others: Any
) -> Transformation:
    if not bias_correction:
        raise Unsupported("optax.contrib.muon corrects the momentum's bias")
    rows_out = optax.contrib.MuonDimensionNumbers(reduction_axis=1, output_axis=0)
    numbers = said(
        f"lambda params: jax.tree.map(lambda _: {text_of(rows_out)}, params)",
        lambda params: dict.fromkeys(params, rows_out),
    )
    return optax.contrib.muon(
        lr,
        beta=momentum,
        muon_weight_dimension_numbers=numbers,
        **others,
    )


def _lbfgs(
    optax: Any, /, *, lr: Rate, memory: float, capped_by: float, least_curvature: float
) -> Transformation:
    if capped_by == 1:
        raise Unsupported("optax.lbfgs caps its first step by the Euclidean norm")
    if least_curvature > 0:  # where all are above 0 it does not matter
        raise Unsupported("optax.lbfgs remembers every step, whatever its curvature")
    return optax.lbfgs(lr, memory_size=int(memory), linesearch=None)


#: rule → a function of optax, or of what writes its calls down, and the hyperparameters.
OPTIMIZERS: dict[str, Callable[..., Transformation]] = {
    "sgd": _with_prelude(_sgd),
    "sign_sgd": _plain("sign_sgd"),
    "signum": _plain("signum", momentum="beta"),
    "lion": _plain("lion"),
    "adam": _with_prelude(_plain("adam")),
    "adam_eps_hat": _with_prelude(_adam_eps_hat),
    "adamw": _uphill(_plain("adamw")),
    "amsgrad": _with_prelude(_amsgrad),
    "adamax": _with_prelude(_plain("adamax")),
    "adamaxw": _plain("adamaxw"),
    "nadam": _with_prelude(_nadam),
    "nadamw": _uphill(_nadamw),
    "radam": _with_prelude(_radam),
    "radamw": _uphill(_radamw),
    "adagrad": _with_prelude(_adagrad),
    "adadelta": _with_prelude(_plain("adadelta")),
    "rmsprop": _with_prelude(_rmsprop),
    "adabelief": _plain("adabelief"),
    "yogi": _yogi,
    "adan": _adan,
    "ademamix": _plain("contrib.ademamix"),
    "novograd": _plain("novograd"),
    "lamb": _plain("lamb"),
    "lars": _plain("lars"),
    "fromage": _plain("fromage"),
    "sm3": _sm3,
    "adafactor": _adafactor,
    "muon": _muon,
    "lbfgs": _lbfgs,
}

_MOMENTS = {"m": "mu", "v": "nu"}

#: rule → slot → the field of the transformation's state. What is missing holds something else:
#: the momenta of rmsprop and lars hold the rate in optax, the maxima of sm3 are flat.
SLOTS: dict[str, dict[str, str]] = {
    **dict.fromkeys(
        ("adam", "adam_eps_hat", "adamw", "nadam", "nadamw", "radam", "radamw"), _MOMENTS
    ),
    **dict.fromkeys(("adabelief", "yogi", "novograd", "lamb"), _MOMENTS),
    "sgd": {"m": "trace"},
    "signum": {"m": "ema"},
    "lion": {"m": "mu"},
    "amsgrad": {**_MOMENTS, "v_max": "nu_max"},
    "adamax": {"m": "mu", "u": "nu"},
    "adamaxw": {"m": "mu", "u": "nu"},
    "adagrad": {"sum": "sum_of_squares"},
    "adadelta": {"v": "e_g", "u": "e_x"},
    "rmsprop": {"v": "nu", "mean": "mu"},
    "adan": {slot: slot for slot in "mvng"},
    "ademamix": {"m": "m1", "slow": "m2", "v": "nu"},
    "sm3": {"m": "nu"},
    "muon": {"m": "mu"},
    "lbfgs": {"gradient": "updates", "param": "params"},
}
