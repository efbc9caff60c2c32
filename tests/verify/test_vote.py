from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import gradparity.verify.baseline as baselines
from gradparity.adapters.numpy_reference import NumpyAdapter, reference
from gradparity.cases import load_text
from gradparity.refimpl.ops import TABLE
from gradparity.verify import Runner
from gradparity.verify.faults import spoiled
from gradparity.verify.vote import vote

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


def test_the_output_has_no_slope_of_its_own():
    assert vote(task(), "loss", ()) is None


def test_a_wrong_adapter_is_told_from_a_wrong_reference(monkeypatch):
    wrong = {**TABLE, "tanh": spoiled(TABLE["tanh"], 0, lambda c, *_: c * 1.01)}

    rows = Runner([NumpyAdapter(wrong)]).rows(task())
    failing = [row for row in rows if row["verdict"] == "differs"]
    assert failing
    assert all("confirm the reference" in row["reason"] for row in failing)
    assert {row["outlier"] for row in failing} == {"numpy"}

    monkeypatch.setattr(
        baselines, "reference", lambda *a, **options: reference(*a, **options, rows=wrong)
    )
    rows = Runner([NumpyAdapter()]).rows(task())
    failing = [row for row in rows if row["verdict"] == "differs"]
    assert failing
    assert {row["outlier"] for row in failing} == {"reference"}
    assert all("the reference is wrong" in row["reason"] for row in failing)
