"""A kink that no case labels is found by one-sided differences, and a smooth place is none."""

from pathlib import Path

import numpy as np
import pytest

from gradparity.adapters.numpy_reference import NumpyAdapter
from gradparity.cases import load_text
from gradparity.verify import Runner
from gradparity.verify.slopes.sides import MARGIN, STEP, bend, kink_at

from ...adapters import wrong

CASE = """
case: kinks
about: One program at one place.
params: {{x: [{x}, 2.5]}}
program: y = sum({program})
dtypes: [{dtype}]
"""


def task(program, x=0.0, dtype="float64"):
    text = CASE.format(program=program, x=x, dtype=dtype)
    (case,), faults = load_text(text, Path("made-up.yaml"))
    assert not faults
    return case.tasks()[0]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(
    ("program", "sides"),
    [
        ("abs(x)", (-1, 1)),
        ("relu(x)", (0, 1)),
        ("3 * exp(-abs(x))", (3, -3)),
        ("maximum(x, 2 * x)", (1, 2)),
    ],
)
def test_both_sides_of_a_kink_are_measured(program, sides, dtype):
    found = kink_at(task(program, dtype=dtype), "x", (0,))
    assert found is not None
    assert (found.left, found.right) == pytest.approx(sides, rel=1e-4, abs=1e-4)
    assert found.away == 0


@pytest.mark.parametrize("program", ["x ** 2", "tanh(x)", "exp(3 * x)", "sin(x) * x"])
def test_a_smooth_place_is_no_kink(program):
    assert kink_at(task(program), "x", (0,)) is None
    assert kink_at(task("abs(x)", 1.0), "x", (0,)) is None


def test_what_takes_one_of_several_results_has_no_kink_of_its_own():
    text = CASE.format(program="abs(x) + sum(s)", x=0.0, dtype="float64")
    made = "program: |\n  s, u = split(x + 1, sections=2)\n  y ="
    (case,), faults = load_text(text.replace("program: y =", made), Path("made-up.yaml"))
    assert not faults
    assert kink_at(case.tasks()[0], "x", (0,)) is not None


@pytest.mark.parametrize("program", ["sqrt(x)", "log(x)"])
def test_infinite_slopes_are_no_kink(program):
    assert kink_at(task(program), "x", (0,)) is None


def test_a_kink_within_the_margin_is_told():
    near = kink_at(task("abs(x)", STEP * MARGIN / 2), "x", (0,))
    assert near is not None
    assert (near.away, "within" in str(near)) == (MARGIN, True)
    assert kink_at(task("abs(x)", STEP * MARGIN * 3), "x", (0,)) is None


def judged(gradient):
    off = wrong.Wrong(NumpyAdapter(), wrong.gradient("x", lambda _: np.array(gradient)))
    rows = Runner([off]).rows(task("abs(x)"))
    (row,) = (row for row in rows if (row["check"], row["tensor"]) == ("grad", "x"))
    return row["verdict"], row["kind"], row["reason"]


def test_a_row_on_an_unlabelled_kink_fails_and_says_so():
    verdict, kind, reason = judged([1.0, 1.0])
    assert (verdict, kind) == ("differs", "kink")
    assert "on a kink: the derivative is -1 on the left, 1 on the right" in reason
    assert "not between" not in reason


def test_a_gradient_that_is_not_possible_at_the_kink_is_told():
    verdict, kind, reason = judged([3.0, 1.0])
    assert (verdict, kind) == ("differs", "kink")
    assert "3 is not between them" in reason


def test_a_wrong_gradient_beside_a_kink_is_no_kink():
    verdict, kind, reason = judged([0.0, 1.5])
    assert (verdict, kind) == ("differs", "error")
    assert "kink" not in reason


TIGHT = """
case: tight
about: A bend that is tighter than any step that is not of its size.
params: {params}
program: y = {program}
dtypes: [{dtype}]
"""


def tight(program, dtype="float32", **params):
    given = ", ".join(f"{name}: {x}" for name, x in params.items())
    text = TIGHT.format(program=program, params=f"{{{given}}}", dtype=dtype)
    (case,), faults = load_text(text, Path("made-up.yaml"))
    assert not faults
    return case.tasks()[0]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("program", "params"),
    [
        ("hypot(a, b)", {"a": 3e-20, "b": 4e-20}),
        ("hypot(a, b)", {"a": 0.0, "b": 4e-20}),
        ("hypot(a, b)", {"a": 0.0, "b": 1e-9}),
        ("sum(hypot(a, b))", {"a": "[3e-20, 1.0]", "b": "[4e-20, 1.0]"}),
        ("linalg.vector_norm(a)", {"a": "[3e-20, 4e-20]"}),
        ("sqrt(a ** 2 + 0.000000000000000000000001)", {"a": 0.0}),
        ("softplus(a * 100000000.0)", {"a": 0.0}),
    ],
)
def test_a_tight_bend_is_no_kink(program, params, dtype):
    given = tight(program, dtype, **params)
    assert kink_at(given, "a", (0,) if given.params["a"].ndim else ()) is None
    assert bend(given) is None


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("program", "params", "sides"),
    [
        ("hypot(a, b)", {"a": 0.0, "b": 0.0}, (-1, 1)),
        ("hypot(a, b) + 1", {"a": 0.0, "b": 0.0}, (-1, 1)),
        ("relu(a) * b", {"a": 0.0, "b": 1e-12}, (0, 1e-12)),
        ("abs(a - b)", {"a": 3e-20, "b": 3e-20}, (-1, 1)),
        ("sum(abs(a))", {"a": "[0.0, 1e-20, 5.0]"}, (-1, 1)),
    ],
)
def test_a_kink_of_tiny_numbers_is_one(program, params, sides, dtype):
    given = tight(program, dtype, **params)
    found = kink_at(given, "a", (0,) if given.params["a"].ndim else ())
    assert found is not None
    assert (found.left, found.right) == pytest.approx(sides, rel=1e-4)


def test_what_jax_returns_for_a_tiny_hypot_is_no_convention_on_a_kink():
    rows = Runner(["jax"]).rows(tight("hypot(a, b)", a=3e-20, b=4e-20))
    off = [row for row in rows if row["verdict"] == "differs"]
    assert {row["tensor"] for row in off} == {"a", "b"}
    for row in off:
        assert row["kind"] == "non-finite"
        assert "kink" not in row["reason"]
        assert "finite differences confirm the reference" in row["reason"]
        assert row["kink"] == ""
