"""Tangents and Hessian products in other dtypes than float64."""

import pytest

import gradparity as gp

REAL = """
case: tangents
about: A layer and an error.
inputs: {t: {normal: [4, 2]}}
params: {x: {normal: [4, 3]}, W: {normal: [3, 2]}}
program: |
  h = tanh(x @ W)
  loss = mse(h, t)
checks: [value, grad, jvp, hvp]
dtypes: [float32]
"""

COMPLEX = """
case: tangents-of-complex
about: A square and a real number of it.
params: {z: {complex: {re: [1.0, 0.5], im: [0.0, 2.0]}}}
program: |
  w = z * z
  y = sum(real(w) ** 2 + imag(w))
checks: [value, grad, jvp, hvp]
dtypes: [complex128, complex64]
"""


@pytest.mark.thinned(2)
@pytest.mark.parametrize("text", [REAL, COMPLEX], ids=["float32", "complex"])
def test_tangents_and_products_agree_in_every_dtype_they_may_be_asked_in(text):
    frame = gp.run(gp.load_cases(text))
    assert set(frame.verdict) == {"agree"}
    asked = frame[frame.check.isin(["jvp", "hvp"])]
    assert set(asked.adapter) == {"numpy", "torch", "jax"}
    assert set(asked.check) == {"jvp", "hvp"}
