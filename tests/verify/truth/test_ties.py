"""Noise breaks an exact tie; a gradient of another branch must be seen there all the same."""

from pathlib import Path

import numpy as np
import pytest

from gradparity.adapters.numpy_reference import NumpyAdapter, reference
from gradparity.cases import load_text
from gradparity.verify import Runner
from gradparity.verify.measure.noise import begins_short, noises, spread
from gradparity.verify.truth.baseline import baseline, flat

from ...adapters import wrong

#: Programs in which what is computed is tied exactly, or lies on a bound.
TIES = {
    "abs of a norm": "abs(linalg.vector_norm(U * x) * 3.0 - 15.0) + sum(x)",
    "max of products": "max(V * x + 1.5)",
    "max of a matrix product": "max(A @ x)",
    "relu of a sum": "relu(9.0 - sum(x) * 3.0) + relu(sum(x) * 3.0 - 9.0)",
    "clip on its bound": "sum(clip(x * x * 4.0 + 2.0, 6.0, 9.0))",
}
INPUTS = {"U": "[3.0, 2.0]", "V": "[4.0, 2.0]", "A": "[[2.0, 1.0], [0.0, 2.0], [4.0, 0.0]]"}
GRAD = "grad", "x", 0


def task(program, x="[1.0, 2.0]", dtype="float64"):
    text = f"""
case: tied
about: Tied exactly, once it is computed.
params: {{x: {x}}}
program: |
  y = {program}
"""
    used = {name: held for name, held in INPUTS.items() if f"{name} " in f"{program} "}
    text += f"inputs: {{{', '.join(f'{name}: {held}' for name, held in used.items())}}}"
    cases, faults = load_text(text, Path("made-up.yaml"))
    assert not faults
    return cases[0].tasks([dtype])[0]


def moved(tied, truth, key):
    """How far noise moves a tensor, ties or not."""
    noisy = (reference(tied, noise=n) for n in noises(tied, "plain", 32))
    return spread(truth[key], [flat(trace)[key] for trace in noisy])


def verdicts(adapter, tied):
    rows = Runner([adapter]).rows(tied)
    return {row["tensor"]: row["verdict"] for row in rows if row["check"] == "grad"}


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", TIES)
def test_the_bound_at_an_exact_tie_is_not_the_kink(name, dtype):
    tied = task(TIES[name], dtype=dtype)
    base = baseline(tied)
    broken = moved(tied, base.truth, GRAD)
    assert broken.max() > 0.1, "noise does not break this tie: it shows nothing"
    assert base.noise[GRAD].max() < 100 * np.finfo(dtype).eps
    assert set(verdicts(NumpyAdapter(), tied).values()) == {"agree"}


@pytest.mark.thinned(3)
@pytest.mark.parametrize("name", TIES)
@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda g: g + np.array([0.5, 0.0]), id="other branch"),
        pytest.param(lambda g: g * (1 + 1e-10) + 1e-10, id="scaled", marks=pytest.mark.slow),
    ],
)
def test_a_wrong_gradient_at_an_exact_tie_is_seen(name, change):
    spoiled = wrong.Wrong(NumpyAdapter(), wrong.gradient("x", change))
    assert verdicts(spoiled, task(TIES[name]))["x"] == "differs"


def test_of_numbers_that_are_not_short_nothing_is_taken_for_exact():
    assert begins_short(task(TIES["relu of a sum"]))
    assert not begins_short(task(TIES["relu of a sum"], x="[0.1, 2.9]"))


def test_what_cancels_is_no_tie_and_stays_as_uncertain_as_it_is():
    """Exact here, but another formula would round: the spread shrinks with the noise."""
    cancelling = task("sum((x * x + 1e6 - 1e6) * 3.5)", x="[1.0, 2.0]")
    base = baseline(cancelling)
    key = "value", "y", 0
    broken = moved(cancelling, base.truth, key)
    assert base.noise[key] > broken / 4 > 1e-11
