"""How JAX spells the operations, with optax for losses.

An operation that JAX has under the standard's name, in one of ``NAMESPACES``, needs no entry: JAX
follows the array API standard. The modules hold the exceptions, one line each where one is enough.
"""

from __future__ import annotations

import importlib

import jax
import optax

from ..lowering import Lowerings, tables
from . import unsupported

NAMESPACES = ("jax.numpy", "jax.nn", "jax.lax", "jax.scipy.special")

for _name in (
    "jax.scipy.special",
    "jax.scipy.linalg",
    "jax.numpy.linalg",
    "jax.numpy.fft",
    "jax.lax.linalg",
    "jax.image",
    "jax.ops",
):
    importlib.import_module(_name)  # attributes of jax only once they are imported

LOWERINGS = Lowerings(
    "jax",
    (jax, optax),
    NAMESPACES,
    tables(__name__, __path__),
    lacking=unsupported.OPERATIONS,
    refuses=unsupported.REFUSES,
)
