"""What is kept of a benchmark: JSON, and a page with targets and how times grow, as SVG."""  # noqa: INP001 - scripts, no package

from __future__ import annotations

import json
import math
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from growth import Growth
from jinja2 import Environment, FileSystemLoader
from measure import Result
from rich.console import Console
from rich.table import Table

WIDTH, HEIGHT, LEFT, BOTTOM, TOP, RIGHT = 400, 280, 56, 40, 12, 24


@dataclass(frozen=True)
class Axis:
    """A logarithmic axis: numbers to pixels."""

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        """Where a number stands."""
        share = math.log(value / self.low) / math.log(self.high / self.low)
        return round(self.start + share * (self.end - self.start), 1)


@dataclass(frozen=True)
class Plot:
    """One log-log plot, in pixels."""

    growth: Growth
    x: Axis
    y: Axis
    decades: tuple[float, ...]

    def points(self, name: str) -> list[tuple[float, float]]:
        """The curve of ``reference`` or ``torch``."""
        seconds = getattr(self.growth, name)
        return [
            (self.x.at(n), self.y.at(t)) for n, t in zip(self.growth.sizes, seconds, strict=True)
        ]


def plot(growth: Growth) -> Plot:
    """Axes that hold both curves, with whole decades of seconds marked."""
    times = (*growth.reference, *growth.torch)
    first, last = math.floor(math.log10(min(times))), math.ceil(math.log10(max(times)))
    return Plot(
        growth,
        Axis(growth.sizes[0], growth.sizes[-1], LEFT, WIDTH - RIGHT),
        Axis(10.0**first, 10.0**last, HEIGHT - BOTTOM, TOP),
        tuple(10.0**k for k in range(first, last + 1)),
    )


def seconds(value: float) -> str:
    """A decade in words: ``10 ms``."""
    for unit, factor in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if value >= factor * 0.999:
            return f"{value / factor:g} {unit}"
    return f"{value:g} s"


def keep(
    folder: Path,
    name: str,
    results: list[Result],
    growths: Sequence[Growth] = (),
    about: dict[str, str] | None = None,
) -> bool:
    """Print the table, and write ``name.json`` and ``name.html``; whether all targets are met."""
    facts = {
        "Python": platform.python_version(),
        "machine": platform.platform(),
        "processors": str(os.cpu_count()),
        "load": " ".join(f"{load:.1f}" for load in os.getloadavg()),
    } | (about or {})
    table = Table("", "measured", "at most", "", "", title="Speed")
    for r in results:
        mark = "[green]✓[/]" if r.met else "[red]✗[/]"
        table.add_row(r.name, f"{mark} {r.measured:.2f}", f"{r.target:.3g}", r.unit, r.detail)
    Console().print(table)
    folder.mkdir(parents=True, exist_ok=True)
    record = facts | {
        "results": [r.as_dict() for r in results],
        "growth": [asdict(growth) for growth in growths],
    }
    text = json.dumps(record, indent=2, ensure_ascii=False) + "\n"
    (folder / f"{name}.json").write_text(text, encoding="utf-8")
    _write(folder / f"{name}.html", results, growths, facts)
    Console().print(folder / f"{name}.html")
    return all(r.met for r in results)


def _write(
    path: Path, results: list[Result], growths: Sequence[Growth], about: dict[str, str]
) -> None:
    """Write the page."""
    env = Environment(loader=FileSystemLoader(Path(__file__).parent), autoescape=True)
    env.filters["seconds"] = seconds
    page = env.get_template("report.html.j2").render(
        results=results,
        plots=[plot(g) for g in growths],
        about=about,
        width=WIDTH,
        height=HEIGHT,
        bottom=HEIGHT - BOTTOM,
        top=TOP,
        left=LEFT,
        right=WIDTH - RIGHT,
    )
    path.write_text(page, encoding="utf-8")
