"""The same networks as HIPS autograd's users write them: its NumPy, nothing fused."""  # noqa: INP001 - scripts, no package

from __future__ import annotations

from typing import Any

import autograd.numpy as np
from autograd.scipy.special import erf, logsumexp

HEADS = 8


def mlp(p: dict[str, Any]) -> Any:
    """Two hidden layers of relu, then cross-entropy."""
    h = p["x"]
    for i in range(3):
        h = h @ p[f"W{i}"] + p[f"b{i}"]
        h = np.maximum(h, 0) if i < 2 else h
    return np.mean(logsumexp(h, axis=1) - h[np.arange(len(p["t"])), p["t"]])


def transformer(p: dict[str, Any]) -> Any:
    """A causal pre-norm block, then a mean squared error."""
    n, length, width = p["x"].shape
    h = _normed(p, p["x"], 0)
    q, k, v = (
        np.transpose(np.reshape(_linear(p, h, c), (n, length, HEADS, -1)), (0, 2, 1, 3))
        for c in "QKV"
    )
    unseen = np.where(np.tri(length, dtype=bool), 0, -np.inf)
    scores = (q @ np.swapaxes(k, -1, -2)) / np.sqrt(width // HEADS) + unseen
    weights = np.exp(scores - logsumexp(scores, axis=-1, keepdims=True))
    h = np.transpose(weights @ v, (0, 2, 1, 3))
    x = p["x"] + _linear(p, np.reshape(h, (n, length, width)), "O")
    h = _linear(p, _normed(p, x, 1), "U")
    h = _linear(p, h * 0.5 * (1 + erf(h / np.sqrt(2))), "D")
    return np.mean((x + h - p["t"]) ** 2)


def _linear(p: dict[str, Any], x: Any, name: str) -> Any:
    return x @ p[name] + p[f"b{name}"]


def _normed(p: dict[str, Any], x: Any, k: int) -> Any:
    centred = x - np.mean(x, axis=-1, keepdims=True)
    variance = np.mean(centred**2, axis=-1, keepdims=True)
    return centred / np.sqrt(variance + 1e-5) * p[f"gain{k}"] + p[f"shift{k}"]
