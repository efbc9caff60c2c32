"""Distances to kinks: none is passed over, and each is as far away as is said."""

import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradparity.refimpl.ops import TABLE
from gradparity.refimpl.sampling import draw

INF = np.inf

#: Vectors that are known up to a sign have no derivative by differences.
UP_TO_SIGN = {"linalg.eigh", "linalg.eig", "linalg.svd", "linalg.qr"}

#: They are not computed outside their domain, at whose end they have their kink.
BOUNDED = {"zeta", "gammainc", "gammaincc", "betainc", "hyp2f1", "spence", "exp1", "expn", "sici"}
BOUNDED |= {"log1mexp", "erfcinv", "bessel_y0", "bessel_y1"}

#: A value that is one unit away is as good as the same; slopes are no differences'.
UNIT = {"nextafter"}

ROWS = [row for row in TABLE.values() if row.near and row.name not in UP_TO_SIGN | UNIT | BOUNDED]

#: Where pieces of the operations meet.
CORNERS = (-6.0, -3.0, -2.0, -1.0, -0.5, 0.0, 0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 6.0)

#: A forward difference's step.
STEP = 2.0**-16


def distance(name, *arrays, **attributes):
    row = TABLE[name]
    arrays = [np.asarray(x) if x is not None else None for x in arrays]
    with np.errstate(all="ignore"):
        y = row.forward(*arrays, **attributes)
        return np.nanmin(row.near(y, *arrays, **attributes), initial=INF)


@pytest.mark.parametrize(
    ("name", "arrays", "attributes", "away"),
    [
        ("relu", [[1.0, -0.25]], {}, 0.25),
        ("relu6", [[1.0, 5.5]], {}, 0.5),
        ("clip", [[1.0, 4.0], None, 3.5], {}, 0.5),
        ("elu", [[0.0]], {}, INF),
        ("elu", [[0.25]], {"alpha": 2.0}, 0.25),
        ("pow", [[0.5], [0.5]], {}, 0.5),
        ("pow", [[0.0], [2.0]], {}, INF),
        ("atan2", [[0.1], [-3.0]], {}, 0.1),
        ("atan2", [[0.0], [3.0]], {}, 3.0),
        ("fmod", [[0.25], [1.0]], {}, 0.75),
        ("remainder", [[0.25], [1.0]], {}, 0.25),
        ("lgamma", [[0.25, -1.5]], {}, 0.25),
        ("lgamma", [[4.0]], {}, 4.0),
        ("log", [[-2.0]], {}, INF),
        ("log", [[-2.0 + 0.25j]], {}, 0.25),
        ("sqrt", [[3.0 + 4.0j]], {}, 5.0),
        ("acos", [[0.5 + 0.0j, 2.0 - 0.125j]], {}, 0.125),
        ("acosh", [[-3.0 + 0.5j]], {}, 0.5),
        ("atan", [[0.25 - 3.0j]], {}, 0.25),
        ("atan", [[3.0]], {}, INF),
        ("pow", [[-2.0 + 0.5j], [0.5 + 0j]], {}, 0.5),
        ("pow", [[-2.0 + 0.5j], [3.0 + 0j]], {}, INF),
        ("max", [[1.0, 4.0, 3.5]], {}, 0.5),
        ("max", [[1.0]], {}, INF),
        ("min", [[[1.0, 4.0], [3.5, 3.75]]], {"axis": 1}, 0.25),
        ("ptp", [[1.0, 1.25, 9.0]], {}, 0.25),
        ("std", [[2.0, 2.0]], {"correction": 0}, 0.0),
        ("linalg.vector_norm", [[3.0, -4.0]], {}, 5.0),
        ("linalg.vector_norm", [[3.0, -4.0]], {"ord": 1}, 3.0),
        ("linalg.vector_norm", [[3.0, -3.5]], {"ord": np.inf}, 0.5),
        ("sort", [[3.0, 1.0, 2.5]], {}, 0.5),
        ("top_k", [[3.0, 1.0, 1.25, 9.0]], {"k": 1}, 6.0),
        ("median", [[1.0, 1.0, 5.0, 9.0, 9.0]], {}, 4.0),
        ("cummax", [[1.0, 0.5, 1.0]], {"axis": 0}, 0.0),
        ("max_pool", [[[[1.0, 4.0, 3.5, 3.0]]]], {"kernel_size": 2, "stride": 2}, 0.5),
        ("max_pool", [[[[1.0]]]], {"kernel_size": 2, "stride": 1, "padding": 1}, INF),
        ("clip", [[-6.0], [-3.0], [-2.5]], {}, 0.5),
        ("clip", [[-2.0], [-3.0], [-2.5]], {}, 0.5),
        ("floor", [[2.25, 0.5]], {}, 0.25),
        ("round", [[2.25, 0.375]], {}, 0.125),
        ("trunc", [[0.0]], {}, 1.0),
        ("greater", [[2.0], [1.5]], {}, 0.5),
        ("linalg.eigvalsh", [[[2.0, 0.0], [0.0, 1.5]]], {}, 0.5),
        ("linalg.svdvals", [[[2.0, 0.0], [0.0, 0.25]]], {}, 0.25),
        ("index_set", [[1.0, 2.0], [0, 0], [1.0, 2.0]], {}, 0.0),
        ("l1", [[1.0], [0.5]], {}, 0.5),
        ("smooth_l1", [[1.0], [1.0]], {}, INF),
        ("hinge_embedding", [[1.0, 3.0], [1.0, -1.0]], {}, 2.0),
        ("nan_to_num", [[INF, 1.0]], {}, 0.0),
    ],
)
def test_a_distance_is_as_far_as_the_nearest_kink(name, arrays, attributes, away):
    assert distance(name, *arrays, **attributes) == pytest.approx(away)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_samples_for_checks_keep_away(row):
    for example in row.examples:
        arrays = draw(row, example, zlib.crc32(row.name.encode()))
        assert distance(row.name, *arrays, **example.attributes) > 1e-4


#: Arguments that are refused where they do not ascend.
ASCENDING = {("interp", "xp")}


@st.composite
def cornered(draws, row):
    """A call whose floating arguments are on corners, or between them."""
    example = draws(st.sampled_from([e for e in row.examples if e.shapes[0] != (0, 3)]))
    arrays = draw(row, example, draws(st.integers(0, 99)))
    for k, x in enumerate(arrays):
        if x is not None and x.dtype.kind == "f" and row.differentiable(k):
            picks = st.lists(st.sampled_from(CORNERS), min_size=x.size, max_size=x.size)
            off = draws(st.sampled_from([0.0, 0.0, 0.01]))
            corners = draws(picks)
            if (row.name, row.arguments[k]) in ASCENDING:
                corners.sort()
            arrays[k] = np.reshape(np.asarray(corners, np.longdouble) + off, x.shape)
        elif x is not None and x.dtype.kind == "f":
            arrays[k] = x.astype(np.longdouble)
    return example, arrays


def slopes(row, example, arrays, step=STEP):
    """Of a random scalar of the result, along a random way: from the left and from the right."""
    generator = np.random.default_rng(5)
    ways = [
        None
        if x is None or x.dtype.kind != "f" or (any(row.derivatives) and not row.differentiable(k))
        else generator.uniform(0.5, 1, x.shape) * generator.choice([-1, 1], x.shape)
        for k, x in enumerate(arrays)
    ]

    def output(t):
        moved = [x if way is None else x + t * way for x, way in zip(arrays, ways, strict=True)]
        y = row.forward(*moved, **example.attributes)
        parts = [part for part in (y if isinstance(y, tuple) else (y,)) if part.size]
        weights = np.random.default_rng(6)
        return sum(np.sum(weights.uniform(0.5, 1, part.shape) * part) for part in parts)

    middle = output(0.0)
    found = []
    for sign in (-1, 1):
        rough, fine = (
            (output(sign * h) - middle) / (sign * h) for h in (np.longdouble(step), step / 2)
        )
        found.append(2 * fine - rough)
    return found


@pytest.mark.thinned(3)
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
@settings(max_examples=15)
@given(data=st.data())
def test_no_kink_is_passed_over(row, data):
    example, arrays = data.draw(cornered(row))
    with np.errstate(all="ignore"):
        away = distance(row.name, *arrays, **example.attributes)
        try:
            left, right = slopes(row, example, arrays)
        except ValueError:  # a step leads out of what it is defined of, as points that ascend
            return
    if not (np.isfinite(left) and np.isfinite(right)) or away < 4 * STEP:
        return
    # What is left of a smooth function's bend is of the order of the step's square.
    if abs(left - right) <= 1e-5 * max(1, abs(left), abs(right)) + 1e3 * STEP**2:
        return
    # That of |x|^1.5 at 0 is of its square root; a kink is as large whatever the step.
    with np.errstate(all="ignore"):
        nearer = slopes(row, example, arrays, STEP / 256)
    assert abs(nearer[0] - nearer[1]) <= abs(left - right) / 4, away
