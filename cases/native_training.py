"""The frameworks' own training parts that a case may call by name, with their own defaults."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

#: adapter → part → names. Only these: pure constructors of numbers' arithmetic.
NATIVE_TRAINING: dict[str, dict[str, tuple[str, ...]]] = {
    "torch": {
        "optimizer": (
            "ASGD",
            "Adadelta",
            "Adafactor",
            "Adagrad",
            "Adam",
            "AdamW",
            "Adamax",
            "Muon",
            "NAdam",
            "RAdam",
            "RMSprop",
            "Rprop",
            "SGD",
        ),
        "schedule": (
            "ConstantLR",
            "CosineAnnealingLR",
            "CosineAnnealingWarmRestarts",
            "ExponentialLR",
            "LinearLR",
            "MultiStepLR",
            "OneCycleLR",
            "PolynomialLR",
            "StepLR",
        ),
        "clip": ("clip_grad_norm_", "clip_grad_value_"),
        "loss-scale": ("GradScaler",),
        "ema": ("AveragedModel", "get_ema_multi_avg_fn"),
    },
    "jax": {
        "optimizer": (
            "adabelief",
            "adadelta",
            "adafactor",
            "adagrad",
            "adam",
            "adamax",
            "adamaxw",
            "adamw",
            "adan",
            "ademamix",
            "amsgrad",
            "fromage",
            "lamb",
            "lars",
            "lion",
            "muon",
            "nadam",
            "nadamw",
            "novograd",
            "radam",
            "rmsprop",
            "rprop",
            "sgd",
            "sign_sgd",
            "signum",
            "sm3",
            "yogi",
        ),
        "schedule": (
            "constant_schedule",
            "cosine_decay_schedule",
            "cosine_onecycle_schedule",
            "exponential_decay",
            "linear_onecycle_schedule",
            "linear_schedule",
            "polynomial_schedule",
            "warmup_cosine_decay_schedule",
        ),
        "clip": ("adaptive_grad_clip", "clip", "clip_by_block_rms", "clip_by_global_norm"),
        "accumulate": ("MultiSteps",),
        "loss-scale": ("apply_if_finite",),
        "ema": ("ema", "incremental_update"),
    },
    "mlx": {
        "optimizer": (
            "AdaDelta",
            "Adafactor",
            "Adagrad",
            "Adam",
            "AdamW",
            "Adamax",
            "Lion",
            "Muon",
            "RMSprop",
            "SGD",
        ),
        "schedule": ("cosine_decay", "exponential_decay", "linear_schedule", "step_decay"),
        "clip": ("clip_grad_norm",),
    },
    "tensorflow": {
        "optimizer": (
            "Adadelta",
            "Adafactor",
            "Adagrad",
            "Adam",
            "AdamW",
            "Adamax",
            "Ftrl",
            "Lamb",
            "Lion",
            "Muon",
            "Nadam",
            "RMSprop",
            "SGD",
        ),
        "schedule": (
            "CosineDecay",
            "CosineDecayRestarts",
            "ExponentialDecay",
            "InverseTimeDecay",
            "PiecewiseConstantDecay",
            "PolynomialDecay",
        ),
        "clip": ("clip_by_global_norm", "clip_by_norm", "clip_by_value"),
    },
    "paddle": {
        "optimizer": (
            "ASGD",
            "Adadelta",
            "Adagrad",
            "Adam",
            "AdamW",
            "Adamax",
            "Lamb",
            "Momentum",
            "NAdam",
            "RAdam",
            "RMSProp",
            "Rprop",
            "SGD",
        ),
        "schedule": (
            "CosineAnnealingDecay",
            "CosineAnnealingWarmRestarts",
            "ExponentialDecay",
            "InverseTimeDecay",
            "LinearLR",
            "LinearWarmup",
            "MultiStepDecay",
            "NaturalExpDecay",
            "NoamDecay",
            "OneCycleLR",
            "PiecewiseDecay",
            "PolynomialDecay",
            "StepDecay",
        ),
        "clip": ("ClipGradByGlobalNorm", "ClipGradByNorm", "ClipGradByValue"),
    },
}

#: What such a constructor of optax's has no default for: all but two rules need a rate.
_RATE = {
    name: ("learning_rate",)
    for name in NATIVE_TRAINING["jax"]["optimizer"]
    if name not in ("adadelta", "adafactor")
}

#: adapter → name → the attributes that it cannot be called without.
REQUIRED: dict[str, dict[str, tuple[str, ...]]] = {
    "torch": {
        "CosineAnnealingLR": ("T_max",),
        "CosineAnnealingWarmRestarts": ("T_0",),
        "ExponentialLR": ("gamma",),
        "MultiStepLR": ("milestones",),
        "OneCycleLR": ("max_lr",),
        "StepLR": ("step_size",),
        "clip_grad_norm_": ("max_norm",),
        "clip_grad_value_": ("clip_value",),
    },
    "jax": {
        **_RATE,
        "constant_schedule": ("value",),
        "cosine_decay_schedule": ("init_value", "decay_steps"),
        "cosine_onecycle_schedule": ("transition_steps", "peak_value"),
        "exponential_decay": ("init_value", "transition_steps", "decay_rate"),
        "linear_onecycle_schedule": ("transition_steps", "peak_value"),
        "linear_schedule": ("init_value", "end_value", "transition_steps"),
        "polynomial_schedule": ("init_value", "end_value", "power", "transition_steps"),
        "warmup_cosine_decay_schedule": (
            "init_value",
            "peak_value",
            "warmup_steps",
            "decay_steps",
        ),
        "adaptive_grad_clip": ("clipping",),
        "clip": ("max_delta",),
        "clip_by_block_rms": ("threshold",),
        "clip_by_global_norm": ("max_norm",),
        "MultiSteps": ("every_k_schedule",),
        "apply_if_finite": ("max_consecutive_errors",),
        "ema": ("decay",),
        "incremental_update": ("step_size",),
    },
    "mlx": {
        **{
            name: ("learning_rate",)
            for name in NATIVE_TRAINING["mlx"]["optimizer"]
            if name != "Adafactor"
        },
        "cosine_decay": ("init", "decay_steps"),
        "exponential_decay": ("init", "decay_rate"),
        "linear_schedule": ("init", "end", "steps"),
        "step_decay": ("init", "decay_rate", "step_size"),
        "clip_grad_norm": ("max_norm",),
    },
    "tensorflow": {
        "CosineDecay": ("initial_learning_rate", "decay_steps"),
        "CosineDecayRestarts": ("initial_learning_rate", "first_decay_steps"),
        "ExponentialDecay": ("initial_learning_rate", "decay_steps", "decay_rate"),
        "InverseTimeDecay": ("initial_learning_rate", "decay_steps", "decay_rate"),
        "PiecewiseConstantDecay": ("boundaries", "values"),
        "PolynomialDecay": ("initial_learning_rate", "decay_steps"),
        "clip_by_global_norm": ("clip_norm",),
        "clip_by_norm": ("clip_norm",),
        "clip_by_value": ("clip_value_min", "clip_value_max"),
    },
    "paddle": {
        **dict.fromkeys(("Adagrad", "RMSProp"), ("learning_rate",)),
        "CosineAnnealingDecay": ("learning_rate", "T_max"),
        "CosineAnnealingWarmRestarts": ("learning_rate", "T_0"),
        **dict.fromkeys(
            ("ExponentialDecay", "InverseTimeDecay", "NaturalExpDecay"), ("learning_rate", "gamma")
        ),
        "LinearLR": ("learning_rate", "total_steps"),
        "LinearWarmup": ("learning_rate", "warmup_steps", "start_lr", "end_lr"),
        "MultiStepDecay": ("learning_rate", "milestones"),
        "NoamDecay": ("d_model", "warmup_steps"),
        "OneCycleLR": ("max_learning_rate", "total_steps"),
        "PiecewiseDecay": ("boundaries", "values"),
        "PolynomialDecay": ("learning_rate", "decay_steps"),
        "StepDecay": ("learning_rate", "step_size"),
        "ClipGradByGlobalNorm": ("clip_norm",),
        "ClipGradByNorm": ("clip_norm",),
        "ClipGradByValue": ("max",),
    },
}

#: adapter → what no optimizer of it is given, as others call it → what it is given in its place.
FOREIGN: dict[str, dict[str, str]] = {
    "torch": {
        "learning_rate": "lr",
        **dict.fromkeys(("b1", "b2", "beta1", "beta2", "beta_1", "beta_2"), "betas"),
        "epsilon": "eps",
    },
    "jax": {
        "lr": "learning_rate",
        "betas": "b1 and b2",
        **dict.fromkeys(("beta1", "beta_1"), "b1"),
        **dict.fromkeys(("beta2", "beta_2"), "b2"),
    },
    "tensorflow": {"lr": "learning_rate", "betas": "beta_1 and beta_2", "eps": "epsilon"},
    "paddle": {"lr": "learning_rate", "betas": "beta1 and beta2", "eps": "epsilon"},
    "mlx": {"lr": "learning_rate", "b1": "betas", "b2": "betas", "epsilon": "eps"},
}

#: What of a training step can be native.
PARTS = ("optimizer", "schedule", "clip", "accumulate", "loss-scale", "ema")

#: Those that stand in the place of a part of the case, without which nothing is compared.
IN_PLACE = ("clip", "accumulate", "loss-scale", "ema")


@dataclass(frozen=True)
class Chosen:
    """A name out of a table, and what is given to it."""

    name: str
    attributes: dict[str, Any]
