"""Which gradients flow in a capture: as in PyTorch, wherever a user cuts, bends or hides them."""

# pyright: reportAttributeAccessIssue=false, reportArgumentType=false, reportCallIssue=false
# pyright: reportIndexIssue=false, reportIncompatibleMethodOverride=false
# torch types what a module holds as a tensor or a module, whichever it is.

import pytest
import torch
import torch.nn.functional as F  # noqa: N812  its name everywhere
from torch import nn
from torch.utils.checkpoint import checkpoint

from gradparity.adapters.captures.torch import capture
from gradparity.refimpl.errors import AdapterFailed, Unsupported

from .torch_held import doubles, off
from .torch_layers import normal


class Tanh(torch.autograd.Function):
    """As people wrote them, with a context."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return torch.tanh(x) * 1.0

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return g * (1 - torch.tanh(x) ** 2)


class Sine(torch.autograd.Function):
    """As they write them today."""

    @staticmethod
    def forward(x):
        return torch.sin(x)

    @staticmethod
    def setup_context(ctx, inputs, output):  # noqa: ARG004  torch's signature
        ctx.save_for_backward(*inputs)

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return g * torch.cos(x)


class Wrong(Tanh):
    """Its derivative is twice what it should be."""

    @staticmethod
    def backward(ctx, g):
        return 2 * Tanh.backward(ctx, g)


class Cut(nn.Module):
    """A linear layer, and what ``then`` does to it; ``recorded`` looks into a tensor first."""

    def __init__(self, then, *, recorded):
        super().__init__()
        self.a = nn.Linear(6, 6)
        self.then, self.recorded = then, recorded
        self.register_buffer("mean", torch.ones(6))

    def forward(self, x):
        if self.recorded:
            assert float(x.abs().sum()) > 0  # which torch.export cannot know
        return self.then(self, self.a(x))


def enclosed(m, y):
    with torch.no_grad():
        w = torch.tanh(y) * 2
    return y * w


def view_enclosed(m, y):
    with torch.no_grad():
        w = y.view(-1).reshape(4, 6)
    return y * w


def written_enclosed(m, y):
    z = y * 1
    with torch.no_grad():
        z.clamp_(min=0.1)
    return z * z


def view_written_enclosed(m, y):
    z = y * 1
    with torch.no_grad():
        z[:, 0].mul_(3)
        z[:, 1] = 0
    return z * z


def moving_average(m, y):
    with torch.no_grad():
        m.mean.mul_(0.9).add_(y.mean(0), alpha=0.1)
    return y * m.mean


def data(m, y):
    return y.data * y


def data_written(m, y):
    y = y * 1
    y.data.mul_(2)
    return y * y


def detached_written(m, y):
    y = y * 1
    z = y.detach()
    z.mul_(2)
    return y * y


def weight_clipped(m, y):
    m.a.weight.data.clamp_(-0.1, 0.1)
    return y @ m.a.weight


def in_place(m, y):
    y = y.clone()
    y[:, 0] = 0
    y[:, 1:3].mul_(2)
    y.clamp_(-1, 1)
    return F.relu(y, inplace=True).view(-1)


def number(m, y):
    return y * float(y.detach().abs().max())


def picked(m, y):
    return y[y > 0].sum() * y


def by_sign(m, y):
    return y * y.long() + y.round().to(torch.int64)


def batch_norm(m, y):
    return F.batch_norm(y, m.mean, m.mean.clone().abs(), training=True)


def hidden_in_torch(m, y):
    return F.gaussian_nll_loss(y, y.detach() * 0.5, torch.sigmoid(y) * 0.9 + 0.05)


def mixed_precision(m, y):
    with torch.autocast("cpu", torch.bfloat16, enabled=False):
        return y @ m.a.weight


def checkpointed(m, y):
    return checkpoint(lambda t: torch.tanh(m.a(t)), y, use_reentrant=False)


def straight_through(m, y):
    return y + (y.round() - y).detach()


CUTS = [
    *(enclosed, view_enclosed, written_enclosed, view_written_enclosed, moving_average),
    *(data, data_written, detached_written, weight_clipped, in_place, number, picked, by_sign),
    *(batch_norm, hidden_in_torch, mixed_precision, checkpointed, straight_through),
    lambda _, y: Tanh.apply(y) * 2,
    lambda _, y: Sine.apply(y) * 2,
]
NAMES = [*(cut.__name__ for cut in CUTS[:-2]), "custom", "custom anew"]


@pytest.fixture(autouse=True)
def _doubles():
    with doubles():
        torch.manual_seed(0)
        yield


@pytest.mark.parametrize(
    "recorded", [True, pytest.param(False, marks=pytest.mark.slow)], ids=["recorded", "exported"]
)
@pytest.mark.parametrize("cut", CUTS, ids=NAMES)
def test_gradients_flow_as_in_torch(cut, recorded):
    assert off(Cut(cut, recorded=recorded), (normal(4, 6),), train=True) == []


def test_an_exported_block_without_gradients_is_cut_off():
    assert off(Cut(enclosed, recorded=False), (normal(4, 6),)) == []
    assert off(Cut(written_enclosed, recorded=False), (normal(4, 6),)) == []


def test_a_rule_of_ones_own_is_told_and_its_forward_pass_differentiated():
    module, x = Cut(lambda _, y: Wrong.apply(y), recorded=True), normal(4, 6)
    captured = capture(module, (x,))
    (rule,) = captured.custom
    assert rule.name == "Wrong"
    assert rule.place.code.endswith("recorded=True), normal(4, 6)")
    assert off(module, (x,), captured=captured) == [" by a.weight", " by a.bias"]
    assert capture(Cut(checkpointed, recorded=True), (x,)).custom == ()


def test_what_is_computed_in_numpy_is_refused():
    def scaled(m, y):
        return torch.from_numpy(y.detach().numpy() * 2) * y

    with pytest.raises(Unsupported, match=r"test_torch_gradients.py:\d+: .*numpy"):
        capture(Cut(scaled, recorded=True), (normal(4, 6),))


def test_data_that_is_set_is_refused():
    def replaced(m, y):
        m.a.weight.data = torch.ones(6, 6)
        return y

    with pytest.raises(Unsupported, match=r"test_torch_gradients.py:\d+: "):
        capture(Cut(replaced, recorded=True), (normal(4, 6),))


def test_a_view_of_what_was_detached_is_not_written():
    def written(m, y):
        z = y * 1
        z.detach()[0].mul_(2)
        return z

    with pytest.raises(Unsupported, match="in place"):
        capture(Cut(written, recorded=True), (normal(4, 6),))


def test_what_raises_is_told():
    def broken(m, y):
        return y @ torch.ones(5, 5)

    with pytest.raises(AdapterFailed, match="shapes cannot be multiplied"):
        capture(Cut(broken, recorded=True), (normal(4, 6),))
