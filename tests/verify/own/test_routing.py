"""Outputs that are right in the wrong place or shape, and the words for which way steps go."""

import jax
import jax.numpy as jnp
import pytest
from torch import nn

import gradparity as gp

X = {"x": {"normal": [5, 4]}}


class Two(nn.Module):
    """The losses of a discriminator and of its generator."""

    def __init__(self):
        super().__init__()
        self.lin = nn.Linear(4, 1)

    def forward(self, x):
        y = self.lin(x)
        return nn.functional.softplus(y).mean(), nn.functional.softplus(-y).mean()


def two(p, x):
    y = x @ p["w"] + p["b"]
    return jax.nn.softplus(-y).mean(), jax.nn.softplus(y).mean()


def params(state):
    return {"w": state["lin.weight"].T, "b": state["lin.bias"]}


def test_losses_that_are_exchanged_are_told_as_that():
    report = gp.compare(Two(), two, X, params)
    assert report.causes == (
        "outputs stand in another order: torch's 0 is 1 in jax, torch's 1 is 0 in jax",
    )


def test_what_differs_beside_them_is_found_as_well():
    report = gp.compare(
        Two(),
        lambda p, x: jax.tree.map(jax.lax.stop_gradient, two(p, x))[:1] + two(p, x)[1:],
        X,
        params,
    )
    assert report.causes[0].startswith("outputs stand in another order")
    assert "jax lets no gradient pass here" in report.causes[1]


@pytest.mark.parametrize(
    "turned", [lambda y: y[None], lambda y: y.T, lambda y: y.reshape(2, 5), lambda y: y.sum()]
)
def test_no_cause_is_told_that_the_next_one_undoes(turned):
    """Elements that both sides have, in another order: each edit of it has its way back."""
    module = nn.Linear(4, 2)
    report = gp.compare(
        module,
        lambda p, input: turned(input @ p["w"] + p["b"]),  # noqa: A006  PyTorch's name for it
        {"input": X["x"]},
        lambda state: {"w": state["weight"].T, "b": state["bias"]},
    )
    assert report.verdict == "differs"
    assert len(report.causes) <= 1
    assert not any("torch reshapes" in cause for cause in report.causes)
    assert any("shape (5, 2)" in str(r) for r in report.frame.reason)


class Both(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.GRU(4, 3, batch_first=True, bidirectional=True)

    def forward(self, x):
        return self.rnn(x)[0]


def both(*, forward, backward):
    """In which direction the layer that goes forward goes, and the one that goes back."""

    def port(p, x):
        made = []
        for end, reverse in (("", forward), ("_reverse", backward)):
            w, u, b, c = (
                p[f"{k}_l0{end}"] for k in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
            )

            def cell(h, xt, w=w, u=u, b=b, c=c):
                ir, iz, inew = jnp.split(xt @ w.T + b, 3, -1)
                hr, hz, hnew = jnp.split(h @ u.T + c, 3, -1)
                z = jax.nn.sigmoid(iz + hz)
                h = (1 - z) * jnp.tanh(inew + jax.nn.sigmoid(ir + hr) * hnew) + z * h
                return h, h

            start = jnp.zeros((x.shape[0], 3), x.dtype)
            hs = jax.lax.scan(cell, start, jnp.swapaxes(x, 0, 1), reverse=reverse)[1]
            made.append(jnp.swapaxes(hs, 0, 1))
        return jnp.concatenate(made, -1)

    return port


@pytest.mark.slow
@pytest.mark.parametrize(
    ("how", "cause"),
    [
        ({"forward": True, "backward": True}, "jax goes from the last step to the first"),
        ({"forward": False, "backward": False}, "jax goes from the first step to the last"),
    ],
)
def test_the_way_that_steps_go_is_that_of_the_layer(how, cause):
    def bare(state):
        return {k.removeprefix("rnn."): x for k, x in state.items()}

    report = gp.compare(Both(), both(**how), {"x": {"normal": [2, 4, 4]}}, bare)
    assert report.causes == (cause,)
