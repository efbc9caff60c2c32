"""What each primitive of JAX's is in the reference: one row a primitive.

A rule writes an equation down and hands back the variables of its results, or raises
``Unsupported``, which makes a gap of it.
"""

from __future__ import annotations

from collections.abc import Callable

from ..writing import Equation, Writer, Written
from . import elementwise, fourier, linalg, picking, products, reductions, shape, windows
from .composites import COMPOSITES

#: Primitive → how it is written.
PRIMITIVES: dict[str, Callable[[Writer, Equation], Written]] = {
    name: rule
    for module in (elementwise, fourier, linalg, picking, products, reductions, shape, windows)
    for name, rule in module.RULES.items()
}

__all__ = ["COMPOSITES", "PRIMITIVES"]
