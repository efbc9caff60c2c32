"""JAX has 64 bits where a task needs them; a narrower text of its own functions runs without."""

from pathlib import Path

import jax.numpy
import pytest

from gradparity.cases.loading import load_text
from gradparity.verify.engine.runner import Runner

TEXT = """\
case: width
about: What JAX makes where no dtype is given.
inputs: {{i: [{index}, 0, 2]}}
params: {{x: [[0.5, 1.5, -1.0], [2.0, 0.25, 1.0], [1.0, -0.5, 3.0]]}}
program:
  numpy: "y = sum({ours} * x)"
  jax: "y = jax.numpy.sum({jax} * x)"
dtypes: [{dtype}]
"""
ROWS = {"ours": "one_hot(i, num_classes=3)", "jax": "jax.nn.one_hot(i, 3)"}
LARGE = {
    "ours": "where(expand_dims(i, axis=1) > 1, x, 0)",
    "jax": "jax.numpy.where(jax.numpy.expand_dims(i, 1) > 1, x, 0.0)",
}


def verdicts(texts, dtype, index=1):
    text = TEXT.format(dtype=dtype, index=index, **texts)
    cases, faults = load_text(text, Path("width.yaml"))
    assert not faults
    (task,) = cases[0].tasks()
    before = jax.numpy.zeros(()).dtype
    rows = Runner(["jax"]).rows(task)
    assert jax.numpy.zeros(()).dtype == before
    return {row["verdict"]: row["reason"] for row in rows}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_what_is_made_without_a_dtype_is_of_the_task_s(dtype):
    assert list(verdicts(ROWS, dtype)) == ["agree"]


def test_what_is_made_in_float64_stays_so():
    wide = ROWS | {"jax": "jax.nn.one_hot(i, 3, dtype='float64')"}
    assert "dtype float64, expected float32" in verdicts(wide, "float32")["differs"]


def test_half_precision_becomes_float32_as_it_does_in_jax():
    assert "dtype float32, expected bfloat16" in verdicts(ROWS, "bfloat16")["differs"]


def test_a_whole_number_of_more_than_32_bits_is_not_cut():
    assert list(verdicts(LARGE, "float32", index=2**33)) == ["agree"]
