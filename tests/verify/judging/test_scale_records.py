"""What a case expects and records of the scale of its loss, and of averages."""

from pathlib import Path

import pytest

from gradparity.cases import load_text
from gradparity.verify import Runner

CASE = """
case: scaled
about: A loss that is scaled, by another rule in one framework.
inputs: {x: [1.0, 2.0]}
params: {W: [0.5, -0.25]}
program: loss = sum((x * W) ** 2)
optimizer: {sgd: {lr: 0.01}}
loss-scale: {init: 1024, growth: 2, every: 2}
ema: {decay: 0.5, debias: false, start: params}
steps: 3
dtypes: [float32]
"""

GROWS = """
native: {torch: {loss-scale: {GradScaler: {init_scale: 1024, growth_interval: 1}}}}
"""

RECORD = """
divergences:
  - adapters: [torch]
    check: update
    tensor: loss.scale
    kind: default
    value: VALUE
    because: It grows after each step in PyTorch.
    agree-by: growth_interval=2
"""


def failing(text):
    (case,), faults = load_text(text, Path("t.yaml"))
    assert [str(fault) for fault in faults] == []
    runner = Runner(["torch"])
    rows = [row for task in case.tasks() for row in runner.rows(task)]
    return {
        (r["check"], r["tensor"], r["verdict"])
        for r in rows
        if r["verdict"] in ("differs", "stale", "known")
    }


@pytest.mark.parametrize("name", ["loss.scale: 2048", "W.ema: [0.479098, -0.210236]"])
def test_what_is_right_is_expected(name):
    assert failing(f"{CASE}expect:\n  update: {{{name}}}\n") == set()


def test_an_average_that_is_expected_otherwise_is_off():
    found = failing(f"{CASE}expect:\n  update: {{W.ema: [0.4791, -0.210236]}}\n")
    assert found == {("update", "W.ema", "differs")}


def test_a_scale_that_is_expected_otherwise_is_off():
    found = failing(f"{CASE}expect:\n  update: {{loss.scale: 1024}}\n")
    assert found == {("update", "loss.scale", "differs")}


def test_a_recorded_scale_takes_the_gradients_that_follow_with_it():
    found = failing(CASE + GROWS + RECORD.replace("VALUE", "8192"))
    assert found == {("update", "loss.scale", "known")}


def test_a_scale_that_is_no_longer_what_was_recorded_is_stale():
    found = failing(CASE + GROWS + RECORD.replace("VALUE", "4096"))
    assert ("update", "loss.scale", "stale") in found


def test_a_wrong_gradient_is_seen_beside_a_recorded_scale():
    text = CASE.replace(
        "program: loss = sum((x * W) ** 2)",
        "program: {numpy: loss = sum((x * W) ** 2), torch: loss = sum((x * W) ** 2) * 1.01}",
    )
    found = failing(text + GROWS + RECORD.replace("VALUE", "8192"))
    assert ("grad", "W", "differs") in found
    assert ("update", "loss.scale", "known") in found


def test_a_case_without_either_has_neither():
    text = CASE.replace("loss-scale: {init: 1024, growth: 2, every: 2}\n", "")
    _, faults = load_text(f"{text}expect:\n  update: {{loss.scale: 2048}}\n", Path("t.yaml"))
    (fault,) = map(str, faults)
    assert "unknown parameter 'loss.scale', expected one of W, W.m, W.ema" in fault
