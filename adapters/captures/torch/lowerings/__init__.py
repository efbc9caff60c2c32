"""How aten's operations are spelt in the reference: one row each, grouped as its operations are.

A row is ``"name" or "name.overload": lowering``, aten's prefix left out; a row for an overload
goes before one for all. A lowering is called with the writer and every argument of aten's schema
in its order, defaults filled in, but for those in ``NAMELESS``: values in place of tensors. It
hands back the variable of the result, or a tuple of several's, None for one without a
counterpart, and raises ``NotCaptured`` where the call has none.
"""

from __future__ import annotations

from typing import Any

from . import (
    activations,
    attention,
    convolution,
    decomposed,
    eigenvalues,
    elementary,
    elementwise,
    fourier,
    indexing,
    linalg,
    losses,
    markers,
    normalisation,
    order,
    pooling,
    recurrent,
    reductions,
    resampling,
    segments,
    shape,
)
from .common import NAMELESS, Lowering, NotCaptured, Value, along_axes

__all__ = ["NAMELESS", "ROWS", "Lowering", "NotCaptured", "Value", "lowering_of"]

ROWS: dict[str, Lowering] = {}
for _module in (
    activations,
    attention,
    convolution,
    decomposed,
    eigenvalues,
    elementary,
    elementwise,
    fourier,
    indexing,
    linalg,
    losses,
    markers,
    normalisation,
    order,
    pooling,
    recurrent,
    reductions,
    resampling,
    segments,
    shape,
):
    _twice = ROWS.keys() & _module.ROWS.keys()
    if _twice:
        raise TypeError(f"spelt twice: {sorted(_twice)}")
    ROWS.update(_module.ROWS)


#: Whose operations have rows: torch's own, those of its modules, and ours.
_SPACES = frozenset({"aten", "torch_nn", "gradparity"})

#: What names an axis of an array, which a lone number has one of to aten.
_ALONG = (
    *("sum", "mean", "prod", "amax", "amin", "logsumexp", "special_logsumexp", "nansum", "all"),
    *("any", "count_nonzero", "argmax", "argmin", "max", "min", "aminmax", "linalg_vector_norm"),
    *("norm", "cumsum", "cumprod", "logcumsumexp", "cummax", "cummin", "sort", "sort.stable"),
    *("argsort", "argsort.stable", "topk", "kthvalue", "median", "nanmedian", "mode", "quantile"),
    *("index_select", "gather", "scatter_add", "scatter.src", "scatter.value", "scatter_reduce"),
    *("index_add", "index_copy", "index_fill", "index_reduce", "take_along_dim", "softmax"),
    *("_softmax", "log_softmax", "_log_softmax", "nanmean", "_softmax_backward_data", "unfold"),
)
ROWS |= {name: along_axes(ROWS[name]) for name in _ALONG}


def lowering_of(target: Any) -> Lowering | None:
    """The row for an overload of an aten operation; None where there is none."""
    space, _, name = target.name().partition("::")
    if space not in _SPACES:
        return None
    packet, _, overload = name.partition(".")
    for spelling in (packet, packet.removesuffix("_copy")):
        row = ROWS.get(f"{spelling}.{overload or 'default'}", ROWS.get(spelling))
        if row is not None:
            return row
    return None
