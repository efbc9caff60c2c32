"""Training steps: where a framework's update parts from the truth, and how far it drifts."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import cast

import pandas as pd

from .columns import RUN
from .verdicts import FAILING
from .wording import drawing, number, safe

#: Verdicts of an update that is off.
OFF = (*FAILING, "known")

#: More drifts than this are not drawn.
MOST_PLOTS = 24

#: The size of a plot, of its margins, and the least and the largest error that are drawn.
WIDTH, HEIGHT, LEFT, BOTTOM, TOP, RIGHT = 480, 180, 56, 28, 12, 92
LEAST, MOST = 1e-18, 1e30

#: The height of a name beside a line.
LINE = 11.0


def partings(frame: pd.DataFrame, verdicts: tuple[str, ...] = OFF) -> pd.DataFrame:
    """The first row of each task and adapter in which an update is off.

    At one step what the optimizer remembers, as ``W.m``, stands before the parameter, which is
    moved by it.
    """
    rows = frame[(frame["check"] == "update") & frame["verdict"].isin(verdicts)]
    own = ~rows["tensor"].str.contains(".", regex=False)
    ordered = rows.assign(own=own).sort_values(["step", "own"], kind="stable")
    return ordered.drop_duplicates(RUN).drop(columns="own").sort_index()


@dataclass(frozen=True)
class Series:
    """One adapter's line: its points on the page, where its name stands, its colour's number."""

    name: str
    points: str
    x: float
    y: float
    colour: int


@dataclass(frozen=True)
class Plot:
    """The largest error of any parameter, step by step, on a logarithmic scale."""

    title: str
    series: tuple[Series, ...]
    #: Heights and texts of the lines across.
    ticks: tuple[tuple[float, str], ...]
    last_step: int
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    bottom: int = HEIGHT - BOTTOM


def drifts(frame: pd.DataFrame, most: int = MOST_PLOTS) -> list[Plot]:
    """Plots of the tasks of several steps in which some framework's parameters are off."""
    rows = frame[(frame["check"] == "update") & ~frame["tensor"].str.contains(".", regex=False)]
    task = ["case", "draw", "point", "dtype"]
    rows = rows[rows.groupby(task)["step"].transform("max") > 0] if len(rows) else rows
    off = rows[rows["verdict"].isin(OFF)].drop_duplicates(task)
    colours = {name: k for k, name in enumerate(sorted(rows["adapter"].unique()))}
    plots = []
    for key in off[task].head(most).itertuples(index=False):
        held = rows[(rows[task] == list(key)).all(axis="columns")]
        name = f"{drawing(*key[:2])}[{'-'.join(part for part in key[2:] if part)}]"
        plots.append(_plot(safe(name), held, colours))
    return plots


def _plot(title: str, rows: pd.DataFrame, colours: Mapping[str, int]) -> Plot:
    errors = rows.groupby(["adapter", "step"])["max_abs"].max().clip(LEAST, MOST).dropna()
    low = math.floor(math.log10(errors.min())) if len(errors) else -1
    high = max(math.ceil(math.log10(errors.max())) if len(errors) else 0, low + 1)
    last = int(rows["step"].max())

    def place(step: float, error: float) -> tuple[float, float]:
        across = (WIDTH - LEFT - RIGHT) * step / last
        up = (HEIGHT - TOP - BOTTOM) * (math.log10(error) - low) / (high - low)
        return round(LEFT + across, 1), round(HEIGHT - BOTTOM - up, 1)

    every = max(1, (high - low) // 4)
    ticks = tuple((place(0, 10.0**k)[1], f"1e{k}") for k in range(low, high + 1, every))
    lines = [
        _series(str(name), held.droplevel("adapter"), place, colours[str(name)])
        for name, held in errors.groupby(level="adapter")
    ]
    return Plot(title, tuple(_apart(lines)), ticks, last)


def _series(
    name: str, errors: pd.Series, place: Callable[[float, float], tuple[float, float]], colour: int
) -> Series:
    spots = [place(cast("float", step), error) for step, error in errors.items()]
    points = " ".join(f"{x:g},{y:g}" for x, y in spots)
    label = f"{name} {number(float(errors.iloc[-1]), 2)}"
    return Series(safe(label), points, *spots[-1], colour)


def _apart(lines: list[Series]) -> Iterator[Series]:
    """From the top down, each name far enough below the one above it to be read."""
    least = 0.0
    for line in sorted(lines, key=lambda line: line.y):
        y = max(line.y, least)
        yield replace(line, y=y)
        least = y + LINE
