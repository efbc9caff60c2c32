"""Outputs beside the one that is looked at: indices, masks, several losses."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch
from torch import nn

import gradparity as gp

INPUTS = {"x": {"normal": [6, 4]}}


class Quantised(nn.Module):
    """A codebook, with straight-through codes, their indices and both losses."""

    def __init__(self):
        super().__init__()
        self.codes = nn.Parameter(torch.randn(5, 4))

    def forward(self, x):
        at = torch.cdist(x, self.codes).argmin(-1)
        q = self.codes[at]
        return {
            "q": x + (q - x).detach(),
            "at": at,
            "near": torch.cdist(x, self.codes) < 2,
            "commitment": ((q.detach() - x) ** 2).mean(),
            "codebook": ((q - x.detach()) ** 2).mean(),
        }


def quantised(*, first=0, exchanged=False, limit=2.0):
    stop = jax.lax.stop_gradient

    def port(p, x):
        far = ((x[:, None] - p["codes"]) ** 2).sum(-1)
        at = far.argmin(-1)
        q = p["codes"][at]
        losses = ((stop(q) - x) ** 2).mean(), ((q - stop(x)) ** 2).mean()
        losses = losses[::-1] if exchanged else losses
        return {
            "q": x + stop(q - x),
            "at": at + first,
            "near": jnp.sqrt(far) < limit,
            "commitment": losses[0],
            "codebook": losses[1],
        }

    return port


def compared(port):
    torch.manual_seed(0)
    return gp.compare(Quantised(), port, INPUTS, lambda state: {"codes": state["codes"]})


def test_indices_and_masks_are_compared():
    report = compared(quantised())
    assert report.verdict == "same"
    rows = report.frame.set_index(["check", "tensor"])
    assert {"at", "near"} <= {tensor for check, tensor in rows.index if check == "mathematics"}


@pytest.mark.parametrize(("name", "port"), [("at", {"first": 1}), ("near", {"limit": 3.0})])
def test_those_that_are_off_are_told_with_the_first_element(name, port):
    report = compared(quantised(**port))
    assert report.verdict == "differs"
    off = report.frame[report.frame.verdict == "differs"]
    assert list(off.tensor) == [name]
    assert "on the first side" in off.reason.iloc[0]
    assert report.first.effect.startswith(f"{name}: ")
    assert report.first.at[0].place.file.endswith("test_counting.py")


def test_two_losses_of_one_value_are_not_exchanged_unseen():
    """Their gradients are others: of the inputs and of the codes."""
    assert compared(quantised(exchanged=True)).verdict == "differs"


def test_what_rounding_decides_is_not_held_against_a_port():
    report = gp.compare(
        lambda x: (x.sum(), (x * 3) / 3 >= x),
        lambda x: (x.sum(), (x / 3) * 3 >= x),
        INPUTS,
        None,
    )
    assert report.verdict == "same"


def test_another_shape_of_them_is_told():
    report = gp.compare(
        lambda x: (x.sum(), x.argmax(-1)),
        lambda x: (x.sum(), x.argmax(-1, keepdims=True)),
        INPUTS,
        None,
    )
    assert report.verdict == "differs"
    assert "shape (6,) on the first side, (6, 1)" in str(report)


@pytest.mark.parametrize("alone", [True, False])
def test_what_one_side_alone_hands_back_is_told(alone):
    def port(x):
        return {"y": x.sum()} if alone else {"y": x.sum(), "a": x.argmax(), "b": x > 0}

    report = gp.compare(lambda x: {"y": x.sum(), "i": x.argmax()}, port, INPUTS, None)
    assert report.verdict == "same"
    assert any("torch alone hands back i: not compared" in note for note in report.notes)


def test_whole_inputs_come_back_as_they_are():
    inputs = {**INPUTS, "i": np.array([0, 2])}

    def port(x, i, plus):
        return x[i], i, i + plus

    here = lambda x, i: port(x, i, 1)  # noqa: E731
    assert gp.compare(here, here, inputs, None, frameworks=("torch", "jax")).verdict == "same"
    other = gp.compare(here, lambda x, i: port(x, i, 2), inputs, None, frameworks=("torch", "jax"))
    assert other.verdict == "differs"
