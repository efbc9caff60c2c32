"""Speed and memory of whole runs: a table, and out/bench/runs.{json,html}."""  # noqa: INP001 - scripts, no package

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import catalogue
import commands
import report
import variants
from measure import Result

from gradparity.cases.case import Case
from gradparity.verify import load_cases

#: Of so many cases of the catalogue, in its order, the middle one is run.
STRIDE = 12

#: So many tasks of each file show what a run spends its time on.
EACH = 3

#: How often what starts anew is started, and what is run anew is run.
STARTS, ROUNDS = 5, 2

#: Cases of the memory run: a sweep's points at two dtypes make its tasks.
POINTS = 50

CASE = """\
case: generated-{number}
about: One of many.
inputs: {{x: {{normal: [4, 3]}}}}
params: {{w: {{normal: [3]}}, b: 0.5}}
sweep: {{k: [{points}]}}
program: |
  h = tanh(x @ w + b)
  loss = mean(h ** 2) * k
"""

#: Runs a command and says how much memory the largest of its processes took, in MiB.
MEASURED = """\
import resource, subprocess, sys
done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
status = done.returncode
print(status, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)
"""


def run(*arguments: str, cache: Path) -> float:
    """Seconds of one command line's run."""
    command = [str(Path(sys.executable).with_name("gradparity")), "run", *arguments]
    environment = {**os.environ, "GRADPARITY_CACHE": str(cache)}
    start = time.perf_counter()
    done = subprocess.run(command, capture_output=True, check=False, env=environment)  # noqa: S603 - our own
    if done.returncode not in {0, 1, 3}:
        raise SystemExit(done.stderr.decode())
    return time.perf_counter() - start


def sampled(stride: int) -> tuple[list[Case], str]:
    """The middle case of every ``stride`` of the catalogue, and that in words."""
    cases = load_cases()
    chosen = cases[stride // 2 :: stride]
    count, whole = (sum(case.count() for case in some) for some in (chosen, cases))
    return chosen, f"{count} tasks of {whole}" + (f", every {stride}th case" if stride > 1 else "")


def speed(stride: int) -> list[Result]:
    """Two workers against one, and the time a task takes, cold and warm.

    What it takes to start is taken off: a run of one task, in the same number of workers.
    """
    chosen, which = sampled(stride)
    count, names = sum(case.count() for case in chosen), [case.name for case in chosen]
    with tempfile.TemporaryDirectory() as folder:
        cache = Path(folder)
        start = ("one-layer", "--dtypes", "float64", "-j")
        started = {n: min(run(*start, n, cache=cache) for _ in range(STARTS)) for n in "12"}
        cold = run(*names, "-j", "2", cache=cache) - started["2"]
        two = run(*names, "-j", "2", cache=cache) - started["2"]
        one = run(*names, "-j", "1", cache=cache) - started["1"]
    if min(cold, two, one) <= 0:
        raise SystemExit("a run took no longer than its start: the sample is too small to tell")
    return [
        Result("-j 2 over -j 1", two / one, 1 / 1.7, "times", f"{two:.1f} s against {one:.1f} s"),
        Result("a task, warm, -j 2", two / count * 1e3, 60, "ms", which),
        Result("a task, cold, -j 2", cold / count * 1e3, 250, "ms", which),
    ]


def peak(tasks: int, folder: Path) -> float:
    """MiB at the peak of a run of so many generated tasks in the reference, in one worker."""
    cases = folder / f"{tasks}"
    cases.mkdir()
    for number in range(tasks // (2 * POINTS)):
        points = ", ".join(str(1 + k) for k in range(POINTS))
        text = CASE.format(number=number, points=points)
        (cases / f"{number}.yaml").write_text(text, "utf-8")
    command = [str(Path(sys.executable).with_name("gradparity")), "run", str(cases)]
    command += ["--adapters", "numpy", "-j", "1", "--out", str(folder / f"out {tasks}")]
    done = subprocess.run(  # noqa: S603 - our own
        [sys.executable, "-c", MEASURED, *command], capture_output=True, check=True, text=True
    )
    status, size = done.stdout.split()
    if status != "0":
        raise SystemExit(f"a run of generated tasks ended with {status}")
    return float(size)


def memory(few: int, many: int) -> list[Result]:
    """The memory of many tasks over that of a tenth of them."""
    with tempfile.TemporaryDirectory() as folder:
        small, large = peak(few, Path(folder)), peak(many, Path(folder))
    detail = f"{large:.0f} MiB against {small:.0f} MiB"
    return [Result(f"memory of {many} tasks over {few}", large / small, 1.5, "times", detail)]


def main() -> int:
    """Run the benchmarks that are named, or all; 1 where a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stride", type=int, default=STRIDE, help="1 for the whole catalogue")
    parser.add_argument("--each", type=int, default=EACH, help="tasks of a file, for shares")
    parser.add_argument("--tasks", type=int, default=10_000, help="of the memory run")
    parser.add_argument("--out", type=Path, default=Path("out/bench"))
    benchmarks: dict[str, Callable[[], list[Result]]] = {
        "shares": lambda: catalogue.shares(asked.each, ROUNDS),
        "speed": lambda: speed(asked.stride),
        "variants": lambda: variants.decomposed(asked.each, ROUNDS),
        "import": lambda: commands.importing(STARTS),
        "start": lambda: commands.start(STARTS),
        "lint": lambda: commands.lint(STARTS),
        "memory": lambda: memory(asked.tasks // 10, asked.tasks),
    }
    parser.add_argument("names", nargs="*", choices=[*benchmarks, []], help="all, if none is named")
    asked = parser.parse_args()
    results = [r for name in asked.names or benchmarks for r in benchmarks[name]()]
    return 0 if report.keep(asked.out, "runs", results) else 1


if __name__ == "__main__":
    sys.exit(main())
