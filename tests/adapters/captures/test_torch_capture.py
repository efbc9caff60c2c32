"""What a capture of PyTorch's code is made of: names, places, dtypes, constants, gaps."""

# pyright: reportAttributeAccessIssue=false, reportArgumentType=false, reportCallIssue=false
# pyright: reportIndexIssue=false, reportIncompatibleMethodOverride=false
# torch types what a module holds as a tensor or a module, whichever it is.

import warnings
from dataclasses import dataclass

import ml_dtypes
import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812  its name everywhere
from torch import nn
from torch.export import ExportedProgram

from gradparity.adapters.captures.torch import capture
from gradparity.refimpl.errors import Randomness

from .torch_held import doubles, off, step_of
from .torch_layers import labels, normal


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 4)
        self.act = nn.GELU()

    def forward(self, x):
        return self.act(self.fc(x)) * x.sin()


class Net(nn.Module):
    """Tied weights, a frozen bias, a buffer, a keyword, a container handed back."""

    def __init__(self):
        super().__init__()
        self.blocks = nn.ModuleList([Block(), Block()])
        self.blocks[1].fc.weight = self.blocks[0].fc.weight
        self.blocks[1].fc.bias.requires_grad_(False)  # noqa: FBT003  torch takes it by position
        self.register_buffer("scale", torch.full((4,), 0.5))
        self.t1 = nn.Parameter(torch.ones(4))

    def forward(self, x, *, rows, shift=0.0):
        for block in self.blocks:
            x = block(x)
        y = x[rows] * self.scale + shift + self.t1
        return {"y": y, "parts": (y.sum(), rows + 1)}


@pytest.fixture(scope="module")
def net():
    with doubles():
        torch.manual_seed(0)
        module = Net()
        kwargs = {"rows": torch.tensor([2, 0, 1]), "shift": 0.25}
        return module, (normal(3, 4),), kwargs, capture(module, (normal(3, 4),), kwargs)


def test_leaves_have_the_users_names(net):
    module, args, kwargs, captured = net
    assert list(captured.params) == ["t1", "blocks.0.fc.weight", "blocks.0.fc.bias"]
    assert {"x", "rows", "scale", "blocks.1.fc.bias"} <= captured.inputs.keys()
    assert list(captured.outputs) == ["y", "parts.0", "parts.1"]
    with doubles():
        assert off(module, args, kwargs, captured=captured) == []


def test_variables_take_no_name_of_a_users(net):
    captured = net[-1]
    made = [i.target for i in captured.program.instructions]
    assert "t1" not in made
    assert len(set(made)) == len(made)


def test_instructions_know_their_place(net):
    captured = net[-1]
    gelu = [i for i in captured.program.instructions if i.operation == "gelu"]
    places = [captured.places[i.target] for i in gelu]
    assert [p.module for p in places] == ["blocks.0.act", "blocks.1.act"]
    assert all(p.file.endswith("test_torch_capture.py") for p in places)
    assert {p.code for p in places} == {"return self.act(self.fc(x)) * x.sin()"}
    assert {i.line for i in gelu} == {places[0].line}
    (sine, _) = [i for i in captured.program.instructions if i.operation == "sin"]
    assert captured.places[sine.target].module == "blocks.0"


def scaled(x):
    return x * 3


def test_a_place_is_the_innermost_of_the_users():
    def outer(x):
        return scaled(x) + 1

    for look in (False, True):  # exported, and recorded

        def run(x, look=look):
            return outer(x) if not look or float(x.sum()) else x

        captured = capture(run, (normal(3),))
        codes = [captured.places[i.target].code for i in captured.program.instructions]
        assert codes == ["return x * 3", "return scaled(x) + 1"]


def test_what_reaches_no_floating_leaf_is_folded():
    def positions(x):
        steps = torch.arange(x.shape[0])
        hidden = steps[:, None] < steps
        return x.masked_fill(hidden, 0.0) + (steps // 2).to(x.dtype)

    captured = capture(positions, (normal(3, 3).to(torch.float64),))
    assert [i.operation for i in captured.program.instructions] == ["where", "add"]


def test_floats_made_of_floats_are_computed_by_the_reference():
    def angles(x):
        return x * torch.cos(torch.arange(3, dtype=x.dtype) / 3)

    x = normal(3)
    captured = capture(angles, (x,))
    assert [i.operation for i in captured.program.instructions] == ["divide", "cos", "multiply"]
    (output,) = captured.outputs.values()
    want = x.to(torch.float64) * torch.cos(torch.arange(3, dtype=torch.float64) / 3)
    np.testing.assert_allclose(step_of(captured, output).values[output], want, rtol=1e-14)


def test_arrays_keep_the_dtypes_of_the_users_code():
    module = nn.Linear(3, 2).to(torch.bfloat16)
    captured = capture(module, (normal(4, 3).to(torch.bfloat16),))
    held = {**captured.params, **captured.inputs}
    assert {x.dtype for x in held.values()} == {np.dtype(ml_dtypes.bfloat16)}
    assert set(captured.dtypes.values()) == {"bfloat16"}

    def widened(x):
        return x.double().sum()

    captured = capture(widened, (normal(3).to(torch.float32),))
    assert set(captured.dtypes.values()) == {"float64"}


class Sampled(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 3)
        self.drop = nn.Dropout(0.25)

    def forward(self, x):
        return self.drop(self.fc(x))


def test_random_numbers_are_refused_with_their_line():
    place = r"^drop: .*test_torch_capture.py:\d+: return self.drop\(self.fc\(x\)\): dropout"
    with pytest.raises(Randomness, match=place):
        capture(Sampled(), (normal(2, 4),), train=True)
    with pytest.raises(Randomness, match=r"test_torch_capture.py:\d+: .*rand"):
        capture(lambda x: x + torch.rand(3), (normal(3),))
    assert capture(Sampled(), (normal(2, 4),), train=False).whole


def test_random_numbers_are_what_they_are_said_to_be():
    mask = np.arange(6).reshape(2, 3) % 2
    asked = []

    def answer(draw):
        asked.append((draw.operation, draw.shape))
        return mask

    with doubles():
        module, x = Sampled(), normal(2, 4)
        captured = capture(module, (x,), train=True, draws=answer)
        (output,) = captured.outputs.values()
        got = step_of(captured, output).values[output]
        want = module.fc(x).detach().numpy() * mask / 0.75
    assert asked == [("dropout", (2, 3))]
    np.testing.assert_allclose(got, want, rtol=1e-12)

    def noisy(x):
        assert float(x.sum()) < np.inf  # recorded
        return x + torch.randn(2, 3)

    captured = capture(noisy, (torch.zeros(2, 3),), draws=answer)
    (output,) = captured.outputs.values()
    np.testing.assert_array_equal(step_of(captured, output).values[output], mask)


def test_the_mode_of_a_module_is_put_back():
    module = Sampled().train()
    capture(module, (normal(2, 4),), train=False)
    assert module.training
    assert module.drop.training


def test_running_statistics_are_state():
    module = nn.Sequential(nn.BatchNorm1d(3))
    before = module[0].running_mean.clone()
    captured = capture(module, (normal(4, 3),), train=True)
    assert set(captured.state) == {"0.running_mean", "0.running_var", "0.num_batches_tracked"}
    assert torch.equal(module[0].running_mean, before)
    assert capture(module, (normal(4, 3),), train=False).state == {}


def test_a_function_is_captured_with_the_modules_it_closes_over():
    net = nn.Linear(3, 1)

    def loss(x, target):
        return F.mse_loss(net(x), target)

    captured = capture(loss, (normal(2, 3), normal(2, 1)))
    assert list(captured.params) == ["net.weight", "net.bias"]
    assert {"x", "target"} <= captured.inputs.keys()
    bound = capture(Block().forward, (normal(2, 4),))
    assert list(bound.params) == ["fc.weight", "fc.bias"]


def test_arguments_that_want_a_gradient_are_parameters():
    def line(p, x):
        return x @ p["w"] + p["b"][0]

    p = {"w": normal(3, 2).requires_grad_(), "b": [normal(2).requires_grad_()]}
    captured = capture(line, (p, normal(4, 3)))
    assert list(captured.params) == ["p.w", "p.b.0"]


@dataclass
class Found:
    loss: torch.Tensor
    hidden: tuple
    note: str = "none"


def test_results_may_be_of_any_container():
    def both(x, y):
        return Found(x.sum(), (x * y, x))

    captured = capture(both, (normal(3), normal(3)))
    assert list(captured.outputs) == ["loss", "hidden.0", "hidden.1"]
    assert len(set(captured.outputs.values())) == 3


def test_what_has_no_counterpart_is_a_gap_with_its_place():
    class Odd(nn.Module):
        def forward(self, x):
            return torch.special.bessel_j0(x) + x, x * 2

    captured = capture(Odd(), (normal(3),))
    (gap,) = captured.gaps
    assert not captured.whole
    assert gap.operation == "aten.special_bessel_j0.default"
    assert gap.place.code == "return torch.special.bessel_j0(x) + x, x * 2"
    assert list(captured.outputs) == ["1"]


def test_what_nothing_needs_is_left_out():
    def spare(x):
        torch.special.bessel_j0(x).sum()
        return x * 2

    captured = capture(spare, (normal(3),))
    assert captured.whole
    assert len(captured.program.instructions) == 1


def test_what_data_decides_is_that_of_the_run():
    def branch(x):
        n = 0
        while x.norm() > 1 and n < 9:
            x, n = x / 2, n + 1
        return x * n

    captured = capture(branch, (torch.full((4,), 3.0),))
    assert [i.operation for i in captured.program.instructions] == ["divide"] * 3 + ["multiply"]


def test_an_array_that_is_made_of_what_a_run_knows_is_a_constant():
    def scaled(x):
        size = 2.0 + 0 * (x > 0).sum().item()
        return x * torch.from_numpy(np.array(size)).to(x.dtype)

    captured = capture(scaled, (normal(3),))
    assert captured.whole
    assert captured.program.instructions[-1].operation == "multiply"


class Viewed(nn.Module):
    """Views of one another, and of what is written where it is told so."""

    def __init__(self, *, writes):
        super().__init__()
        self.fc, self.writes = nn.Linear(6, 6), writes

    def forward(self, x):
        y = self.fc(x)
        heads = y.view(2, 3, 2).transpose(0, 1)
        if self.writes:
            y[0, 1:3].mul_(3.0)
            heads[1].add_(y[1, :4].reshape(2, 2))
        first, rest = heads.split([1, 2])
        made = first.squeeze(0).unsqueeze(1) * rest.flatten(1).unsqueeze(-1)
        return made.permute(2, 0, 1), y.T


@pytest.mark.parametrize("writes", [False, True])
def test_views_are_arrays_by_themselves_where_nothing_is_written(writes, monkeypatch):
    """To decompose a graph takes longer than all else of its capture."""
    decompose, asked = ExportedProgram.run_decompositions, []
    monkeypatch.setattr(
        ExportedProgram,
        "run_decompositions",
        lambda *given: asked.append(1) or decompose(*given),
    )
    with doubles():
        torch.manual_seed(0)
        module, args = Viewed(writes=writes), (normal(2, 6),)
        assert off(module, args, {}, captured=capture(module, args)) == []
    assert bool(asked) == writes


def test_a_compiled_module_is_captured_as_it_was_written():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of torch's own code
        module = torch.compile(nn.Linear(3, 2))
    captured = capture(module, (normal(2, 3),))
    assert list(captured.params) == ["weight", "bias"]


def test_an_ignored_class_is_said_only_where_it_occurs():
    x = normal(4, 3)
    for target in (labels(4, high=3), torch.tensor([0, -100, 2, 1])):
        captured = capture(F.cross_entropy, (x, target))
        (loss,) = [i for i in captured.program.instructions if i.operation == "cross_entropy"]
        assert loss.attributes["ignore_index"] == (-100 if (target < 0).any() else None)


ODD = {
    "bits": (lambda x: x.view(torch.int64).view(torch.float64) * x, "same bits"),
    "by count": (
        lambda x: F.embedding(torch.tensor([0, 0]), x[:, None], scale_grad_by_freq=True),
        "how often",
    ),
}


@pytest.mark.parametrize("name", ODD)
def test_a_call_that_means_something_else_is_no_instruction(name):
    function, reason = ODD[name]

    def run(x):
        assert float(x.sum()) != 0  # recorded
        return function(x)

    captured = capture(run, (normal(3).to(torch.float64),))
    (gap,) = captured.gaps
    assert reason in gap.reason
    assert gap.place.file.endswith("test_torch_capture.py")


def test_whole_numbers_that_move_stay_whole():
    def chosen(x):
        return x[(x > 0).to(torch.int64) + 1]

    with doubles():
        x = normal(4)
        captured = capture(chosen, (x,))
        (output,) = captured.outputs.values()
        got = step_of(captured, output).values[output]
    np.testing.assert_array_equal(got, chosen(x))


class Ranked(nn.Module):
    """A parameter times a rank, which a tolerance decides."""

    def __init__(self, rank):
        super().__init__()
        self.w, self.rank = nn.Parameter(torch.ones(2)), rank

    def forward(self, x):
        return self.w * self.rank(x)


RANKS = {
    "by default": (torch.linalg.matrix_rank, 4),
    "absolute": (lambda x: torch.linalg.matrix_rank(x, 0.1), 2),
    "a tensor": (lambda x: torch.linalg.matrix_rank(x, torch.tensor(1e-3)), 3),
    "relative": (lambda x: torch.linalg.matrix_rank(x, rtol=0.1), 2),
    "both": (lambda x: torch.linalg.matrix_rank(x, atol=2.0, rtol=0.1), 1),
    "none": (lambda x: torch.linalg.matrix_rank(x, atol=0.0), 4),
}


@pytest.mark.parametrize("name", RANKS)
def test_a_rank_is_told_by_its_tolerances(name):
    rank, told = RANKS[name]
    with doubles():
        x = torch.diag(torch.tensor([5.0, 1.0, 1e-2, 1e-5, 0.0]))
        assert int(rank(x)) == told
        assert off(Ranked(rank), (x,)) == []


@pytest.mark.parametrize(
    "cut",
    [lambda x: torch.pinverse(x, 0.1), lambda x: torch.linalg.lstsq(x, x, rcond=0.1).solution],
)
def test_singular_values_that_are_cut_off_are_a_gap(cut):
    with doubles():
        captured = capture(cut, (normal(3, 3),))
        assert [g.reason for g in captured.gaps] == ["singular values left out by a cutoff"]
