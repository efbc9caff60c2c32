"""Random programs: the same for the same seed, well typed, and of the whole table."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradparity.adapters.numpy_reference import NumpyAdapter
from gradparity.refimpl.ops import TABLE
from gradparity.verify import Runner
from gradparity.verify.fuzz.growing import broadcasts, drawable, elementwise, grown, span
from gradparity.verify.fuzz.programs import Grown, Refused, Trial
from gradparity.verify.fuzz.writing import case_of


def operations_of(case):
    return [i.operation for i in case.programs[0]["*"].instructions if i.operation != "select"]


def test_a_program_depends_on_its_seed_and_number_alone():
    _, text = case_of(3, 7)
    case_of(3, 8)
    assert case_of(3, 7)[1] == text
    assert len({case_of(seed, number)[1] for seed in (3, 4) for number in (7, 8)}) == 4


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.integers(0, 2**32))
def test_every_program_is_one_that_a_case_may_say(seed, number):
    case, _ = case_of(seed, number)
    assert 2 <= len(operations_of(case)) <= 8
    assert case.dtypes in (("float64",), ("float32",))


def test_the_case_is_the_program_that_was_grown():
    for number in range(30):
        made = grown(2, number)
        case, _ = case_of(2, number)
        (task,) = case.tasks()
        names = {**made.params, **made.inputs}
        assert {**task.params, **task.inputs}.keys() == names.keys()
        for name, x in {**task.params, **task.inputs}.items():
            assert x.shape == names[name].shape, name
            np.testing.assert_array_equal(x, names[name].astype(x.dtype), err_msg=name)
        value = NumpyAdapter().run(task).steps[0].values[made.output]
        np.testing.assert_allclose(value, made.values[made.output], rtol=1e-3, atol=1e-4)


def test_most_of_the_table_is_drawn():
    used = set(itertools.chain.from_iterable(operations_of(case_of(5, n)[0]) for n in range(400)))
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


@pytest.mark.parametrize(
    ("operation", "x"),
    [("log", -1.0), ("relu", 0.0), ("exp", 20.0), ("matmul", 1.0)],
)
def test_what_an_operation_is_not_fit_for_is_refused(operation, x):
    trial = Trial(Grown())
    name = trial.leaf(np.asarray(x), moving=True)
    with pytest.raises(Refused):
        trial.apply(operation, name)


def test_right_programs_raise_no_alarm():
    runner = Runner(["numpy"])
    for number in range(60):
        (task,) = case_of(6, number)[0].tasks()
        assert {row["verdict"] for row in runner.rows(task)} <= {"agree", "blind"}, number
