"""Everyday questions of porting: a run's own output names the cause and the remedy."""

from __future__ import annotations

from pathlib import Path

import pytest

import gradparity as gp
from gradparity.reports.failures import told

FILES = ("questions", "more_questions", "new_questions", "port_questions", "asked_questions")
QUESTIONS = [Path(__file__).with_name(f"{name}.yaml") for name in FILES]

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
    "conv-transpose": ("jax", "the kernel is flipped in jax", "transpose_kernel=True"),
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
    "ignored-rows": ("jax", "divides by the number of rows", "0 of ignored rows"),
    "adagrad": ("jax", "initial_accumulator is 0.1 in jax", "initial_accumulator=0"),
    "warm-up": ("jax", "start is 0 in jax", "start=0.25"),
    "half-squares": ("jax", "jax halves the loss", "no factor of ½"),
    "gru-gates": ("jax", "the gates' order is zrn in jax", "gates in the order rzn"),
}

#: The same of further ones.
MORE = {
    "rms-norm-eps": ("jax", "rms_norm(eps=1e-05)", "eps=1.19209e-07"),
    "adagrad-eps": ("jax", "eps_in_root is True in jax", "eps=0.001"),
    "momentum-of-statistics": (
        "jax",
        "the number is 0.1 in jax, 0.9 in the reference",
        "(0.9 * m) + (0.1 *",
    ),
    "softplus-beta": ("jax", "does not multiply by 2", "jax.nn.softplus(2.0 * x) / 2.0"),
    "label-smoothing": ("jax", "cross_entropy(label_smoothing=0.0)", "label_smoothing=0.1"),
    "l1-sum": ("torch", "l1(reduction='sum')", "reduction='mean'"),
    "softmax-axis": ("torch", "softmax(axis=0)", "dim=-1"),
    "attention-scale": ("jax", "scaled_dot_product_attention(scale=1.0)", "scale=0.353553"),
    "attention-causal": ("jax", "is_causal=False", "is_causal=True"),
    "nesterov": ("jax", "nesterov is False in jax", "nesterov=True"),
    "adam-b2": ("jax", "b2 is 0.99 in jax", "b2=0.999"),
    "adam-eps": ("jax", "eps is 1e-07 in jax", "eps=1e-08"),
    "dampening": ("jax", "dampening is 0 in jax", "dampening=0.9"),
    "cosine-floor": ("jax", "the schedule's end is 0.001 in jax", "alpha=0.1"),
    "clip-by-value": ("jax", "clips each element to 0.05", "optax.global_norm(g) + 1e-06"),
    "batch-norm-eps": ("jax", "batch_norm(eps=0.001)", "eps=1e-05"),
    "bits": ("torch", "the logarithm to base 2", "torch.log(x)"),
    "mse-per-row": ("jax", "mse(reduction='batchmean')", "reduction='mean'"),
    "quick-gelu": ("jax", "x·sigmoid(1.702·x)", "jax.nn.gelu(x, False)"),
    "relu6": ("jax", "relu", "relu6"),
    "hard-swish": ("jax", "has the silu", "jax.nn.hard_swish(x)"),
    "transposed-weight": ("jax", "leaves a transposition out", "permute_dims(W, (1, 0))"),
    "glu-halves": ("jax", "the first half is the gate in jax", "the second half as the gate"),
    "smooth-l1-beta": ("torch", "smooth_l1(beta=1.0)", "beta=0.111111"),
    "l2-normalize": ("jax", "‖x‖ + eps", "max(‖x‖, eps)"),
    "group-norm-groups": ("jax", "group_norm(num_groups=4)", "num_groups=2"),
    "step-size": ("jax", "the schedule's every is 3 in jax", "transition_steps=2"),
}

#: The same of those that came last.
NEW = {
    "softplus-outer": ("jax", "does not divide by 2", "jax.nn.softplus(2.0 * x) / 2.0"),
    "attention-width": ("jax", "scale=0.3535533905932738", "scale=0.707107"),
    "attention-twice": ("torch", "scaled_dot_product_attention(scale=0.25)", "scale=0.5"),
    "smoothing-of-others": ("jax", "over the other classes alone", "for every class"),
    "eps-under-the-root": ("jax", "√(Σx² + eps)", "max(‖x‖, eps)"),
    "smooth-l1-cutoff": ("jax", "the halves are those of a corner at 1", "½d²/beta"),
    "glu-plus": ("torch", "goes through sigmoid in torch and is added", "a·sigmoid(b)"),
    "sigmoid-twice": ("torch", "torch applies sigmoid twice", "x * torch.sigmoid(g)"),
    "double-softmax": ("torch", "applies a softmax before the loss", "logits"),
    "embedding-scale": ("jax", "does not multiply by 2", "multiply by 2"),
    "forget-bias": ("jax", "adds 1 to the bias of the forget gate", "no bias of 1"),
    "kl-order": ("torch", "x and target of kl_div are exchanged", "in the order of kl_div"),
}

#: The same of what was asked without a look at what is tried; of the last seven no cause was known.
PORT = {
    "dropout-scale": ("jax", "does not divide what is kept by 1 - p", "(x * m) / 0.6"),
    "convolve": ("jax", "the kernel is flipped in jax", "flip the kernel"),
    "pos-weight": ("jax", "it does not multiply by 3", "multiply by 3"),
    "rotary": ("jax", "every second element of axis 1", "halves, not pairs"),
    "l2-half": ("jax", "the number is 0.1 in jax, 0.05 in the reference", "the number 0.05"),
    "staircase": ("jax", "the rate falls at every step in jax", "staircase=True"),
    "pool-of-zeros": ("jax", "the padding is of zeros in jax", "a padding of -∞"),
    "padding-row": ("torch", "embedding(padding_idx=0)", "torch.nn.functional.embedding(i, E)"),
    "pixel-shuffle": ("jax", "sub-pixels come before the channels", "channels before"),
    "norm-axes": ("jax", "mean(axis=(2,))", "axis=(1, 2)"),
    "celu": ("jax", "has the elu", "jax.nn.celu(x, alpha=2.0)"),
    "antialias": ("jax", "filtered before it is made smaller", "antialias=False"),
    "mask-sense": ("jax", "the mask says what is hidden", "True for what is seen"),
    "grouped-heads": ("jax", "the copies are of the whole in jax", "jax.numpy.repeat(k"),
    "weight-norm": ("jax", "linalg.vector_norm(axis=(0, 1))", "axis=(1,)"),
}

#: The same of what a tester asked; each remedy is statements of the framework's, which were run.
HELD_BACK = {
    "statistics-from-zeros": ("torch", "0.1 in torch, 0.9", "0.1 * torch.mean(x, dim=(0,)"),
    "kl-of-elements": (
        "jax",
        "kl_div(reduction='batchmean')",
        "optax.kl_divergence(logp, target)) / 30",
    ),
    "weighted-classes": ("jax", "divides by the number of rows", "jax.numpy.sum(loss_w)"),
    "corners": ("jax", "align_corners=False", "jax.image.scale_and_translate(x, (1, 2, 8, 8)"),
    "one-cycle": ("torch", "moves momentum as well in torch", "cycle_momentum=False"),
    "clip-of-the-norm": ("jax", "clips each element to 1", "optax.global_norm(g) + 1e-06"),
    "rope": ("jax", "jax takes the first half of axis 1", "a = q[:, 0::2]"),
    "two-axes": ("jax", "over the axes (2,)", "jax.nn.standardize(x, axis=(-2, -1)"),
    "positives": ("jax", "weights both terms by pos_weight", "(1 - t) * jax.nn.softplus(x @ W)"),
    "hard-sigmoid": ("torch", "the slope is 1/6 in torch", "torch.clamp((0.2 * (x @ W)) + 0.5"),
}

#: The same of others that were asked beside these.
BESIDE = {
    "warmup-cosine": ("jax", "the schedule's steps is 6 in jax", "decay_steps=9"),
    "prelu-axis": ("jax", "the slopes of prelu are along axis 2", "shape=(-1, 1)) * x)"),
    "lstm": ("jax", "adds 1 to what goes through the sigmoid", "f = jax.nn.sigmoid(z[:, 2:4])"),
    "rope-rotate-half": ("jax", "halves for pairs of neighbours", "jax.numpy.repeat(cosine"),
    "positional": ("jax", "one after another, for element by element", "stack((s, c), axis=2)"),
    "batchnorm-axis": ("jax", "over the axes (0, 2, 3), the reference over (2, 3)", "axis=(2, 3)"),
}

#: Those that are asked each time; the others take longer.
QUICK = ("gelu", "adamw-decay")

#: A reader looks no further.
LINES = 10


def answered(name):
    """The first lines of a run's own output."""
    (case,) = (c for c in gp.load_cases(QUESTIONS) if c.name == f"question-{name}")
    frame = gp.run(case, adapters=["torch", "jax"])
    return frame, told(frame)[:LINES]


EVERY = ANSWERS | MORE | NEW | PORT | HELD_BACK | BESIDE
ASKED = [pytest.param(name, marks=[] if name in QUICK else [pytest.mark.slow]) for name in EVERY]


@pytest.mark.parametrize("name", ASKED)
def test_a_question_is_answered_in_the_first_lines(name):
    who, cause, remedy = EVERY[name]
    frame, lines = answered(name)
    text = "\n".join(lines)
    assert f"{who} differs in" in lines[0]
    assert cause in text
    assert remedy in next(line for line in lines if line.startswith("  to agree: "))
    off = frame[(frame.verdict == "differs") & (frame.adapter == who)]
    assert (off.cause != "").all()
    assert off.snippet.iloc[0] != ""
