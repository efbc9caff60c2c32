"""A factor that is the number of examples by chance is told from one that is not."""

import jax
import jax.numpy as jnp
import pytest
import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812

import gradparity as gp

#: The temperature; its square is the number of examples.
T, ROWS = 2.0, 4

INPUTS = {"x": {"normal": [ROWS, 6]}, "teacher": {"normal": [ROWS, 5]}}

LEFT_OUT = "jax leaves out a factor: it does not multiply by 4, as torch does"
NOT_DIVIDED = "torch leaves out a factor: it does not divide by 4, as jax does"


class Distilled(nn.Module):
    def __init__(self, factor):
        super().__init__()
        self.student, self.factor = nn.Linear(6, 5), factor

    def forward(self, x, teacher):
        log_p = F.log_softmax(self.student(x) / T, -1)
        loss = F.kl_div(log_p, F.softmax(teacher / T, -1), reduction="batchmean")
        return self.factor(loss)


def divergence(p, x, teacher):
    log_p = jax.nn.log_softmax((x @ p["w"].T + p["b"]) / T)
    log_q = jax.nn.log_softmax(teacher / T)
    return jnp.sum(jnp.exp(log_q) * (log_q - log_p), -1)


def not_squared(p, x, teacher):
    return divergence(p, x, teacher).mean()


def summed(p, x, teacher):
    return divergence(p, x, teacher).sum() * T**2


def of_four_rows(p, x, teacher):
    return divergence(p, x, teacher).reshape(ROWS).mean()


def params(state):
    return {"w": state["student.weight"], "b": state["student.bias"]}


FACTORS = {
    "in one": lambda loss: loss * T**2,
    "in two": lambda loss: loss * T * T,
    "none": lambda loss: loss,
}


@pytest.mark.parametrize(
    ("factor", "port", "cause"),
    [
        ("in one", not_squared, LEFT_OUT),
        ("in two", not_squared, f"{LEFT_OUT} in 2 steps"),
        ("in one", summed, "jax leaves out a factor: it does not divide by 4, as torch does"),
        ("none", lambda *given: T**2 * not_squared(*given), "does not multiply by 4, as jax does"),
    ],
)
def test_a_cause_that_holds_for_so_many_examples_alone_is_not_stated(factor, port, cause):
    torch.manual_seed(0)
    module = Distilled(FACTORS[factor]).double()
    report = gp.compare(module, port, INPUTS, params)
    assert len(report.causes) == 1, report
    assert cause in report.causes[0], report
    assert "either" not in report.causes[0]


def test_causes_that_cannot_be_told_apart_are_both_stated():
    torch.manual_seed(0)
    module = Distilled(FACTORS["in one"]).double()
    report = gp.compare(module, of_four_rows, INPUTS, params)
    (cause,) = report.causes
    assert cause == f"either {LEFT_OUT}, or {NOT_DIVIDED}: alike for so many examples"
