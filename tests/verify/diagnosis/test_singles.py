"""An operation that a framework computes in float32 is told so; what is off otherwise is not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gradparity.adapters.base import Adapter
from gradparity.adapters.numpy_reference import reference
from gradparity.cases import load_text
from gradparity.cases.loading import catalogue
from gradparity.refimpl.ops import TABLE
from gradparity.verify.engine.runner import Runner

HEAD = """\
case: single
about: One operation.
params: {x: {normal: [6]}}
program: |
  y = PROGRAM
dtypes: [float64]
"""


class Otherwise(Adapter):
    """The reference with one operation computed otherwise."""

    name = "otherwise"

    def __init__(self, operation, change):
        row = TABLE[operation]
        self._rows = {**TABLE, operation: replace(row, forward=lambda x: change(row.forward, x))}

    def version(self):
        return "1"

    def has(self, operation):
        return operation

    def program(self, task):
        return task.program("numpy")

    def run(self, task):
        return reference(task, rows=self._rows)


def off(operation, change):
    text = HEAD.replace("PROGRAM", f"{operation}(x)").encode()
    (case,), _ = load_text(text, catalogue() / "t.yaml")
    (task,) = case.tasks()
    rows = Runner([Otherwise(operation, change)]).rows_for(task, "otherwise")
    return [row for row in rows if row["verdict"] == "differs"]


def test_float32_is_told():
    def single(forward, x):
        return forward(np.asarray(x).astype(np.float32)).astype(np.float64)

    causes = {row["cause"] for row in off("tanh", single) if row["check"] == "value"}
    assert causes == {
        "otherwise computed tanh in float32: digits of x beyond float32 do not reach `tanh(x)`"
    }


@pytest.mark.parametrize(
    ("operation", "change"),
    [
        ("tanh", lambda forward, x: forward(x) * (1 + 1e-7)),
        ("tanh", lambda forward, x: forward(x) + 1e-8),
        ("cosh", lambda forward, x: forward(1e-5 * x) + forward(x) - 1 + 1e-9),
    ],
)
def test_what_is_off_by_as_much_for_another_reason_is_not(operation, change):
    rows = off(operation, change)
    assert rows
    assert not any("float32" in row["cause"] for row in rows)


@pytest.mark.slow
def test_the_softmax_of_attention_in_float32_is_told_with_its_remedy():
    text = HEAD.replace("x: {normal: [6]}", "q: {normal: [1, 1, 5, 4]}, k: {normal: [1, 1, 5, 4]}")
    text = text.replace("PROGRAM", "scaled_dot_product_attention(q, k, k, is_causal=True)")
    (case,), _ = load_text(text.encode(), catalogue() / "t.yaml")
    rows = Runner(["numpy", "jax"]).rows(case.tasks()[0])
    found = [row for row in rows if row["verdict"] == "differs"]
    assert {row["adapter"] for row in found} == {"jax"}
    assert all(
        row["cause"].startswith("jax computed scaled_dot_product_attention in float32")
        for row in found
    )
    assert all("write it out, jax.nn.softmax" in row["remedy"] for row in found)
