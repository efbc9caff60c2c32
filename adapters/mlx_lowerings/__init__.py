"""How MLX spells the operations, with its layers' functions and losses."""

from __future__ import annotations

import mlx
import mlx.core
import mlx.nn

from ..compositions import COMPOSITIONS
from ..lowering import Lowerings, tables
from . import unsupported
from .arrays import arrays, as_array, kind

NAMESPACES = ("mlx.core", "mlx.nn")


LOWERINGS = Lowerings(
    "mlx",
    (mlx,),
    NAMESPACES,
    tables(__name__, __path__),
    prepared=arrays,
    lacking=unsupported.OPERATIONS,
    compositions=COMPOSITIONS,
    array=as_array,
    kind=kind,
)

#: What can be done in float64.
DOUBLE = LOWERINGS.without(unsupported.SINGLE)
