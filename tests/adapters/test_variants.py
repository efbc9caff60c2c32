"""Variants: adapters of a framework's dialect that differentiate in another way."""

from pathlib import Path

import numpy as np
import pytest

from gradparity.adapters import registry
from gradparity.adapters.base import Adapter
from gradparity.adapters.torch import TorchAdapter
from gradparity.cases import load_text
from gradparity.cases.modes import MODES
from gradparity.cases.variants import VARIANTS, framework_of
from gradparity.refimpl.errors import Unsupported
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

#: Inductor compiles for minutes on a small machine.
QUICK = sorted(VARIANTS.keys() - {"torch-compile", "torch-autocast"})


def task_of(text):
    (case,), faults = load_text(text, Path("made-up.yaml"))
    assert not faults, faults
    return next(iter(case.iter_tasks()))


def verdicts(name, text):
    return {row["verdict"] for row in Runner([name]).rows(task_of(text))}


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


@pytest.mark.parametrize("name", VARIANTS)
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
