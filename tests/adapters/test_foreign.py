"""What frameworks call the operations, derived from how the adapters reach them."""

import importlib.util
import inspect

import optax
import optax.contrib
import pytest

from gradparity.adapters.jax_lowerings import LOWERINGS as JAX
from gradparity.adapters.lowering import COMPOSED
from gradparity.adapters.torch_lowerings import LOWERINGS as TORCH
from gradparity.cases.foreign import meant
from gradparity.cases.native_training import NATIVE_TRAINING, PARTS, REQUIRED
from gradparity.refimpl.ops import TABLE

#: Names by which an operation is reached and that people do not know it by.
MEANS = {"_weight_norm", "__getitem__", "view_as", "at"}


@pytest.mark.parametrize("lowerings", [TORCH, JAX], ids=["torch", "jax"])
def test_every_name_that_an_operation_is_reached_by_is_answered_with_ours(lowerings):
    reached = {}
    for operation in TABLE:
        name = lowerings.has(operation)
        for each in name.split("/"):
            if name and name != COMPOSED:
                reached.setdefault(each.rpartition(".")[2], set()).add(operation)
    for name, operations in reached.items():
        if name in MEANS or name[:1].isdigit():  # max_pool1d/2d/3d
            continue
        assert name in TABLE or meant(name) in operations, name


#: Framework → part → where its constructors are.
HOMES = {
    "torch": {
        "optimizer": "torch.optim",
        "schedule": "torch.optim.lr_scheduler",
        "clip": "torch.nn.utils",
        "loss-scale": "torch.amp",
        "ema": "torch.optim.swa_utils",
    },
    "mlx": dict.fromkeys(("optimizer", "schedule", "clip"), "mlx.optimizers"),
    "tensorflow": {
        "optimizer": "keras.optimizers",
        "schedule": "keras.optimizers.schedules",
        "clip": "tensorflow",
    },
    "paddle": {
        "optimizer": "paddle.optimizer",
        "schedule": "paddle.optimizer.lr",
        "clip": "paddle.nn",
    },
}

#: What is trained, wrapped, averaged or clipped: the adapter gives these itself.
GIVEN = {"opt", "inner", "new_tensors", "old_tensors", "model", "grads", "t", "t_list"}


def home(adapter, part, name):
    """What has the constructor."""
    if adapter == "jax":
        return optax if hasattr(optax, name) else optax.contrib
    return importlib.import_module(HOMES[adapter][part])


def needed(adapter, part, name):
    """The arguments that a constructor has no default for, without what is trained."""
    function = getattr(home(adapter, part, name), name)
    rest = [p for p in inspect.signature(function).parameters.values() if p.name not in GIVEN]
    trained = adapter == "torch" and part in ("optimizer", "schedule", "clip")
    rest = rest[1:] if trained else rest
    return tuple(p.name for p in rest if p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD)


@pytest.mark.parametrize(
    "adapter", [name for name in NATIVE_TRAINING if importlib.util.find_spec(name)]
)
def test_what_a_native_constructor_needs_is_known(adapter):
    for part in PARTS:
        for name in NATIVE_TRAINING[adapter].get(part, ()):
            assert REQUIRED[adapter].get(name, ()) == needed(adapter, part, name), name
