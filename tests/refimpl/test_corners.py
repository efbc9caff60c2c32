"""Every elementwise row at its corners, against limits that the row itself has in longdouble.

What a row says at ±∞ and at ±0 must be what it comes to on the way there, value and slope; at
numbers that are large or small for a dtype, what it is where exponents go further. That it is
right on the way there, differences say.
"""

from __future__ import annotations

import itertools
import zlib

import numpy as np
import pytest

from gradparity.refimpl.ops import GROUPS, TABLE
from gradparity.refimpl.sampling import draw
from gradparity.refimpl.tape import Tape

#: Rows that have no limit at infinity, for they turn and turn.
TURNING = {"sin", "cos", "tan"}

#: Rows that divide with a rest: by nothing there is none, however small it has become.
WITH_REST = {"remainder", "fmod"}

#: Rows that take an infinity from another on their way to an infinite value, as frameworks do.
BY_DIFFERENCE = {"lerp", "poisson_nll", "kl_div", "bce", "bce_with_logits", "focal"}

#: Rows of which a NaN is one value among others.
TAKES_NAN = {"fmax", "fmin", "where"}

#: Rows whose wide precision is mpmath's, which goes on for ever on the way.
BY_MPMATH = {
    "erfinv", "lgamma", "digamma", "polygamma", "i0", "i0e", "i1", "i1e", "log_ndtr", "ndtri",
    "betaln", "zeta", "gammainc", "gammaincc", "multigammaln", "gamma", "beta", "poch", "exp1",
    "expi", "expn", "spence", "sici", "fresnel", "dawsn", "betainc", "hyp1f1", "hyp2f1",
    "erfcinv", "bessel_j0", "bessel_j1", "bessel_y0", "bessel_y1",
}  # fmt: skip

#: Exponents on the way to infinity, and to zero; longdouble has some 16,000.
EXPONENTS = (100, 400, 1600, 6000)


def elementwise(row):
    """Whether each element of the result is of one element of each argument."""
    groups = ("arithmetic", "elementary", "special", "activations", "losses")
    if row.name in BY_MPMATH or not any(row in GROUPS[group] for group in groups):
        return False
    whole = {"axis", "ignore_index", "p"} & set(row.attributes)
    if not row.vjps or whole or row.name in {"multilabel_margin", "nan_to_num", "ctc"}:
        return False
    return "reduction" in row.attributes or any(e.shapes[0] == () for e in row.examples)


def variants(row):
    """Attributes that a row is tried with, each once."""
    seen = []
    for example in row.examples:
        given = dict(example.attributes)
        if "reduction" in row.attributes:
            given["reduction"] = "none"
        shapes = [None if s is None else (1,) for s in example.shapes]
        if (given, shapes) not in seen:
            seen.append((given, shapes))
    return seen


def at(row, arrays, attributes, position):
    """The value, and the slope in one argument."""
    with np.errstate(all="ignore"):
        y = row.forward(*arrays, **attributes)
        slope = row.vjps[position](np.ones_like(y), y, *arrays, **attributes)
    return np.ravel(y)[0], np.ravel(slope)[0]


def moved(arrays, position, value, dtype):
    arrays = [x if x is None or x.dtype.kind != "f" else x.astype(dtype) for x in arrays]
    arrays[position] = np.array([value], dtype)
    return arrays


def limit(values):
    """What some values come to, or None where that is not to be told."""
    if not all(np.isfinite(v) or np.isinf(v) for v in values):
        return None
    a, b, c = values[-3:]
    if np.isinf(c):
        return c
    if abs(c - b) <= 1e-9 * max(1, abs(c)) and abs(c) > 1e-20:
        return c
    if abs(c) <= 1e-20 and abs(c) <= abs(b) <= max(abs(a), 1e-20):
        return type(c)(0)
    if abs(a) < abs(b) < abs(c) and np.sign(b) == np.sign(c):
        return np.sign(c) * np.inf
    return None


def ways(corner):
    """On which sides a corner is come to: points nearer and nearer, in longdouble."""
    two = np.longdouble(2)
    if np.isinf(corner):
        return [[np.sign(corner) * two**e for e in EXPONENTS]]
    return [[sign * two**-e for e in EXPONENTS] for sign in (1, -1)]


def near(got, want, dtype):
    """Equal as far as a dtype goes, and as a formula may lose digits."""
    info = np.finfo(dtype)
    with np.errstate(all="ignore"):
        rounded = dtype(want)
        got = dtype(got)
    if np.isinf(rounded) or np.isinf(got):
        return got == rounded or (abs(want) > info.max / 4 and abs(got) > info.max / 4)
    if np.isnan(got):
        return False
    return abs(got - want) <= 2e4 * info.eps * abs(want) + 64 * info.smallest_subnormal


CALLS = [
    pytest.param(row, given, shapes, k, id=f"{row.name}-{n}-{row.arguments[k]}")
    for row in TABLE.values()
    if elementwise(row)
    for n, (given, shapes) in enumerate(variants(row))
    for k in range(len(shapes))
    if shapes[k] is not None and row.differentiable(k)
]


def drawn(row, given, shapes, seed=0):
    example = type(row.examples[0])(tuple(shapes), given)
    return draw(row, example, zlib.crc32(f"{row.name} {given}".encode()) + seed)


@pytest.mark.parametrize(("row", "given", "shapes", "position"), CALLS)
def test_infinities_and_zeros_are_limits(row, given, shapes, position):
    arrays = drawn(row, given, shapes)
    for corner in (0.0, -0.0, np.inf, -np.inf):
        if row.name in WITH_REST or (np.isinf(corner) and row.name in TURNING | BY_DIFFERENCE):
            continue
        found = at(row, moved(arrays, position, corner, np.float64), given, position)
        sides = [
            [at(row, moved(arrays, position, x, np.longdouble), given, position) for x in way]
            for way in ways(corner)
        ]
        for what, got, which in (("value", found[0], 0), ("slope", found[1], 1)):
            limits = [limit([point[which] for point in side]) for side in sides]
            # A value that is no number on one side has a domain that ends there.
            within = [not np.isnan(side[-1][0]) and not np.isnan(side[-1][which]) for side in sides]
            inside = [known for known, counts in zip(limits, within, strict=True) if counts]
            inside = [known for known in inside if known is not None]
            if not inside or len(inside) < sum(within):  # a limit is not to be told
                continue
            low, high = min(inside), max(inside)
            if low == high or near(np.float64(low), high, np.float64):
                right = near(got, low, np.float64)
                if np.isinf(low) and not corner:  # the sign of a pole is the zero's
                    right = np.isinf(got)
            else:
                assert row.kinks, f"{what} at {corner}: {low} or {high}, and no word of it"
                right = low <= got <= high
            assert right, f"{what} at {corner} is {got}, the limits are {inside}"


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("row", "given", "shapes", "position"), CALLS)
def test_large_and_small_numbers_are_as_with_wide_exponents(row, given, shapes, position, dtype):
    arrays = drawn(row, given, shapes)
    info = np.finfo(dtype)
    large, small = (1e30, 1e-30) if dtype == np.float32 else (1e300, 1e-300)
    sizes = (large, small, info.smallest_subnormal * 100, 1e160 if large > 1e160 else 1e20)
    if row.name == "sinc":  # far out it turns faster than its argument is known
        sizes = sizes[1:3]
    for size, sign in itertools.product(sizes, (1, -1)):
        x = dtype(size) * sign
        wide = [a if a is None or a.dtype.kind != "f" else a.astype(dtype) for a in arrays]
        truth = at(row, moved(wide, position, x, np.longdouble), given, position)
        found = at(row, moved(wide, position, x, dtype), given, position)
        for what, got, want in zip(("value", "slope"), found, truth, strict=True):
            if np.isnan(want) or np.isnan(truth[0]):
                continue
            assert near(got, want, dtype), f"{what} at {x} is {got}, should be {want}"


@pytest.mark.parametrize(("row", "given", "shapes", "position"), CALLS)
def test_nan_stays_nan_and_has_the_slope_of_a_piece_at_most(row, given, shapes, position):
    arrays = drawn(row, given, shapes)
    elsewhere = at(row, arrays, given, position)[1]
    y, slope = at(row, moved(arrays, position, np.nan, np.float64), given, position)
    assert np.isnan(y) or row.name in TAKES_NAN
    linear = slope == elsewhere
    assert np.isnan(slope) or linear or abs(slope) in {0, 1} or "NaN" in row.kinks


def whole(row, example, arrays):
    """The result's floating parts, and the cotangents of the first of them."""
    tape = Tape()
    leaves = [
        None if x is None else tape.leaf(x, differentiated=x.dtype.kind == "f") for x in arrays
    ]
    with np.errstate(all="ignore"):
        node = tape.apply(row, *leaves, **example.attributes)
        values = node.value if isinstance(node.value, tuple) else (node.value,)
        if node.tracked:
            tape.backward(tape.select(node, 0) if isinstance(node.value, tuple) else node)
    found = [leaf.cotangent for leaf in leaves if leaf is not None]
    return [y for y in (*values, *found) if y is not None and y.dtype.kind == "f"]


#: Rows of which a matrix of zeros, or a window, has no result.
NEEDS_RANK = {"linalg.inv", "linalg.solve", "linalg.cholesky", "linalg.matrix_power", "istft"}

#: Rows that go through products of two arguments, which overflow for themselves.
SCORES = {"multi_head_attention", "ctc", "linalg.lu_solve", "linalg.ormqr"}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("scale", [1e160, 1e-160, 1e-300, 0.0])
@pytest.mark.parametrize(
    "row",
    [row for row in TABLE.values() if any(row.derivatives) and row.name not in BY_MPMATH],
    ids=lambda row: row.name,
)
def test_what_is_finite_in_wide_precision_is_finite(row, scale):
    """Each array of each row in turn large, small and zero: no square is lost on the way."""
    if (not scale and row.name in NEEDS_RANK) or (scale > 1 and row.name in SCORES):
        return
    for example in row.examples:
        drawn_arrays = draw(row, example, 5)
        for k, x in enumerate(drawn_arrays):
            if x is None or x.dtype.kind != "f":
                continue
            arrays = [a * scale if j == k else a for j, a in enumerate(drawn_arrays)]
            wide = [
                a if a is None or a.dtype.kind != "f" else a.astype(np.longdouble) for a in arrays
            ]
            for got, truth in zip(
                whole(row, example, arrays), whole(row, example, wide), strict=True
            ):
                finite = np.isfinite(truth.astype(np.float64))
                assert np.isfinite(got[finite]).all(), (example, row.arguments[k])


@pytest.mark.parametrize(
    ("name", "arrays", "attributes", "reason"),
    [
        ("linalg.matrix_power", [np.ones((2, 3))], {"n": 0}, "square"),
        ("linalg.matrix_exp", [np.ones((2, 3))], {}, "square"),
        ("linalg.expm_frechet", [np.ones((2, 3)), np.ones((2, 3))], {}, "square"),
        ("interp", [np.zeros(2), np.array([0.0, 2.0, 1.0]), np.zeros(3)], {}, "does not ascend"),
        ("trapezoid", [np.ones((2, 4)), np.ones(4)], {"axis": 0}, "x has 4 points, the axis has 2"),
    ],
    ids=["power", "exponential", "its-derivative", "interp", "trapezoid"],
)
def test_what_has_no_meaning_is_refused(name, arrays, attributes, reason):
    with pytest.raises(ValueError, match=reason):
        TABLE[name].forward(*arrays, **attributes)
