"""Modules as people write them, captured whole, against PyTorch itself."""

import pytest
import torch

from gradparity.adapters.captures.torch import capture

from .torch_held import doubles, off
from .torch_layers import LAYERS
from .torch_models import MODELS

ZOO = {**LAYERS, **MODELS}

#: Those that stand for the others where time is short.
QUICK = {"gpt", "resnet"}


def made(name):
    torch.manual_seed(0)
    return ZOO[name]()


@pytest.fixture(autouse=True)
def _doubles():
    with doubles():
        yield


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=() if n in QUICK else pytest.mark.slow) for n in ZOO]
)
def test_a_module_in_training_is_captured_whole(name):
    module, args = made(name)
    assert off(module, args, train=True) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", ["norms", "resnet", "gan", "vit", "codebook"])
def test_a_module_in_evaluation_is_captured_whole(name):
    module, args = made(name)
    assert off(module, args, train=False) == []


def test_a_module_that_was_changed_is_not_what_was_captured():
    module, args = made("gan")
    captured = capture(module, args, train=True)
    with torch.no_grad():
        module.critic[0].weight[0, 0] += 1e-6
    assert off(module, args, captured=captured) != []


@pytest.mark.slow
def test_whole_composites_stay_whole():
    module, args = made("gpt")
    operations = {i.operation for i in capture(module, args).program.instructions}
    assert {"embedding", "layer_norm", "softmax", "silu", "cross_entropy"} <= operations
    module, args = made("resnet")
    operations = {i.operation for i in capture(module, args, train=True).program.instructions}
    assert {"conv", "batch_norm", "relu", "max_pool", "adaptive_avg_pool"} <= operations
