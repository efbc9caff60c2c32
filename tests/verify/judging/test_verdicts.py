"""The judge is shown wrong answers; each must be caught, by the reason it deserves."""

from pathlib import Path

import numpy as np
import pytest

from gradparity.adapters.numpy_reference import NumpyAdapter
from gradparity.cases import load_text
from gradparity.refimpl.errors import AdapterFailed, Unsupported
from gradparity.verify import Runner

from ...adapters import wrong

TRAINED = """
case: trained
about: Two layers and three steps.
inputs: {x: {normal: [4, 3]}, y: {normal: [4, 2]}}
params: {W: {normal: [3, 5]}, b: {normal: [5]}, V: {normal: [5, 2]}}
program: |
  h = tanh(x @ W + b)
  loss = mse(h @ V, y, reduction="mean")
optimizer: {sgd: {lr: 0.1}}
steps: 3
"""


def task(text=TRAINED, dtype="float64"):
    cases, faults = load_text(text, Path("made-up.yaml"))
    assert not faults
    return cases[0].tasks([dtype])[0]


def rows(adapter, text=TRAINED, dtype="float64"):
    return Runner([adapter]).rows(task(text, dtype))


def off(found):
    return [row for row in found if row["verdict"] != "agree"]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_the_reference_agrees_with_its_own_truth(dtype):
    found = rows(NumpyAdapter(), dtype=dtype)
    assert off(found) == []
    checks = {(row["check"], row["tensor"], row["step"]) for row in found}
    assert {("grad", "W", 0), ("value", "loss", 2), ("update", "V", 2)} <= checks


@pytest.mark.thinned(3)
@pytest.mark.parametrize(
    ("change", "kind"),
    [
        (wrong.zero_gradient("W"), "error"),
        (wrong.wrong_sign("W"), "error"),
        (wrong.nan_gradient("W"), "non-finite"),
        (wrong.infinite_gradient("W"), "non-finite"),
        (wrong.no_gradient("W"), "missing"),
        (wrong.missing_gradient("W"), "missing"),
        (wrong.wrong_dtype("W"), "dtype"),
        (wrong.wrong_shape("W"), "shape"),
        (wrong.scaled("W", 1e-12), "error"),
        (wrong.one_element_off("W", 1e-10), "error"),
    ],
)
def test_a_wrong_gradient_is_caught_for_what_it_is(change, kind):
    failing = off(rows(wrong.Wrong(NumpyAdapter(), change)))
    assert [(row["check"], row["tensor"], row["kind"]) for row in failing] == [("grad", "W", kind)]
    assert failing[0]["outlier"] == "numpy"


def test_a_wrong_value_is_caught():
    (row,) = off(rows(wrong.Wrong(NumpyAdapter(), wrong.wrong_value("h", 1e-12))))
    assert (row["check"], row["tensor"]) == ("value", "h")


def test_an_update_that_stands_still_at_the_second_step_is_caught():
    failing = off(rows(wrong.Wrong(NumpyAdapter(), wrong.stale_update("W"))))
    assert {(row["check"], row["tensor"], row["step"]) for row in failing} >= {("update", "W", 1)}


def test_a_gradient_that_follows_noise_is_not_blamed_for_it():
    # exp(1e4·x) at x near 0 loses a thousand units to the rounding of its argument.
    text = """
case: steep
about: A steep function.
params: {x: [0.001, 0.0007]}
program: |
  a = x * 12345.678
  y = exp(a)
output: y
"""
    found = rows(NumpyAdapter(), text, "float32")
    assert off(found) == []
    value = next(row for row in found if row["tensor"] == "y" and row["check"] == "value")
    assert value["tolerance"] > 1e-6 * value["want"]


class Raises(NumpyAdapter):
    name = "broken"

    def __init__(self, error):
        super().__init__()
        self.error = error

    def run(self, task):  # noqa: ARG002  as every adapter's
        raise self.error


@pytest.mark.parametrize(
    ("error", "verdict"),
    [
        (AdapterFailed("no such kernel"), "error"),
        (ZeroDivisionError("another distribution's adapter"), "error"),
        (Unsupported("no such operation"), "unsupported"),
    ],
)
def test_an_adapter_that_raises_has_one_row_and_the_others_run(error, verdict):
    found = Runner([Raises(error), NumpyAdapter()]).rows(task())
    (row,) = (row for row in found if row["adapter"] == "broken")
    assert (row["check"], row["verdict"]) == ("run", verdict)
    assert str(error) in row["reason"]
    assert {row["verdict"] for row in found if row["adapter"] == "numpy"} == {"agree"}


EXPECTING = """
case: square
about: A square.
params: {{x: [1.0, 3.0]}}
program: y = x ** 2
output: y
cotangent: [1.0, 1.0]
{rest}
"""


def judged(rest, adapter=None):
    text = EXPECTING.format(rest=rest)
    return {
        (row["check"], row["tensor"]): (row["verdict"], row["kind"])
        for row in rows(adapter or NumpyAdapter(), text)
    }


def test_an_expectation_is_held_against_a_right_result_too():
    assert judged("expect: {grad: {x: [2.0, 6.0]}}")["grad", "x"] == ("agree", "")
    assert judged("expect: {grad: {x: [2.0, 6.1]}}")["grad", "x"] == ("differs", "expect")
    rounded = "expect: {grad: {x: {is: [2.0, 6.1], within: 0.2}}}"
    assert judged(rounded)["grad", "x"] == ("agree", "")


def divergence(value):
    return (
        "divergences: [{adapters: [numpy], check: grad, tensor: x, kind: bug, "
        f"value: {value}, because: planted}}]"
    )


def test_a_recorded_divergence_is_known_while_it_is_as_recorded():
    doubled = wrong.Wrong(NumpyAdapter(), wrong.gradient("x", lambda g: 2 * g))
    assert judged(divergence("[4.0, 12.0]"), doubled)["grad", "x"] == ("known", "bug")
    assert judged(divergence("[4.0, 12.5]"), doubled)["grad", "x"] == ("stale", "bug")
    nan = wrong.Wrong(NumpyAdapter(), wrong.nan_gradient("x"))
    assert judged(divergence("[.nan, .nan]"), nan)["grad", "x"] == ("known", "bug")
    assert judged(divergence("[4.0, 12.0]"), nan)["grad", "x"] == ("stale", "bug")


def test_a_recorded_divergence_that_is_gone_is_stale():
    assert judged(divergence("[4.0, 12.0]"))["grad", "x"] == ("stale", "bug")


def test_a_wrong_gradient_is_caught_where_its_square_overflows():
    text = """
case: steep
about: A slope of 1e200.
params: {x: 1e-200}
program: y = log(x)
"""
    for change in (wrong.zero_gradient("x"), wrong.scaled("x", 1e-9)):
        found = rows(wrong.Wrong(NumpyAdapter(), change), text)
        assert [(row["tensor"], row["verdict"]) for row in off(found)] == [("x", "differs")]


def test_an_infinity_does_not_widen_the_bound_of_its_neighbours():
    text = """
case: steep
about: A slope beyond float64 beside one of 1.
params: {x: [1e-310, 1.0]}
program: y = log(x)
cotangent: 1.0
"""
    beside = wrong.gradient("x", lambda g: g + np.array([0.0, 1e-3]))
    found = rows(wrong.Wrong(NumpyAdapter(), beside), text)
    assert [(row["tensor"], row["verdict"]) for row in off(found)] == [("x", "differs")]


def test_a_recorded_divergence_of_whole_numbers_is_held_exactly():
    ranked = """
case: ranked
about: Indices, and what is at them.
params: {x: [1.0, 3.0, 2.0]}
program: |
  v, i = top_k(x, k=2)
output: v
cotangent: 1.0
divergences: [{adapters: [numpy], check: value, tensor: i, kind: kink, value: VALUE, because: x}]
"""
    other = wrong.Wrong(NumpyAdapter(), wrong.wrong_value("i", 1.0))
    for value, verdict in (("[2, 4]", "known"), ("[2, 3]", "stale")):
        found = {row["tensor"]: row for row in rows(other, ranked.replace("VALUE", value))}
        assert found["i"]["verdict"] == verdict


RAISING = (
    "divergences: [{adapters: [torch], check: grad, tensor: x, kind: unsupported, "
    "raises: no such kernel, because: planted}]"
)


@pytest.mark.parametrize(
    ("error", "verdict"),
    [
        (AdapterFailed("NotImplementedError: no such kernel, sorry"), "known"),
        (AdapterFailed("ValueError: something else"), "stale"),
    ],
)
def test_a_recorded_error_is_known_while_it_is_raised(error, verdict):
    raising = Raises(error)
    raising.name = "torch"
    found = judged(RAISING, raising)
    assert found == {("run", ""): (verdict, "unsupported")}


def test_a_recorded_error_that_is_no_longer_raised_is_stale():
    mended = NumpyAdapter()
    mended.name = "torch"
    found = judged(RAISING, mended)
    assert found.pop(("run", "")) == ("stale", "unsupported")
    assert set(found.values()) == {("agree", "")}


def test_what_has_no_name_is_not_compared():
    text = """
case: spelled-apart
about: One function in two spellings, whose parts are of other shapes.
params: {x: [1.0, 2.0]}
program:
  numpy: |
    y = sum(x * x) + 1.0
  torch: |
    y = 1.0 + sum(torch.square(x))
output: y
"""
    found = Runner(["numpy", "torch"]).rows(task(text))
    assert {(row["check"], row["tensor"]) for row in found} == {
        ("value", "y"),
        ("grad", "y"),
        ("grad", "x"),
        ("vjp", "x"),
    }
    assert off(found) == []


def test_a_tolerance_by_hand_replaces_the_derived_one():
    slightly = wrong.Wrong(NumpyAdapter(), wrong.scaled("x", 1e-9))
    assert judged("", slightly)["grad", "x"] == ("differs", "error")
    wide = "tolerance: {rel: 1.0e-8, because: a test of it}"
    assert judged(wide, slightly)["grad", "x"] == ("agree", "")


def test_a_skipped_adapter_says_why():
    text = TRAINED + "skip: {numpy: out of order}\n"
    (row,) = rows(NumpyAdapter(), text)
    assert (row["verdict"], row["reason"]) == ("skipped", "out of order")


def test_a_case_the_reference_cannot_run_is_an_error_of_the_case():
    text = """
case: shapes
about: Shapes that do not fit.
params: {W: {normal: [3, 2]}}
program: y = W @ W
output: y
"""
    (row,) = rows(NumpyAdapter(), text)
    assert (row["verdict"], row["kind"]) == ("error", "case")
    assert "matmul" in row["reason"]


def test_every_row_is_finite_where_it_agrees():
    for row in rows(NumpyAdapter()):
        assert np.isfinite([row["max_abs"], row["tolerance"], row["got"], row["want"]]).all()
