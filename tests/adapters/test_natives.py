"""Calls of a framework's own functions."""

import numpy as np
import pytest

from gradparity.adapters.registry import make
from gradparity.cases.program import Instruction, Program, Ref
from gradparity.refimpl.errors import Unsupported

from .programs import close, line, task

NATIVE = {
    "torch": "torch.nn.functional.silu",
    "jax": "jax.nn.silu",
}


def native(name, function, *arguments, **attributes):
    lines = (
        line("y", function, *arguments, native=True, **attributes),
        line("loss", "sum", "y"),
    )
    programs = {name: Program(lines, "loss")}
    return task(*lines, params={"x": [0.5, -1.0, 2.0]}, programs=programs)


@pytest.mark.parametrize("name", NATIVE)
def test_native_calls_reach_the_framework(name):
    step = make(name).run(native(name, NATIVE[name], "x")).steps[0]
    x = np.asarray([0.5, -1.0, 2.0])
    assert close(x / (1 + np.exp(-x)), step.values["y"], "float64")


@pytest.mark.parametrize(
    ("name", "function", "keywords"),
    [
        ("torch", "torch.nn.functional.mse_loss", ("input", "target")),
        ("torch", "torch.nn.functional.mse_loss", ("target",)),
        ("jax", "optax.squared_error", ("targets",)),
    ],
)
def test_arrays_are_passed_by_keyword(name, function, keywords):
    call = Instruction("y", function, (Ref("x"), Ref("w")), native=True, keywords=keywords)
    lines = (call, line("loss", "sum", "y"))
    given = {"x": [0.5, -1.0], "w": [1.0, 2.0]}
    of = task(*lines, params=given, programs={name: Program(lines, "loss")})
    loss = make(name).run(of).steps[0].values["loss"]
    total = 0.25 + 9.0
    assert close(total / 2 if name == "torch" else total, loss, "float64")


@pytest.mark.parametrize(
    ("name", "function"),
    [
        ("torch", "torch.save"),
        ("torch", "torch.nn.functional.nonesuch"),
        ("torch", "torch.utils.data.dataset.os.system"),
        ("torch", "jax.nn.silu"),
        ("jax", "jax.numpy.save"),
        ("jax", "jax.numpy.np.load"),
        ("numpy", "torch.nn.functional.silu"),
    ],
)
def test_what_no_case_may_call_is_unsupported(name, function):
    with pytest.raises(Unsupported):
        make(name).run(native(name, function, "x"))


def test_no_gradient_is_none_in_torch():
    """A native call that lets no gradient through, though the program says that it could."""
    step = make("torch").run(native("torch", "torch.argmax", "x")).steps[0]
    assert step.grads == {"x": None, "y": None, "loss": None}
