from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import gradparity.verify.truth.baseline as baselines
from gradparity.adapters.numpy_reference import NumpyAdapter, reference
from gradparity.cases import load_text
from gradparity.refimpl.ops import TABLE
from gradparity.verify import Runner
from gradparity.verify.selftest.operation_faults import spoiled
from gradparity.verify.slopes.vote import vote

CASE = """
case: voted
about: Two layers.
inputs: {x: {normal: [4, 3]}}
params: {W: {normal: [3, 3]}}
program: |
  z = x @ W
  a = tanh(z)
  loss = mean(a * a)
"""


def task(dtype="float64"):
    cases, faults = load_text(CASE, Path("made-up.yaml"))
    assert not faults
    return cases[0].tasks([dtype])[0]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(("name", "index"), [("W", (1, 2)), ("z", (3, 0)), ("a", (0, 1))])
def test_differences_confirm_a_right_reference(name, index, dtype):
    given = task(dtype)
    found = vote(given, name, index)
    assert found is not None
    right = reference(given, dtype=baselines.WIDER[dtype]).steps[0].grads[name][index]
    assert not found.contradicts(complex(right), abs(right))
    assert found.contradicts(complex(right * 1.01), abs(right))


@pytest.mark.parametrize("program", ["loss = sum(abs(W * x))", "loss = sum(sqrt(abs(W * x)))"])
def test_a_kink_and_a_pole_have_no_vote(program):
    text = CASE.replace("z = x @ W\n  a = tanh(z)\n  loss = mean(a * a)", program)
    cases, faults = load_text(text.replace("[4, 3]", "[3, 3]"), Path("made-up.yaml"))
    assert not faults
    at_zero = replace(cases[0].tasks(["float64"])[0], params={"W": np.zeros((3, 3))})
    assert vote(at_zero, "W", (0, 0)) is None


def made(program, params="{normal: [3, 3]}"):
    text = CASE.replace("z = x @ W\n  a = tanh(z)\n  loss = mean(a * a)", program)
    text = text.replace("inputs: {x: {normal: [4, 3]}}\n", "").replace("{normal: [3, 3]}", params)
    cases, faults = load_text(text, Path("made-up.yaml"))
    assert not faults
    return cases[0].tasks(["float64"])[0]


def test_the_output_has_no_slope_of_its_own():
    assert vote(task(), "loss", ()) is None


WRONG = {**TABLE, "tanh": spoiled(TABLE["tanh"], 0, lambda c, *_: c * 1.01)}


def test_a_wrong_adapter_is_told_from_a_wrong_reference():
    rows = Runner([NumpyAdapter(WRONG)]).rows(task())
    failing = [row for row in rows if row["verdict"] == "differs"]
    assert failing
    assert all("confirm the reference" in row["reason"] for row in failing)
    assert {row["outlier"] for row in failing} == {"numpy"}


def test_a_wrong_reference_is_told_though_both_frameworks_are_right():
    rows = Runner(["torch", "jax"], rows=WRONG).rows(task())
    failing = [row for row in rows if row["verdict"] == "differs"]
    assert {row["adapter"] for row in failing} == {"torch", "jax"}
    assert {row["tensor"] for row in failing} == {"W", "z"}
    assert {row["outlier"] for row in failing} == {"reference"}
    assert all("the reference is wrong" in row["reason"] for row in failing)
    assert not any("j: the reference" in row["reason"] for row in failing)  # real is told as real


def test_a_wrong_reference_is_the_outlier_for_an_adapter_that_agrees_with_it_too():
    rows = Runner(["torch", NumpyAdapter(WRONG)], rows=WRONG).rows(task())
    gradients = [row for row in rows if (row["check"], row["tensor"]) == ("grad", "W")]
    verdicts = {row["adapter"]: row["verdict"] for row in gradients}
    assert verdicts == {"torch": "differs", "numpy": "agree"}
    assert {row["outlier"] for row in gradients} == {"reference"}


def test_an_update_that_follows_from_a_wrong_gradient_is_the_references_fault_as_well():
    text = CASE + "optimizer: {sgd: {lr: 0.1}}\n"
    cases, faults = load_text(text, Path("made-up.yaml"))
    assert not faults
    rows = Runner(["torch"], rows=WRONG).rows(cases[0].tasks(["float64"])[0])
    assert {row["outlier"] for row in rows if row["check"] == "update"} == {"reference"}


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_the_complex_step_votes_where_all_on_the_way_is_analytic(dtype):
    given = task(dtype)
    right = reference(given, dtype=baselines.WIDER[dtype]).steps[0].grads["W"][0, 0]
    found = vote(given, "W", (0, 0))
    assert found is not None
    assert found.by == "finite differences and the complex step"
    assert abs(found.slope - complex(right)) <= 1e-12 * abs(right)
    assert found.contradicts(complex(right * (1 + 1e-5)), abs(right))


def test_the_complex_step_votes_where_differences_do_not_converge():
    found = vote(made("loss = sum(sin(W * 1000000.0))"), "W", (0, 0))
    assert found is not None
    assert found.by == "the complex step"
    w = float(made("loss = sum(sin(W * 1000000.0))").params["W"][0, 0])
    assert found.slope.real == pytest.approx(1e6 * np.cos(1e6 * w), rel=1e-9)


@pytest.mark.parametrize(
    "program",
    ["loss = sum(relu(W))", "y = where(W > 0, W, exp(W))\n  loss = sum(y)"],
)
def test_differences_vote_alone_where_an_operation_is_not_analytic(program):
    found = vote(made(program), "W", (0, 0))
    assert found is not None
    assert found.by == "finite differences"


def test_a_complex_output_is_left_to_differences():
    text = CASE.replace("{x: {normal: [4, 3]}}", "{x: {complex: {re: 1.0, im: 2.0}}}")
    cases, faults = load_text(
        text.replace("z = x @ W\n  a = tanh(z)\n  loss = mean(a * a)", "loss = sum(x * W)"),
        Path("made-up.yaml"),
    )
    assert not faults
    found = vote(cases[0].tasks(["float64"])[0], "W", (0, 0))
    assert found is None or found.by == "finite differences"


def test_a_slope_that_is_nearly_nothing_is_measured_with_a_long_step():
    found = vote(made("loss = sum(sinc(W))", "[0.000000001]"), "W", (0,))
    assert found is not None
    assert found.slope.real == pytest.approx(-(np.pi**2) / 3 * 1e-9, rel=1e-6)


def test_a_slope_below_what_the_output_resolves_contradicts_nothing_there():
    found = vote(made("loss = sum(sinc(W))", "[1e-160]"), "W", (0,))
    assert found is not None
    assert not found.contradicts(-3e-160, 3e-160)
    assert found.contradicts(1e-6, 1e-6)


def test_sinc_near_zero_is_wrong_in_both_frameworks_and_both_are_told():
    rows = Runner().rows(made("loss = sum(sinc(W))", "[0.000000001, 0.00001]"))
    off = [row for row in rows if row["tensor"] == "W" and row["check"] == "grad"]
    verdicts = {row["adapter"]: row["verdict"] for row in off}
    assert verdicts == {"numpy": "agree", "torch": "differs", "jax": "differs"}
    assert {row["outlier"] for row in off} == {"split"}
    assert all("confirm the reference" in r["reason"] for r in off if r["verdict"] == "differs")
    assert all("the VJP of sinc" in r["reason"] for r in off if r["verdict"] == "differs")


def test_a_where_trap_is_seen_though_all_fall_into_it_the_chain_rule_too():
    """0 · ∞ from the branch that is not taken: a NaN in every framework and in the reference."""
    given = made("y = where(W > 1, sqrt(W), 2 * W)\n  loss = sum(y)", "[0.0, 4.0]")
    rows = [r for r in Runner().rows(given) if r["tensor"] == "W" and r["check"] == "grad"]
    assert {row["adapter"]: row["verdict"] for row in rows} == dict.fromkeys(
        ("numpy", "torch", "jax"), "differs"
    )
    assert {row["outlier"] for row in rows} == {"reference"}
    assert all("differences give 2" in row["reason"] for row in rows)


def test_a_slope_beyond_float64_confirms_an_infinite_gradient():
    text = "case: far\nabout: Far.\nparams: {x: 2.0}\nprogram: |\n  y = x * 1e300 * 1e300\n"
    cases, faults = load_text(text, Path("made-up.yaml"))
    assert not faults
    nan = {**TABLE, "multiply": spoiled(TABLE["multiply"], 0, lambda c, *_: c * np.nan)}
    rows = Runner([NumpyAdapter(nan)]).rows(cases[0].tasks(["float64"])[0])
    (row,) = (row for row in rows if (row["check"], row["tensor"]) == ("grad", "x"))
    assert (row["want"], row["outlier"]) == (np.inf, "numpy")
    assert "confirm the reference" in row["reason"]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_step_that_vanishes_beside_terms_that_cancel_gives_no_zero(dtype):
    """Of sin(πz)/(πz) beside zero no digit of a short imaginary part is left."""
    text = "case: s\nabout: A slope of -π²x/3.\nparams: {x: [1.0e-9, 0.5]}\n"
    cases, faults = load_text(f"{text}program: y = sum(sinc(x))\n", Path("made-up.yaml"))
    assert not faults
    found = vote(cases[0].tasks([dtype])[0], "x", (0,))
    right = -(np.pi**2) * 1e-9 / 3
    assert found is None or not found.contradicts(right, abs(right))
