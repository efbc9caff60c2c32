"""Random programs: the same for the same seed, well typed, and of the whole table."""

import itertools
from contextlib import nullcontext, suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradparity.adapters.numpy_reference import NumpyAdapter
from gradparity.refimpl.operation import Example
from gradparity.refimpl.ops import TABLE
from gradparity.verify import Runner
from gradparity.verify.fuzz.attributes import has_axis, others
from gradparity.verify.fuzz.drawing import case_of, drawn
from gradparity.verify.fuzz.edges import beside, edged, whole, with_zeros
from gradparity.verify.fuzz.growing import drawable
from gradparity.verify.fuzz.programs import Grown, Refused, Trial
from gradparity.verify.fuzz.reading import ascends, broadcasts, elementwise, span
from gradparity.verify.fuzz.sizes import fitted, resized


def operations_of(case):
    return [i.operation for i in case.programs[0]["*"].instructions if i.operation != "select"]


def test_a_program_depends_on_its_seed_and_number_alone():
    _, text = case_of(3, 7)
    case_of(3, 8)
    assert case_of(3, 7)[1] == text
    assert len({case_of(seed, number)[1] for seed in (3, 4) for number in (7, 8)}) == 4


@settings(max_examples=60)
@given(st.integers(0, 2**32), st.integers(0, 2**32))
def test_every_program_is_one_that_a_case_may_say(seed, number):
    held, case = drawn(seed, number)
    lines = held.program.lines if held.enclosed else operations_of(case)
    assert 2 <= len(lines) <= 8
    assert case.dtypes in (("float64",), ("float32",))


def test_the_case_is_the_program_that_was_grown():
    for number in range(30):
        held, case = drawn(2, number)
        made = held.program
        (task,) = case.tasks()
        names = {**made.params, **made.inputs}
        assert {**task.params, **task.inputs}.keys() == names.keys()
        for name, x in {**task.params, **task.inputs}.items():
            assert x.shape == names[name].shape, name
            np.testing.assert_array_equal(x, names[name].astype(x.dtype), err_msg=name)
        value = NumpyAdapter().run(task).steps[0].values[made.output]
        np.testing.assert_allclose(value, made.values[made.output], rtol=1e-3, atol=1e-4)


def test_most_of_the_table_is_drawn():
    used = set(itertools.chain.from_iterable(operations_of(case_of(5, n)[0]) for n in range(450)))
    assert len(used & {row.name for row in drawable()}) >= 0.85 * len(drawable())


@pytest.mark.parametrize(
    ("operation", "of_any_shapes", "of_any_shape"),
    [("hypot", True, False), ("exp", False, True), ("tril", False, False), ("mse", False, False)],
)
def test_which_shapes_an_operation_takes_is_read_off_its_examples(
    operation, of_any_shapes, of_any_shape
):
    row = TABLE[operation]
    assert (broadcasts(row), elementwise(row)) == (of_any_shapes, of_any_shape)


def test_where_an_argument_has_to_be_is_read_off_its_sampler():
    assert span(TABLE["log"], 0) == (0, np.inf)
    assert span(TABLE["asin"], 0) == (-1, 1)
    assert span(TABLE["exp"], 0) == (-np.inf, np.inf)
    assert [ascends(TABLE["interp"], k) for k in range(3)] == [False, True, False]


@pytest.mark.parametrize(
    ("operation", "x"),
    [("log", -1.0), ("relu", 0.0), ("exp", 20.0), ("matmul", 1.0)],
)
def test_what_an_operation_is_not_fit_for_is_refused(operation, x):
    trial = Trial(Grown())
    name = trial.leaf(np.asarray(x), moving=True)
    with pytest.raises(Refused):
        trial.apply(operation, name)


@pytest.mark.parametrize(("points", "fits"), [([0.0, 0.0, 1.0], False), ([0.0, 0.5, 1.0], True)])
def test_points_that_have_to_ascend_are_not_tied(points, fits):
    """Rounding decides the order of tied ones: each sample of noise has another."""
    trial = Trial(Grown())
    x, xp, fp = (trial.leaf(np.asarray(a), moving=True) for a in (0.3, points, [1.0, 2.0, 4.0]))
    with nullcontext() if fits else pytest.raises(Refused):
        trial.apply("interp", x, xp, fp)


def test_right_programs_raise_no_alarm():
    runner = Runner(["numpy"])
    for number in range(60):
        (task,) = case_of(6, number)[0].tasks()
        assert {row["verdict"] for row in runner.rows(task)} <= {"agree", "blind"}, number


def test_there_are_edges_ways_training_and_parameters_of_their_own():
    held = [drawn(8, n)[0] for n in range(48)]
    asked = {way for made in held for way in made.ways}
    trained = [made for made in held if made.optimizer]
    assert asked <= {"jvp", "hvp", "vmap"}
    assert len(asked) >= 2
    assert len(trained) == 6
    assert any(made.steps > 1 for made in trained)


def test_numbers_stand_beside_kinks_and_ends():
    assert {-0.02, 0.02} <= set(beside(TABLE["relu"], 0, "float64"))
    assert {2.98, 3.02, -3.0003} <= {round(x, 9) for x in beside(TABLE["hard_swish"], 0, "float64")}
    assert min(beside(TABLE["log"], 0, "float64")) == pytest.approx(2e-7)
    ends = beside(TABLE["asin"], 0, "float32")
    assert max(ends) == pytest.approx(0.999)
    x = np.zeros(400)
    drawn_ones = edged(TABLE["exp"], 0, x, "float64", np.random.default_rng(0))
    assert np.abs(drawn_ones).max() > 20
    assert 0 < np.abs(drawn_ones[drawn_ones != 0]).min() < 1e-4


@pytest.mark.parametrize(
    ("operation", "name", "value", "expected"),
    [
        ("sum", "keepdims", False, (True,)),
        ("mse", "reduction", "mean", ("none", "sum")),
        ("celu", "alpha", 1.0, (0.5, 2.0, 3.0, 0.3)),
        ("softmax", "axis", -1, (-2, 0, 1)),
    ],
)
def test_a_parameter_may_be_another_one(operation, name, value, expected):
    assert set(others(operation, name, value)) >= set(expected)
    assert value not in others(operation, name, value)


@pytest.mark.parametrize(("axis", "there"), [(0, True), (-2, True), (2, False), (None, True)])
def test_an_axis_is_one_that_there_is(axis, there):
    assert has_axis({"axis": axis}, 2) is there


def test_programs_of_one_operation_have_it():
    for number in range(16):
        _, case = drawn(0, number, ("softmax",))
        assert "softmax" in operations_of(case)


@pytest.mark.parametrize(("z", "fits"), [(1.5 - 0.0j, False), (1.5 + 0.5j, True), (2j, False)])
def test_a_branch_cut_is_kept_away_from(z, fits):
    trial = Trial(Grown())
    name = trial.leaf(np.array([z]), moving=False)
    if fits:
        trial.apply("acos", name)
    else:
        with pytest.raises(Refused):
            trial.apply("acos", name)
    trial.apply("exp", name)


def test_numbers_of_either_sign_are_raised_to_whole_powers():
    """Which alone shows what is wrong of a base below zero."""
    bases = []
    for number in range(12):
        made, _ = drawn(0, number, ("pow",))
        program = made.program
        bases += [
            (program.values[line.arguments[0]], program.values[line.arguments[1]])
            for line in program.lines
            if line.operation == "pow"
        ]
    below = [power for base, power in bases if np.any(base < 0)]
    assert below
    assert all(np.all(power == np.rint(power)) for power in below)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_an_exponential_integral_is_not_asked_beside_zero(dtype):
    x = edged(TABLE["exp1"], 0, np.ones(2000), dtype, np.random.default_rng(3))
    assert np.abs(x).min() >= 2.9e-4


def test_a_program_that_is_trained_uses_every_result():
    """A parameter without a gradient is left alone by PyTorch's optimizers: in this one, drawn
    otherwise, only the third of the broadcast arrays was used.
    """
    made, _ = drawn(1, 431)
    assert made.optimizer
    lines = made.program.lines
    used = {made.program.output}.union(*(line.names for line in lines))
    assert {name for line in lines for name in line.targets} <= used


@pytest.mark.parametrize(("seed", "number"), [(80, 590), (77, 14030)])
def test_a_program_in_float32_has_no_number_of_few_digits_there(seed, number):
    """Drawn without a look at its dtype, these have numbers of 8e-73 and 9e-46 in them."""
    made, _ = drawn(seed, number)
    assert made.dtype == "float32"
    for x in made.program.values.values():
        if x.dtype.kind == "f":
            assert np.all((x == 0) | (np.abs(x) >= np.finfo("float32").tiny))


def drawn_of(operation, count=60):
    """The programs of one operation, as far as there are some."""
    for number in range(count):
        with suppress(Refused):
            yield drawn(0, number, (operation,))[0].program


def test_matrix_products_are_of_squares_as_well():
    """What is transposed for another is seen where it still fits alone."""
    shapes = [
        [program.values[name].shape for name in line.names]
        for program in drawn_of("matmul", 30)
        for line in program.lines
        if line.operation == "matmul"
    ]
    square = [any(len(s) > 1 and s[-1] == s[-2] > 1 for s in each) for each in shapes]
    assert 0.2 < sum(square) / len(square) < 0.9


@pytest.mark.parametrize("operation", ["softplus", "sum", "matmul"])
def test_arrays_are_long_now_and_then(operation):
    sizes = [max(x.shape, default=0) for p in drawn_of(operation) for x in p.params.values()]
    assert max(sizes) > 8
    assert min(sizes) < 5


@pytest.mark.parametrize("operation", ["prod", "sum", "multiply"])
def test_zeros_and_repeated_numbers_are_drawn(operation):
    leaves = [x for program in drawn_of(operation) for x in program.params.values()]
    assert any(np.any(x == 0) for x in leaves)
    assert any(len(np.unique(x[x != 0])) < np.count_nonzero(x) for x in leaves)
    assert sum(not np.any(x == 0) for x in leaves) > len(leaves) / 2


@pytest.mark.parametrize(("operation", "least"), [("log", 0.0), ("asin", -1.0)])
def test_zeros_stand_only_where_an_operation_takes_them(operation, least):
    row = TABLE[operation]
    x = row.domain(np.random.default_rng(0), (40,))
    for new in (whole(row, 0, x), with_zeros(row, 0, x, np.random.default_rng(1))):
        assert np.all(new > least)
        assert np.all((new == x) | (new == np.round(x)) | (new == 0))
    assert np.any(with_zeros(row, 0, x, np.random.default_rng(1)) == 0) is np.bool(least < 0)
    apart = np.array([0.1, 0.4, 0.6])
    np.testing.assert_array_equal(whole(TABLE["sort"], 0, apart), apart)


def test_numbers_stand_where_what_saturates_does_so():
    x = edged(TABLE["sigmoid"], 0, np.zeros(400), "float64", np.random.default_rng(0))
    assert np.mean((np.abs(x) > 20) & (np.abs(x) < 40)) > 0.02


@pytest.mark.parametrize("operation", ["linalg.cholesky", "linalg.eigvalsh"])
def test_a_symmetric_matrix_is_made_of_a_fresh_one_as_well(operation):
    """Whose two triangles hang on it differently; programs of such an operation alone begin so."""
    held = list(drawn_of(operation, 12))
    assert len(held) > 6
    for program in held:
        (line,) = [each for each in program.lines if each.operation == operation][:1]
        x = program.values[line.arguments[0]]
        np.testing.assert_allclose(x, np.swapaxes(x, -1, -2), rtol=1e-12)


def test_lengths_that_an_example_has_twice_stay_alike():
    generator = np.random.default_rng(0)
    example = Example(((2, 3), (3, 4)))
    held = {resized(TABLE["matmul"], example, generator).shapes for _ in range(60)}
    assert all(a[1] == b[0] for a, b in held)
    assert any(a == b for a, b in held)
    assert any(max(a + b) > 8 for a, b in held)
    assert fitted(example, 0, (5, 5), generator).shapes[0] == (5, 5)
    assert fitted(example, 0, (5, 5), generator).shapes[1][0] == 5
    assert fitted(Example(((3, 3),)), 0, (2, 3), generator).shapes == ((3, 3),)
