"""Every row's rules against finite differences: no framework, no row left out."""

import dataclasses
import zlib

import numpy as np
import pytest

from gradparity.refimpl.differences import cotangents
from gradparity.refimpl.errors import Unsupported
from gradparity.refimpl.ops import TABLE
from gradparity.refimpl.rounding import Noise, NoisyArray
from gradparity.refimpl.sampling import draw
from gradparity.refimpl.tape import Tape

#: Of complex matrices these know vectors up to phases, on which differences must not depend.
PHASES = {"linalg.eigh", "linalg.svd"}

#: Arguments without a rule that move the result: why they have none.
NO_RULE = {
    ("stop_gradient", 0): "stops",
    ("zeta", 0): "no elementary derivative",
    ("gammainc", 0): "no elementary derivative",
    ("gammaincc", 0): "no elementary derivative",
    **{
        (name, k): "no elementary derivative"
        for name, count in (("betainc", 2), ("hyp1f1", 2), ("hyp2f1", 3))
        for k in range(count)
    },
    ("straight_through", 1): "stops",
    ("roi_align", 1): "where to look",
    ("nextafter", 1): "a direction",
    ("copysign", 1): "a sign",
    ("hinge_embedding", 1): "a label",
    ("cosine_embedding", 2): "a label",
}

#: Far above longdouble's roundoff over the difference's smallest step, far below any real fault.
WITHIN = 1e-10


def calls(wanted=lambda _row: True):
    """A row and an example of it; every other one of a row's is slow."""
    return [
        pytest.param(row, example, id=f"{row.name}-{k}", marks=[pytest.mark.slow] * (k % 2))
        for row in TABLE.values()
        if wanted(row)
        for k, example in enumerate(row.examples)
    ]


CALLS = calls()


def results(y):
    return y if isinstance(y, tuple) else (y,)


def random_like(y, generator):
    """A cotangent of standard normals, of a result's shape and dtype; None where none flows."""
    if y.dtype.kind not in "fc":
        return None
    g = generator.standard_normal(y.shape)
    if y.dtype.kind == "c":
        g = g + 1j * generator.standard_normal(y.shape)
    return g.astype(y.dtype)


def by_tape(row, example, arrays, cotangent):
    """Each argument's cotangent by the row's rules."""
    tape = Tape()
    leaves = [
        None if x is None else tape.leaf(x, differentiated=x.dtype.kind in "fc") for x in arrays
    ]
    node = tape.apply(row, *leaves, **example.attributes)
    if isinstance(node.value, tuple):
        parts = [tape.select(node, k) for k in range(len(node.value))]
        total = None
        for part, g in zip(parts, results(cotangent), strict=True):
            if g is not None:  # by the convention, what Σ y·ḡ hands y is g
                term = tape.apply(TABLE["sum"], tape.apply(TABLE["multiply"], part, np.conj(g)))
                total = term if total is None else tape.apply(TABLE["add"], total, term)
        assert total is not None
        tape.backward(total)
    else:
        tape.backward(node, cotangent)
    return [None if leaf is None else leaf.cotangent for leaf in leaves]


def check(row, example, dtype):
    """Hold a row's rules against differences at one call; returns how many were compared."""
    seed = zlib.crc32(f"{row.name} {example}".encode())
    arrays = draw(row, example, seed, dtype)
    y = row.forward(*arrays, **example.attributes)
    generator = np.random.default_rng(seed + 1)
    cotangent = tuple(random_like(part, generator) for part in results(y))
    if all(g is None for g in cotangent):
        return 0
    if not isinstance(y, tuple):
        cotangent = cotangent[0]
    expected = cotangents(lambda *xs: row.forward(*xs, **example.attributes), arrays, cotangent)
    compared = 0
    actual = by_tape(row, example, arrays, cotangent)
    for position, (difference, found) in enumerate(zip(expected, actual, strict=True)):
        if difference is None or not row.differentiable(position):
            assert found is None
            continue
        assert found is not None
        assert difference.converged(WITHIN), f"argument {position} is not smooth there"
        assert found.shape == difference.value.shape
        assert found.dtype == arrays[position].dtype
        size = max(np.max(np.abs(difference.value), initial=0), 1)
        assert np.all(np.abs(found - difference.value) <= WITHIN * size), position
        compared += 1
    return compared


def stopped(call):
    row, example = call.values
    return row.stopped(**example.attributes) and any(row.derivatives)


@pytest.mark.parametrize(("row", "example"), [call for call in CALLS if not stopped(call)])
def test_rules_are_the_derivatives(row, example):
    compared = check(row, example, np.longdouble)
    assert compared or not any(map(row.differentiable, range(len(example.shapes))))


@pytest.mark.parametrize(("row", "example"), [call for call in CALLS if stopped(call)])
def test_what_stops_a_gradient_is_no_derivative(row, example):
    """Or it should not say so; of no elements nothing can be told."""
    if 0 in np.shape(row.forward(*draw(row, example, 0), **example.attributes)):
        assert check(row, example, np.longdouble)
        return
    with pytest.raises(AssertionError):
        check(row, example, np.longdouble)


def test_what_stops_gradients():
    assert [name for name, row in TABLE.items() if row.stops] == [
        "stop_gradient",
        "straight_through",
        "reverse_gradient",
        "embedding",
    ]
    assert TABLE["stop_gradient"].stopped()
    assert TABLE["embedding"].stopped(padding_idx=0)
    assert not TABLE["embedding"].stopped(padding_idx=None)
    assert not TABLE["embedding"].stopped()
    assert not TABLE["add"].stopped()


@pytest.mark.parametrize(
    ("row", "example"),
    calls(lambda row: row.complex_too and any(row.derivatives) and row.name not in PHASES),
)
def test_complex_rules_follow_the_convention(row, example):
    if row.stopped(**example.attributes):
        return
    assert check(row, example, np.clongdouble) or not any(
        map(row.differentiable, range(len(example.shapes)))
    )


@pytest.mark.parametrize("name", sorted(PHASES))
def test_complex_vectors_up_to_their_phases(name):
    """The sum of squared magnitudes, weighted, is of the vectors and not of their phases."""
    row = TABLE[name]
    generator = np.random.default_rng(3)
    x = generator.standard_normal((3, 3)) + 1j * generator.standard_normal((3, 3))
    given = {"full_matrices": False} if name == "linalg.svd" else {}
    weights = [generator.standard_normal(np.shape(y)) for y in row.forward(x, **given)]

    def scalar(x):
        ys = row.forward(x, **given)
        return sum((w * np.square(np.abs(y))).sum() for w, y in zip(weights, ys, strict=True))

    (difference,) = cotangents(scalar, [x], np.longdouble(1))
    ys = row.forward(x.astype(np.clongdouble), **given)
    g = tuple(2 * w * y for w, y in zip(weights, ys, strict=True))
    found = row.vjps[0](g, ys, x.astype(np.clongdouble), **given)
    assert difference.converged(WITHIN)
    assert np.all(np.abs(found - difference.value) <= 1e-9 * np.max(np.abs(difference.value)))


@pytest.mark.parametrize(("row", "example"), calls(lambda row: not row.complex_too))
def test_complex_numbers_are_refused_where_the_rules_are_for_real_ones(row, example):
    arrays = draw(row, example, 1, np.complex128)
    if not any(x is not None and x.dtype.kind == "c" for x in arrays):
        return
    with pytest.raises(Unsupported, match="real numbers"):
        Tape().apply(row, *arrays, **example.attributes)


@pytest.mark.parametrize(("row", "example"), calls(lambda row: None in row.derivatives))
def test_what_has_no_rule_does_not_move_the_result(row, example):
    """Or a derivative would be dropped in silence."""
    arrays = draw(row, example, 11, np.longdouble)
    floats = [k for k, x in enumerate(arrays) if x is not None and x.dtype.kind == "f"]
    for k in floats:
        if row.differentiable(k) or (row.name, k) in NO_RULE:
            continue
        y = row.forward(*arrays, **example.attributes)
        moved = [x if j != k or x is None else x + 1e-9 for j, x in enumerate(arrays)]
        after = row.forward(*moved, **example.attributes)
        for one, other in zip(results(y), results(after), strict=True):
            assert np.array_equal(one, other), row.arguments[k]


@pytest.mark.parametrize(("row", "example"), CALLS)
def test_dtype_is_kept_and_rounding_is_all_that_is_lost(row, example):
    for dtype in (np.float32, np.float64):
        lost_to_rounding(row, example, dtype)


def lost_to_rounding(row, example, dtype):
    seed = zlib.crc32(f"{row.name} {example}".encode())
    narrow = draw(row, example, seed, dtype)
    wide = [x.astype(np.longdouble) if x is not None and x.dtype.kind == "f" else x for x in narrow]
    got = results(row.forward(*narrow, **example.attributes))
    want = results(row.forward(*wide, **example.attributes))
    for y, truth in zip(got, want, strict=True):
        if truth.dtype.kind not in "fc":
            assert np.array_equal(y, truth)
            continue
        assert y.real.dtype == dtype
        assert y.shape == truth.shape
        size = max(np.max(np.abs(truth), initial=0), 1)
        assert np.all(np.abs(y - truth) <= 2000 * np.finfo(dtype).eps * size)


@pytest.mark.parametrize(("row", "example"), CALLS)
def test_noise_goes_through(row, example):
    arrays = draw(row, example, 7)
    noise = Noise(3, np.float64)
    noisy = [noise.array(x) if x is not None and x.dtype.kind == "f" else x for x in arrays]
    plain = results(row.forward(*arrays, **example.attributes))
    moved = results(row.forward(*noisy, **example.attributes))
    for y, shaken in zip(plain, moved, strict=True):
        if y.dtype.kind not in "fc":
            assert np.array_equal(y, shaken)
            continue
        assert isinstance(shaken, NoisyArray)
        size = max(np.max(np.abs(y), initial=0), 1)
        assert np.all(np.abs(np.asarray(shaken) - y) <= 1e4 * 2.0**-53 * size)
    found = by_tape(row, example, noisy, _ones(moved))
    for position, cotangent in enumerate(found):
        if cotangent is not None:
            assert row.differentiable(position)
            assert isinstance(cotangent, NoisyArray)


def _ones(ys):
    g = [np.ones_like(y) if y.dtype.kind in "fc" else None for y in ys]
    return tuple(g) if len(g) > 1 else g[0]


def _planted(name, rule):
    """A row with its first rule replaced."""
    row = TABLE[name]
    return dataclasses.replace(row, vjps=(rule, *row.vjps[1:]))


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("tanh", lambda g, y, _x: g * (1 - y)),
        ("sin", lambda g, _y, x: -g * np.cos(x)),
        ("multiply", lambda g, _y, a, _b: g * a),
        ("exp", lambda g, y, _x: g * y * (1 + 1e-8)),
        ("matrix_transpose", lambda g, _y, x: g.reshape(x.shape)),
        ("softmax", lambda g, y, _x: g * y),
        ("mean", lambda g, _y, _x: g),
    ],
)
def test_a_wrong_rule_is_caught(name, rule):
    row = _planted(name, rule)
    with pytest.raises(AssertionError):
        check(row, row.examples[0], np.longdouble)


def test_a_forgotten_conjugate_is_caught():
    row = _planted("multiply", lambda g, _y, _a, b: g * b)
    assert check(row, row.examples[0], np.longdouble)
    with pytest.raises(AssertionError):
        check(row, row.examples[0], np.clongdouble)


def test_a_kink_is_not_taken_for_a_derivative():
    (difference,) = cotangents(np.abs, [np.array([0.001, 1.0])], np.array([1.0, 1.0]))
    assert not difference.converged()
    assert difference.error[1] < 1e-12 < difference.error[0]
