"""What is listed as made of parts is captured whole, and is to the reference what it is there."""

import re

import jax.numpy as jnp
import numpy as np
import pytest
import torch

from gradparity.adapters.captures.torch import capture

from ..adapters.captures.jax_held import held
from ..adapters.captures.opinfo import entries
from ..adapters.captures.test_opinfo import LEFT_OUT
from ..adapters.captures.torch_held import doubles, off
from .listed import of_kind
from .public import modules

MODULES = {**modules("torch"), **modules("jax"), **modules("optax")}

_generator = np.random.default_rng(0)

#: What the calls may be given.
GIVEN = {
    "x": _generator.uniform(0.1, 0.9, 6),
    "y": _generator.uniform(0.1, 0.9, 6),
    "m": np.diag([1.5, 2.5, 3.5, 4.5]) + _generator.uniform(-0.3, 0.3, (4, 4)),
    "n": _generator.standard_normal((4, 6)),
    "t": _generator.standard_normal((2, 3, 4)),
    "i": _generator.standard_normal((1, 2, 6, 6)),
}

CALLS = [
    pytest.param(framework, module, call, id=f"{module}.{name}")
    for framework, module, name, call in of_kind("parts: ")
]


class Call(torch.nn.Module):
    """A call, of which what is given to it are parameters."""

    def __init__(self, module, text, names):
        super().__init__()
        self.module, self.text = module, text
        for name in names:
            setattr(self, name, torch.nn.Parameter(torch.tensor(GIVEN[name])))

    def forward(self):
        return called(self.module, self.text, dict(self.named_parameters()), vars(torch))


def called(module, text, given, rest):
    """What a call makes, in the words of its module."""
    return eval(text, {**rest, **vars(MODULES[module]), **given})  # noqa: S307  a line of ours


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("framework", "module", "text"), CALLS)
def test_it_is_captured_whole_and_computes_the_same(framework, module, text):
    names = [name for name in GIVEN if re.search(rf"\b{name}\b", text)]
    assert names
    if framework == "torch":
        with doubles():
            call = Call(module, text, names)
            assert off(call, (), captured=capture(call, (), export=False)) == []
    else:
        given = {name: GIVEN[name] for name in names}
        found = held(lambda p: called(module, text, p, vars(jnp)), given)
        assert found.program.instructions


def test_what_the_database_compares_is_in_it_and_not_left_out():
    compared = entries().keys() - LEFT_OUT
    assert {entry for *_, entry in of_kind("database: ")} <= compared


def test_what_is_said_to_have_no_derivative_has_none_in_the_database():
    words = {"torch.nn.functional": "nn.functional.", "torch": ""}
    derived = set(entries())
    for kind in ("no derivative: ", "no array function: ", "makes arrays: "):
        for framework, module, name, why in of_kind(kind):
            known = words.get(module, f"{module.removeprefix('torch.')}.") + name
            assert framework != "torch" or known not in derived, f"{known}: {why}"
