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
    },
}

#: What of a training step can be native.
PARTS = ("optimizer", "schedule", "clip")


@dataclass(frozen=True)
class Chosen:
    """A name out of a table, and what is given to it."""

    name: str
    attributes: dict[str, Any]
