"""How TensorFlow spells the operations, with what is of Keras, its own front."""

from __future__ import annotations

from ..compositions import COMPOSITIONS
from ..lowering import Lowerings, tables
from . import unsupported
from .arrays import as_tensor, kind, tensors
from .library import tf

NAMESPACES = (
    "tensorflow.math",
    "tensorflow.nn",
    "tensorflow",
    "tensorflow.experimental.numpy",
)


LOWERINGS = Lowerings(
    "tensorflow",
    (tf,),
    NAMESPACES,
    tables(__name__, __path__),
    prepared=tensors,
    lacking=unsupported.OPERATIONS,
    compositions=COMPOSITIONS,
    array=as_tensor,
    kind=kind,
)
