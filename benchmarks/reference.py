"""Speed of the reference, as ratios in one run: a table, and out/bench/reference.json."""  # noqa: INP001 - scripts, no package

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from measure import Result, medians, ratio
from rich.console import Console
from rich.table import Table

LINKS = 150
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def networks() -> Any:
    """The module of networks, which loads torch."""
    return importlib.import_module("networks")


def mlp(repeats: int) -> Result:
    """Forward and backward pass of a multi-layer perceptron, against torch."""
    pair = networks().mlp()
    return ratio("MLP 784-512-512-10, batch 256", 1.2, repeats, pair.reference, pair.torch)


def convolutional(repeats: int) -> Result:
    """Forward and backward pass of a convolutional network, against torch."""
    pair = networks().convolutional()
    return ratio("conv net 32×3×32×32, 16 and 32", 2, repeats, pair.reference, pair.torch)  # noqa: RUF001 - a product


def transformer(repeats: int) -> Result:
    """Forward and backward pass of a transformer block, against torch."""
    pair = networks().transformer()
    return ratio("transformer 8×128×256, 8 heads", 1.5, repeats, pair.reference, pair.torch)  # noqa: RUF001 - a product


def chain(repeats: int) -> Result:
    """Forward and backward pass of a chain of scalar operations, for each of them."""
    (taken,) = medians(20 * repeats, networks().scalar_chain(LINKS))
    each = taken / LINKS * 1e6
    return Result(f"chain of {LINKS} scalars", each, 6, "µs each", f"{taken * 1e3:.2f} ms in all")


def lint(repeats: int) -> Result:
    """The command that checks the shipped catalogue, less what pydantic takes to import."""

    def run(*arguments: str) -> Callable[[], Any]:
        return lambda: subprocess.run(arguments, check=True, capture_output=True)  # noqa: S603 - our own

    command = str(Path(sys.executable).with_name("gradparity"))
    whole, alone = medians(
        min(repeats, 5), run(command, "lint"), run(sys.executable, "-c", "import pydantic")
    )
    detail = f"{whole:.2f} s, of which {alone:.2f} s to import pydantic"
    return Result("gradparity lint", whole - alone, 1, "s", detail)


BENCHMARKS: dict[str, Callable[[int], Result]] = {
    "mlp": mlp,
    "conv": convolutional,
    "transformer": transformer,
    "chain": chain,
    "lint": lint,
}


def show(results: list[Result]) -> None:
    """The table for people."""
    table = Table("", "measured", "at most", "", "", title="The reference's speed")
    for r in results:
        colour = "green" if r.met else "red"
        measured = f"[{colour}]{r.measured:.2f}[/]"
        table.add_row(r.name, measured, f"{r.target:g}", r.unit, r.detail)
    Console().print(table)


def main() -> int:
    """Run the benchmarks that are named, or all; 1 where a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*BENCHMARKS, []], help="all, if none is named")
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--threads", type=int, default=1, help="for BLAS and torch alike")
    parser.add_argument("--out", type=Path, default=Path("out/bench"))
    asked = parser.parse_args()
    threads = dict.fromkeys(THREADS, str(asked.threads))
    if any(os.environ.get(name) != count for name, count in threads.items()):
        # Maths libraries read these when they are loaded, so they have to stand before.
        os.execve(sys.executable, [sys.executable, *sys.argv], os.environ | threads)  # noqa: S606 - itself
    results = [BENCHMARKS[name](asked.repeats) for name in asked.names or BENCHMARKS]
    show(results)
    asked.out.mkdir(parents=True, exist_ok=True)
    record = {
        "python": platform.python_version(),
        "machine": platform.platform(),
        "threads": asked.threads,
        "results": [r.as_dict() for r in results],
    }
    (asked.out / "reference.json").write_text(json.dumps(record, indent=2, ensure_ascii=False))
    return 0 if all(r.met for r in results) else 1


if __name__ == "__main__":
    sys.exit(main())
