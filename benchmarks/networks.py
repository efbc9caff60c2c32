"""The networks that are timed: in the reference, torch and HIPS autograd, on the same numbers."""  # noqa: INP001 - scripts, no package

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import autograd
import hips
import numpy as np
import torch
from torch.nn import functional as F  # noqa: N812 - torch's own abbreviation

from gradparity.refimpl.ops import TABLE
from gradparity.refimpl.tape import Tape

Arrays = dict[str, np.ndarray]


def drawn(shapes: dict[str, tuple[int, ...]], seed: int = 0) -> Arrays:
    """Standard normal numbers, scaled by 1/√(the last axis but one)."""
    generator = np.random.default_rng(seed)
    return {
        name: generator.standard_normal(shape) / np.sqrt(shape[-2] if len(shape) > 1 else 1.0)
        for name, shape in shapes.items()
    }


class Pair:
    """One network in the reference and elsewhere: each call is one forward and backward pass.

    Parameters
    ----------
    params, inputs
        What is differentiated, and what is not.
    ours
        ``ours(op, p)`` builds the loss from an operation caller and the arrays by name.
    theirs, in_hips
        ``theirs(p)`` builds it from torch's tensors, ``in_hips(p)`` from HIPS autograd's arrays.
    """

    def __init__(
        self,
        params: Arrays,
        inputs: Arrays,
        ours: Callable[[Any, dict[str, Any]], Any],
        theirs: Callable[[dict[str, Any]], Any],
        in_hips: Callable[[dict[str, Any]], Any] | None = None,
    ) -> None:
        self.params, self.inputs = params, inputs
        self._ours, self._theirs, self._hips = ours, theirs, in_hips
        self._tensors = {k: torch.tensor(v, requires_grad=True) for k, v in params.items()}
        self._others = {k: torch.tensor(v) for k, v in inputs.items()}

    def reference(self) -> Arrays:
        """Gradients by the reference."""
        tape = Tape()
        leaves = {k: tape.leaf(v) for k, v in self.params.items()}
        rest = {k: tape.leaf(v, differentiated=False) for k, v in self.inputs.items()}

        def op(name: str, *arrays: Any, **attributes: Any) -> Any:
            return tape.apply(TABLE[name], *arrays, **attributes)

        tape.backward(self._ours(op, leaves | rest))
        return {k: leaf.cotangent for k, leaf in leaves.items()}

    def torch(self) -> Arrays:
        """Gradients by torch."""
        for tensor in self._tensors.values():
            tensor.grad = None
        self._theirs(self._tensors | self._others).backward()
        return {k: np.asarray(v.grad) for k, v in self._tensors.items()}

    def hips(self) -> Arrays:
        """Gradients by HIPS autograd."""
        assert self._hips is not None
        loss = self._hips
        return autograd.grad(
            lambda params: loss({**{k: params[k] for k in self.params}, **self.inputs})
        )(self.params)

    def checked(self) -> Pair:
        """Itself, once all have handed back the same gradients."""
        ours = self.reference()
        for theirs in (self.torch(), self.hips() if self._hips else {}):
            scale = max((np.abs(gradient).max() for gradient in theirs.values()), default=0)
            for name, gradient in theirs.items():
                np.testing.assert_allclose(ours[name], gradient, rtol=0, atol=1e-10 * scale)
        return self


def mlp(width: int = 512) -> Pair:
    """784-512-512-10 with relu and cross-entropy, batch 256, float64; or of another width."""
    widths = (784, width, width, 10)
    shapes: dict[str, tuple[int, ...]] = {}
    for i, (n, m) in enumerate(pairwise(widths)):
        shapes |= {f"W{i}": (n, m), f"b{i}": (m,)}
    generator = np.random.default_rng(1)
    inputs = {
        "x": generator.standard_normal((256, widths[0])),
        "t": generator.integers(0, widths[-1], 256),
    }

    def ours(op: Any, p: dict[str, Any]) -> Any:
        h = p["x"]
        for i in range(len(widths) - 1):
            h = op("add", op("matmul", h, p[f"W{i}"]), p[f"b{i}"])
            h = op("relu", h) if i < len(widths) - 2 else h
        return op("cross_entropy", h, p["t"])

    def theirs(p: dict[str, Any]) -> Any:
        h = p["x"]
        for i in range(len(widths) - 1):
            h = h @ p[f"W{i}"] + p[f"b{i}"]
            h = F.relu(h) if i < len(widths) - 2 else h
        return F.cross_entropy(h, p["t"])

    return Pair(drawn(shapes), inputs, ours, theirs, hips.mlp).checked()


def convolutional(size: int = 32) -> Pair:
    """Two convolutions (16, 32 channels) with relu and max-pooling, batch 32 of 3 by size²."""
    params = drawn({"K0": (16, 3, 3, 3), "c0": (16,), "K1": (32, 16, 3, 3), "c1": (32,)})
    params |= drawn({"W": (32 * (size // 4) ** 2, 10), "b": (10,)}, seed=1)
    generator = np.random.default_rng(2)
    inputs = {
        "x": generator.standard_normal((32, 3, size, size)),
        "t": generator.integers(0, 10, 32),
    }

    def ours(op: Any, p: dict[str, Any]) -> Any:
        h = p["x"]
        for i in (0, 1):
            h = op("relu", op("conv", h, p[f"K{i}"], p[f"c{i}"], padding=1))
            h = op("max_pool", h, kernel_size=2, stride=2)
        h = op("reshape", h, shape=(32, -1))
        return op("cross_entropy", op("add", op("matmul", h, p["W"]), p["b"]), p["t"])

    def theirs(p: dict[str, Any]) -> Any:
        h = p["x"]
        for i in (0, 1):
            h = F.max_pool2d(F.relu(F.conv2d(h, p[f"K{i}"], p[f"c{i}"], padding=1)), 2)
        return F.cross_entropy(h.reshape(32, -1) @ p["W"] + p["b"], p["t"])

    return Pair(params, inputs, ours, theirs).checked()


def transformer(length: int = 128) -> Pair:
    """One pre-norm block, batch 8, length 128, width 256, 8 heads, gelu of four widths."""
    n, width, heads = 8, 256, 8
    shapes: dict[str, tuple[int, ...]] = {}
    for k in (0, 1):
        shapes |= {f"gain{k}": (width,), f"shift{k}": (width,)}
    for name, (m, k) in {"Q": (1, 1), "K": (1, 1), "V": (1, 1), "O": (1, 1), "U": (1, 4)}.items():
        shapes |= {name: (m * width, k * width), f"b{name}": (k * width,)}
    shapes |= {"D": (4 * width, width), "bD": (width,)}
    generator = np.random.default_rng(3)
    inputs = {name: generator.standard_normal((n, length, width)) for name in ("x", "t")}

    def ours(op: Any, p: dict[str, Any]) -> Any:
        def linear(v: Any, name: str) -> Any:
            return op("add", op("matmul", v, p[name]), p[f"b{name}"])

        def split(v: Any) -> Any:
            v = op("reshape", v, shape=(n, length, heads, width // heads))
            return op("permute_dims", v, axes=(0, 2, 1, 3))

        h = op("layer_norm", p["x"], p["gain0"], p["shift0"], axis=-1, eps=1e-5)
        parts = [split(linear(h, name)) for name in "QKV"]
        h = op("scaled_dot_product_attention", *parts, is_causal=True)
        h = op("reshape", op("permute_dims", h, axes=(0, 2, 1, 3)), shape=(n, length, width))
        x = op("add", p["x"], linear(h, "O"))
        h = op("layer_norm", x, p["gain1"], p["shift1"], axis=-1, eps=1e-5)
        h = linear(op("gelu", linear(h, "U"), approximate="none"), "D")
        return op("mse", op("add", x, h), p["t"])

    def theirs(p: dict[str, Any]) -> Any:
        def linear(v: Any, name: str) -> Any:
            return v @ p[name] + p[f"b{name}"]

        h = F.layer_norm(p["x"], (width,), p["gain0"], p["shift0"])
        parts = [linear(h, c).view(n, length, heads, -1).transpose(1, 2) for c in "QKV"]
        h = F.scaled_dot_product_attention(*parts, is_causal=True)
        x = p["x"] + linear(h.transpose(1, 2).reshape(n, length, width), "O")
        h = F.layer_norm(x, (width,), p["gain1"], p["shift1"])
        return F.mse_loss(x + linear(F.gelu(linear(h, "U")), "D"), p["t"])

    return Pair(drawn(shapes, seed=4), inputs, ours, theirs, hips.transformer).checked()


def scalar_chain(length: int) -> Callable[[], Any]:
    """A chain of scalar operations, forwards and backwards, in the reference."""
    names = ("multiply", "sin", "add", "tanh", "subtract", "exp")
    operations = [TABLE[names[i % len(names)]] for i in range(length)]
    start = np.array(0.5)

    def run() -> Any:
        tape = Tape()
        leaf = y = tape.leaf(start)
        for operation in operations:
            y = tape.apply(operation, y, *(0.7,) * (len(operation.arguments) - 1))
        tape.backward(y)
        return leaf.cotangent

    return run
