"""Padding that is otherwise: TensorFlow's SAME, all on one side, left out, of another kind."""

import jax
import jax.numpy as jnp
import pytest
import torch
from jax import lax
from torch import nn

import gradparity as gp

ORDER = ("NHWC", "HWIO", "NHWC")


class Net(nn.Module):
    """Two strided convolutions, what is before each of them, and a mean over what is left."""

    def __init__(self, size=3, padding=1, before=None, pool=None):
        super().__init__()
        self.c1 = nn.Conv2d(3, 6, size, 2, padding)
        self.c2 = nn.Conv2d(6, 6, size, 2, padding)
        self.before, self.pool = before or nn.Identity(), pool or nn.Identity()

    def forward(self, x):
        x = self.pool(torch.relu(self.c1(self.before(x))))
        return torch.relu(self.c2(self.before(x))).mean((2, 3))


def params(state):
    return {
        n: {"k": state[f"{n}.weight"].transpose(2, 3, 1, 0), "b": state[f"{n}.bias"]}
        for n in ("c1", "c2")
    }


def port_of(first, second, pool=lambda x: x, mode=""):
    def conv(x, p, padding):
        if mode:
            x, padding = jnp.pad(x, ((0, 0), *padding, (0, 0)), mode=mode), "VALID"
        y = lax.conv_general_dilated(x, p["k"], (2, 2), padding, dimension_numbers=ORDER)
        return y + p["b"]

    def port(p, x):
        x = pool(jax.nn.relu(conv(x, p["c1"], first)))
        return jax.nn.relu(conv(x, p["c2"], second)).mean((1, 2))

    return port


def pooled(padding):
    def pool(x):
        return lax.reduce_window(x, -jnp.inf, lax.max, (1, 3, 3, 1), (1, 2, 2, 1), padding)

    return pool


def both(before, after):
    return ((before, after),) * 2


AFTER = {"padding": 0, "before": nn.ZeroPad2d((0, 1, 0, 1))}
BOTH = "the padding is as much on both sides in jax, (1, 1), (1, 1); (0, 1), (0, 1) in torch"
SAME = "the padding is SAME in jax, (0, 1), (0, 1); (1, 1) in torch"


PADDINGS = [
    ({}, port_of(both(1, 1), both(1, 1)), (16, 16), []),
    ({}, port_of("SAME", both(1, 1)), (16, 16), [SAME]),
    ({}, port_of("SAME", "SAME"), (16, 16), [SAME, SAME]),
    (
        {},
        port_of("SAME", both(1, 1)),
        (17, 14),
        ["the padding is SAME in jax, (1, 1), (0, 1); (1, 1) in torch"],
    ),
    (
        {"size": 7, "padding": 3, "pool": nn.MaxPool2d(3, 2, 1)},
        port_of("SAME", both(3, 3), pooled("SAME")),
        (32, 32),
        [
            "the padding is SAME in jax, (2, 3), (2, 3); (3, 3) in torch",
            "the padding is SAME in jax, (0, 1), (0, 1); (1, 1) in torch",
        ],
    ),
    ({}, port_of("VALID", both(1, 1)), (16, 16), ["padding is 0 in jax, (1, 1) in torch"]),
    (AFTER, port_of("SAME", "SAME"), (16, 16), []),
    (
        AFTER,
        port_of("SAME", both(1, 1)),
        (16, 16),
        [BOTH],
    ),
    (
        AFTER,
        port_of(both(1, 0), "SAME"),
        (16, 16),
        ["the padding is all before in jax, (1, 0), (1, 0); (0, 1), (0, 1) in torch"],
    ),
    (
        {},
        port_of(both(1, 1), both(1, 1), mode="wrap"),
        (16, 16),
        ["the padding goes on from the other side (circular) in jax, it is of zeros in torch"] * 2,
    ),
]


@pytest.mark.thinned(12)
@pytest.mark.parametrize(
    ("module", "port", "size", "causes"),
    PADDINGS,
)
def test_padding_is_told(module, port, size, causes):
    torch.manual_seed(0)
    report = gp.compare(
        Net(**module),
        port,
        {"x": {"normal": [2, 3, *size]}},
        params,
        to_jax=lambda x: (x.transpose(0, 2, 3, 1),),
    )
    assert report.verdict == ("differs" if causes else "same"), report
    assert [f.cause for f in report.findings] == causes, report


class Causal(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv1d(4, 4, 3)

    def forward(self, x):
        return torch.relu(self.conv(nn.functional.pad(x, (2, 0))))


@pytest.mark.thinned(3)
@pytest.mark.parametrize(
    ("padding", "cause"),
    [
        ([(2, 0)], ""),
        ("SAME", "the padding is half on each side in jax, (1, 1); (2, 0) in torch"),
        ([(0, 2)], "the padding is all after in jax, (0, 2); (2, 0) in torch"),
    ],
)
def test_a_causal_convolution_is_told_from_one_that_looks_ahead(padding, cause):
    order = ("NWC", "WIO", "NWC")

    def port(p, x):
        y = lax.conv_general_dilated(x, p["k"], (1,), padding, dimension_numbers=order)
        return jax.nn.relu(y + p["b"])

    torch.manual_seed(0)
    report = gp.compare(
        Causal(),
        port,
        {"x": {"normal": [2, 4, 8]}},
        lambda state: {"k": state["conv.weight"].transpose(2, 1, 0), "b": state["conv.bias"]},
        to_jax=lambda x: (x.transpose(0, 2, 1),),
        from_jax=lambda y: y.transpose(0, 2, 1),
    )
    assert [f.cause for f in report.findings] == [cause][: bool(cause)], report
