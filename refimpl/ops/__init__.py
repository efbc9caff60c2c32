"""The table of operations.

Each module holds the rows of one idea as a tuple ``OPERATIONS``, one row an operation; here they
become groups, and one table by name. To add an operation, add a row to its module.
"""

from __future__ import annotations

from ..operation import Operation
from . import (
    arithmetic,
    attention,
    bessel_functions,
    binary_functions,
    binary_losses,
    classification_losses,
    complex_numbers,
    contractions,
    contrastive_losses,
    control,
    convolution,
    cosine_transforms,
    ctc,
    deformable,
    diagonals,
    discrete,
    distances,
    dynamic_slices,
    eigenvalues,
    elementary,
    factorisations,
    fourier,
    gated_linear_units,
    gather_scatter,
    grid_sampling,
    indexing,
    joining,
    likelihood_losses,
    linear_systems,
    margin_losses,
    masking,
    matrix_functions,
    normalisation,
    order,
    padding,
    piecewise_activations,
    pixel_shuffle,
    pooling,
    products,
    quantiles,
    recurrent,
    reductions,
    reflections,
    regions,
    regression_losses,
    resampling,
    reshaping,
    sampled,
    scans,
    scatter_reductions,
    short_time_fourier,
    smooth_activations,
    softmax,
    special_functions,
    special_integrals,
    tiling,
    transposing,
    triangular_factors,
    unfolding,
    unpooling,
    vector_normalisation,
)

#: group → its rows, in reading order.
GROUPS: dict[str, tuple[Operation, ...]] = {
    "arithmetic": arithmetic.OPERATIONS,
    "elementary": (
        *elementary.OPERATIONS,
        *binary_functions.OPERATIONS,
    ),
    "special": (
        *special_functions.OPERATIONS,
        *special_integrals.OPERATIONS,
        *bessel_functions.OPERATIONS,
    ),
    "comparing and rounding": discrete.OPERATIONS,
    "complex numbers": complex_numbers.OPERATIONS,
    "Fourier transforms": (
        *fourier.OPERATIONS,
        *cosine_transforms.OPERATIONS,
        *short_time_fourier.OPERATIONS,
    ),
    "gradient control": control.OPERATIONS,
    "activations": (
        *piecewise_activations.OPERATIONS,
        *smooth_activations.OPERATIONS,
        *gated_linear_units.OPERATIONS,
        *softmax.OPERATIONS,
        *vector_normalisation.OPERATIONS,
    ),
    "reductions": reductions.OPERATIONS,
    "scans": (
        *scans.OPERATIONS,
        *sampled.OPERATIONS,
    ),
    "order": (
        *order.OPERATIONS,
        *quantiles.OPERATIONS,
    ),
    "shape": (
        *reshaping.OPERATIONS,
        *transposing.OPERATIONS,
        *joining.OPERATIONS,
        *tiling.OPERATIONS,
        *diagonals.OPERATIONS,
        *padding.OPERATIONS,
        *pixel_shuffle.OPERATIONS,
    ),
    "indexing": (
        *indexing.OPERATIONS,
        *dynamic_slices.OPERATIONS,
        *gather_scatter.OPERATIONS,
        *scatter_reductions.OPERATIONS,
        *masking.OPERATIONS,
        *unfolding.OPERATIONS,
    ),
    "products": (
        *products.OPERATIONS,
        *contractions.OPERATIONS,
    ),
    "linear algebra": (
        *linear_systems.OPERATIONS,
        *factorisations.OPERATIONS,
        *eigenvalues.OPERATIONS,
        *triangular_factors.OPERATIONS,
        *reflections.OPERATIONS,
        *matrix_functions.OPERATIONS,
    ),
    "convolution": (
        *convolution.OPERATIONS,
        *deformable.OPERATIONS,
    ),
    "pooling": (
        *pooling.OPERATIONS,
        *unpooling.OPERATIONS,
        *regions.OPERATIONS,
    ),
    "resampling": (
        *resampling.OPERATIONS,
        *grid_sampling.OPERATIONS,
    ),
    "normalisation": normalisation.OPERATIONS,
    "attention": attention.OPERATIONS,
    "recurrence": recurrent.OPERATIONS,
    "losses": (
        *regression_losses.OPERATIONS,
        *binary_losses.OPERATIONS,
        *likelihood_losses.OPERATIONS,
        *classification_losses.OPERATIONS,
        *margin_losses.OPERATIONS,
        *contrastive_losses.OPERATIONS,
        *ctc.OPERATIONS,
    ),
    "distances": distances.OPERATIONS,
}

#: name → row.
TABLE: dict[str, Operation] = {row.name: row for rows in GROUPS.values() for row in rows}

if len(TABLE) != sum(map(len, GROUPS.values())):
    raise TypeError("two rows of the operation table have the same name")
