"""Parameters that a framework has in another layout: a map from the case's own."""

import numpy as np
import pytest

from gradparity.adapters.registry import make

CASE = """
case: linear-port
about: A weight that is transposed in JAX.
inputs: {x: {normal: [4, 3]}}
params: {W: {normal: [2, 3]}}
maps:
  jax: {kernel: W.T, twice: "kernel * 2.0"}
program:
  numpy: loss = sum((x @ W.T) ** 2)
  jax: loss = jnp.sum(jnp.matmul(x, twice) ** 2) / 4.0
dtypes: [float64]
"""


def test_a_map_stands_before_the_text_and_gradients_are_the_case_s_own(case):
    loaded = case(CASE)
    program = loaded.programs[0]["jax"]
    assert [i.text for i in program.instructions[:2]] == ["W.T", "kernel * 2.0"]
    assert (program.instructions[0].line, program.instructions[0].column) == (7, 17)
    (task,) = loaded.tasks()
    step = make("jax").run(task).steps[0]
    x, w = task.inputs["x"], task.params["W"]
    assert np.allclose(step.grads["W"], 2 * (x @ w.T).T @ x, rtol=1e-13)


@pytest.mark.parametrize(
    ("old", "new", "place", "said"),
    [
        ("kernel: W.T", "kernel: V.T", "7:17", "unknown variable 'V'"),
        ("kernel: W.T", "W: W.T", "7:12", "W is an input or a parameter"),
        ("kernel: W.T", "kernel: a = W", "7:17", "maps.jax.kernel: no expression"),
        ("  jax: {kernel", "  torch: {kernel", "7:3", "maps for torch, which has no text of its"),
        ("  jax: {kernel", "  jx: {kernel", "7:3", "unknown adapter 'jx'"),
        ("twice:", "sum:", "10:", "unknown variable 'twice'"),
    ],
)
def test_what_is_no_map_is_a_fault_at_its_place(faults, old, new, place, said):
    found = faults(CASE.replace(old, new))
    assert any(f.startswith(f"t.yaml:{place}") and said in f for f in found), found
