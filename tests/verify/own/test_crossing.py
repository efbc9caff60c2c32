"""Ports whose programs have what few have: comparisons behind a sign, one of several results."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from torch import nn

import gradparity as gp


def test_a_sign_that_a_comparison_comes_behind_is_tried():
    """Of a number that is none, so that all are edited that may make it another."""
    report = gp.compare(
        nn.Linear(4, 2),
        lambda p, input: jnp.nan_to_num(input) @ p["w"] + p["b"],  # noqa: A006  as torch has it
        {"input": np.array([[1, 2, np.nan, 4]], np.float32)},
        lambda state: {"w": state["weight"].T, "b": state["bias"]},
    )
    assert report.verdict == "differs"


class Both(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.LSTM(4, 3, batch_first=True, bidirectional=True)

    def forward(self, x):
        return self.rnn(x)[0]


def both(reverse, turned):
    def run(p, x, end, *, reverse):
        w, u, b = (p[f"{k}{end}"] for k in "wub")

        def cell(carry, xt):
            h, c = carry
            i, f, g, o = jnp.split(xt @ w.T + h @ u.T + b, 4, -1)
            c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
            h = jax.nn.sigmoid(o) * jnp.tanh(c)
            return (h, c), h

        start = jnp.zeros((x.shape[0], 3), x.dtype)
        hs = jax.lax.scan(cell, (start, start), jnp.swapaxes(x, 0, 1), reverse=reverse)[1]
        return jnp.swapaxes(hs, 0, 1)

    def port(p, x):
        back = run(p, x[:, ::-1] if turned else x, "_reverse", reverse=reverse)
        return jnp.concatenate([run(p, x, "", reverse=False), back], -1)

    return port


def halves(state):
    return {
        f"{name}{end}": sum(state[f"rnn.{k}_l0{end}"] for k in held)
        for end in ("", "_reverse")
        for name, held in (
            ("w", ["weight_ih"]),
            ("u", ["weight_hh"]),
            ("b", ["bias_ih", "bias_hh"]),
        )
    }


@pytest.mark.slow
@pytest.mark.parametrize(
    ("reverse", "turned", "verdict"), [(True, False, "same"), (False, True, "differs")]
)
def test_what_goes_back_is_turned_round_again(reverse, turned, verdict):
    """One whose steps are left the wrong way round: an LSTM's several results are looked at."""
    report = gp.compare(Both(), both(reverse, turned), {"x": {"normal": [2, 4, 4]}}, halves)
    assert report.verdict == verdict
