"""The table of operations.

Each module holds one group as a tuple ``OPERATIONS``, one row an operation; here they become one
table by name. To add an operation, add a row to its group's module.
"""

from __future__ import annotations

from ..operation import Operation
from . import (
    activations,
    arithmetic,
    arranging,
    attention,
    classification,
    complex_numbers,
    contractions,
    control,
    convolution,
    ctc,
    discrete,
    distances,
    elementary,
    factorisations,
    fourier,
    indexing,
    linalg,
    losses,
    more_activations,
    normalisation,
    order,
    pairs,
    picking,
    pooling,
    recurrent,
    reductions,
    resampling,
    scans,
    shape,
    special_functions,
)

#: group → its rows, in reading order.
GROUPS: dict[str, tuple[Operation, ...]] = {
    "arithmetic": arithmetic.OPERATIONS,
    "elementary": (*elementary.OPERATIONS, *pairs.OPERATIONS),
    "special": special_functions.OPERATIONS,
    "comparing and rounding": discrete.OPERATIONS,
    "complex numbers": complex_numbers.OPERATIONS,
    "Fourier transforms": fourier.OPERATIONS,
    "gradient control": control.OPERATIONS,
    "activations": (*activations.OPERATIONS, *more_activations.OPERATIONS),
    "reductions": reductions.OPERATIONS,
    "scans": scans.OPERATIONS,
    "order": order.OPERATIONS,
    "shape": (*shape.OPERATIONS, *arranging.OPERATIONS),
    "indexing": (*indexing.OPERATIONS, *picking.OPERATIONS),
    "products": (*linalg.OPERATIONS, *contractions.OPERATIONS),
    "linear algebra": factorisations.OPERATIONS,
    "convolution": convolution.OPERATIONS,
    "pooling": pooling.OPERATIONS,
    "resampling": resampling.OPERATIONS,
    "normalisation": normalisation.OPERATIONS,
    "attention": attention.OPERATIONS,
    "recurrence": recurrent.OPERATIONS,
    "losses": (*losses.OPERATIONS, *classification.OPERATIONS, *ctc.OPERATIONS),
    "distances": distances.OPERATIONS,
}

#: name → row.
TABLE: dict[str, Operation] = {row.name: row for rows in GROUPS.values() for row in rows}

if len(TABLE) != sum(map(len, GROUPS.values())):
    raise TypeError("two rows of the operation table have the same name")
