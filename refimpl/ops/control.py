"""Gradients held back, let through or turned round, whatever the forward pass is.

What flows back here is chosen, and is not the derivative: Y. Bengio, N. Léonard & A. Courville,
"Estimating or propagating gradients through stochastic neurons", arXiv:1308.3432; Y. Ganin & V.
Lempitsky, "Unsupervised domain adaptation by backpropagation", arXiv:1409.7495.
"""

# ruff: noqa: PLW0108 (a row reads its arguments' names off the lambda; a ufunc has none to read)

from __future__ import annotations

from typing import Any

import numpy as np

from ..dual import Dual, made, primal
from ..operation import Operation, ex
from ..sampling import real
from .rows import ONES, binary, unary


def _straight_through(x: Any, hard: Any) -> Any:
    """hard; where second derivatives are taken, x's tangent goes through as its cotangent does."""
    y = primal(hard) + np.zeros_like(primal(x))
    return made(y, x.tangent) if type(x) is Dual else y


OPERATIONS = (
    unary("identity", "x", lambda x: x, "1", lambda g, y, x: g, analytic=True),
    Operation(
        "astype",
        lambda x, *, dtype: x,  # rounded by the tape, which knows what its nodes stand for
        (lambda g, y, x, *, dtype: g,),
        formula="x rounded to dtype",
        derivatives=("1",),
        examples=tuple(ex(e.shapes[0], dtype="float64") for e in ONES),
        domain=real,
    ),
    unary("stop_gradient", "x, held constant", primal, stops="x: nothing flows to it"),
    binary(
        "straight_through",
        "hard, with x's derivative",
        _straight_through,
        ("1", None),
        (lambda g, y, x, hard: g, None),
        stops="x has the cotangent of the result, hard has none",
        complex_too=True,
    ),
    Operation(
        "reverse_gradient",
        lambda x, *, scale: x,
        (lambda g, y, x, *, scale: g * -scale,),
        formula="x",
        derivatives=("−scale",),
        examples=(
            ex((2, 3), scale=1.0),
            ex((), scale=0.5),
            ex((1,), scale=2.0),
            ex((0, 3), scale=1.0),
        ),
        domain=real,
        stops="x has −scale times the derivative",
        complex_too=True,
    ),
    unary("zeros_like", "0", lambda x: np.zeros_like(x)),
    unary("ones_like", "1", lambda x: np.ones_like(x)),
    Operation(
        "full_like",
        lambda x, *, fill_value: np.full_like(x, fill_value),
        (None,),
        formula="fill_value",
        derivatives=(None,),
        examples=tuple(ex(e.shapes[0], fill_value=1.5) for e in ONES),
        domain=real,
    ),
)
