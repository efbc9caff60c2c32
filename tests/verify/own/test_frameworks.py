"""Two sides of one framework, functions that close over modules, and state after the call."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812  as everybody writes it
from torch import nn

import gradparity as gp

X = {"x": {"normal": [6, 3]}}


class Net(nn.Module):
    def __init__(self, momentum=0.1):
        super().__init__()
        self.first, self.norm = nn.Linear(3, 4), nn.BatchNorm1d(4, momentum=momentum)
        self.last = nn.Linear(4, 4)

    def forward(self, x):
        return self.last(torch.tanh(self.norm(self.first(x))))


class Renamed(nn.Module):
    def __init__(self, act=torch.tanh):
        super().__init__()
        self.a, self.n, self.b = nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 4)
        self.act = act

    def forward(self, x):
        return self.b(self.act(self.n(self.a(x))))


HOMES = {"first": "a", "norm": "n", "last": "b"}


def renamed(state):
    parts = ((k.partition("."), x) for k, x in state.items())
    return {f"{HOMES[home]}.{rest}": x for (home, _, rest), x in parts}


def transposed(state):
    return {**renamed(state), "b.weight": state["last.weight"].T}


class Silu(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * torch.sigmoid(x)

    @staticmethod
    def backward(ctx, *grad_outputs):
        (g,) = grad_outputs
        (x,) = ctx.saved_tensors
        return g * torch.sigmoid(x) * (1 + x)


@jax.custom_vjp
def silu(x):
    return x * jax.nn.sigmoid(x)


silu.defvjp(lambda x: (silu(x), x), lambda x, g: (g * jax.nn.sigmoid(x) * (1 + x),))


@pytest.fixture
def net():
    torch.manual_seed(0)
    return Net().double()


def names(net):
    return dict(zip(net.state_dict(), renamed(net.state_dict()), strict=True))


@pytest.mark.thinned(3)
@pytest.mark.parametrize("how", ["a function", "names", "auto"])
def test_a_refactoring_of_a_module(net, how):
    params = {"a function": renamed, "names": names(net), "auto": "auto"}[how]
    report = gp.compare(net, Renamed().double(), X, params)
    assert report.verdict == "same", report
    assert report.sides == ("the first (torch)", "the second (torch)")


def test_a_refactoring_that_is_none(net):
    report = gp.compare(net, Renamed(F.relu).double(), X, renamed)
    assert report.causes == ("the second (torch) has relu in place of tanh",)
    assert [at.place.module for at in report.first.at] == ["", ""]
    report = gp.compare(net, Renamed().double(), X, transposed)
    assert report.causes == ("a square matrix is transposed in the second (torch)",)
    assert [at.place.module for at in report.first.at] == ["last", "b"]


@pytest.mark.slow
def test_a_module_beside_itself_and_compiled(net):
    assert gp.compare(net, Net().double(), X).verdict == "same"
    report = gp.compare(net, torch.compile(net, backend="aot_eager"), X)
    assert report.verdict == "same", report
    assert "the second (torch) compiled" in set(report.frame.side)


@pytest.mark.parametrize(
    ("first", "second", "name"), [(F.silu, Silu.apply, "Silu"), (jax.nn.silu, silu, "silu")]
)
def test_a_function_with_a_wrong_rule_of_its_own(first, second, name):
    x = np.random.default_rng(0).standard_normal(5)
    report = gp.compare(first, second, x)
    assert report.verdict == "differs"
    assert f"custom rule of {name} is wrong" in report.causes[0]


@pytest.mark.parametrize("inputs", [{"z": {"normal": [5]}}, {"normal": [5]}])
def test_a_function_that_says_no_names_of_its_arguments(inputs):
    """One that is built in: a gradient by what the user calls its input was not found."""
    assert gp.compare(torch.exp, jnp.exp, inputs, None).verdict == "same"
    report = gp.compare(torch.exp, lambda z: jnp.exp(2 * z), inputs, None)
    assert report.verdict == "differs"
    assert not any(found.kind == "own gradient" for found in report.findings)


def test_functions_with_their_parameters_in_jax():
    tree = {"w": np.random.default_rng(0).standard_normal((3, 4))}

    def first(p, x):
        return jnp.tanh(x @ p["w"])

    def second(p, x):
        return jnp.tanh(jnp.einsum("ij,jk->ik", x, p["w"]))

    assert gp.compare((first, tree), second, X, frameworks="jax").verdict == "same"
    report = gp.compare(
        (first, tree), lambda w, x: first({"w": w.T}, x), X, lambda p: p["w"].T, frameworks="jax"
    )
    assert report.verdict == "same", report


def test_functions_of_inputs_alone():
    x = np.random.default_rng(0).standard_normal((4, 4))
    tanh = functools.partial(F.gelu, approximate="tanh")
    assert gp.compare(tanh, jax.nn.gelu, x).verdict == "same"
    report = gp.compare(
        lambda x: torch.softmax(x, -1),
        lambda x: jax.nn.softmax(x, 0),
        x,
        frameworks=["torch", "jax"],
    )
    assert report.causes == ("softmax is along axis 0 in jax, 1 in torch",)


def test_a_function_that_closes_over_a_module_has_its_names(net):
    def first(x):
        return net(x).sum(-1)

    report = gp.compare(
        first, lambda x: net(x) @ torch.ones(4, dtype=x.dtype), X, frameworks="torch"
    )
    assert report.verdict == "same", report
    assert "first.weight" in set(report.frame.tensor)
    assert net.first.weight.grad is None


def test_frameworks_that_are_none_are_refused(net):
    with pytest.raises(gp.BadUsage, match="frameworks='mlx'"):
        gp.compare(net, net, X, frameworks="mlx")


def port(p, x, momentum=0.1, correction=1):
    hidden = x @ p["first"]["kernel"] + p["first"]["bias"]
    mean, var = hidden.mean(0), hidden.var(0)
    normed = (hidden - mean) / jnp.sqrt(var + 1e-5) * p["scale"] + p["shift"]
    new = {"mean": mean, "var": hidden.var(0, ddof=correction)}
    after = jax.tree.map(lambda a, b: (1 - momentum) * a + momentum * b, p["stats"], new)
    return jnp.tanh(normed) @ p["last"]["kernel"] + p["last"]["bias"], {"stats": after}


def converted(state):
    made = {
        name: {"kernel": state[f"{name}.weight"].T, "bias": state[f"{name}.bias"]}
        for name in ("first", "last")
    }
    stats = {"mean": state["norm.running_mean"], "var": state["norm.running_var"]}
    return {**made, "scale": state["norm.weight"], "shift": state["norm.bias"], "stats": stats}


@pytest.mark.slow
def test_running_statistics_are_compared_as_state(net):
    report = gp.compare(net, port, X, converted, state=True)
    assert report.verdict == "same", report
    assert {"state.norm.running_mean", "state.norm.running_var"} <= set(report.frame.tensor)
    report = gp.compare(net, functools.partial(port, correction=0), X, converted, state=True)
    off = report.frame[report.frame.verdict == "differs"]
    assert set(off.tensor) == {"state.norm.running_var"}
    assert "divided by n in jax" in report.causes[0]
