"""What the commands cost as a user meets them: whole processes, from the shell."""  # noqa: INP001 - scripts, no package

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from measure import Result, least, ratio

#: One linear unit and a squared error, as ``one-layer`` has them, in JAX alone.
FLOOR = """
import torch, jax
jax.config.update("jax_enable_x64", True)
loss = lambda p, x, y: ((p["W"] * x + p["b"]) - y) ** 2
jax.jit(jax.value_and_grad(loss))({"W": 0.5, "b": 0.0}, 1.0, 0.0)[0].block_until_ready()
"""

#: What torch's first optimizer takes besides: it imports torch's compiler.
OPTIMIZER = "torch.optim.SGD([torch.nn.Parameter(torch.zeros(()))], lr=0.1)\n"

#: Prints how many milliseconds a statement takes in a fresh process.
TIMED = """
import time
start = time.perf_counter()
{statement}
print((time.perf_counter() - start) * 1e3)
"""

COMMAND = str(Path(sys.executable).with_name("gradparity"))


def shell(*arguments: str, **variables: str) -> Callable[[], Any]:
    """Run a command to its end, with compiled modules kept, as Python does unless it is told."""
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "", **variables}
    return lambda: subprocess.run(arguments, check=True, capture_output=True, env=environment)  # noqa: S603 - ours


def lint(repeats: int) -> list[Result]:
    """The command that checks the shipped catalogue, less what pydantic takes to import.

    Once as on a machine that has never seen the catalogue, once as on one that has.
    """
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for name, cache in (("nothing remembered", ""), ("files unchanged", folder)):
            whole, alone = least(
                repeats,
                shell(COMMAND, "lint", GRADPARITY_CACHE=cache),
                shell(sys.executable, "-c", "import pydantic"),
            )
            detail = (
                f"{whole:.2f} s, of which {alone:.2f} s to import pydantic: "
                f"{whole / alone:.1f} times it"
            )
            found.append(Result(f"gradparity lint, {name}", whole - alone, 1, "s", detail))
    return found


def importing(repeats: int) -> list[Result]:
    """What ``import gradparity`` takes of a program, and the first use of a name."""
    found = []
    for statement, target in (
        ("import gradparity", 10),
        ("import gradparity; gradparity.run", 2000),
    ):
        timed = shell(sys.executable, "-c", TIMED.format(statement=statement))
        taken = [float(timed().stdout) for _ in range(repeats + 1)][1:]  # the first compiles
        detail = f"the least of {repeats} processes; the most is {max(taken):.1f} ms"
        found.append(Result(statement, min(taken), target, "ms", detail))
    return found


def start(repeats: int) -> list[Result]:
    """The worked example from the shell, over the least that two frameworks take.

    Once over importing both and compiling JAX's function, and once with the optimizer that the
    example asks of torch.
    """
    ours = shell(COMMAND, "run", "one-layer")
    return [
        ratio(
            f"gradparity run one-layer, over importing and compiling{also}",
            1.3,
            repeats,
            ours,
            shell(sys.executable, "-c", script),
        )
        for also, script in (("", FLOOR), (", and making a torch optimizer", FLOOR + OPTIMIZER))
    ]
