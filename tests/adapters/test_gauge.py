"""Eigenvectors and singular vectors are in one gauge, whatever signs a library gives them."""

from pathlib import Path

import pytest

from gradparity.cases import load_text
from gradparity.verify.engine.runner import Runner

CASE = """\
case: vectors
about: Vectors that are known up to a sign or a phase.
params: {{a: {{normal: [20, 3, 4], dtype: {dtype}, seed: {seed}}}}}
program: |
  {program}
  loss = sum(abs(v) ** 4)
checks: [value, grad]
dtypes: [{dtype}]
"""
PROGRAMS = {
    "eigh": "w, v = linalg.eigh(a @ conj(matrix_transpose(a)))",
    "svd": "u, s, v = linalg.svd(a, full_matrices=False)",
    "eig": "w, v = linalg.eig(a @ matrix_transpose(a[:, :, ::-1]))",
}


@pytest.mark.thinned(6)
@pytest.mark.parametrize("dtype", ["float64", "complex128"])
@pytest.mark.parametrize("name", PROGRAMS)
def test_right_vectors_agree(name, dtype):
    text = CASE.format(program=PROGRAMS[name], dtype=dtype, seed=4)
    cases, faults = load_text(text, Path("vectors.yaml"))
    assert not faults, faults
    rows = Runner(["torch", "jax"]).rows(cases[0].tasks()[0])
    values = [r for r in rows if (r["check"], r["tensor"]) == ("value", "v")]
    assert len(values) == 2
    assert {r["verdict"] for r in rows} == {"agree"}, [r["reason"] for r in rows]
