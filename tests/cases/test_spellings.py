"""Spellings that agree: read with the case, at fault as a program is, and run in their place."""

from pathlib import Path

import pytest

from gradparity.cases import load_text
from gradparity.verify import Runner
from gradparity.verify.atlas.entries import entries

CASE = """
case: abs-at-zero
about: The slope of |x| at 0 is 0 in PyTorch, 1 in JAX.
params: {x: [0.0, -2.0]}
program: {numpy: y = abs(x), torch: y = torch.abs(x), jax: y = jax.numpy.abs(x)}
cotangent: 1.0
dtypes: [float64]
divergences:
  - adapters: [jax]
    check: grad
    tensor: x
    kind: kink
    value: [1.0, -1.0]
    because: it is so
    agree-by: AGREE
"""


def load(agree_by):
    cases, faults = load_text(CASE.replace("AGREE", agree_by).encode(), Path("a.yaml"))
    return cases, [str(fault) for fault in faults]


def told(agree_by):
    (case,), _ = load(agree_by)
    (entry,) = entries(Runner(["jax"]), [case])
    return entry


def test_words_alone_are_no_spelling():
    (case,), faults = load("times its sign")
    assert not faults
    (task,) = case.tasks()
    assert task.divergences[0].agree_by == "times its sign"
    assert case.agreeing(task) == {}


def test_a_spelling_is_run_in_place_of_what_is_recorded():
    entry = told("{say: times its sign, jax: y = x * jax.numpy.sign(x)}")
    assert not entry.failed
    assert entry.agree_by == ("times its sign",)
    (side,) = entry.agreeing
    assert (side.adapter, side.labels) == ("jax", ("y", "x.grad"))
    assert [result.value for result in side.results] == [[0.0, 2.0], [0.0, -1.0]]
    assert "x * jax.numpy.sign(x)" in side.snippet


@pytest.mark.parametrize("program", ["y = jax.numpy.abs(x)", "y = jax.numpy.matmul(x, x[0])"])
def test_a_spelling_that_does_not_agree_fails_its_entry(program):
    assert told(f'{{jax: "{program}"}}').failed


@pytest.mark.parametrize(
    ("agree_by", "fault"),
    [
        ("{torch: y = torch.abs(x)}", "unknown adapter of this record 'torch', expected one of"),
        ("{jax: y = jax.numpy.sgn(x)}", "jax.numpy.sgn may not be called"),
        ("{jax: z = jax.numpy.sign(q)}", "a.yaml:15:40: "),
        ("{}", "agree-by"),
    ],
)
def test_a_bad_spelling_is_answered_as_a_bad_program_is(agree_by, fault):
    cases, faults = load(agree_by)
    assert not cases
    assert any(fault in told for told in faults), faults


TRAINED = """
case: adamw-by-default
about: The weight decay is another one.
inputs: {g: [1.0, -0.5]}
params: {W: [1.0, 2.0]}
program: loss = sum(g * W)
optimizer: {adamw: {lr: 0.1, weight_decay: 0.01}}
native: {jax: {optimizer: {adamw: {learning_rate: 0.1}}}}
checks: [update]
dtypes: [float64]
divergences:
  - adapters: [jax]
    check: update
    tensor: W
    kind: default
    bound: {rel: 0.1}
    because: optax takes 1e-4.
    agree-by: {say: pass weight_decay to both, jax: RULE}
"""


def test_a_case_that_trains_agrees_by_its_own_rule():
    (case,), faults = load_text(TRAINED.replace("RULE", "rule").encode(), Path("a.yaml"))
    assert not faults
    (entry,) = entries(Runner(["jax"]), [case])
    assert not entry.failed
    (side,) = entry.agreeing
    assert "weight_decay=0.01" in side.snippet


@pytest.mark.parametrize(
    "text",
    [
        TRAINED.replace("RULE", "loss = sum(g * W)"),
        TRAINED.replace("RULE", "rule").replace("native:", "groups: {} #"),
    ],
)
def test_a_case_that_trains_has_no_other_spelling(text):
    cases, faults = load_text(text.encode(), Path("a.yaml"))
    assert not cases
    assert "in a case that trains, expected rule" in str(faults[0])
