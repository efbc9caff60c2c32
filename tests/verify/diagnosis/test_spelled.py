"""A remedy is statements of the user's framework, which compute the reference's text."""

from pathlib import Path

import pytest

from gradparity.adapters import registry
from gradparity.cases.loading import load_text
from gradparity.verify.diagnosis.spelled import spelled

CASE = """\
case: spelled
about: A text that says something else.
inputs: {inputs}
params: {params}
program:
  numpy: {text}
  {framework}: y = exp({other})
dtypes: [float64]
"""

T = "{t: {uniform: [3, 4], low: 0.1, high: 0.9}}"
X = "{x: {uniform: [3, 4], low: 0.1, high: 0.9}}"

#: The reference's text, its inputs and parameters, the framework, what is in its line.
LINES = [
    ("y = mse(x, t)", T, X, "torch", "torch.nn.functional.mse_loss(x, t"),
    ("y = smooth_l1(x, t, beta=0.5)", T, X, "jax", "optax.huber_loss(x, t, delta=0.5) / 0.5"),
    ("y = kl_div(x, t, reduction='batchmean')", T, X, "jax", "optax.kl_divergence(x, t)"),
    ("y = kl_div(x, t, reduction='batchmean')", T, X, "torch", "reduction='batchmean'"),
    ("y = bce(x, t, reduction='sum')", T, X, "jax", "jax.numpy.sum("),
    (
        "y = cross_entropy(x, t, label_smoothing=0.1)",
        "{t: [0, 3, 1]}",
        X,
        "jax",
        "optax.smooth_labels(jax.nn.one_hot(t, 4), 0.1)",
    ),
    (
        "y = nll(x, t, w, ignore_index=1)",
        "{t: [0, 3, 1], w: [0.5, 1.0, 2.0, 3.0]}",
        X,
        "jax",
        "/ jax.numpy.sum(y_w)",
    ),
    (
        "y = instance_norm(x, w, eps=1e-5)",
        "{}",
        "{x: {normal: [2, 3, 5]}, w: {normal: [3]}}",
        "jax",
        "axis=(2,)",
    ),
    (
        "y = group_norm(x, num_groups=2, eps=1e-5)",
        "{}",
        "{x: {normal: [2, 4, 3]}}",
        "jax",
        "shape=(2, 2, 2, 3)",
    ),
    (
        "y = interpolate(x, size=[5, 6], mode='linear', align_corners=True)",
        "{}",
        "{x: {normal: [1, 2, 3, 4]}}",
        "jax",
        "jax.numpy.stack([jax.numpy.full_like(x, 2.0, shape=())",
    ),
    (
        "y = interpolate(x, size=[6, 8], mode='nearest')",
        "{}",
        "{x: {normal: [1, 2, 3, 4]}}",
        "jax",
        "jax.numpy.repeat(",
    ),
    (
        "y = conv_transpose(x, w, b, stride=2, padding=1, output_padding=1)",
        "{}",
        "{x: {normal: [1, 2, 4]}, w: {normal: [2, 3, 3]}, b: {normal: [3]}}",
        "jax",
        "transpose_kernel=True",
    ),
    (
        "y = prelu(x, w)",
        "{}",
        "{x: {normal: [2, 3, 4]}, w: {uniform: [3], low: 0.1, high: 0.4}}",
        "jax",
        "jax.numpy.where(x > 0, x, ",
    ),
    (
        "y = avg_pool(x, kernel_size=3, stride=2, padding=1, count_include_pad=False)",
        "{}",
        "{x: {normal: [1, 2, 6, 6]}}",
        "torch",
        "torch.nn.functional.avg_pool2d(x, kernel_size=3",
    ),
    ("y = mean(x, axis=0) + sum(x)", "{}", X, "torch", "torch.mean(x, dim=(0,)"),
    ("y = minimum(1.0, maximum(0.0, x))", "{}", X, "torch", "torch.clamp(torch.clamp(x, min=0.0)"),
]

#: Those that are asked each time; the others take longer.
QUICK = ("kl_div", "interpolate")


@pytest.mark.parametrize(
    ("text", "inputs", "params", "framework", "expected"),
    [
        pytest.param(*line, marks=[] if any(q in line[0] for q in QUICK) else [pytest.mark.slow])
        for line in LINES
    ],
)
def test_the_reference_is_spelled_in_a_frameworks_words(text, inputs, params, framework, expected):
    words = {"inputs": inputs, "params": params, "text": text, "framework": framework}
    cases, faults = load_text(CASE.format(**words, other="x"), Path("t.yaml"))
    assert not faults, faults
    (task,) = cases[0].tasks()
    assert expected in spelled(task, registry.make(framework))


def test_a_line_that_does_not_agree_is_not_told(monkeypatch):
    words = {"inputs": T, "params": X, "text": "y = mse(x, t)", "framework": "torch"}
    cases, _ = load_text(CASE.format(**words, other="x"), Path("t.yaml"))
    (task,) = cases[0].tasks()
    adapter = registry.make("torch")
    monkeypatch.setattr(adapter, "statements", lambda _: ["y = torch.sum((x - t) ** 2)"])
    assert not spelled(task, adapter)
