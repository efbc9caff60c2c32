"""A block of three million parameters beside its port: a table, and out/bench/ports.{json,html}."""  # noqa: INP001 - scripts, no package

from __future__ import annotations

import argparse
import resource
import sys
import time
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import report
import torch
from measure import Result, cpu_seconds
from torch import nn

import gradparity as gp
from gradparity.adapters.captures.jax_side import JaxSide
from gradparity.adapters.captures.sides import Given
from gradparity.adapters.captures.torch_side import TorchSide

WIDTH, HEADS, TOKENS = 512, 8, 256

#: So many times one forward and backward pass of PyTorch, beside the captures, may be taken, of
#: processor time. It is missed: 78 to 93 times in four runs (5.5 to 6.7 s; a pass took 0.061 to
#: 0.086 s), when each side took four noisy runs near 200. Of 78, JAX's runs in both dtypes took 28,
#: most of it XLA's compilation; the reference's plain runs 7, its one noisy run a side 15,
#: PyTorch's runs 3.5, judging 25: every element of 3 million gradients, of two programs, of two
#: frameworks in two dtypes.
TIMES = 20

#: So many times what the passes keep may be held. It is missed: 6.9 to 7.7 times (374 to 417 MiB
#: against 54), 14.6 when each side took four noisy runs. JAX's compilation in float64 takes 2.5 of
#: these, each copy of all gradients in float64 half of one.
HELD = 6


class Block(nn.Module):
    """A transformer's block: attention, then two layers around a gelu."""

    def __init__(self) -> None:
        super().__init__()
        self.ln1, self.ln2 = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.qkv, self.proj = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.fc, self.out = nn.Linear(WIDTH, 4 * WIDTH), nn.Linear(4 * WIDTH, WIDTH)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """One sentence."""
        q, k, v = (
            y.unflatten(-1, (HEADS, -1)).transpose(0, 1) for y in self.qkv(self.ln1(x)).chunk(3, -1)
        )
        scores = q @ k.transpose(-2, -1) / (WIDTH // HEADS) ** 0.5
        x = x + self.proj((scores.softmax(-1) @ v).transpose(0, 1).flatten(1))
        return x + self.out(nn.functional.gelu(self.fc(self.ln2(x))))


def norm(p: Any, x: Any) -> Any:
    """A layer norm."""
    mean, var = x.mean(-1, keepdims=True), x.var(-1, keepdims=True)
    return (x - mean) / jnp.sqrt(var + 1e-5) * p["scale"] + p["bias"]


def dense(p: Any, x: Any) -> Any:
    """A linear layer."""
    return x @ p["kernel"] + p["bias"]


def port(p: Any, x: Any) -> Any:
    """The block."""
    q, k, v = (
        y.reshape(TOKENS, HEADS, -1).swapaxes(0, 1)
        for y in jnp.split(dense(p["qkv"], norm(p["ln1"], x)), 3, -1)
    )
    weights = jax.nn.softmax(q @ k.swapaxes(-1, -2) / (WIDTH // HEADS) ** 0.5, -1)
    x = x + dense(p["proj"], (weights @ v).swapaxes(0, 1).reshape(TOKENS, WIDTH))
    hidden = jax.nn.gelu(dense(p["fc"], norm(p["ln2"], x)), approximate=False)
    return x + dense(p["out"], hidden)


def convert(state: dict[str, Any]) -> Any:
    """The port's parameters."""
    layers = {
        name: {"kernel": state[f"{name}.weight"].T, "bias": state[f"{name}.bias"]}
        for name in ("qkv", "proj", "fc", "out")
    }
    norms = {
        name: {"scale": state[f"{name}.weight"], "bias": state[f"{name}.bias"]}
        for name in ("ln1", "ln2")
    }
    return {**layers, **norms}


def kept(block: nn.Module, x: torch.Tensor) -> float:
    """MiB in float64 of what the forward pass makes."""
    sizes: list[int] = []

    def count(_: Any, __: Any, y: torch.Tensor) -> None:
        sizes.append(y.numel())

    handles = [m.register_forward_hook(count) for m in block.modules()]
    block(x)
    for handle in handles:
        handle.remove()
    attention = 3 * HEADS * TOKENS * TOKENS + 6 * TOKENS * WIDTH
    return 8 * (sum(sizes) + attention + sum(p.numel() for p in block.parameters())) / 2**20


def measured() -> list[Result]:
    """The time and the memory of a verdict."""
    torch.manual_seed(0)
    block = Block()
    x = torch.randn(TOKENS, WIDTH)

    def both() -> None:
        block.zero_grad()
        block(x).sum().backward()

    both()
    once = min(cpu_seconds(both) for _ in range(5))
    given = Given(*TorchSide(block).state(), names=("x",), args=(x.numpy(),))
    sides = (TorchSide(block), JaxSide(port, convert))
    for side in sides:  # what the first capture imports is none of its time
        side.capture(given, "float64")
    captures = sum(cpu_seconds(lambda side=side: side.capture(given, "float64")) for side in sides)
    compare = gp.compare  # imports what it needs
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    start = time.process_time()
    found = compare(block, port, {"x": x}, convert)
    took = time.process_time() - start
    more = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 - before
    if found.verdict != "same":
        raise SystemExit(str(found))
    count = sum(np.size(p.detach().numpy()) for p in block.parameters()) / 1e6
    size = kept(block, x)
    detail = f"{count:.1f} M parameters: {took:.1f} s, of which captures {captures:.1f} s; "
    return [
        Result(
            "a port's verdict, less captures, over a pass",
            (took - captures) / once,
            TIMES,
            "times",
            f"{detail}a pass of PyTorch takes {once:.3f} s",
        ),
        Result(
            "memory of a port's verdict over activations and parameters in float64",
            more / size,
            HELD,
            "times",
            f"{more:.0f} MiB against {size:.0f} MiB",
        ),
    ]


def main() -> int:
    """Measure; 1 where a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("out/bench"))
    return 0 if report.keep(parser.parse_args().out, "ports", measured()) else 1


if __name__ == "__main__":
    sys.exit(main())
