"""A framework's own cond that takes the wrong branch or differentiates wrongly: what is blamed."""

from pathlib import Path

import jax
import jax.numpy as jnp
import pytest

from gradparity.adapters.jax import JaxAdapter
from gradparity.adapters.numpy_reference import NumpyAdapter
from gradparity.cases import load_text
from gradparity.refimpl.ops import TABLE
from gradparity.verify import Runner
from gradparity.verify.diagnosis.blame import blame
from gradparity.verify.selftest.operation_faults import spoiled

TEXT = """
case: branches
about: Two functions of an operand and of what is outside.
inputs: {{s: {sign}}}
params: {{x: {{normal: [3]}}, w: {{normal: [3]}}}}
program: |
  def bent(a):
      t = sin(a * w)
      return t * w, t
  def straight(a):
      return cos(a) * w, a * a
  y, z = cond(s > 0, bent, straight, x)
  loss = sum(y ** 2) + sum(z)
dtypes: [float64]
"""
TRUE = jax.lax.cond


def backwards(change):
    """An identity with a wrong derivative."""
    made = jax.custom_vjp(lambda x: x)
    made.defvjp(lambda x: (x, None), lambda _, g: (jax.tree.map(change, g),))
    return made


def takes_the_other_branch(pred, one, other, *operands):
    return TRUE(pred, other, one, *operands)


def always_takes_the_first(pred, one, other, *operands):
    return TRUE(pred | True, one, other, *operands)


def drops_the_gradient_of_operands(pred, one, other, *operands):
    *given, slots = operands
    return TRUE(pred, one, other, *backwards(lambda g: g * 0)(given), slots)


def scales_the_gradient_of_what_is_joined(pred, one, other, *operands):
    joined, *rest = TRUE(pred, one, other, *operands)
    return (backwards(lambda g: g * 1.01)(joined), *rest)


def forgets_what_is_outside(pred, one, other, *operands):
    """The gradient of what the branches read from outside is dropped."""

    def dropped(branch):
        closed, outside = jax.closure_convert(branch, *operands)
        return lambda *given: closed(*given, *backwards(lambda g: g * 0)(outside))

    return TRUE(pred, dropped(one), dropped(other), *operands)


def selects(pred, one, other, *operands):
    """Both branches are run, and a where picks: the slope of the other one is multiplied by 0."""
    joined, both, ran = zip(one(*operands), other(*operands), strict=True)
    pick = lambda pair: jax.tree.map(lambda a, b: jnp.where(pred, a, b), *pair)  # noqa: E731
    return pick(joined), pick(both), pick(ran)


def task(sign=1.0, text=TEXT):
    cases, faults = load_text(text.format(sign=sign), Path("made-up.yaml"))
    assert not faults
    return cases[0].tasks()[0]


@pytest.mark.parametrize("sign", [1.0, -1.0])
@pytest.mark.parametrize(
    ("wrong", "direction", "place", "reason"),
    [
        (takes_the_other_branch, "forward", "after the branches", "it has not run the "),
        (
            drops_the_gradient_of_operands,
            "backward",
            "branch of bent or straight",
            "in the cotangent of bent/:given0",
        ),
        (
            scales_the_gradient_of_what_is_joined,
            "backward",
            "after the branches of bent or straight",
            "/:out",
        ),
        (
            forgets_what_is_outside,
            "backward",
            "line 6",
            " of w",
        ),
    ],
)
def test_a_wrong_cond_is_blamed(wrong, direction, place, reason, sign, monkeypatch):
    monkeypatch.setattr(jax.lax, "cond", wrong)
    found = blame(task(sign), JaxAdapter())

    assert found is not None
    assert found.operation == "cond"
    assert found.direction == direction
    assert "of cond in `cond(s > 0, bent, straight, x)`, line 6" in found.subject
    assert place in found.subject
    assert reason in found.reason
    assert found.line == 6


def test_a_branch_that_is_always_taken_is_seen_where_it_is_not_to_be(monkeypatch):
    monkeypatch.setattr(jax.lax, "cond", always_takes_the_first)

    assert blame(task(1.0), JaxAdapter()) is None
    found = blame(task(-1.0), JaxAdapter())
    assert found is not None
    assert "it has not run the false branch, where y_z.1 is False" in found.reason


def test_a_cond_that_selects_leaks_what_the_other_branch_has_no_slope_at(monkeypatch):
    text = """
case: trap
about: A square root's slope below zero, times nothing.
inputs: {{sign: {sign}}}
params: {{x: 2.25}}
program: |
  z = x * sign
  def root(a):
      return sqrt(a)
  def square(a):
      return a * a
  y = cond(z > 0, root, square, z)
dtypes: [float64]
"""
    given = task(-1.0, text)
    assert {row["verdict"] for row in Runner({"jax": JaxAdapter()}).rows(given)} == {"agree"}
    monkeypatch.setattr(jax.lax, "cond", selects)
    rows = Runner({"jax": JaxAdapter()}).rows(given)

    assert [row["tensor"] for row in rows if row["verdict"] == "differs"] == ["x", "z"]
    found = blame(given, JaxAdapter())
    assert found is not None
    assert found.operation == "cond"
    assert found.direction == "backward"


@pytest.mark.slow
def test_nothing_is_blamed_of_a_cond_that_is_right():
    for sign in (1.0, -1.0):
        assert blame(task(sign), JaxAdapter()) is None
        rows = Runner({"jax": JaxAdapter()}).rows(task(sign))
        assert {row["verdict"] for row in rows} == {"agree"}


def test_an_operation_of_a_branch_is_blamed_with_its_line_and_its_branch():
    wrong = spoiled(TABLE["sin"], 0, lambda c, *_: c * 1.001)
    adapter = NumpyAdapter({**TABLE, "sin": wrong})
    found = blame(task(1.0), adapter)

    assert found is not None
    assert (found.operation, found.line, found.variable) == ("sin", 2, "bent/t")
    assert found.subject.endswith("the true branch of bent or straight")
    assert blame(task(-1.0), adapter) is None  # where it is not run
