"""From ``git clone`` to the first verdicts and the whole report: out/bench/fresh.{json,html}.

Everything is new: the clone, the environment, what is compiled and remembered. The download is
timed by itself, because it is the network's.
"""  # noqa: INP001 - scripts, no package

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import report
from measure import Result

ROOT = Path(__file__).parents[1]

#: What was asked of the first version: 1,890 s of user time for 6,310 tasks, and half of that.
FIRST_VERSION, TASKS = 1_890, 6_310

#: Runs a command, passes on its words, and says last what its processes took: user seconds, and
#: the MiB of the largest.
MEASURED = """\
import resource, subprocess, sys
status = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print("measured", status, used.ru_utime, used.ru_maxrss / 1024, file=sys.stderr, flush=True)
"""


@dataclass(frozen=True)
class Ran:
    """One run with nothing remembered: seconds to its first words and to its end, and the rest."""

    first: float
    whole: float
    user: float
    largest: float
    tasks: int


def timed(*command: str, **variables: str) -> float:
    """Seconds of a command that has to succeed."""
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, env={**os.environ, **variables})  # noqa: S603 - ours
    return time.perf_counter() - start


def run(command: str, clone: Path, cases: list[str], jobs: str, cache: Path) -> Ran:
    """``gradparity run --out``, as ``make compare`` has it."""
    out = clone / "out" / "report"
    asked = [command, "run", *cases, "--out", str(out), "-j", jobs]
    variables = {"GRADPARITY_CACHE": str(cache), "PYTHONUNBUFFERED": "1"}
    start = time.perf_counter()
    with subprocess.Popen(  # noqa: S603 - ours
        [sys.executable, "-c", MEASURED, *asked],
        cwd=clone,
        env={**os.environ, **variables},
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        first, last = 0.0, ""
        for line in process.stderr:
            if not first and " of " in line and " task" in line:
                first = time.perf_counter() - start
            last = line
    whole = time.perf_counter() - start
    if not last.startswith("measured"):
        raise SystemExit(f"the run did not begin: {last.strip()}")
    _, status, user, largest = last.split()
    if status not in {"0", "1"}:
        raise SystemExit(f"the run ended with {status}")
    told = json.loads((out / "history.jsonl").read_text("utf-8").splitlines()[-1])
    return Ran(first or whole, whole, float(user), float(largest), int(told["tasks"]))


def results(clone: float, download: float, install: float, ran: Ran) -> list[Result]:
    """The table: each beside the most that it may be."""
    half = FIRST_VERSION / TASKS / 2
    told = f"{ran.tasks} tasks, {ran.user:.0f} s of user time over all processes"
    return [
        Result("git clone", clone, 60, "s", "from this machine's disk"),
        Result("download", download, 600, "s", "the network's, or an index's beside it"),
        Result("installation, downloaded", install, 300, "s", "make .venv/.run"),
        Result("the first verdicts, installed", ran.first, 60, "s", "the run's first words"),
        Result("the whole report, installed", ran.whole, 1_800, "s", told),
        Result(
            "user time of a task, nothing cached",
            ran.user / ran.tasks * 1e3,
            half * 1e3,
            "ms",
            f"at most half of the first version's {half * 2e3:.0f} ms",
        ),
        Result("the largest process", ran.largest, 1_024, "MiB", "a worker, at its peak"),
    ]


def main() -> int:
    """Measure; 1 where a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cases", nargs="*", help="cases to run; all of the catalogue if none")
    parser.add_argument("-j", "--jobs", default="2", help="worker processes")
    parser.add_argument("--command", help="of a gradparity that is installed: nothing is cloned")
    parser.add_argument("--out", type=Path, default=Path("out/bench"))
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        clone, wheels = here / "clone", here / "wheels"
        cloned = downloaded = installed = 0.0
        command = asked.command and str(Path(asked.command).absolute())
        if command is None:
            cloned = timed("git", "clone", "--quiet", str(ROOT), str(clone))
            pip = (sys.executable, "-m", "pip", "download", "--quiet", "-d", str(wheels))
            needed = ("-c", str(clone / "constraints.txt"), f"{clone}[all]", "setuptools", "wheel")
            downloaded = timed(*pip, *needed)
            found = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels)}
            python = f"PYTHON={sys.executable}"
            installed = timed("make", "-C", str(clone), ".venv/.run", python, **found)
            command = str(clone / ".venv" / "bin" / "gradparity")
        clone.mkdir(exist_ok=True)
        ran = run(command, clone, asked.cases, asked.jobs, here / "cache")
    found = results(cloned, downloaded, installed, ran)
    return 0 if report.keep(asked.out, "fresh", found[3 if asked.command else 0 :]) else 1


if __name__ == "__main__":
    sys.exit(main())
