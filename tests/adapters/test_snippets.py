"""A task as text: what it prints is what the adapter returns."""

import contextlib
import io
import re
from math import inf, nan
from pathlib import Path

import numpy as np
import pytest
import torch

from gradparity.adapters.base import Shown
from gradparity.adapters.registry import make
from gradparity.adapters.snippets.code import Code, data, text_of
from gradparity.cases import load_text

CASES = {
    "standard operations": (
        "params: {x: [[1.0, 3.0], [2.0, -1.0]]}\n"
        "program: |\n  a = max(x, axis=1)\n  y = mean(a * 2 - x[0] ** 2)\n"
    ),
    "several results": (
        "params: {x: [1.0, 3.0, 2.0]}\ninputs: {c: [1.0, 10.0]}\n"
        "program: |\n  v, i = top_k(x, k=2)\n  y = v * c\ncotangent: 1.0\n"
    ),
    "a composed operation": (
        "params: {x: [[1.0, 3.0], [2.0, -1.0]]}\ninputs: {t: [0, 1]}\n"
        "program: y = cross_entropy(x, t, reduction='mean')\n"
    ),
    "a cotangent": "params: {x: [1.0, 3.0]}\nprogram: y = exp(-x)\ncotangent: [2.0, -1.0]\n",
    "an index and a number": "params: {x: [4.0, -2.0]}\nprogram: y = 1.0 / x[1] - (-x[0]) * x[1]\n",
    "not finite": "params: {x: [.inf, .nan, 0.0]}\nprogram: y = sum(abs(x))\n",
    "no elements": (
        "params: {x: {zeros: [0, 2]}, w: [1.0, 2.0]}\nprogram: y = sum(x * w) + sum(w * w)\n"
    ),
    "complex": (
        "params: {x: {complex: {re: [1.0, 2.0], im: [3.0, -1.0]}}}\n"
        "program: y = x * x\ncotangent: {complex: {re: [1.0, 0.5], im: [0.25, 2.0]}}\n"
        "dtypes: [complex128]\n"
    ),
    "a complex scalar": (
        "params: {x: {complex: {re: [1.0, 2.0], im: [3.0, -1.0]}}}\n"
        "program: y = prod(x)\ndtypes: [complex128]\n"
    ),
    "a type": (
        "params: {x: [1.0, 2.0, 3.0]}\ninputs: {k: [2, 0]}\n"
        "program: y = one_hot(k, num_classes=3) * x\n"
    ),
    "a function of ours that is mapped": (
        "params: {x: [[[[1.0, 3.0], [2.0, -1.0]]]], grid: [[[[0.25, -0.5]]]]}\n"
        "program: y = grid_sample(x, grid, mode='bilinear', padding_mode='zeros', "
        "align_corners=True)\n"
    ),
    "a function whose name tells the number of axes": (
        "params: {x: [[[1.0, 3.0, 2.0]]], w: [[[0.5, -1.0]]]}\n"
        "program: |\n  z = exp(x)\n  y = conv_transpose(z, w)\n"
    ),
}


def task(body):
    body += "" if "dtypes" in body else "dtypes: [float64]\n"
    (case,), faults = load_text(f"case: c\nabout: d\n{body}", Path("made-up.yaml"))
    assert not faults
    return case.tasks()[0]


def printed(snippet):
    text = io.StringIO()
    with contextlib.redirect_stdout(text):
        exec(snippet, {})  # noqa: S102  ours
    return text.getvalue()


@pytest.mark.parametrize("name", ["torch", "jax"])
@pytest.mark.parametrize("case", CASES)
def test_a_snippet_prints_what_the_adapter_returns(case, name):
    given, adapter = task(CASES[case]), make(name)
    step = adapter.run(given).steps[0]
    shown = Shown(("y",), tuple(given.params), frozenset(), step.values["y"])
    found = printed(adapter.snippet(given, shown))
    labels = ["y", *(f"{k}.grad" for k in given.params)]
    parts = re.split("|".join(f"(?:^| ){re.escape(label)} = " for label in labels), found.strip())
    expected = [step.values["y"], *(step.grads[k] for k in given.params)]
    for text, array in zip(parts[1:], expected, strict=True):
        got = np.asarray(eval(text, {"nan": nan, "inf": inf}))  # noqa: S307  printed by us
        np.testing.assert_allclose(got.reshape(array.shape), array, rtol=1e-14)


def test_a_training_loop_ends_where_the_adapter_does():
    body = (
        "inputs: {g: {file: gradients.npz, key: dense}}\nparams: {W: {normal: [6]}}\n"
        "program: loss = sum(g * W)\noptimizer: {adam: {lr: 0.05}}\n"
        "batch: {size: 1, order: sequential}\nsteps: 3\n"
    )
    given = task(body)
    for name in ("torch", "jax"):
        adapter = make(name)
        trace = adapter.run(given)
        shown = Shown((), (), frozenset(), trace.steps[0].values["loss"])
        before = torch.get_default_dtype()
        try:
            text = printed(adapter.snippet(given, shown))
        finally:
            torch.set_default_dtype(before)
        got = eval(text.removeprefix("W = "))  # noqa: S307  printed by us
        np.testing.assert_allclose(got, trace.steps[-1].params["W"], rtol=1e-12)


def test_code_is_written_with_the_parentheses_it_needs():
    x, y = Code("x"), Code("y")
    assert ((x + y) * 2).text == "(x + y) * 2"
    assert (2**-x).text == "2 ** (-x)"
    assert (x - (-1.0)).text == "x - (-1.0)"
    assert x[..., 1:, None].text == "x[..., 1:, None]"
    assert Code("f")(x, [1.0], axis=(0,)).text == "f(x, [1.0], axis=(0,))"


def test_numbers_are_written_exactly():
    assert text_of(float("-inf")) == "float('-inf')"
    assert data(np.array([0.1], np.float32)) == "[0.10000000149011612]"
    assert data(np.array([True])) == "[True]"
