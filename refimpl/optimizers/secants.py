"""L-BFGS: a picture of the curvature from how the gradient changed over the last steps."""

from __future__ import annotations

from typing import Any

import numpy as np

from .rule import State, UpdateRule


def _first_scale(gradient: Any, capped_by: Any) -> Any:
    """What the first step, along the gradient itself, is multiplied by."""
    order = round(float(capped_by))
    if order == 0:
        return 1.0
    size = np.sum(np.abs(gradient)) if order == 1 else np.sqrt(np.sum(gradient * gradient))
    return 1.0 if size <= 1 else 1 / size


def _lbfgs(
    gradient: Any,
    param: Any,
    state: State,
    step: int,
    *,
    lr: Any,
    memory: Any,
    capped_by: Any,
    least_curvature: Any,
) -> tuple[Any, State]:
    s, y = state["s"], state["y"]
    if step > 1:
        moved, change = param - state["param"], gradient - state["gradient"]
        if np.sum(moved * change) > least_curvature:
            most = round(float(memory))
            s = np.concatenate((s, moved[None]))[-most:]
            y = np.concatenate((y, change[None]))[-most:]
    scale = _first_scale(gradient, capped_by)
    if step > 1:
        scale = np.sum(s[-1] * y[-1]) / np.sum(y[-1] * y[-1]) if len(s) else 1.0
    direction, shares = gradient, []
    for k in reversed(range(len(s))):
        share = np.sum(s[k] * direction) / np.sum(s[k] * y[k])
        direction = direction - share * y[k]
        shares.append(share)
    direction = scale * direction
    for k, share in enumerate(reversed(shares)):
        direction = direction + (share - np.sum(y[k] * direction) / np.sum(s[k] * y[k])) * s[k]
    return param - lr * direction, {"s": s, "y": y, "param": param, "gradient": gradient}


def _slots(param: Any) -> State:
    none = np.zeros_like(param, shape=(0, param.size))
    return {
        "s": none,
        "y": none,
        "param": np.zeros_like(param),
        "gradient": np.zeros_like(param),
    }


LBFGS = UpdateRule(
    "lbfgs",
    _slots,
    _lbfgs,
    formula="""\
s = θₜ − θₜ₋₁, y = gₜ − gₜ₋₁, kept where s·y > least_curvature, the last memory of them
d ← g, then from the newest to the oldest: αᵢ = sᵢ·d/sᵢ·yᵢ, d ← d − αᵢ·yᵢ
d ← γ·d, γ = s·y/y·y of the newest; at the first step min(1, 1/‖g‖) in the norm of order capped_by
then from the oldest to the newest: d ← d + (αᵢ − yᵢ·d/sᵢ·yᵢ)·sᵢ
θ ← θ − lr·d, all parameters being one vector""",
    source="D. C. Liu & J. Nocedal, 'On the limited memory BFGS method for large scale "
    "optimization', Mathematical Programming 45 (1989), algorithm 2.1, its steps of a given length",
    whole=True,
)

RULES = (LBFGS,)
