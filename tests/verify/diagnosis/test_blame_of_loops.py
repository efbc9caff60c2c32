"""A framework's own loop that differentiates wrongly: what is blamed, in which turn."""

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
case: loop
about: A recurrent layer.
inputs: {h0: {zeros: [2, 3]}}
params: {xs: {normal: [4, 2, 2]}, W: {normal: [3, 3], scale: 0.5}, U: {normal: [2, 3]}}
program: |
  def step(h, x):
      h2 = tanh(h @ W + x @ U)
      return h2, sin(h2)
  last, hs = scan(step, h0, xs)
  loss = mean(hs ** 2) + sum(last)
dtypes: [float64]
"""
TRUE = jax.lax.scan


def backwards(change):
    """An identity with a wrong derivative."""
    made = jax.custom_vjp(lambda x, _: x)
    made.defvjp(lambda x, n: (x, n), lambda n, g: (jax.tree.map(lambda p: change(p, n), g), None))
    return made


def forgets_what_is_outside(body, init, xs, **options):
    """The gradient of what a body reads from outside is dropped."""
    closed, outside = jax.closure_convert(body, init, jax.tree.map(lambda x: x[0], xs))
    dropped = backwards(lambda p, _: p * 0)(outside, 0.0)
    return TRUE(lambda c, x: closed(c, x, *dropped), init, xs, **options)


def forgets_one_turn(body, init, xs, **options):
    """The gradient of what is carried is dropped between the second turn and the third."""
    drop = backwards(lambda p, n: jnp.where(n == 2, 0, p))

    def counting(given, x):
        carried, made = body(drop(*given), x)
        return (carried, given[1] + 1), made

    (carried, _), made = TRUE(counting, (init, jnp.zeros(())), xs, **options)
    return carried, made


def mixes_slices_up(body, init, xs, **options):
    """The gradients of slices come one place too late."""
    late = backwards(lambda p, _: jnp.roll(p, 1, 0))
    return TRUE(body, init, (late(xs[0], 0.0), xs[1]), **options)


def mixes_results_up(body, init, xs, **options):
    """The gradients of what the turns leave come one place too late."""
    carried, made = TRUE(body, init, xs, **options)
    return carried, backwards(lambda p, _: jnp.roll(p, 1, 0))(made, 0.0)


def task():
    cases, faults = load_text(TEXT, Path("made-up.yaml"))
    assert not faults
    return cases[0].tasks()[0]


@pytest.mark.thinned(4)
@pytest.mark.parametrize(
    ("wrong", "place", "reason"),
    [
        (forgets_what_is_outside, "line 4", "what its 4 turns make of W is right in each"),
        (forgets_one_turn, "turn 3 of 4 of step", "in the cotangent of step/:carry0[2]"),
        (mixes_slices_up, "before the turns of step", "in the cotangent of xs"),
        (mixes_results_up, "after the turns of step", "in the cotangent of step/:out0["),
    ],
)
def test_a_wrong_transpose_of_a_scan_is_blamed(wrong, place, reason, monkeypatch):
    monkeypatch.setattr(jax.lax, "scan", wrong)
    found = blame(task(), JaxAdapter())

    assert found is not None
    assert found.operation == "scan"
    assert found.subject.startswith("the VJP of scan in `scan(step, h0, xs)`, line 4")
    assert place in found.subject
    assert reason in found.reason
    assert found.line == 4


@pytest.mark.slow
def test_nothing_is_blamed_of_a_scan_that_is_right():
    assert blame(task(), JaxAdapter()) is None
    rows = Runner({"jax": JaxAdapter()}).rows(task())
    assert {row["verdict"] for row in rows} == {"agree"}


def test_an_operation_of_a_body_is_blamed_with_its_line_and_its_turn():
    wrong = spoiled(TABLE["sin"], 0, lambda c, *_: c * 1.001)
    found = blame(task(), NumpyAdapter({**TABLE, "sin": wrong}))

    assert found is not None
    assert found.operation == "sin"
    assert found.line == 3
    assert found.subject.endswith("turn 4 of 4 of step")
    assert found.variable == "step/return:0[3]"
