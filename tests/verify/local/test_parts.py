"""Clip, schedule and rule are told apart, whoever is off; and rows have the reference's rate."""

from pathlib import Path

import pytest

from gradparity.adapters.numpy_reference import NumpyAdapter
from gradparity.adapters.reference_training import rates
from gradparity.cases import load_text
from gradparity.refimpl.optimizers import RULES
from gradparity.verify import Runner
from gradparity.verify.selftest.rule_faults import rewritten

CASE = """
case: updated
about: Some steps of an update.
inputs: {g: [3.0, -4.0]}
params: {W: [1.0, 1.0]}
program: |
  loss = sum(g * W)
optimizer: {adam: {lr: 0.1}}
steps: 3
dtypes: [float64]
"""


def task(more="", optimizer="{adam: {lr: 0.1}}"):
    text = CASE.replace("{adam: {lr: 0.1}}", optimizer)
    cases, faults = load_text(text + more, Path("made-up.yaml"))
    assert not faults, faults
    return cases[0].tasks()[0]


def off(given, *adapters):
    rows = Runner(adapters).rows(given)
    assert not [row["reason"] for row in rows if row["verdict"] == "error"]
    return [row for row in rows if row["verdict"] == "differs"]


SCHEDULE = "schedule: {step: {every: 2, factor: 0.5}}\n"
CLIP = "clip: {global_norm: {max: 2.5, eps: 0.0}}\n"


def test_another_clip_is_blamed_with_what_it_leaves():
    own = CLIP + "native:\n  jax: {clip: {clip: {max_delta: 2.5}}}\n"
    rows = off(task(own, "{sgd: {lr: 1.0}}"), "jax", "torch")
    assert {(row["adapter"], row["blame"]) for row in rows} == {("jax", "clip")}
    assert all(
        "blamed: the clip global_norm, at step 1, in W" in row["reason"]
        and "jax's own clip(max_delta=2.5) stands in for it" in row["reason"]
        and "of a gradient of norm 5 it leaves 3.5355, the reference's 2.5" in row["reason"]
        for row in rows
    )


def test_another_schedule_is_blamed_with_the_rates_of_both():
    own = "native:\n  jax: {schedule: {cosine_decay_schedule: {init_value: 0.1, decay_steps: 4}}}\n"
    rows = off(task(SCHEDULE + own), "jax", "torch")
    assert {(row["adapter"], row["blame"]) for row in rows} == {("jax", "schedule")}
    for row in rows:
        assert "blamed: the schedule step, at step 2, in W" in row["reason"]
        assert "cosine_decay_schedule(init_value=0.1, decay_steps=4) stands" in row["reason"]
        assert "it steps by 0.1, 0.085355, 0.05, the reference by 0.1, 0.1, 0.05" in row["reason"]


@pytest.mark.parametrize(
    ("part", "own", "said"),
    [
        (CLIP, "clip: {clip: {max_delta: 2.5}}", "of a gradient of norm 5 it leaves 3.5355"),
        (
            SCHEDULE,
            "schedule: {cosine_decay_schedule: {init_value: 0.1, decay_steps: 4}}",
            "it steps by 0.1, 0.085355",
        ),
    ],
)
def test_parts_are_told_apart_of_a_scaled_loss_as_well(part, own, said):
    more = f"{part}native:\n  jax: {{{own}}}\nloss-scale: {{init: 1024}}\n"
    rows = off(task(more, "{sgd: {lr: 0.1}}"), "jax")
    assert {row["blame"] for row in rows} == {part.partition(":")[0]}
    assert all(said in row["reason"] for row in rows)


def test_the_first_part_that_is_off_is_blamed_though_another_comes_later():
    own = """native:
  torch: {clip: {clip_grad_value_: {clip_value: 2.5}}, schedule: {ExponentialLR: {gamma: 0.5}}}
"""
    rows = off(task(CLIP + SCHEDULE + own, "{sgd: {lr: 0.1}}"), "torch")
    assert {row["blame"] for row in rows} == {"clip"}


def test_an_own_optimizer_at_another_rate_is_the_rules_and_the_rate_is_told():
    own = "native:\n  torch: {optimizer: {SGD: {lr: 0.05, momentum: 0.9}}}\n"
    sgd = "{sgd: {lr: 0.1, momentum: 0.9, dampening: 0.0}}"
    rows = off(task(own, sgd), "torch")
    assert {row["blame"] for row in rows} == {"sgd"}
    for row in rows:
        assert "blamed: the update rule sgd, at step 1, in W" in row["reason"]
        assert "torch's own SGD(lr=0.05, momentum=0.9) stands in for it" in row["reason"]
        assert "it is right at a rate of 0.05, the reference's is 0.1" in row["reason"]


def wrong(name):
    def turned(update, g, param, state, step, **hyper):
        moved, after = update(g, param, state, step, **hyper)
        return moved * 1.01, after

    return NumpyAdapter(rules={**RULES, name: rewritten(RULES[name], turned)})


@pytest.mark.parametrize("rule", ["sgd", "adam"])
def test_a_wrong_rule_is_blamed_where_there_is_a_clip_and_a_schedule_too(rule):
    rows = off(task(CLIP + SCHEDULE, f"{{{rule}: {{lr: 0.1}}}}"), wrong(rule))
    assert {row["blame"] for row in rows} == {rule}
    assert all(f"blamed: the update rule {rule}, at step 1" in row["reason"] for row in rows)
    assert not any("at a rate of" in row["reason"] for row in rows)


def test_a_rule_that_is_wrong_at_a_late_step_is_blamed_there():
    def late(update, g, param, state, step, **hyper):
        moved, after = update(g, param, state, step, **hyper)
        return (moved * 1.01 if step == 3 else moved), after

    adapter = NumpyAdapter(rules={**RULES, "adam": rewritten(RULES["adam"], late)})
    rows = off(task(CLIP + SCHEDULE), adapter)
    assert {row["blame"] for row in rows} == {"adam"}
    assert all("at step 3, in W" in row["reason"] for row in rows)


def test_updates_have_the_references_rate_and_nothing_else_has():
    rows = Runner(["numpy"]).rows(task(SCHEDULE))
    told = {row["step"]: row.get("rate") for row in rows if row["check"] == "update"}
    assert told == {0: 0.1, 1: 0.1, 2: 0.05}
    assert all("rate" not in row for row in rows if row["check"] != "update")


def test_rates_are_of_each_parameter_and_see_the_losses():
    schedule = "schedule: {reduce_on_plateau: {factor: 0.5, patience: 0, threshold: 0.0}}\n"
    assert rates(task(schedule), [1.0, 2.0, 0.5, 3.0])["W"] == [0.1, 0.05, 0.05, 0.025]
