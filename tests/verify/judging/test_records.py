"""What a record lets pass: the value, bound or set that it has, and no zero, NaN or other shape."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from gradparity.adapters.numpy_reference import NumpyAdapter
from gradparity.cases import load_text
from gradparity.cases.task import Between, Bound, Divergence
from gradparity.refimpl.errors import AdapterFailed
from gradparity.verify import Runner
from gradparity.verify.judging.records import holds, resembles
from gradparity.verify.measure.compare import Outcome

from ...adapters import wrong

TRUTH = np.array([1.0, -2.0, 1e-3, 0.0], np.longdouble)
FINITE = st.floats(-1e6, 1e6, allow_subnormal=False)


def record(**keys):
    return Divergence(("torch",), "grad", "x", "precision", "c", **keys)


def held(divergence, got, truth=TRUTH, kind="error"):
    return holds(divergence, got, truth, Outcome(kind, "off"))


def off_by(share, dtype=np.float64):
    return (TRUTH * (1 + share)).astype(dtype)


def test_a_bound_takes_what_is_within_it_of_every_element():
    bound = record(bound=Bound(rel=1e-3))
    assert held(bound, off_by(9e-4))
    assert held(bound, off_by(-9e-4))
    assert not held(bound, off_by(1.1e-3))
    one = TRUTH.astype(np.float64)
    one[2] *= 1.01  # small beside its neighbours, off beside itself
    assert not held(bound, one)
    assert held(record(bound=Bound(rel=1e-3, abs=2e-5)), one)


def test_a_rounded_value_holds_for_every_rounding_of_what_is_right_and_of_what_is_off():
    """Another processor rounds otherwise what agrees with the truth as well."""
    rounded = record(value=np.array([1.0 + 1e-9, -2.0, 2e-3, 0.0]), within=1e-4)
    seen = Outcome("error", "off")
    for got in ([1.0, -2.0, 2e-3, 0.0], [1.0 + 9e-8, -2.0 - 9e-8, 2.05e-3, 0.0]):
        assert holds(rounded, np.array(got), TRUTH, seen, 1e-7)
    off = [1.0, -2.0, 1e-3, 0.0], [1.0, -2.0, 1.4e-3, 0.0], [1.1, -2.0, 2e-3, 0.0]
    for got in (*off, [0.0, -2.0, 2e-3, 0.0]):
        assert not holds(rounded, np.array(got), TRUTH, seen, 1e-7)


def test_what_rounding_may_do_to_one_element_it_may_not_do_to_another():
    """The third is off by less than what rounding may do to the first, and is not right by that."""
    rounded = record(value=np.array([1.0, -2.0, 1.001e-3, 0.0]), within=1e-4)
    seen, right = Outcome("error", "off"), np.array([1.0, -2.0, 1e-3, 0.0])
    mine = np.array([1e-5, 0.0, 1e-9, 0.0])
    assert holds(rounded, np.array([1.0, -2.0, 1.001e-3, 0.0]), TRUTH, seen, mine)
    assert not holds(rounded, right, TRUTH, seen, mine)


def test_only_a_trajectory_is_let_miss_its_record_by_its_roundings():
    exact = record(value=off_by(1e-3))
    got, seen, rounding = off_by(1e-3), Outcome("error", "off"), np.array([0.0, 0.0, 2e-9, 0.0])
    got[2] += 1e-9
    assert holds(exact, got, TRUTH, seen, rounding, added=True)
    assert not holds(exact, got, TRUTH, seen, rounding)
    got[1] += 1e-9
    assert not holds(exact, got, TRUTH, seen, rounding, added=True)


@pytest.mark.parametrize("bound", [Bound(rel=0.499), Bound(abs=1e6), Bound(0.4, 1e6)])
@given(truth=arrays(np.float64, 3, elements=FINITE))
def test_no_bound_takes_a_zero_or_twice_the_truth(bound, truth):
    if not truth.any():
        return
    wide = truth.astype(np.longdouble)
    assert not held(record(bound=bound), np.zeros(3), wide)
    assert not held(record(bound=bound), 2 * truth, wide)
    assert not held(record(bound=bound), -truth, wide)
    assert held(record(bound=bound), truth, wide)


def test_a_bound_takes_a_zero_where_the_truth_is_one_in_the_dtype():
    bound = record(bound=Bound(rel=1e-3))
    tiny = np.array([1e-60, 1.0])
    assert held(bound, np.array([0.0, 1.0], np.float32), tiny)
    assert not held(bound, np.array([1e-30, 1.0], np.float32), tiny)


def test_a_bound_of_some_steps_leaves_out_what_rounding_explains():
    """The last element is a zero, of which no relative bound takes an error."""
    got, outcome = off_by(1.1e-3), Outcome("error", "off")
    got[3] = 5e-10
    rounding = np.array([0.0, 0.0, 0.0, 1e-9])
    some = record(bound=Bound(rel=2e-3, some=True))
    assert holds(some, got, TRUTH, outcome, rounding)
    assert not holds(some, got, TRUTH, outcome, rounding / 4)
    assert not holds(record(bound=Bound(rel=2e-3)), got, TRUTH, outcome, rounding)
    assert not holds(record(bound=Bound(rel=1e-3, some=True)), got, TRUTH, outcome, rounding)


@pytest.mark.parametrize("strange", [np.nan, np.inf, -np.inf])
def test_a_bound_takes_nothing_that_is_not_finite_where_the_truth_is(strange):
    bound = record(bound=Bound(rel=0.4, abs=1e300))
    got = TRUTH.astype(np.float64)
    got[0] = strange
    assert not held(bound, got)
    same = TRUTH.copy()
    same[0] = strange
    assert held(bound, got, same)
    assert not held(bound, TRUTH.astype(np.float64), same)


@pytest.mark.parametrize("form", [{"bound": Bound(0.4, 9.0)}, {"between": Between(-9.0, 9.0)}])
def test_neither_bound_nor_set_takes_another_shape_or_dtype(form):
    got = off_by(1e-6)
    assert held(record(**form), got)
    assert not held(record(**form), got[:1], kind="shape")
    assert not held(record(**form), got.reshape(2, 2), kind="shape")
    assert not held(record(**form), got.astype(np.float32), kind="dtype")
    assert not held(record(**form), None, kind="missing")


def test_a_dtype_that_is_off_is_recorded_as_such():
    got = np.array([1.0, 2.0], np.float32)
    truth = np.array([1.0, 2.0])
    assert not held(record(value=truth), got, truth, "dtype")
    assert held(record(value=truth, dtype="float32"), got, truth, "dtype")
    assert not held(record(value=truth, dtype="float16"), got, truth, "dtype")
    assert not held(record(value=truth, dtype="float32"), truth, truth)
    assert held(record(bound=Bound(1e-3), dtype="float32"), got, truth, "dtype")


def test_one_recorded_number_is_of_arrays_of_the_right_shape():
    assert held(record(value=np.nan), np.full(4, np.nan), kind="non-finite")
    assert not held(record(value=np.nan), np.full(3, np.nan), kind="shape")
    assert held(record(value=np.full(3, 5.0)), np.full(3, 5.0), kind="shape")


def test_a_set_takes_what_is_in_it():
    between = record(between=Between(np.array([0.0, -3, 0, 0]), np.array([0.5, 0, 1, 1])))
    assert held(between, np.array([0.5, -3.0, 0.2, 0.0]))
    assert not held(between, np.array([0.6, -3.0, 0.2, 0.0]))
    assert not held(between, np.array([np.nan, -3.0, 0.2, 0.0]))


def test_no_gradient_is_recorded_by_nothing():
    nothing = record()
    assert held(nothing, None, kind="missing")
    assert not held(nothing, off_by(0.0))


TRAINED = """
case: trained
about: Three steps.
params: {w: [1.0, 2.0]}
program: loss = sum(w ** 2)
optimizer: {sgd: {lr: 0.1}}
steps: 3
dtypes: [float64]
divergences: [{adapters: [numpy], check: update, tensor: w, kind: bug, because: c, %s}]
"""


def updates(recorded, change):
    """The verdicts on w, step by step, of an adapter that hands back a changed one."""
    (case,), faults = load_text(TRAINED % recorded, Path("made-up.yaml"))
    assert not faults, faults[0]
    rows = Runner([wrong.Wrong(NumpyAdapter(), change)]).rows(case.tasks()[0])
    return [row["verdict"] for row in rows if row["check"] == "update"]


def gradients(recorded, *shares):
    """The same of the gradient of w, so many times what it should be at each step."""

    def change(trace):
        for step, share in zip(trace.steps, shares, strict=False):
            step.grads["w"] = step.grads["w"] * share

    text = (TRAINED % recorded).replace("check: update", "check: grad")
    (case,), faults = load_text(text, Path("made-up.yaml"))
    assert not faults, faults[0]
    rows = Runner([wrong.Wrong(NumpyAdapter(), change)]).rows(case.tasks()[0])
    return [row["verdict"] for row in rows if (row["check"], row["tensor"]) == ("grad", "w")]


def scaled(*shares):
    def change(trace):
        for step, share in zip(trace.steps, shares, strict=False):
            step.params["w"] = step.params["w"] * share

    return change


def test_a_bound_holds_at_every_step():
    assert updates("bound: {rel: 1e-3}", scaled(1.0005, 1.0006, 1.0007)) == ["known"] * 3
    assert updates("bound: {rel: 1e-3}", scaled(1.0005, 1.0016, 1.0007))[1] == "stale"


def test_a_bound_of_some_steps_has_to_show_at_one():
    some = "bound: {rel: 1e-3, steps: some}"
    assert updates(some, scaled(1.0, 1.0006, 1.0)) == ["known"] * 3
    assert updates("bound: {rel: 1e-3}", scaled(1.0, 1.0006, 1.0)) == ["stale", "known", "stale"]
    assert updates(some, scaled(1.0, 1.0, 1.0)) == ["stale"] * 3
    assert updates(some, scaled(1.0, 1.0016, 1.0)) == ["known", "stale", "known"]
    assert updates(some, scaled(1.0, np.nan, 0.0)) == ["known", "stale", "stale"]


def test_a_bound_of_some_steps_is_of_later_gradients_too():
    some = "bound: {rel: 1e-3, steps: some}"
    assert gradients(some, 1.0, 1.0005, 1.0) == ["known", "known", "agree"]
    assert gradients(some, 1.0, 1.0015, 1.0) == ["known", "stale", "agree"]
    assert gradients(some, 1.0, 1.0, 1.0) == ["stale", "agree", "agree"]


def test_a_value_of_the_last_step_lets_no_nan_pass_before():
    last = "value: [0.6, 1.2]"
    off = 0.6 / 0.512
    assert updates(last, scaled(1.1, 1.1, off)) == ["known"] * 3
    assert updates(last, scaled(np.nan, 1.1, off)) == ["stale", "known", "known"]
    assert updates("value: .nan", scaled(1.1, np.nan, np.nan)) == ["known"] * 3


def elsewhere(got, truth=TRUTH, kind="error", **keys):
    return resembles(record(elsewhere=True, **keys), got, truth, Outcome(kind, "off"))


def test_a_record_of_other_numbers_holds_of_what_kind_the_result_is():
    off = off_by(0.3)
    records: list[dict[str, Any]] = [
        {"value": np.ones(4)},
        {"bound": Bound(1e-6)},
        {"between": Between(0.0, 1.0)},
    ]
    for keys in records:
        assert elsewhere(off, **keys)
        assert not elsewhere(np.zeros(4), **keys)
        assert not elsewhere(np.full(4, np.nan), kind="non-finite", **keys)
        assert not elsewhere(off[:1], kind="shape", **keys)
        assert not elsewhere(off.astype(np.float32), kind="dtype", **keys)
        assert not elsewhere(None, kind="missing", **keys)
    assert elsewhere(np.zeros(4), value=np.zeros(4))
    assert elsewhere(np.full(4, np.nan), kind="non-finite", value=np.array([np.inf, 1, 1, 1]))
    assert elsewhere(off[:1], kind="shape", value=np.ones(1))
    assert elsewhere(off.astype(np.float32), kind="dtype", value=np.ones(4), dtype="float32")
    assert elsewhere(None, kind="missing")
    assert not elsewhere(off)


OF_X = ("grad", "x")

DRAWN = """
case: drawn
about: A record of its own numbers.
params: {x: {normal: [2]}}
program: y = sum(x * x)
dtypes: [float64]
divergences: [{adapters: [numpy], check: grad, tensor: x, kind: bug, because: c, value: %s}]
"""


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        (lambda g: 2 * g, "known"),
        (lambda g: g, "agree"),
        (np.zeros_like, "stale"),
        (lambda g: g * np.nan, "stale"),
    ],
)
def test_a_further_drawing_is_known_or_agrees_and_lets_no_zero_or_nan_pass(change, verdict):
    (case,), _ = load_text(DRAWN.replace("%s", "[1.0, 2.0]"), Path("made-up.yaml"))
    adapter = wrong.Wrong(NumpyAdapter(), wrong.gradient("x", change))
    (task,) = case.redrawn(2).tasks()
    rows = Runner([adapter]).rows(task)
    assert [row["verdict"] for row in rows if (row["check"], row["tensor"]) == OF_X] == [verdict]
    assert {row["case"] for row in rows} == {"drawn"}
    assert {row["draw"] for row in rows} == {2}


def test_a_recorded_error_need_not_be_raised_at_other_numbers():
    text = DRAWN.replace("value: %s", "raises: singular")
    (case,), _ = load_text(text, Path("made-up.yaml"))
    first, second = (case.redrawn(n).tasks()[0] for n in (1, 2))
    runner = Runner([NumpyAdapter()])
    assert {row["verdict"] for row in runner.rows(first)} == {"agree", "stale"}
    assert {row["verdict"] for row in runner.rows(second)} == {"agree"}
    failing = Runner([wrong.Wrong(NumpyAdapter(), wrong.raises(AdapterFailed("singular")))])
    assert {row["verdict"] for row in failing.rows(second)} == {"known"}
    other = Runner([wrong.Wrong(NumpyAdapter(), wrong.raises(AdapterFailed("another")))])
    assert {row["verdict"] for row in other.rows(second)} == {"error"}
