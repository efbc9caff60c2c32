"""``gradparity demo``: an example, a port with a mistake and a divergence, in a minute."""

from __future__ import annotations

import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from ...refimpl.errors import BadUsage, printable
from .common import emit
from .explain import explain
from .run import run

#: What the demonstration shows, beside the port: a case of the catalogue each.
EXAMPLE, DIVERGENCE = "one-layer", "abs-at-zero"

PORT = """\
case: port-with-a-mistake
about: A layer and its port to JAX, whose gelu is another one by default.
inputs: {x: {normal: [6, 4]}, t: {normal: [6, 2]}}
params: {W: {normal: [4, 3]}, b: {normal: [3]}, V: {normal: [3, 2]}}
program:
  numpy: |
    h = gelu(x @ W + b, approximate="none")
    loss = mse(h @ V, t)
  torch: |
    h = torch.nn.functional.gelu(x @ W + b)
    loss = torch.nn.functional.mse_loss(h @ V, t)
  jax: |
    h = jax.nn.gelu(x @ W + b)
    loss = jax.numpy.mean((h @ V - t) ** 2)
dtypes: [float64]
"""

Out = Annotated[
    str, typer.Option("--out", metavar="DIR", help="The folder for the case and the report.")
]
Open = Annotated[bool, typer.Option("--open/--no-open", help="Open the report in a browser.")]


def demo(*, out: Out = "out/demo", show: Open = True) -> None:
    """Derive the smallest example, run it beside two that differ, and open the report."""
    folder = Path(out)
    case = folder / "port.yaml"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        case.write_text(PORT, "utf-8")
    except OSError as fault:
        raise BadUsage(f"{folder} cannot be written: {fault.strerror}") from fault
    emit("1. The smallest example, by hand and in every framework\n")
    explain(EXAMPLE)
    emit("\n2. The same in a run, beside a port with a mistake and a kink that is recorded\n")
    try:
        run([EXAMPLE, str(case), DIVERGENCE], jobs="0", out=out)
    except SystemExit as end:
        if end.code not in (0, 1):  # that something differs is what is shown
            raise
    report = folder / "report.html"
    where = printable(str(case))
    emit(f"\nThe mistake is in {where}. Mend it and see: gradparity run {where}")
    if show and report.exists():
        webbrowser.open(report.resolve().as_uri())
