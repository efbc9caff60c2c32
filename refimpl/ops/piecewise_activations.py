"""Activations made of pieces: rectifiers, hard versions of smooth functions, shrinkage.

Names are torch.nn.functional's, in snake case; sources as there and in jax.nn.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import kinks
from ..kinks import Near
from ..operation import Operation, ex
from ..sampling import interval, nonzero, signed
from ..textbook import beside
from .rows import ONES, unary

#: selu's scale and α. G. Klambauer et al., "Self-normalizing neural networks", arXiv:1706.02515.
_SCALE = 1.0507009873554804934193349852946
_ALPHA = 1.6732632423543772848170429916717

#: Magnitudes on either side of ½, of 1 and of 3, where pieces meet, but near none.
_pieces = signed(0.1, 0.4), signed(0.6, 0.9), signed(1.2, 2.8), signed(3.2, 6.5)


def pieces(generator: Any, shape: tuple[int, ...]) -> Any:
    """One element on each piece of a piecewise function, in turn."""
    which = generator.integers(len(_pieces), size=shape)
    return np.choose(which, [sample(generator, shape) for sample in _pieces])


def elu(x: Any, *, alpha: float = 1.0) -> Any:
    """Give x where x > 0, else α·(eˣ − 1)."""
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


def _elu_vjp(g: Any, y: Any, x: Any, *, alpha: float = 1.0) -> Any:
    return np.where(x > 0, g, g * (alpha * beside(np.exp(np.minimum(x, 0)), 1)))


def celu(x: Any, *, alpha: float = 1.0) -> Any:
    """Give x where x > 0, else α·(e^(x/α) − 1)."""
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0) / alpha))


def _celu_vjp(g: Any, y: Any, x: Any, *, alpha: float = 1.0) -> Any:
    return np.where(x > 0, g, g * beside(np.exp(np.minimum(x, 0) / alpha), 1))


def _between(x: Any, low: float, high: float) -> Any:
    return (x > low) & (x < high)


def hard_tanh(x: Any, *, min_val: float = -1.0, max_val: float = 1.0) -> Any:
    """min(max(x, min_val), max_val)."""
    return np.minimum(np.maximum(x, min_val), max_val)


def prelu(x: Any, weight: Any) -> Any:
    """Give x where x > 0, else weight·x; ``weight`` of one element, or one a channel (axis 1)."""
    return np.where(x > 0, x, _a_channel(weight, x) * x)


def _prelu_vjp(g: Any, y: Any, x: Any, weight: Any) -> tuple[Any, Any]:
    by_weight = np.where(x > 0, 0, g * x)
    if weight.size > 1:
        by_weight = by_weight.sum(axis=tuple(k for k in range(x.ndim) if k != 1))
    else:
        by_weight = by_weight.sum().reshape(weight.shape)
    return np.where(x > 0, g, g * _a_channel(weight, x)), by_weight


def _a_channel(weight: Any, x: Any) -> Any:
    if weight.size == 1:
        return weight.reshape(())
    return weight.reshape(-1, *(1 for _ in x.shape[2:]))


def _piecewise(
    name: str,
    formula: str,
    derivative: str,
    forward: Callable[..., Any],
    vjp: Callable[..., Any],
    *attributes: dict[str, Any],
    kinks: str = "",
    near: Near | None = None,
) -> Operation:
    """A row for a function made of pieces, tried with further attributes."""
    return unary(
        name,
        formula,
        forward,
        derivative,
        vjp,
        examples=(
            *(ex((4, 6), **(attributes[0] if attributes else {})),),
            *(ex(e.shapes[0], **given) for given in attributes or ({},) for e in ONES),
        ),
        domain=pieces,
        kinks=kinks,
        near=near,
    )


def _between_ends(generator: Any, shape: tuple[int, ...]) -> Any:
    """Apart from ±1."""
    return generator.choice([-2.0, 0.0, 2.0], shape) + generator.uniform(-0.8, 0.8, shape)


OPERATIONS = (
    Operation(
        "relu",
        lambda x: np.maximum(x, 0),
        (lambda g, y, x: np.where(x > 0, g, 0),),
        formula="max(x, 0)",
        derivatives=("1 where x > 0, else 0",),
        examples=ONES,
        domain=nonzero,
        kinks="x = 0: here 0",
        near=kinks.at(0),
    ),
    Operation(
        "leaky_relu",
        lambda x, *, negative_slope=0.01: np.where(x > 0, x, x * negative_slope),
        (lambda g, y, x, *, negative_slope=0.01: np.where(x > 0, g, g * negative_slope),),
        formula="x where x > 0, else negative_slope·x",
        derivatives=("1 where x > 0, else negative_slope",),
        examples=(*ONES, ex((2, 3), negative_slope=0.2)),
        domain=nonzero,
        kinks="x = 0: here negative_slope, as at NaN",
        near=lambda y, x, *, negative_slope=0.01: kinks.where(negative_slope != 1, np.abs(x)),
    ),
    _piecewise(
        "relu6",
        "min(max(x, 0), 6)",
        "1 where 0 < x < 6, else 0",
        lambda x: np.minimum(np.maximum(x, 0), 6),
        lambda g, y, x: np.where(_between(x, 0, 6), g, 0),
        kinks="x = 0 or 6: here 0",
        near=kinks.at(0, 6),
    ),
    _piecewise(
        "elu",
        "x where x > 0, else alpha·(eˣ − 1)",
        "1 where x > 0, else alpha·eˣ",
        elu,
        _elu_vjp,
        {},
        {"alpha": 0.7},
        kinks="x = 0 unless alpha = 1: here alpha",
        near=lambda y, x, *, alpha=1.0: kinks.where(alpha != 1, np.abs(x)),
    ),
    _piecewise(
        "celu",
        "x where x > 0, else alpha·(e^(x/alpha) − 1)",
        "1 where x > 0, else e^(x/alpha)",
        celu,
        _celu_vjp,
        {},
        {"alpha": 0.7},
    ),
    _piecewise(
        "selu",
        "1.0507·elu(x, alpha=1.6733)",
        "1.0507·(1 where x > 0, else 1.6733·eˣ)",
        lambda x: _SCALE * elu(x, alpha=_ALPHA),
        lambda g, y, x: _elu_vjp(g * _SCALE, y, x, alpha=_ALPHA),
        kinks="x = 0: here the slope on the left",
        near=kinks.at(0),
    ),
    Operation(
        "prelu",
        prelu,
        joint=_prelu_vjp,
        formula="x where x > 0, else weight·x",
        derivatives=("1 where x > 0, else weight", "x where x ≤ 0, else 0"),
        examples=(
            ex((2, 3), (3,)),
            ex((2, 3, 4), (3,)),
            ex((2, 3), (1,)),
            ex((1, 1), (1,)),
            ex((0, 3), (3,)),
        ),
        domain=(nonzero, interval(0.1, 0.5)),
        kinks="x = 0: here weight",
        near=lambda y, x, weight: np.abs(x),
    ),
    _piecewise(
        "hard_sigmoid",
        "relu6(x + 3) / 6",
        "1/6 where |x| < 3, else 0",
        lambda x: np.minimum(np.maximum(x + 3, 0), 6) / 6,
        lambda g, y, x: np.where(_between(x, -3, 3), g / 6, 0),
        kinks="x = ±3: here 0",
        near=kinks.at(-3, 3),
    ),
    _piecewise(
        "hard_swish",
        "x·hard_sigmoid(x)",
        "hard_sigmoid(x) + x/6 where |x| < 3; 1 above, 0 below",
        lambda x: np.maximum(x, -3) * (np.minimum(np.maximum(x + 3, 0), 6) / 6),
        lambda g, y, x: np.where(_between(x, -3, 3), g * (x / 3 + 0.5), np.where(x >= 3, g, 0)),
        kinks="x = ±3: here the slope outside",
        near=kinks.at(-3, 3),
    ),
    _piecewise(
        "hard_tanh",
        "min(max(x, min_val), max_val)",
        "1 where min_val < x < max_val, else 0",
        hard_tanh,
        lambda g, y, x, *, min_val=-1.0, max_val=1.0: np.where(_between(x, min_val, max_val), g, 0),
        {},
        {"min_val": -0.5, "max_val": 3.0},
        kinks="x = min_val or max_val: here 0",
        near=lambda y, x, *, min_val=-1.0, max_val=1.0: kinks.to(x, min_val, max_val),
    ),
    _piecewise(
        "hard_shrink",
        "0 where |x| ≤ lambd, else x",
        "0 where |x| ≤ lambd, else 1",
        lambda x, *, lambd=0.5: np.where(np.abs(x) <= lambd, 0, x),
        lambda g, y, x, *, lambd=0.5: np.where(np.abs(x) <= lambd, 0, g),
        {},
        {"lambd": 1.0},
        kinks="|x| = lambd, where it jumps: here 0; NaN: here 1",
        near=lambda y, x, *, lambd=0.5: kinks.to(x, -lambd, lambd),
    ),
    _piecewise(
        "soft_shrink",
        "0 where |x| ≤ lambd, else x − sign(x)·lambd",
        "0 where |x| ≤ lambd, else 1",
        lambda x, *, lambd=0.5: np.where(np.abs(x) <= lambd, 0, x - np.sign(x) * lambd),
        lambda g, y, x, *, lambd=0.5: np.where(np.abs(x) <= lambd, 0, g),
        {},
        {"lambd": 1.0},
        kinks="|x| = lambd: here 0; NaN: here 1",
        near=lambda y, x, *, lambd=0.5: kinks.to(x, -lambd, lambd),
    ),
    _piecewise(
        "threshold",
        "value where x ≤ threshold, else x",
        "0 where x ≤ threshold, else 1",
        lambda x, *, threshold, value: np.where(x <= threshold, value, x),
        lambda g, y, x, *, threshold, value: np.where(x <= threshold, 0, g),
        {"threshold": 0.5, "value": -2.0},
        kinks="x = threshold: here 0; NaN: here 1",
        near=lambda y, x, *, threshold, value: kinks.to(x, threshold),
    ),
    unary(
        "sparse_plus",
        "0 up to −1, x from 1 on, (x + 1)²/4 between",
        lambda x: np.where(
            x <= -1, np.minimum(np.abs(x), 0), np.where(x >= 1, x, np.square(x + 1) / 4)
        ),
        "0 up to −1, 1 from 1 on, (x + 1)/2 between",
        lambda g, y, x: g * np.clip((x + 1) / 2, 0, 1),
    ),
    unary(
        "sparse_sigmoid",
        "min(max((x + 1)/2, 0), 1)",
        lambda x: np.clip((x + 1) / 2, 0, 1),
        "½ between −1 and 1, else 0",
        lambda g, y, x: np.where((x > -1) & (x < 1), g / 2, 0),
        domain=_between_ends,
        kinks="x = ±1: here 0",
        near=kinks.at(-1, 1),
    ),
)
