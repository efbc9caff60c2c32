"""Methods of a framework's arrays are functions of the array."""

from pathlib import Path

import pytest

from gradparity.cases.loading import load_text
from gradparity.cases.methods import METHODS
from gradparity.cases.native import refusal
from gradparity.refimpl.ops import TABLE

CASE = """\
case: methods
about: Methods.
params: {{x: {{normal: [4, 6]}}}}
program:
  numpy: loss = sum(x)
  {framework}: {text}
dtypes: [float64]
"""


def read(framework, text):
    return load_text(CASE.format(framework=framework, text=text), Path("t.yaml"))


def instructions(framework, text):
    cases, faults = read(framework, text)
    assert not faults, faults
    return cases[0].tasks()[0].program(framework).instructions


@pytest.mark.parametrize(
    ("framework", "text", "expected"),
    [
        ("torch", "loss = x.pow(2).mean()", ["torch.pow", "torch.mean"]),
        ("torch", "loss = (x @ x.T).sum(dim=0).max()", ["torch.sum", "torch.max"]),
        ("torch", "loss = F.relu(x).view(-1).sum()", ["torch.reshape", "torch.sum"]),
        ("torch", "loss = x.detach().sum()", ["stop_gradient", "torch.sum"]),
        ("jax", "loss = x.reshape(2, 12).mean()", ["jax.numpy.reshape", "jax.numpy.mean"]),
        ("jax", "loss = x.transpose(1, 0).sum()", ["jax.numpy.transpose", "jax.numpy.sum"]),
    ],
)
def test_a_method_is_the_function_of_its_array(framework, text, expected):
    found = [i.operation for i in instructions(framework, text)]
    assert found[-len(expected) :] == expected


@pytest.mark.parametrize("text", ["x.view(2, 12)", "x.view((2, 12))", "x.reshape(2, -1)"])
def test_a_shape_is_one_argument_however_it_is_given(text):
    call = instructions("torch", f"loss = {text}")[-1]
    assert call.operation == "torch.reshape"
    assert len(call.arguments) == 2
    assert isinstance(call.arguments[1].value, tuple)


@pytest.mark.parametrize(
    ("framework", "text", "said"),
    [
        ("torch", "loss = x.mul_(2).sum()", "the method .mul_()"),
        ("torch", "loss = x.item()", "the method .item()"),
        ("jax", "loss = x.at(0).sum()", "the method .at()"),
        ("mlx", "loss = x.sum()", "expected operations and no methods: sum(…)"),
        ("torch", "loss = x.max(out=x)", "write to an array"),
        ("torch", "loss = nn.MSELoss()(x, x)", "is the function torch.nn.functional.mse_loss"),
        ("torch", "loss = torch.nn.MSELoss(x, x)", "torch.nn.functional.mse_loss"),
        ("torch", "loss = nn.BCELoss()(x, x)", "torch.nn.functional.binary_cross_entropy"),
    ],
)
def test_what_is_no_such_method_is_refused(framework, text, said):
    _, faults = read(framework, text)
    assert said in str(faults[0])


@pytest.mark.parametrize("framework", METHODS)
def test_every_method_is_a_function_that_may_be_called(framework):
    for method in METHODS[framework].values():
        assert method.function in TABLE or not refusal(method.function, framework)
