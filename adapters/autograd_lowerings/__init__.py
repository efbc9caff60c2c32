"""How HIPS autograd spells the operations.

It wraps NumPy's and SciPy's functions, many of them without a derivative: one that has none serves
only operations that need none.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import autograd
from autograd.core import primitive_vjps
from autograd.numpy.numpy_vjps import nograd_functions
from autograd.tracer import getval

from ...refimpl.ops import TABLE
from ..compositions import COMPOSITIONS
from ..lowering import Entry, Lowerings, tables
from ..values import kind_of
from . import unsupported

NAMESPACES = ("autograd.numpy", "autograd.scipy.special")

for _name in ("special", "linalg", "signal", "stats.norm"):
    importlib.import_module(f"autograd.scipy.{_name}")  # attributes only once they are imported


def _serves(operation: str, function: Callable[..., Any]) -> bool:
    """Whether a function has a derivative where the operation has one."""
    row = TABLE[operation]
    needed = any(map(row.differentiable, range(len(row.arguments))))
    primitive = getattr(function, "_is_autograd_primitive", False)
    return not needed or not primitive or function in primitive_vjps or function in nograd_functions


def _able(found: Iterable[Mapping[str, Entry]]) -> list[Mapping[str, Entry]]:
    """The tables without what it lacks: the names that it shares with NumPy are of both."""
    lacking = unsupported.OPERATIONS
    return [{key: x for key, x in table.items() if key not in lacking} for table in found]


LOWERINGS = Lowerings(
    "autograd",
    (autograd,),
    NAMESPACES,
    _able(tables(__name__, __path__)),
    compositions=COMPOSITIONS,
    lacking=unsupported.OPERATIONS,
    kind=lambda value: kind_of(getval(value).dtype),
    serves=_serves,
)
