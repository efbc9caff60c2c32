"""Gradients held back, let through or turned round: the forward pass is the identity."""

# ruff: noqa: PLW0108 (a row reads its arguments' names off the lambda; a ufunc has none to read)

from __future__ import annotations

import numpy as np

from .common import unary

OPERATIONS = (
    unary("identity", "x", lambda x: x, "1", lambda g, y, x: g, analytic=True),
    unary("stop_gradient", "x, held constant", lambda x: x),
    unary("zeros_like", "0", lambda x: np.zeros_like(x)),
    unary("ones_like", "1", lambda x: np.ones_like(x)),
)
