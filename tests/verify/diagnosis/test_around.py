"""What goes around an update and is off is told by what it is: averages, passes, a scaled loss."""

from dataclasses import dataclass

import pytest

import gradparity as gp
from gradparity.adapters.base import Adapter
from gradparity.adapters.numpy_reference import reference
from gradparity.adapters.reference_training import Order
from gradparity.cases.training_parts import FEATURES
from gradparity.reports.failures import told
from gradparity.verify.diagnosis.training import training_cause

TASK = """
case: around
about: A linear model of a few rows.
inputs: {{x: {{normal: [8, 3]}}, t: {{normal: [8, 1]}}}}
params: {{W: {{normal: [3, 1]}}}}
program: loss = mse(x @ W, t)
optimizer: {{{rule}: {{lr: 0.1}}}}
batch: {{size: 2}}
steps: 6
dtypes: [{dtype}]
{more}
"""

EMA = "ema: {decay: 0.9, start: params}"
SUM = "accumulate: {passes: 2, as: sum}"
SCALE = "loss-scale: {init: 1024, every: 2}"
CLIP = "clip: {global_norm: {max: 1.0, eps: 1e-6}}"

#: What the case has, what is native, who is off, words of the cause.
NATIVE = {
    "decay": (EMA, "jax: {ema: {incremental_update: {step_size: 0.01}}}", "decay is 0.99 in jax"),
    "kept for new": (EMA, "jax: {ema: {incremental_update: {step_size: 0.9}}}", "what is kept for"),
    "start": (
        EMA,
        "torch: {ema: {get_ema_multi_avg_fn: {decay: 0.9}}}",
        "the average begins at the first update's parameters in torch, at the parameters in",
    ),
    "debias": (
        "ema: {decay: 0.9, start: zeros}",
        "jax: {ema: {ema: {decay: 0.9}}}",
        "the average is divided by 1 - decayᵗ in jax, not in the case",
    ),
    "not debiased": (
        "ema: {decay: 0.9, start: zeros, debias: true}",
        "jax: {ema: {ema: {decay: 0.9, debias: false}}}",
        "the average is not divided by 1 - decayᵗ in jax, it is in the case",
    ),
    "all alike": (EMA, "torch: {ema: {AveragedModel: {}}}", "torch averages all updates alike"),
    "mean": (
        SUM,
        "jax: {accumulate: {MultiSteps: {every_k_schedule: 2}}}",
        "jax takes the mean of the passes' gradients, the case the sum",
    ),
    "passes": (
        SUM,
        "jax: {accumulate: {MultiSteps: {every_k_schedule: 3, use_grad_mean: false}}}",
        "an update is made of 3 passes in jax, of 2 in the case",
    ),
    "scaled clip": (
        f"loss-scale: {{init: 1024}}\n{CLIP}",
        "torch: {loss-scale: {GradScaler: {init_scale: 1024, unscale_: false}}}",
        "torch clips before it unscales the gradients, the case after it",
    ),
    "first scale": (
        SCALE,
        "torch: {loss-scale: {GradScaler: {growth_interval: 2}}}",
        "the first loss scale is 65536 in torch, 1024 in the case",
    ),
    "growth": (
        SCALE,
        "torch: {loss-scale: {GradScaler: {init_scale: 1024}}}",
        "after which the loss scale grows is 2000 in torch, 2 in the case",
    ),
}


#: Those that are asked each time.
QUICK = ("start", "mean", "scaled clip", "warm-up")


def asked(names):
    return [pytest.param(k, marks=[] if k in QUICK else [pytest.mark.slow]) for k in names]


@pytest.mark.parametrize("name", asked(NATIVE))
def test_a_frameworks_own_object_that_does_otherwise_is_told(name):
    more, native, words = NATIVE[name]
    text = TASK.format(rule="sgd", dtype="float32", more=f"{more}\nnative:\n  {native}")
    who = native.partition(":")[0]
    frame = gp.run(gp.load_cases(text), adapters=[who])
    off = frame[frame.verdict == "differs"]
    assert len(off)
    assert off.cause.str.contains(words, regex=False).all()
    assert (off.remedy != "").all()
    assert words in "\n".join(told(frame)[:10])


@pytest.mark.slow
def test_slots_tell_a_sum_from_a_mean_where_no_parameter_does():
    native = "jax: {accumulate: {MultiSteps: {every_k_schedule: 2}}}"
    text = TASK.format(rule="adam", dtype="float64", more=f"{SUM}\nnative:\n  {native}")
    frame = gp.run(gp.load_cases(text), adapters=["jax"])
    (cause,) = set(frame[frame.verdict == "differs"].cause)
    assert cause == (
        "jax takes the mean of the passes' gradients, the case the sum; "
        "the passes' gradients are added up in float32 in jax"
    )


@pytest.mark.slow
def test_single_precision_of_what_is_added_up_is_told_by_itself():
    native = "jax: {accumulate: {MultiSteps: {every_k_schedule: 2, use_grad_mean: false}}}"
    text = TASK.format(rule="sgd", dtype="float64", more=f"{SUM}\nnative:\n  {native}")
    frame = gp.run(gp.load_cases(text), adapters=["jax"])
    (cause,) = set(frame[frame.verdict == "differs"].cause)
    assert cause == "the passes' gradients are added up in float32 in jax"


OVERFLOWING = """
case: overflowing
about: A row whose square overflows.
inputs:
  x: [[1.0, 2.0], [3.0, 4.0], [1e200, 1e200], [0.5, 0.25]]
  t: [[1.0], [0.5], [1.0], [2.0]]
params: {W: {normal: [2, 1]}}
program: loss = mse(x @ W, t)
optimizer: {sgd: {lr: 0.1, momentum: 0.9}}
loss-scale: {init: 1024}
batch: {size: 1}
native: {jax: {loss-scale: {apply_if_finite: {max_consecutive_errors: 0}}}}
steps: 4
dtypes: [float64]
"""


def test_updates_that_are_made_of_what_is_not_finite_are_told():
    frame = gp.run(gp.load_cases(OVERFLOWING), adapters=["torch", "jax"])
    off = frame[frame.verdict == "differs"]
    assert set(off.adapter) == {"jax"}
    assert set(off.cause) == {
        "jax makes updates of gradients that are not finite, the case leaves them out"
    }


@dataclass
class Otherwise(Adapter):
    """The reference in another order."""

    order: Order
    name = "other"
    able = frozenset(FEATURES)

    def version(self):
        return "0"

    def has(self, operation):
        return operation

    def run(self, task):
        return reference(task, order=self.order)


#: What is planted, what the case has, words of the cause.
PLANTED = {
    "each pass": (Order(clips_passes=True), f"{SUM}\n{CLIP}", "clips the gradients of each pass"),
    "scaled": (Order(clips_scaled=True), f"{SCALE}\n{CLIP}", "clips before it unscales"),
    "never unscaled": (Order(unscales=False), SCALE, "does not unscale the gradients"),
    "before": (Order(averages_before=True), EMA, "takes the parameters before the update"),
    "warm-up": (
        Order(decay=lambda rule, t: min(rule.decay, (1 + t) / (10 + t))),
        EMA,
        "the decay warms up",
    ),
}


@pytest.mark.parametrize("name", asked(PLANTED))
def test_an_order_that_is_planted_is_told(name):
    order, more, words = PLANTED[name]
    (case,) = gp.load_cases(TASK.format(rule="sgd", dtype="float64", more=more))
    (task,) = case.tasks()
    found = training_cause(task, Otherwise(order))
    assert found is not None
    assert words in found.says
    assert training_cause(task, Otherwise(Order())) is None


def test_a_native_part_that_the_case_lacks_is_refused():
    for part, given, said in (
        ("ema", "{AveragedModel: {}}", "native averages in torch and the case averages nothing"),
        ("loss-scale", "{GradScaler: {}}", "native scales the loss in torch and the case does not"),
    ):
        text = TASK.format(
            rule="sgd", dtype="float64", more=f"native: {{torch: {{{part}: {given}}}}}"
        )
        with pytest.raises(gp.BadCase, match=said):
            gp.load_cases(text)
