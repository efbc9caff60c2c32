"""Speed of the reference, as ratios in one run: a table, and out/bench/reference.{json,html}."""  # noqa: INP001 - scripts, no package

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import report
from measure import Result, least, ratio

LINKS = 150
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def _module(name: str) -> Any:
    """A module that loads frameworks, once it is needed."""
    return importlib.import_module(name)


def mlp(repeats: int) -> list[Result]:
    """Forward and backward pass of a multi-layer perceptron."""
    pair = _module("networks").mlp()
    return [
        ratio(
            "MLP 784-512-512-10, batch 256, over torch", 1.1, repeats, pair.reference, pair.torch
        ),
        ratio("the same MLP, over HIPS autograd", 0.5, repeats, pair.reference, pair.hips),
    ]


def convolutional(repeats: int) -> list[Result]:
    """Forward and backward pass of a convolutional network."""
    pair = _module("networks").convolutional()
    name = "conv net 32×3×32×32, 16 and 32 channels, over torch"  # noqa: RUF001 - a product
    return [ratio(name, 2, repeats, pair.reference, pair.torch)]


def transformer(repeats: int) -> list[Result]:
    """Forward and backward pass of a transformer block."""
    pair = _module("networks").transformer()
    name = "transformer block 8×128×256, 8 heads, over torch"  # noqa: RUF001 - a product
    return [
        ratio(name, 1.3, repeats, pair.reference, pair.torch),
        ratio("the same block, over HIPS autograd", 0.5, repeats, pair.reference, pair.hips),
    ]


def chain(repeats: int) -> list[Result]:
    """Forward and backward pass of a chain of scalar operations, for each of them."""
    (taken,) = least(20 * repeats, _module("networks").scalar_chain(LINKS))
    each = taken / LINKS * 1e6
    return [Result(f"chain of {LINKS} scalars", each, 5, "µs each", f"{taken * 1e3:.2f} ms in all")]


BENCHMARKS: dict[str, Callable[[int], list[Result]]] = {
    "mlp": mlp,
    "conv": convolutional,
    "transformer": transformer,
    "chain": chain,
}


def main() -> int:
    """Run the benchmarks that are named, or all; 1 where a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "names", nargs="*", choices=[*BENCHMARKS, "growth", []], help="all, if none is named"
    )
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--threads", type=int, default=1, help="for BLAS and torch alike")
    parser.add_argument("--out", type=Path, default=Path("out/bench"))
    asked = parser.parse_args()
    threads = dict.fromkeys(THREADS, str(asked.threads))
    if any(os.environ.get(name) != count for name, count in threads.items()):
        # Maths libraries read these when they are loaded, so they have to stand before.
        os.execve(sys.executable, [sys.executable, *sys.argv], os.environ | threads)  # noqa: S606 - itself
    named = asked.names or [*BENCHMARKS, "growth"]
    results = [r for name in named if name in BENCHMARKS for r in BENCHMARKS[name](asked.repeats)]
    growths = _module("growth").growths(asked.repeats) if "growth" in named else []
    about = {"threads": str(asked.threads)}
    return 0 if report.keep(asked.out, "reference", results, growths, about) else 1


if __name__ == "__main__":
    sys.exit(main())
