"""The figures of the concepts, computed by runs and drawn for light and for dark pages."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

import gradparity as gp

#: A page's kind → the colour of text and lines, and those of torch, jax and bounds.
COLOURS = {
    "light": ("#333333", {"torch": "#c2410c", "jax": "#1d4ed8", "bound": "#4d7c0f"}),
    "dark": ("#d0d0d0", {"torch": "#fb923c", "jax": "#7aa7ff", "bound": "#a3e635"}),
}
MARKERS = {"torch": "o", "jax": "x"}

#: A difference of numbers that are the closer the larger x is.
CANCELLING = """\
case: cancelling
about: A difference that loses digits.
params: {x: {full: [4], value: at}}
program: y = sqrt(x + 1) - sqrt(x)
sweep: {at: [1.0, 10.0, 100.0, 1.0e+3, 1.0e+4, 1.0e+5, 1.0e+6]}
dtypes: [float32]
cotangent: [1.0, 0.7, -0.4, 1.3]
"""

#: Slopes around a kink: what each framework has at it.
KINKED = """\
case: kinked
about: The slope of a magnitude.
params: {x: at}
program:
  numpy: y = abs(x)
  torch: y = torch.abs(x)
  jax: y = jax.numpy.abs(x)
sweep: {at: [-1.0, -0.75, -0.5, -0.25, 0.0, 0.25, 0.5, 0.75, 1.0]}
dtypes: [float64]
checks: [grad]
expect: {grad: {x: {between: [-1, 1]}}}
"""

#: A chain in which one operation is another one in JAX.
CHAIN = """\
case: chain
about: Five operations, of which one is spelled otherwise.
inputs: {x: {normal: [6, 4]}, t: {normal: [6, 2]}}
params: {W: {normal: [4, 3]}, b: {normal: [3]}, V: {normal: [3, 2]}}
program:
  numpy: |
    z = x @ W
    s = z + b
    h = gelu(s, approximate="none")
    y = h @ V
    loss = mse(y, t)
  torch: |
    z = x @ W
    s = z + b
    h = torch.nn.functional.gelu(s)
    y = h @ V
    loss = torch.nn.functional.mse_loss(y, t)
  jax: |
    z = x @ W
    s = z + b
    h = jax.nn.gelu(s)
    y = h @ V
    loss = jax.numpy.mean((y - t) ** 2)
dtypes: [float64]
"""

Draw = Callable[[Any, str, Mapping[str, str]], None]


def pages() -> Mapping[str, str]:
    """Each figure twice, as SVG."""
    frames = {text: gp.run(text) for text in (CANCELLING, KINKED, CHAIN)}
    drawn: dict[str, tuple[Callable[..., None], pd.DataFrame]] = {
        "truth": (_truth, frames[CANCELLING]),
        "noise": (_noise, frames[CANCELLING]),
        "power": (_power, frames[CANCELLING]),
        "kink": (_kink, frames[KINKED]),
        "blame": (_blame, frames[CHAIN]),
    }
    return {
        f"figures/{name}-{page}.svg": _svg(draw, frame, page)
        for name, (draw, frame) in drawn.items()
        for page in COLOURS
    }


def _svg(draw: Callable[..., None], frame: pd.DataFrame, page: str) -> str:
    ink, colours = COLOURS[page]
    style: Any = {
        "svg.hashsalt": "gradparity",
        "svg.fonttype": "none",
        "font.family": "sans-serif",
        **dict.fromkeys(
            ("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color"), ink
        ),
    }
    with mpl.rc_context(style):
        figure = Figure(figsize=(6.4, 3.6), layout="constrained")
        axes = figure.subplots()
        axes.spines[["top", "right"]].set_visible(False)
        draw(axes, frame, colours)
        axes.legend(frameon=False)
        out = io.StringIO()
        figure.savefig(out, format="svg", transparent=True, metadata={"Date": None})
    return out.getvalue()


def _points(frame: pd.DataFrame, check: str, tensor: str, adapter: str) -> pd.DataFrame:
    wanted = (frame.check == check) & (frame.tensor == tensor) & (frame.adapter == adapter)
    found = frame[wanted].copy()
    found["x"] = found.point.str.removeprefix("at=").astype(float)
    return found.sort_values("x")


def _truth(axes: Any, _frame: pd.DataFrame, colours: Mapping[str, str]) -> None:
    """How far differences are off a rule, and how extrapolation mends it, as the step shrinks."""
    x = np.longdouble(0.7)
    steps = 2.0 ** -np.arange(0, 16, dtype=np.longdouble)
    central = (np.tanh(x + steps) - np.tanh(x - steps)) / (2 * steps)
    once = (4 * central[1:] - central[:-1]) / 3
    twice = (16 * once[1:] - once[:-1]) / 15
    rule = 1 / np.cosh(x) ** 2
    for found, label, colour in (
        (central, "central differences", "torch"),
        (once, "extrapolated once", "jax"),
        (twice, "extrapolated twice", "bound"),
    ):
        error = np.maximum(np.abs(found / rule - 1), 1e-19).astype(float)
        axes.loglog(steps[: len(error)], error, ".-", color=colours[colour], label=label)
    axes.set_xlabel("largest step h")
    axes.set_ylabel("error of the slope of tanh")


def _noise(axes: Any, frame: pd.DataFrame, colours: Mapping[str, str]) -> None:
    """How large the error is beside the bound that noise gives, as digits cancel."""
    for adapter in ("torch", "jax"):
        found = _points(frame, "value", "y", adapter)
        axes.loglog(
            found.x,
            (found.max_abs / found.want.abs()).clip(lower=1e-9),
            MARKERS[adapter],
            color=colours[adapter],
            label=f"error of {adapter}",
            markerfacecolor="none",
        )
    axes.loglog(found.x, found.tolerance / found.want.abs(), color=colours["bound"], label="bound")
    axes.set_xlabel("x")
    axes.set_ylabel("relative to √(x + 1) − √x")


def _power(axes: Any, frame: pd.DataFrame, colours: Mapping[str, str]) -> None:
    """The error that would be let pass, relative to the element."""
    for tensor, line in (("y", "-"), ("x", "--")):
        found = _points(frame, "value" if tensor == "y" else "grad", tensor, "torch")
        what = "value of y" if tensor == "y" else "gradient of x"
        axes.loglog(found.x, found.power, line, color=colours["bound"], label=what)
    axes.axhline(1, color=colours["torch"], linewidth=1, label="a zero would pass")
    axes.set_xlabel("x")
    axes.set_ylabel("power")


def _kink(axes: Any, frame: pd.DataFrame, colours: Mapping[str, str]) -> None:
    """The slope on both sides of a kink, and what each framework has on it."""
    axes.plot([-1, 0], [-1, -1], color=colours["bound"], label="derivative of |x|")
    axes.plot([0, 1], [1, 1], color=colours["bound"])
    axes.plot([0, 0], [-1, 1], ":", color=colours["bound"], label="subdifferential at 0")
    for adapter in ("torch", "jax"):
        found = _points(frame, "grad", "x", adapter)
        axes.plot(
            found.x,
            found.got,
            MARKERS[adapter],
            color=colours[adapter],
            label=adapter,
            markerfacecolor="none",
        )
    axes.set_xlabel("x")
    axes.set_ylabel("gradient")


def _blame(axes: Any, frame: pd.DataFrame, colours: Mapping[str, str]) -> None:
    """How far every tensor of JAX's is off, beside its bound: all by one operation's doing."""
    found = frame[(frame.adapter == "jax") & frame.check.isin(["value", "grad"])]
    names = [f"{row.check} of {row.tensor}" for row in found.itertuples()]
    ratio = np.maximum(found.max_abs / found.tolerance, 1e-3)
    colour = [colours["torch"] if blame else colours["bound"] for blame in found.blame]
    axes.barh(names, ratio, color=colour)
    axes.axvline(1, color=colours["jax"], linewidth=1, label="bound")
    axes.set_xscale("log")
    axes.invert_yaxis()
    axes.set_xlabel("error over its bound")
