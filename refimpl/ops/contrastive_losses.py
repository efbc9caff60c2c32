"""Losses that contrast each pair with all others."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..operation import Operation, ex
from ..sampling import real
from .loss_reduction import Reduction, reduce, reduce_vjp
from .softmax import log_softmax, log_softmax_vjp


def info_nce(query: Any, key: Any, *, temperature: float, reduction: Reduction = "mean") -> Any:
    """−log softmax(query @ keyᵀ / temperature) on the diagonal: row i belongs to row i.

    A. van den Oord, Y. Li & O. Vinyals, "Representation learning with contrastive predictive
    coding", arXiv:1807.03748.
    """
    logs = log_softmax(query @ key.T / temperature, axis=-1)
    return reduce(-np.diagonal(logs), reduction)


def _info_nce_vjp(
    g: Any, y: Any, query: Any, key: Any, *, temperature: float, reduction: Reduction = "mean"
) -> tuple[Any, Any]:
    """D @ key and Dᵀ @ query, D = (softmax − 1)·g/temperature."""
    n = query.shape[0]
    each = reduce_vjp(g, reduction, n, axis=-1)
    logs = log_softmax(query @ key.T / temperature, axis=-1)
    d = -log_softmax_vjp(np.eye(n, dtype=query.dtype), logs, None) * each / temperature
    return d @ key, d.T @ query


OPERATIONS = (
    Operation(
        "info_nce",
        info_nce,
        joint=_info_nce_vjp,
        formula="reduction of −log softmax(query @ keyᵀ / temperature) on the diagonal",
        derivatives=("(softmax − 1)/temperature @ key/n", "((softmax − 1)/temperature)ᵀ @ query/n"),
        domain=real,
        examples=(
            ex((3, 4), (3, 4), temperature=0.5),
            ex((4, 2), (4, 2), temperature=1.0, reduction="sum"),
            ex((2, 2), (2, 2), temperature=2.0, reduction="none"),
            ex((0, 4), (0, 4), temperature=0.5, reduction="sum"),
        ),
    ),
)
