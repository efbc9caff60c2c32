"""A case without a text for the reference, of which none can be captured.

Frameworks are held against each other.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gradparity.adapters.numpy_reference import NumpyAdapter, reference
from gradparity.cases import load_text
from gradparity.verify import Runner

CASE = """
case: two-texts
about: No text for the reference.
inputs: {x: {normal: [4, 3]}}
params: {W: {normal: [3, 2]}}
program:
  torch: loss = mean(TORCH)
  jax: loss = mean(JAX)
dtypes: [float64, float32]
"""


@pytest.fixture(autouse=True)
def _nothing_is_captured(monkeypatch):
    """These texts are of the table's operations, each of which would be a reference."""
    monkeypatch.setattr("gradparity.verify.engine.unreferenced.captured", lambda *_: None)


class Framework(NumpyAdapter):
    """The reference under another name, that runs the text of that name."""

    def __init__(self, name, change=lambda trace: trace):
        super().__init__()
        self.name, self.change = name, change

    def run(self, task):
        own = replace(task, programs={"*": self.program(task)})
        return self.change(reference(own))


def rows(torch, jax, *adapters):
    text = CASE.replace("TORCH", torch).replace("JAX", jax)
    (case,), faults = load_text(text, Path("t.yaml"))
    assert faults == []
    runner = Runner(list(adapters) or [Framework("torch"), Framework("jax")])
    return [row for task in case.tasks() for row in runner.rows(task)]


SAME = ("tanh(x @ W) ** 2", "square(tanh(matmul(x, W)))")


def test_texts_that_say_the_same_agree_and_say_that_no_reference_was_there():
    found = rows(*SAME)
    assert {(row["adapter"], row["check"]) for row in found} == {
        (name, check) for name in ("torch", "jax") for check in ("value", "grad")
    }
    for row in found:
        assert row["verdict"] == "agree"
        assert row["proof"] == "peers"
        assert row["reason"].endswith("no reference was there")
        assert ("its own in float64" in row["reason"]) == (row["dtype"] == "float32")


@pytest.mark.parametrize(
    "other", ["tanh(x @ W) * tanh(x @ W) * 1.001", "tanh(x @ W + 1e-3) ** 2", "(x @ W) ** 2"]
)
def test_texts_that_say_something_else_differ_in_both(other):
    found = rows(SAME[0], other)
    gradients = [row for row in found if row["check"] == "grad" and row["tensor"] == "W"]
    assert {row["verdict"] for row in gradients} == {"differs"}
    assert all(row["reason"].endswith("no reference was there") for row in gradients)


def test_a_gradient_that_one_stops_is_a_difference():
    found = rows(SAME[0], "stop_gradient(tanh(x @ W)) ** 2 + 0.0 * sum(W)")
    off = {row["adapter"] for row in found if row["tensor"] == "W" and row["verdict"] == "differs"}
    assert off == {"torch", "jax"}


def scaled(trace):
    g = trace.steps[0].grads["W"]
    trace.steps[0].grads["W"] = (g * (1 + 1e-4 * (g.dtype == np.float32))).astype(g.dtype)
    return trace


def test_one_that_is_off_in_float32_alone_is_held_against_itself():
    found = rows(*SAME, Framework("torch", scaled), Framework("jax", scaled))
    off = [row for row in found if row["verdict"] == "differs"]
    assert {(row["dtype"], row["tensor"]) for row in off} == {("float32", "W")}
    assert all("beside its own in float64" in row["reason"] for row in off)


def test_one_alone_is_blind():
    found = rows(*SAME, Framework("torch"))
    assert {(row["verdict"], row["check"]) for row in found} == {("blind", "run")}
