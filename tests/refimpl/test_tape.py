"""The tape alone: what it does whichever operations it records."""

# ruff: noqa: ARG005 (a rule takes (g, y, *x) whether or not it needs all of them)

import weakref

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradparity.refimpl.differences import cotangents
from gradparity.refimpl.operation import Operation, ex
from gradparity.refimpl.ops import TABLE
from gradparity.refimpl.tape import Tape, unbroadcast

HALVES = Operation(
    "halves",
    lambda x: (x[: len(x) // 2], x[len(x) // 2 :]),
    (lambda g, y, x: np.concatenate(g),),
    derivatives=("g",),
    examples=(ex((4,)),),
)


def gradients(function, *arrays, cotangent=None):
    """The cotangents of a function written with a tape: ``function(apply, *nodes)``."""
    tape = Tape()
    leaves = [tape.leaf(np.asarray(x)) for x in arrays]
    output = function(lambda name, *xs, **kw: tape.apply(TABLE[name], *xs, **kw), *leaves)
    tape.backward(output, cotangent)
    return [leaf.cotangent for leaf in leaves]


def test_the_chain_rule():
    (g,) = gradients(lambda ap, x: ap("sin", ap("square", x)), 1.5)
    assert g == pytest.approx(np.cos(1.5**2) * 3.0)


@pytest.mark.parametrize(
    ("shape", "expected"),
    [((2, 3), (2, 3)), ((3,), (3,)), ((2, 1), (2, 1)), ((), ()), ((1, 1), (1, 1)), ((1,), (1,))],
)
def test_a_broadcast_argument_gets_a_cotangent_of_its_own_shape(shape, expected):
    generator = np.random.default_rng(0)
    wide, g = generator.standard_normal((2, 3)), generator.standard_normal((2, 3))
    x = generator.standard_normal(shape)
    (got, _) = gradients(lambda ap, a, b: ap("multiply", a, b), x, wide, cotangent=g)
    (want, _) = cotangents(np.multiply, [x, wide], g)
    assert got.shape == expected
    assert got == pytest.approx(np.asarray(want.value, np.float64), rel=1e-14)


@pytest.mark.parametrize(
    ("shape", "target", "expected"),
    [((2, 3), (3,), [2, 2, 2]), ((3,), (2, 3), [[1] * 3] * 2), ((0, 3), (1, 3), [[0, 0, 0]])],
)
def test_unbroadcast(shape, target, expected):
    assert unbroadcast(np.ones(shape), target).tolist() == expected


def test_a_value_used_often_sums_its_cotangents():
    def thrice(ap, x):
        square = ap("multiply", x, x)
        return ap("add", ap("multiply", square, x), square)

    (g,) = gradients(thrice, np.array([2.0, -1.0]), cotangent=np.array([1.0, 10.0]))
    assert g.tolist() == [3 * 4 + 2 * 2, 10 * (3 - 2)]


def test_adding_up_leaves_the_callers_cotangent_alone():
    g = np.array([1.0, 2.0])
    gradients(lambda ap, x: ap("add", ap("add", x, x), ap("add", x, x)), np.zeros(2), cotangent=g)
    assert g.tolist() == [1.0, 2.0]


def test_two_leaves_do_not_share_what_is_added_to_one():
    a, b = gradients(
        lambda ap, a, b: ap("add", ap("add", a, b), ap("add", a, ap("add", a, a))),
        np.zeros(2),
        np.zeros(2),
    )
    assert a.tolist() == [4, 4]
    assert b.tolist() == [1, 1]


def test_one_result_of_several():
    tape = Tape()
    x = tape.leaf(np.arange(4.0))
    both = tape.apply(HALVES, x)
    tape.backward(tape.apply(TABLE["sum"], tape.select(both, 1)))
    assert x.cotangent.tolist() == [0, 0, 1, 1]


def test_several_results_used_more_than_once():
    tape = Tape()
    x = tape.leaf(np.arange(4.0))
    both = tape.apply(HALVES, x)
    first, again, second = tape.select(both, 0), tape.select(both, 0), tape.select(both, 1)
    product = tape.apply(TABLE["multiply"], first, tape.apply(TABLE["add"], again, second))
    tape.backward(product, np.array([1.0, 10.0]))
    assert x.cotangent.tolist() == [0 + 0 + 2, 10 * (1 + 1 + 3), 0, 10]


def test_named_nodes_keep_their_cotangents_and_others_do_not():
    tape = Tape()
    x = tape.leaf(np.float64(3.0))
    inner = tape.apply(TABLE["square"], x)
    kept = tape.apply(TABLE["multiply"], inner, 2.0)
    kept.kept = True
    tape.backward(tape.apply(TABLE["square"], kept))
    assert kept.cotangent == 36
    assert inner.cotangent is None
    assert x.cotangent == 36 * 2 * 6


def test_no_cotangent_where_none_flows():
    tape = Tape()
    x, constant, unused = (
        tape.leaf(np.ones(2)),
        tape.leaf(np.ones(2), differentiated=False),
        tape.leaf(np.ones(2)),
    )
    stopped = tape.apply(TABLE["stop_gradient"], x)
    y = tape.apply(TABLE["multiply"], tape.apply(TABLE["multiply"], x, constant), stopped)
    tape.backward(y)
    assert x.cotangent.tolist() == [1, 1]
    assert constant.cotangent is None
    assert unused.cotangent is None


def test_an_output_that_depends_on_no_leaf_gives_nothing():
    tape = Tape()
    x = tape.leaf(np.ones(2))
    tape.backward(tape.apply(TABLE["stop_gradient"], x))
    assert x.cotangent is None


def test_memory_is_let_go_of_as_the_pass_goes_by():
    seen = []

    class Watched(np.ndarray):
        pass

    values = []

    def forward(x):
        y = (x + 1).view(Watched)
        values.append(weakref.ref(y))
        return y

    def vjp(g, _y, _x):
        seen.append([ref() is not None for ref in values])
        return g

    step = Operation("step", forward, (vjp,), derivatives=("1",), examples=(ex((2,)),))
    tape = Tape()
    x = node = tape.leaf(np.zeros(2))
    for _ in range(4):
        node = tape.apply(step, node)
    output = tape.apply(TABLE["sum"], node)
    del node
    tape.backward(output)
    assert seen == [
        [True, True, True, True],
        [True, True, True, False],
        [True, True, False, False],
        [True, False, False, False],
    ]
    assert [ref() for ref in values] == [None] * 4
    assert x.cotangent.tolist() == [1, 1]


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.longdouble])
def test_every_float_dtype_goes_through(dtype):
    x, w = np.array([0.5, -0.25], dtype), np.array([[1, 2], [3, 4]], dtype)

    def layer(ap, x, w):
        return ap("sum", ap("tanh", ap("matmul", w, ap("multiply", x, 0.5))))

    for g, value in zip(gradients(layer, x, w), (x, w), strict=True):
        assert g.dtype == dtype
        assert g.shape == value.shape


@pytest.mark.parametrize("dtype", [np.complex64, np.complex128, np.clongdouble])
def test_complex_cotangents_follow_the_convention(dtype):
    z = np.array(0.5 - 0.75j, dtype)
    (g,) = gradients(lambda ap, z: ap("square", ap("abs", z)), z)
    assert g.dtype == dtype
    assert abs(g - 2 * z) <= 4 * np.finfo(dtype).eps


def test_a_real_argument_takes_the_real_part():
    (g, _) = gradients(
        lambda ap, x, z: ap("real", ap("multiply", x, z)), np.float64(2), np.complex128(3 + 4j)
    )
    assert g.dtype == np.float64
    assert g == 3


def test_rounding_is_called_on_results_and_cotangents():
    def coarse(x):
        return np.round(x, 1)

    tape = Tape(coarse)
    x = tape.leaf(np.float64(0.5))
    y = tape.apply(TABLE["multiply"], x, 0.33)
    assert y.value == 0.2
    tape.backward(y)
    assert x.cotangent == 0.3


UNARY = ("sin", "tanh", "negative", "sigmoid", "square", "softplus", "identity")
BINARY = ("add", "subtract", "multiply")


@st.composite
def expressions(draw):
    """A random straight-line program over two leaves: a list of (operation, operands)."""
    lines = []
    for k in range(draw(st.integers(1, 8))):
        operand = st.integers(0, k + 1)
        if draw(st.booleans()):
            lines.append((draw(st.sampled_from(UNARY)), (draw(operand),)))
        else:
            lines.append((draw(st.sampled_from(BINARY)), (draw(operand), draw(operand))))
    return lines


def evaluated(lines, *arrays):
    values = list(arrays)
    for name, operands in lines:
        values.append(TABLE[name].forward(*(values[k] for k in operands)))
    return values[-1]


def recorded(lines, *arrays, cotangent):
    def run(ap, *leaves):
        values = list(leaves)
        for name, operands in lines:
            values.append(ap(name, *(values[k] for k in operands)))
        return values[-1]

    found = gradients(run, *arrays, cotangent=cotangent)
    return [np.zeros_like(x) if g is None else g for g, x in zip(found, arrays, strict=True)]


SHAPES = st.sampled_from([(), (1,), (3,), (2, 1), (2, 3)])


@settings(max_examples=60)
@given(expressions(), SHAPES, SHAPES, st.integers(0, 2**32 - 1))
def test_random_expressions_have_the_derivatives_of_differences(lines, a, b, seed):
    generator = np.random.default_rng(seed)
    arrays = [generator.uniform(-1, 1, shape).astype(np.longdouble) for shape in (a, b)]
    g = generator.standard_normal(np.shape(evaluated(lines, *arrays))).astype(np.longdouble)
    found = recorded(lines, *arrays, cotangent=g)
    for got, want in zip(
        found, cotangents(lambda *xs: evaluated(lines, *xs), arrays, g), strict=True
    ):
        size = max(np.max(np.abs(want.value)), 1)
        assert want.error.max() <= 1e-8 * size
        assert np.max(np.abs(got - want.value)) <= 1e-8 * size


@settings(max_examples=60)
@given(expressions(), st.integers(0, 2**32 - 1), st.floats(-3, 3))
def test_the_pass_is_linear_in_the_cotangent(lines, seed, factor):
    generator = np.random.default_rng(seed)
    arrays = [generator.uniform(-1, 1, (2, 3)), generator.uniform(-1, 1, (3,))]
    shape = np.shape(evaluated(lines, *arrays))
    g, h = generator.standard_normal(shape), generator.standard_normal(shape)
    one, other, both = (
        recorded(lines, *arrays, cotangent=cotangent) for cotangent in (g, h, g + factor * h)
    )
    for x, y, z in zip(one, other, both, strict=True):
        size = 1 + np.abs(x) + np.abs(factor * y)
        assert np.all(np.abs(x + factor * y - z) <= 1e-12 * size.max())


def test_whole_numbers_among_several_results_have_no_cotangent():
    tape = Tape()
    x = tape.leaf(np.array([1.0, 3.0, 2.0]))
    both = tape.apply(TABLE["top_k"], x, k=2)
    top, places = (tape.select(both, k) for k in (0, 1))
    tape.backward(tape.apply(TABLE["multiply"], top, places), np.array([1.0, 10.0]))

    assert places.cotangent is None
    assert x.cotangent.tolist() == [0.0, 1.0, 20.0]
