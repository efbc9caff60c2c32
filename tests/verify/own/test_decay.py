"""Which parameters are decayed on each side, and steps that rounding alone tells apart."""

import jax
import jax.numpy as jnp
import optax
import pytest
import torch
from torch import nn

import gradparity as gp


class Normed(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.norm, self.last = nn.Linear(6, 8), nn.LayerNorm(8), nn.Linear(8, 4)

    def forward(self, x):
        return self.last(self.norm(torch.tanh(self.first(x))))


def port(p, x):
    y = jnp.tanh(x @ p["first"]["kernel"] + p["first"]["bias"])
    y = (y - y.mean(-1, keepdims=True)) / jnp.sqrt(y.var(-1, keepdims=True) + 1e-5)
    y = y * p["norm"]["scale"] + p["norm"]["bias"]
    return y @ p["last"]["kernel"] + p["last"]["bias"]


def params(state):
    made = {
        name: {"kernel": state[f"{name}.weight"].T, "bias": state[f"{name}.bias"]}
        for name in ("first", "last")
    }
    return {**made, "norm": {"scale": state["norm.weight"], "bias": state["norm.bias"]}}


#: What torch decays, as parameter groups are written, and what optax does.
GROUPS = {
    "all": lambda name, x: True,  # noqa: ARG005
    "matrices": lambda name, x: x.ndim > 1,  # noqa: ARG005
    "no norms": lambda name, x: not name.startswith("norm"),  # noqa: ARG005
}
MASKS = {
    "all": None,
    "matrices": lambda tree: jax.tree_util.tree_map(lambda x: x.ndim > 1, tree),
    "no norms": lambda tree: {
        k: jax.tree_util.tree_map(lambda _, k=k: k != "norm", held) for k, held in tree.items()
    },
}
SAID = {
    "all": "all parameters",
    "matrices": "those of two axes or more alone (no biases, no norms)",
    "no norms": "all parameters but norm.weight, norm.bias",
}


def trained(here, there, decay=0.05, rule=torch.optim.AdamW):
    torch.manual_seed(0)
    net = Normed().double()
    chosen = {k for k, x in net.named_parameters() if GROUPS[here](k, x)}
    named = dict(net.named_parameters())
    groups: list[dict[str, object]] = [{"params": [named[k] for k in named if k in chosen]}]
    if len(chosen) < len(named):
        rest = [x for k, x in named.items() if k not in chosen]
        groups.append({"params": rest, "weight_decay": 0.0})
    optimizer = rule(groups, lr=1e-2, weight_decay=0.05)
    steps = gp.Steps(3, optimizer, optax.adamw(1e-2, weight_decay=decay, mask=MASKS[there]))
    return gp.compare(net, port, {"x": {"normal": [5, 6]}}, params, train=steps)


@pytest.mark.thinned(10)
@pytest.mark.parametrize(("here", "there"), [(here, there) for there in MASKS for here in GROUPS])
def test_parameters_that_one_side_alone_decays_are_told(here, there):
    report = trained(here, there)
    if here == there:
        assert report.verdict == "same", report
        return
    assert report.causes == (f"jax decays {SAID[there]}, torch decays {SAID[here]}",)
    wanted = "in jax: no mask" if here == "all" else "in jax: a mask of the decay (optax.adamw("
    assert report.first.agree.startswith(wanted)


@pytest.mark.slow
def test_another_decay_of_the_same_parameters_is_a_number():
    report = trained("all", "all", decay=0.1)
    assert report.causes == ("weight_decay is 0.1 in jax, 0.05 in torch",)


@pytest.mark.slow
def test_a_number_that_groups_have_otherwise_is_told_of_each():
    report = trained("matrices", "all", decay=0.1)
    assert report.causes, report
    assert not any("is 0.05 in jax, 0.05 in torch" in cause for cause in report.causes)
