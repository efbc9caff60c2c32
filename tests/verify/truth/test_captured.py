"""A case without a text for the reference: a framework's own, captured, is the reference."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gradparity.adapters import registry
from gradparity.adapters.numpy_reference import NumpyAdapter, reference
from gradparity.cases import load_text
from gradparity.verify import Runner
from gradparity.verify.explain.derivation import explain
from gradparity.verify.truth.captured import captured

GELU = """
case: two-gelus
about: The defaults of both.
params: {x: {normal: [3, 4]}}
program:
  torch: |
    h = torch.nn.functional.gelu(x)
    loss = torch.mean(h * h)
  jax: |
    h = jax.nn.gelu(x)
    loss = jax.numpy.mean(h * h)
dtypes: [float64]
"""

LABELS = """
case: labels
about: What one framework has as whole numbers, the other has as well.
inputs: {t: {integers: [3], low: 0, high: 4}}
params: {x: {normal: [3, 4]}, b: {normal: [4]}}
program:
  jax: |
    y = jax.numpy.concatenate([x, b[None]]) * 2.0
    top, at = jax.lax.top_k(y, 2)
    n = optax.losses.softmax_cross_entropy_with_integer_labels(y[:3], t)
    loss = jax.numpy.mean(n) + jax.numpy.sum(top)
  torch: |
    y = torch.cat((x, b[None])) * 2.0
    top, at = torch.topk(y, 2)
    n = torch.nn.functional.cross_entropy(y[:3], t, reduction='none')
    loss = torch.mean(n) + torch.sum(top)
dtypes: [float64, float32]
"""

MASK = """
case: a-mask-that-moves
about: Which elements are kept hangs on a parameter.
params: {x: {normal: [5]}}
program:
  torch: |
    m = torch.gt(x, 0.5)
    loss = torch.sum(torch.where(m, x, 0.0))
  jax: |
    m = jax.numpy.greater(x, 0.5)
    loss = jax.numpy.sum(jax.numpy.where(m, x, 0.0))
dtypes: [float64]
"""


def tasks(text):
    (case,), faults = load_text(text, Path("t.yaml"))
    assert faults == []
    return case.tasks()


def rows(text, *adapters):
    runner = Runner(list(adapters) or ["torch", "jax"])
    return [row for task in tasks(text) for row in runner.rows(task)]


def verdicts(found):
    return {(row["adapter"], row["verdict"]) for row in found}


@pytest.fixture(scope="module")
def gelus():
    return rows(GELU)


def test_the_first_text_is_the_reference_and_rows_say_so(gelus):
    assert {r["adapter"] for r in gelus if r["verdict"] == "differs"} == {"jax"}
    assert {r["verdict"] for r in gelus if r["adapter"] == "torch"} == {"agree"}
    assert all(r["reason"].endswith("the reference is torch's text") for r in gelus)


def test_a_cause_is_proved_and_says_whose_text_the_reference_is(gelus):
    row = next(r for r in gelus if r["verdict"] == "differs")
    assert row["cause"].startswith("jax computed gelu(approximate='tanh')")
    assert row["cause"].endswith("the reference is torch's text")
    assert "h = jax.nn.gelu(x, False)" in row["remedy"]


def test_lists_several_results_and_labels_are_captured():
    found = rows(LABELS)
    assert verdicts(found) == {("torch", "agree"), ("jax", "agree")}
    assert {r["reason"] for r in found} == {"the reference is jax's text"}
    assert {r["dtype"] for r in found} == {"float64", "float32"}


def test_one_framework_alone_is_held_against_its_own_text():
    found = rows(LABELS, "torch")
    assert verdicts(found) == {("torch", "agree")}
    assert {r["reason"] for r in found} == {"the reference is torch's text"}


@pytest.mark.parametrize("name", ["torch", "jax"])
def test_a_captured_text_computes_what_the_framework_does(name):
    task = tasks(LABELS)[0]
    adapter = registry.make(name)
    made = captured(task, adapter)
    assert made is not None
    assert not made.program("numpy").native
    own, ours = adapter.run(task).steps[0], reference(made).steps[0]
    for k in ("y", "top", "n", "loss"):
        np.testing.assert_allclose(ours.values[k], own.values[k], rtol=1e-13)
    for k in ("x", "b", "y", "n"):
        np.testing.assert_allclose(ours.grads[k], own.grads[k], rtol=1e-13, atol=1e-15)


def test_a_mask_that_moves_is_not_a_constant():
    (task,) = tasks(MASK)
    assert all(captured(task, registry.make(name)) is None for name in ("torch", "jax"))
    found = rows(MASK)
    assert verdicts(found) == {("torch", "agree"), ("jax", "agree")}
    assert all(r["reason"].endswith("no reference was there") for r in found)


class Off(NumpyAdapter):
    """A framework whose gradients are all a thousandth too large."""

    def __init__(self, name):
        super().__init__()
        self.name = name

    def run(self, task):
        trace = reference(replace(task, programs={"*": self.program(task)}))
        for step in trace.steps:
            step.grads = {k: g * 1.001 for k, g in step.grads.items()}
        return trace


def test_a_text_that_nobody_agrees_with_is_no_reference():
    text = """
case: nobody
about: Texts of the table alone.
params: {x: {normal: [3]}}
program: {torch: "loss = sum(tanh(x))", jax: "loss = sum(tanh(x)) * 1.0"}
dtypes: [float64]
"""
    found = rows(text, Off("torch"), Off("jax"))
    assert all(r["reason"].endswith("no reference was there") for r in found)
    assert verdicts(rows(text, Off("torch"), "jax")) == {
        ("torch", "differs"),
        ("torch", "agree"),  # the value
        ("jax", "agree"),
    }


def test_explain_works_the_captured_text_through():
    (task,) = tasks(GELU)
    told = explain(task, Runner(["torch", "jax"]))
    forward = next(s for s in told.sections if s.title == "Forward pass")
    assert forward.prose.startswith("The reference is torch's text.")
    assert [line.left for line in forward.lines] == ["h", "u1", "loss"]
