"""Speed and memory of whole runs, from the shell: a table, and out/bench/runs.json."""  # noqa: INP001 - scripts, no package

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from measure import Result

#: What is timed where nothing is named: this part of the catalogue, by the words its cases share.
WORDS = "basics"

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


def tasks_of(words: str) -> int:
    """How many tasks the words choose."""
    listed = (
        "import sys; from gradparity.verify import load_cases; "
        "print(sum(case.count() for case in load_cases(None, sys.argv[1])))"
    )
    done = subprocess.run(  # noqa: S603 - our own
        [sys.executable, "-c", listed, words], capture_output=True, check=True, text=True
    )
    return int(done.stdout)


def speed(words: str) -> list[Result]:
    """Two workers against one, and the time a task takes, cold and warm.

    What it takes to start is taken off: a run of one task, in the same number of workers.
    """
    count = tasks_of(words)
    with tempfile.TemporaryDirectory() as folder:
        cache = Path(folder)
        started = {n: run("one-layer", "--dtypes", "float64", "-j", n, cache=cache) for n in "12"}
        cold = run("-k", words, "-j", "2", cache=cache) - started["2"]
        two = run("-k", words, "-j", "2", cache=cache) - started["2"]
        one = run("-k", words, "-j", "1", cache=cache) - started["1"]
    return [
        Result("-j 2 over -j 1", two / one, 1 / 1.7, "times", f"{two:.1f} s against {one:.1f} s"),
        Result("a task, warm, -j 2", two / count * 1e3, 60, "ms", f"{count} tasks, {words}"),
        Result("a task, cold, -j 2", cold / count * 1e3, 250, "ms", f"{count} tasks, {words}"),
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
    """Run the benchmarks; 1 where a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", choices=["speed", "memory", []])
    parser.add_argument("-k", dest="words", default=WORDS, help="cases; '' for the whole catalogue")
    parser.add_argument("--tasks", type=int, default=10_000, help="of the memory run")
    parser.add_argument("--out", type=Path, default=Path("out/bench"))
    asked = parser.parse_args()
    names = asked.names or ["speed", "memory"]
    results = speed(asked.words) if "speed" in names else []
    results += memory(asked.tasks // 10, asked.tasks) if "memory" in names else []
    for r in results:
        verdict = "met" if r.met else "MISSED"
        found = f"{r.name:28} {r.measured:8.2f} {r.unit:6} at most {r.target:g}: {verdict}"
        print(f"{found}; {r.detail}")  # noqa: T201 - a script speaks
    asked.out.mkdir(parents=True, exist_ok=True)
    record = {
        "python": platform.python_version(),
        "machine": platform.platform(),
        "load": os.getloadavg(),
        "results": [r.as_dict() for r in results],
    }
    (asked.out / "runs.json").write_text(json.dumps(record, indent=2, ensure_ascii=False))
    return 0 if all(r.met for r in results) else 1


if __name__ == "__main__":
    sys.exit(main())
