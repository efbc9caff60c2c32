"""Operations composed of others, for the frameworks that have no function for them.

One table for all of them, for it says nothing of a framework: a composition is given the
framework's own operations (``lowering.Operations``), and arrays have Python's operators. Two arrays
of one dtype are wherever two arrays meet, and where a number meets an array of floats it takes the
array's dtype; whole numbers and booleans are never mixed with floats, which not every framework
promotes.
"""

from __future__ import annotations

from collections import ChainMap

from ..lowering import Composition
from . import (
    activations,
    arithmetic,
    distances,
    layers,
    linear,
    losses,
    normalisation,
    order,
    reductions,
    shapes,
)

#: operation → how it is composed.
COMPOSITIONS: dict[str, Composition] = dict(
    ChainMap(
        activations.COMPOSITIONS,
        arithmetic.COMPOSITIONS,
        distances.COMPOSITIONS,
        layers.COMPOSITIONS,
        linear.COMPOSITIONS,
        losses.COMPOSITIONS,
        normalisation.COMPOSITIONS,
        order.COMPOSITIONS,
        reductions.COMPOSITIONS,
        shapes.COMPOSITIONS,
    )
)
