"""Complex parameters and inputs, whose gradients the frameworks write in two ways."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch
from torch import nn

import gradparity as gp


class Recurrent(nn.Module):
    """A linear recurrent unit: complex states between real inputs and outputs."""

    def __init__(self):
        super().__init__()
        self.decay, self.angle = nn.Parameter(torch.rand(4)), nn.Parameter(torch.rand(4))
        self.b = nn.Parameter(torch.randn(4, 3, dtype=torch.complex64))
        self.c = nn.Parameter(torch.randn(2, 4, dtype=torch.complex64))

    def forward(self, u):
        turn = torch.exp(torch.complex(-torch.exp(self.decay), self.angle))
        h, found = torch.zeros(4, dtype=self.b.dtype), []
        for x in u.to(self.b.dtype):
            h = turn * h + self.b @ x
            found.append((self.c @ h).real)
        return torch.stack(found)


def recurrent(bug=""):
    def port(p, u):
        turn = jnp.exp(-jnp.exp(p["decay"]) + 1j * p["angle"])
        given = u.astype(p["b"].dtype) @ p["b"].T
        _, h = jax.lax.associative_scan(
            lambda x, y: (x[0] * y[0], y[0] * x[1] + y[1]),
            (jnp.broadcast_to(turn, given.shape), given),
        )
        h = jax.lax.stop_gradient(h) if bug == "stopped" else h
        y = h @ (jnp.conj(p["c"]) if bug == "conjugated" else p["c"]).T
        return y.imag if bug == "imaginary" else y.real

    return port


@pytest.mark.thinned(4)
@pytest.mark.parametrize(
    ("bug", "cause"),
    [
        ("", None),
        ("stopped", "jax lets no gradient pass here (detach, stop_gradient), torch does"),
        ("conjugated", "an operand is conjugated in jax, not in torch"),
        ("imaginary", None),
    ],
)
def test_complex_parameters(bug, cause):
    torch.manual_seed(0)
    report = gp.compare(Recurrent(), recurrent(bug), {"u": {"normal": [5, 3]}}, dict)
    assert report.verdict == ("differs" if bug else "same"), report
    assert cause is None or report.causes == (cause,)
    assert not any(found.kind in ("own gradient", "as run") for found in report.findings)


@pytest.mark.thinned(2)
@pytest.mark.parametrize(
    ("first", "second", "verdict"),
    [
        (lambda z: (z * z.conj()).real, lambda z: jnp.abs(z) ** 2, "same"),
        (lambda z: (z * z.conj()).real, lambda z: (z * z).real, "differs"),
        (lambda z: torch.exp(z) * (2 + 1j), lambda z: jnp.exp(z) * (2 + 1j), "same"),
        (torch.exp, lambda z: jnp.exp(jnp.conj(z)), "differs"),
    ],
)
@pytest.mark.parametrize("dtype", [np.complex64, np.complex128])
def test_complex_inputs_and_outputs(first, second, verdict, dtype):
    drawn = np.random.default_rng(0)
    z = (drawn.standard_normal(3) + 1j * drawn.standard_normal(3)).astype(dtype)
    report = gp.compare(first, second, {"z": z}, None, frameworks=("torch", "jax"))
    assert report.verdict == verdict, report
    assert not any(found.kind in ("own gradient", "as run") for found in report.findings)


def test_a_refactoring_with_complex_parameters():
    class Again(Recurrent):
        def forward(self, u):
            return super().forward(u) * 1.0

    torch.manual_seed(0)
    report = gp.compare(Recurrent(), Again(), {"u": {"normal": [5, 3]}}, frameworks="torch")
    assert report.verdict == "same", report
