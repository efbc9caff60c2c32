"""What of a training step goes around its rule: passes, a scaled loss, an average."""

from __future__ import annotations

from dataclasses import dataclass

#: What an adapter may be able to do beside a plain step → what it is called.
FEATURES = {
    "casts": "several dtypes in one program",
    "state": "state that is carried from step to step",
    "accumulate": "gradients accumulated over several passes",
    "loss-scale": "a scaled loss",
    "ema": "a moving average of the parameters",
}


@dataclass(frozen=True)
class Accumulate:
    """An update is made after so many backward passes, of their gradients' sum or mean."""

    passes: int
    mean: bool


@dataclass(frozen=True)
class LossScale:
    """What the loss is multiplied by before it is differentiated, and how that changes.

    Gradients that are not finite make no update, and the scale is multiplied by ``backoff``; after
    ``every`` updates in a row it is multiplied by ``growth``, where it stays finite.
    """

    init: float
    growth: float = 2.0
    backoff: float = 0.5
    every: int = 2000


@dataclass(frozen=True)
class Ema:
    """An exponential moving average of the parameters, moved after each update.

    ``start`` is what it is before: ``params`` as they are before the first update, ``zeros``, or
    ``first``, what they are after it. Where ``debias``, what is kept is divided by 1 - decayᵗ.
    """

    decay: float
    start: str
    debias: bool = False
