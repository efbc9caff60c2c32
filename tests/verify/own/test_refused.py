"""What cannot be compared is refused by a sentence, and what can be handed back is taken."""

import dataclasses

import jax.numpy as jnp
import numpy as np
import pytest
from torch import nn

import gradparity as gp
from gradparity.refimpl.errors import BadUsage

X = {"x": {"normal": [3, 4]}}


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.lin = nn.Linear(4, 2)

    def forward(self, x):
        return self.lin(x)


def port(p, x):
    return x @ p["lin.weight"].T + p["lin.bias"]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"draws": 0}, "draws=0, expected 1 or more"),
        ({"draws": "2"}, "draws='2', expected 1 or more"),
        ({"modes": ("fast",)}, r"modes=.'fast',., expected some of 'jit', 'eager'"),
        ({"modes": ()}, r"modes=.., expected some of 'jit', 'eager'"),
        ({"train": 3}, "train=3, expected gp.Steps"),
        ({"state": True}, "hands back a pair of its output and its state, not one array"),
        ({"from_jax": lambda y: {"y": y, "z": object()}}, r"hands back a object at z, .*no array"),
    ],
)
def test_what_is_asked_wrongly(asked, said):
    with pytest.raises(BadUsage, match=said):
        gp.compare(Net(), port, X, dict, **asked)


@pytest.mark.parametrize("held", [np.array([object()]), np.array(["a", "b"])])
def test_arrays_of_no_numbers(held):
    with pytest.raises(BadUsage, match=r"inputs: x: an array of .*, expected numbers"):
        gp.compare(Net(), port, {"x": held}, dict)


def test_one_mode_may_be_a_word():
    report = gp.compare(Net(), port, X, dict, modes="eager")
    assert {side for side in report.frame.side if side.startswith("jax")} == {"jax eager"}


@dataclasses.dataclass
class Made:
    """Of no framework, nor one that JAX knows."""

    y: object
    what: str
    inner: object = None


def test_words_and_plain_dataclasses_are_handed_back():
    def here(x):
        return Made(x * 2, "twice", Made(x + 1, "more"))

    def there(x):
        return Made(x * 2, "two times", Made(x + 1.5, "more"))

    assert gp.compare(here, here, X, None, frameworks=("torch", "jax")).verdict == "same"
    report = gp.compare(here, there, X, None, frameworks=("torch", "jax"))
    off = report.frame[(report.frame.verdict == "differs") & (report.frame.kind == "value")]
    assert list(off.tensor) == ["inner.y"]


def test_nothing_beside_an_array_is_said_to_be_no_array():
    with pytest.raises(BadUsage, match="torch hands back no array; jax hands back one array"):
        gp.compare(lambda x: x.sum().item(), jnp.sum, X, None)
