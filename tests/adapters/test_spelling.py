"""What is written down of a framework's calls is what makes the same update."""

from __future__ import annotations

import types

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
import torch

from gradparity.adapters import registry
from gradparity.adapters.spelling import Library, Text, call_text, said, text_of
from gradparity.cases.loading import catalogue, load_files
from gradparity.refimpl.errors import Unsupported

CASES = {case.name: case for case in load_files([catalogue() / "optimizers"])[0]}


def spelled(adapter, task):
    try:
        return registry.make(adapter).spelled(task)
    except Unsupported:
        return ""


#: Those that one call of a constructor of PyTorch's is, and whose gradients are handed in.
IN_TORCH = [
    name
    for name, case in CASES.items()
    if name.startswith(("matched-", "defaults-"))
    and set(case.tasks()[-1].inputs) <= {"g", "h"}
    and spelled("torch", case.tasks()[-1]).startswith("torch.optim.")
]


def example(a, b=2, *rest, c=3.0, d="x"): ...


def test_a_call_names_its_arguments_and_leaves_its_defaults_out():
    assert call_text("f", example, (1, 2), {"c": 3.0, "d": "y"}) == "f(a=1, d='y')"
    assert call_text("f", example, (1, 2, Text("z")), {}) == "f(a=1, z)"


def test_a_library_writes_calls_down():
    library = Library(types.SimpleNamespace(part=types.SimpleNamespace(f=example)), "library")
    assert (
        library.part.f(library.part.f(1), c=4).text == "library.part.f(a=library.part.f(a=1), c=4)"
    )


def test_values_are_written_as_python_has_them():
    function = said("lambda t: t", lambda t: t)
    assert text_of({"a": [1, (2.5,)], "b": function}) == "{'a': [1, (2.5,)], 'b': lambda t: t}"
    assert text_of(0.1 + 0.2) == "0.3"
    assert text_of(float("inf")) == "float('inf')"
    assert text_of(Text("schedule")(3)) == "schedule(3)"


def gradients(task):
    """Each step's gradients by parameter: the inputs, under loss = sum(g·W)."""
    inputs = {"W": "g", "V": "h"}
    return [
        {name: task.rows(step)[inputs[name]][0] for name in task.params}
        for step in range(task.steps)
    ]


def test_most_rules_are_one_call_in_torch():
    assert len(IN_TORCH) > 30


@pytest.mark.thinned(5)
@pytest.mark.parametrize("name", IN_TORCH)
def test_what_is_written_for_torch_is_what_was_run(name):
    task = CASES[name].tasks()[-1]
    text = spelled("torch", task)
    params = {k: torch.from_numpy(x.copy()).requires_grad_() for k, x in task.params.items()}
    scope = {"torch": torch, "params": list(params.values()), **params}
    scope["others"] = [x for k, x in params.items() if f"[{k}]" not in text]
    before = torch.get_default_dtype()
    native = "torch" in task.update.native
    torch.set_default_dtype(torch.float64 if task.dtype == "float64" and not native else before)
    try:
        optimizer = eval(text, scope)  # noqa: S307  our own text, which is the point
        for step in gradients(task):
            for k, x in params.items():
                x.grad = torch.from_numpy(step[k].copy())
            optimizer.step()
    finally:
        torch.set_default_dtype(before)
    wanted = registry.make("torch").run(task).steps[-1].params
    for k, x in params.items():
        assert np.array_equal(wanted[k], x.detach().numpy())


@pytest.mark.thinned(5)
@pytest.mark.parametrize(
    "name",
    ["matched-adamw", "matched-amsgrad", "matched-groups", "matched-muon", "matched-adagrad"],
)
def test_what_is_written_for_optax_is_what_was_run(name):
    task = CASES[name].tasks(["float64"])[-1]
    text = spelled("jax", task)
    with jax.enable_x64(True):  # noqa: FBT003  JAX takes it by position
        rule = eval(text, {"optax": optax, "jnp": jnp, "jax": jax})  # noqa: S307  our own text
        params = {k: jnp.asarray(x) for k, x in task.params.items()}
        state = rule.init(params)
        update = jax.jit(rule.update)
        for step in gradients(task):
            moves, state = update({k: jnp.asarray(g) for k, g in step.items()}, state, params)
            params = {k: x + moves[k] for k, x in params.items()}
    wanted = registry.make("jax").run(task).steps[-1].params
    for k, x in wanted.items():
        np.testing.assert_allclose(np.asarray(params[k]), x, rtol=1e-13)
