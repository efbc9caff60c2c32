"""Elementary functions of one variable, and the parts of complex numbers."""

# ruff: noqa: PLW0108 (a row reads its arguments' names off the lambda; a ufunc has none to read)

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..operation import Operation, Sampler, ex
from ..sampling import interval, nonzero, positive, real
from .common import conj

ONES = (ex((2, 3)), ex(()), ex((1,)), ex((0, 3)))


def _analytic(
    name: str,
    formula: str,
    forward: Callable[[Any], Any],
    derivative: str,
    vjp: Callable[..., Any],
    *,
    domain: Sampler = real,
    kinks: str = "",
) -> Operation:
    """A row for a function of one variable that is complex-differentiable."""
    return Operation(
        name,
        forward,
        (vjp,),
        formula=formula,
        derivatives=(derivative,),
        examples=ONES,
        domain=domain,
        kinks=kinks,
        analytic=True,
    )


OPERATIONS = (
    _analytic(
        "sqrt",
        "√x",
        lambda x: np.sqrt(x),
        "1 / (2·y)",
        lambda g, y, x: g * 0.5 / conj(y),
        domain=positive,
        kinks="x = 0: infinite",
    ),
    _analytic("exp", "eˣ", lambda x: np.exp(x), "y", lambda g, y, x: g * conj(y)),
    _analytic(
        "log", "ln x", lambda x: np.log(x), "1 / x", lambda g, y, x: g / conj(x), domain=positive
    ),
    _analytic(
        "log1p",
        "ln(1 + x)",
        lambda x: np.log1p(x),
        "1 / (1 + x)",
        lambda g, y, x: g / conj(1 + x),
        domain=interval(-0.7, 2),
    ),
    _analytic(
        "expm1",
        "eˣ − 1",
        lambda x: np.expm1(x),
        "y + 1",
        lambda g, y, x: g * conj(y + 1),
    ),
    _analytic("sin", "sin x", lambda x: np.sin(x), "cos x", lambda g, y, x: g * conj(np.cos(x))),
    _analytic("cos", "cos x", lambda x: np.cos(x), "−sin x", lambda g, y, x: -g * conj(np.sin(x))),
    _analytic(
        "tan",
        "tan x",
        lambda x: np.tan(x),
        "1 + y²",
        lambda g, y, x: g * conj(1 + y * y),
        domain=interval(-1.2, 1.2),
    ),
    _analytic(
        "sinh", "sinh x", lambda x: np.sinh(x), "cosh x", lambda g, y, x: g * conj(np.cosh(x))
    ),
    _analytic(
        "cosh", "cosh x", lambda x: np.cosh(x), "sinh x", lambda g, y, x: g * conj(np.sinh(x))
    ),
    _analytic(
        "tanh",
        "tanh x",
        lambda x: np.tanh(x),
        "(1 + y)·(1 − y)",
        # 1 − y² as a product keeps its accuracy where y is near ±1.
        lambda g, y, x: (g + g * conj(y)) * conj(1 - y),
    ),
    Operation(
        "abs",
        lambda x: np.abs(x),
        (lambda g, y, x: g * np.sign(x),),
        formula="|x|",
        derivatives=("x / |x|",),
        examples=ONES,
        domain=nonzero,
        kinks="x = 0: here 0",
    ),
    Operation(
        "sign",
        lambda x: np.sign(x),
        (None,),
        formula="x / |x|, 0 for 0",
        derivatives=(None,),
        examples=ONES,
        domain=nonzero,
    ),
    Operation(
        "real",
        lambda x: np.real(x),
        (lambda g, y, x: g,),
        formula="Re x",
        derivatives=("Re",),
        examples=ONES,
        domain=real,
    ),
    Operation(
        "imag",
        lambda x: np.imag(x),
        (lambda g, y, x: g * 1j,),
        formula="Im x",
        derivatives=("g·i",),
        examples=ONES,
        domain=real,
    ),
    Operation(
        "conj",
        lambda x: np.conj(x),
        (lambda g, y, x: conj(g),),
        formula="conj x",
        derivatives=("conj(g)",),
        examples=ONES,
        domain=real,
    ),
    Operation(
        "identity",
        lambda x: x,
        (lambda g, y, x: g,),
        formula="x",
        derivatives=("1",),
        examples=ONES,
        domain=real,
        analytic=True,
    ),
    Operation(
        "stop_gradient",
        lambda x: x,
        (None,),
        formula="x, held constant",
        derivatives=(None,),
        examples=ONES,
        domain=real,
    ),
    Operation(
        "zeros_like",
        lambda x: np.zeros_like(x),
        (None,),
        formula="0",
        derivatives=(None,),
        examples=ONES,
        domain=real,
    ),
    Operation(
        "ones_like",
        lambda x: np.ones_like(x),
        (None,),
        formula="1",
        derivatives=(None,),
        examples=ONES,
        domain=real,
    ),
)
