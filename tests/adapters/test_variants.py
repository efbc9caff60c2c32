"""Variants: adapters of a framework's dialect that differentiate in another way."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode

from gradparity.adapters import registry
from gradparity.adapters.base import Adapter
from gradparity.adapters.torch import TorchAdapter
from gradparity.adapters.torch_dialect import Eager
from gradparity.adapters.torch_steps import WAYS, Given, by_backward
from gradparity.adapters.torch_tensors import placed_on, tensor
from gradparity.adapters.torch_variants import TorchOnDevice
from gradparity.cases import load_text
from gradparity.cases.modes import MODES
from gradparity.cases.variants import VARIANTS, framework_of
from gradparity.refimpl.errors import BadUsage, Unsupported
from gradparity.verify import Runner

NET = """
case: net
about: A layer that is trained.
inputs: {x: {normal: [4, 3]}}
params: {W: {normal: [3, 2]}, b: {normal: [2]}}
program: |
  z = x @ W + b
  a = tanh(z)
  loss = mean(a ** 2)
optimizer: {adam: {lr: 0.1}}
steps: 2
dtypes: [float64]
"""

HALF = """
case: half
about: A layer in bfloat16.
inputs: {x: {normal: [4, 3]}}
params: {W: {normal: [3, 2], scale: 0.25}}
program: |
  z = x @ W
  a = tanh(z)
dtypes: [bfloat16]
"""

OWN_TEXT = """
case: own-text
about: A text for torch, which its variants take.
params: {x: [0.5, 2.0]}
program:
  numpy: "y = exp(x)"
  torch: "y = torch.exp(x)"
  jax: "y = jax.numpy.exp(x)"
dtypes: [float64]
"""

#: What makes tensors of no other tensor: masks, constants, zeros.
MAKERS = """
case: makers
about: Operations that make arrays of their own.
inputs: {mask: [[0, 1, 2], [3, 4, 5], [6, 7, 8]], at: [0, 2, 2], low: [-0.5, 0.0]}
params: {q: {normal: [1, 3, 4]}, w: {normal: [12, 4]}, o: {normal: [4, 4]}, x: {normal: [3, 2]}}
program: |
  a = scaled_dot_product_attention(q, q, q, mask > 1, is_causal=true)
  b = multi_head_attention(a, q, q, w, o, num_heads=2, is_causal=true)
  c = segment_sum(x, at, num_segments=4)
  d = clip(c, low, 0.5) * 2 + where(c > 0, 1.5, c)
  e = cumulative_sum(d, axis=0, include_initial=true)
  f = info_nce(x, x * 3, temperature=0.5)
  y = sum(b) + sum(e) + f
dtypes: [float32]
"""

DEVICES = sorted(name for name, variant in VARIANTS.items() if variant.device)

#: Inductor compiles for minutes on a small machine.
QUICK = sorted(VARIANTS.keys() - {"torch-compile", "torch-autocast", *DEVICES})


def task_of(text):
    (case,), faults = load_text(text, Path("made-up.yaml"))
    assert not faults, faults
    return next(iter(case.iter_tasks()))


def verdicts(name, text):
    return {row["verdict"] for row in Runner([name]).rows(task_of(text))}


@pytest.mark.thinned(7)
@pytest.mark.parametrize("name", QUICK)
def test_a_variant_computes_what_its_framework_does(name):
    assert verdicts(name, NET) == {"agree"}


@pytest.mark.parametrize("name", ["torch-func", "torch-decomposed", "jax-eager"])
def test_a_variant_takes_its_framework_s_text(name):
    assert verdicts(name, OWN_TEXT) == {"agree"}


def test_autocast_is_held_to_bfloat16():
    assert verdicts("torch-autocast", HALF) == {"agree"}
    with pytest.raises(Unsupported, match="bfloat16"):
        registry.make("torch-autocast").run(task_of(NET))


@pytest.mark.slow
def test_compiled_code_computes_the_same():
    assert verdicts("torch-compile", OWN_TEXT) == {"agree"}


@pytest.mark.parametrize("name", DEVICES)
def test_a_device_computes_what_the_cpu_does_or_is_said_to_be_missing(name):
    try:
        found = verdicts(name, NET)
    except BadUsage as missing:
        assert "needs a CUDA device" in str(missing)  # noqa: PT017  either may be
    else:
        assert found == {"agree"}


class OnFirst(TorchOnDevice):
    name = "torch"
    device = "cpu:0"  # which to PyTorch is another one than "cpu"


def test_a_device_that_is_the_cpu_gives_its_bits():
    here, there = (made.run(task_of(NET)) for made in (TorchAdapter(), OnFirst()))
    for one, other in zip(here.steps, there.steps, strict=True):
        for kept in ("values", "grads", "params", "slots"):
            assert getattr(one, kept).keys() == getattr(other, kept).keys()
            for key, x in getattr(one, kept).items():
                np.testing.assert_array_equal(x, getattr(other, kept)[key])


def test_nothing_is_rounded_to_tf32_and_the_settings_are_as_they_were(monkeypatch):
    seen = []

    def watched(given: Given):
        seen.extend((torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32))
        return by_backward(given)

    monkeypatch.setitem(WAYS, "", watched)
    before = torch.backends.cudnn.allow_tf32
    OnFirst().run(task_of(OWN_TEXT))
    assert seen == [False, False]
    assert torch.backends.cudnn.allow_tf32 == before


def test_what_lowerings_make_is_on_the_device_of_what_they_are_given():
    task = task_of(MAKERS)
    device = "lazy:0"  # one that needs no hardware where tensors are fake
    with FakeTensorMode(allow_non_fake_inputs=True), placed_on(device):
        leaves = {k: tensor(x) for k, x in {**task.inputs, **task.params}.items()}
        program = TorchAdapter().program(task)
        found = Given(task, program, leaves, {}, []).computed(Eager(), leaves)
        assert {str(x.device) for x in found.values()} == {device}


@pytest.mark.parametrize("name", sorted(VARIANTS.keys() - set(DEVICES)))
def test_each_is_an_adapter_of_its_own_name_and_a_mode_of_its_framework(name):
    made = registry.make(name)
    assert isinstance(made, Adapter)
    assert made.name == name
    assert framework_of(name) in registry.names()
    assert VARIANTS[name].mode in MODES[framework_of(name)]


def test_variants_are_run_where_they_are_named_alone():
    assert set(registry.variants()) == set(VARIANTS)
    assert not set(registry.names()) & set(VARIANTS)
    assert not set(Runner().adapters) & set(VARIANTS)


def test_an_old_mode_is_the_variant_s_way():
    text = NET + "modes: {torch: checkpoint}\n"
    (one,) = [TorchAdapter().run(task_of(t)) for t in (text,)]
    other = registry.make("torch-checkpoint").run(task_of(NET))
    np.testing.assert_array_equal(one.steps[1].params["W"], other.steps[1].params["W"])


def test_a_record_of_a_framework_does_not_hold_for_its_variants():
    text = OWN_TEXT + (
        "versions: {torch: 2.13.0}\ndivergences:\n  - {adapters: [torch], check: value, tensor: y, "
        "kind: bug, because: made up, value: [1.0, 1.0]}\n"
    )
    assert "stale" in verdicts("torch", text)
    assert verdicts("torch-func", text) == {"agree"}
