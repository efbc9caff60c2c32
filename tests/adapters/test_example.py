"""The adapter that CONTRIBUTING.md shows: its text, and what it does with the catalogue."""

from pathlib import Path

import pytest

from gradparity.refimpl.errors import Unsupported
from gradparity.verify.engine.runner import Runner

from ..whole import whole
from .example_adapter import AutogradAdapter
from .programs import line, one_layer, task

GUIDE = Path(__file__).parents[2] / "CONTRIBUTING.md"

#: Scalars, layers, batches, training, complex numbers, half types, slices, and nothing at all.
CASES = (
    "one-layer",
    "linear-layer",
    "linear-batch",
    "layer-tanh",
    "off-the-way",
    "one-example-at-a-time",
    "halving",
    "complex-square-by-hand",
    "complex-descent",
    "half-linear-layer",
    "index-steps-and-new-axes",
    "matmul-empty",
    "autograd-readme-tanh",
)


@pytest.fixture(scope="module")
def cases():
    found, _ = whole()
    return {case.name: case for case in found}


@pytest.fixture(scope="module")
def runner():
    return Runner([AutogradAdapter()])


def test_the_guide_shows_it_as_it_is():
    text = Path(__file__).with_name("example_adapter.py").read_text("utf-8")
    assert f"```python\n{text}```\n" in GUIDE.read_text("utf-8")


@pytest.mark.parametrize("name", CASES)
def test_it_agrees_with_the_reference(cases, runner, name):
    for wanted in cases[name].tasks():
        rows = runner.rows(wanted)
        verdict = "unsupported" if wanted.dtype == "bfloat16" else "agree"
        assert {row["verdict"] for row in rows} == {verdict}
        assert verdict == "unsupported" or {row["check"] for row in rows} >= {"value", "grad"}


def test_its_training_is_judged(cases, runner):
    (wanted,) = (t for t in cases["complex-descent"].tasks() if t.dtype == "complex128")
    updates = [row for row in runner.rows(wanted) if row["check"] == "update"]
    assert {row["step"] for row in updates} == set(range(wanted.steps))


def test_what_it_lacks_is_unsupported():
    adapter = AutogradAdapter()
    with pytest.raises(Unsupported, match="has no softmax"):
        adapter.run(task(line("y", "softmax", "w", axis=0), params={"w": [1.0, 2.0]}))
    with pytest.raises(Unsupported, match="ml_dtypes"):
        adapter.run(one_layer("bfloat16"))
