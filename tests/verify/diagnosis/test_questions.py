"""Everyday questions of porting: a run's own output names the cause and the remedy."""

from __future__ import annotations

from pathlib import Path

import pytest

import gradparity as gp
from gradparity.reports.failures import told

QUESTIONS = Path(__file__).with_name("questions.yaml")

#: Question → who differs, words of the cause, words of the remedy.
ANSWERS = {
    "gelu": ("jax", "gelu(approximate='tanh')", "jax.nn.gelu(z, False)"),
    "layer-norm-eps": ("jax", "layer_norm(eps=1e-06)", "eps=1e-05"),
    "adam-with-decay": ("jax", "apart from the gradient in jax", "optax.add_decayed_weights"),
    "rmsprop": ("jax", "eps_in_root is True in jax", "eps_in_sqrt=False"),
    "kl-div": ("torch", "kl_div(reduction='mean')", "reduction='batchmean'"),
    "same-padding": ("jax", "the padding is SAME in jax", "padding=1"),
    "std": ("jax", "std(correction=0)", "correction=1"),
    "gru-reset": ("jax", "the reset gate before the product", "the reset gate after the product"),
    "conv-transpose": ("jax", "the kernel is flipped in jax", "flip the kernel"),
    "clip-eps": ("jax", "the clip's eps is 0 in jax", "eps=1e-06"),
    "huber": ("torch", "the smooth L1 loss", "smooth_l1·beta"),
    "running-variance": ("jax", "var(correction=0)", "correction=1"),
    "batch-norm-momentum": ("jax", "the number is 0.1 in jax, 0.9 in the reference", "0.9"),
    "nearest": ("jax", "interpolate(mode='nearest-exact')", "mode='nearest'"),
    "align-corners": ("jax", "interpolate(align_corners=False)", "align_corners=True"),
    "lstm-gates": ("jax", "the gates' order is igfo in jax", "gates in the order ifgo"),
    "lstm-biases": ("jax", "the first bias (b_ih) is left out in jax", "b_ih + b_hh"),
    "average-pool": ("torch", "avg_pool(count_include_pad=True)", "count_include_pad=False"),
    "adamw-decay": ("jax", "weight_decay is 0.0001 in jax", "weight_decay=0.01"),
    "leaky-relu": ("jax", "leaky_relu(negative_slope=0.01)", "negative_slope=0.2"),
    "attention-layout": ("jax", "takes the heads for the time", "swap the axes"),
    "ignored-rows": ("jax", "the mean over all rows", "rows that are not ignored"),
    "adagrad": ("jax", "initial_accumulator is 0.1 in jax", "initial_accumulator=0"),
    "warm-up": ("jax", "start is 0 in jax", "start=0.25"),
    "half-squares": ("jax", "jax halves the loss", "no factor of ½"),
    "gru-gates": ("jax", "the gates' order is zrn in jax", "gates in the order rzn"),
}

#: Those that are asked each time; the others take longer.
QUICK = ("gelu", "std", "leaky-relu", "half-squares", "adamw-decay")

#: A reader looks no further.
LINES = 10


def answered(name):
    """The first lines of a run's own output."""
    (case,) = (c for c in gp.load_cases(QUESTIONS) if c.name == f"question-{name}")
    frame = gp.run(case, adapters=["torch", "jax"])
    return frame, told(frame)[:LINES]


ASKED = [pytest.param(name, marks=[] if name in QUICK else [pytest.mark.slow]) for name in ANSWERS]


@pytest.mark.parametrize("name", ASKED)
def test_a_question_is_answered_in_the_first_lines(name):
    who, cause, remedy = ANSWERS[name]
    frame, lines = answered(name)
    text = "\n".join(lines)
    assert f"{who} differs in" in lines[0]
    assert cause in text
    assert remedy in next(line for line in lines if line.startswith("  to agree: "))
    off = frame[frame.verdict == "differs"]
    assert set(off.adapter) == {who}
    assert (off.cause != "").all()
    assert off.snippet.iloc[0] != ""
