"""A real Dask scheduler with two workers on this machine, one of which is killed half-way."""

import json
import os
import signal
import subprocess
import sys
import time

import pandas as pd
import pytest

from gradparity.reports.reading import read
from gradparity.verify import run

from . import faulty

DASK = "import sys; from dask.__main__ import main; sys.argv[0] = 'dask'; main()"
GRADPARITY = "from gradparity.verify.cli import main; main()"


def until(there, what):
    for _ in range(1200):
        if there():
            return
        time.sleep(0.1)
    raise AssertionError(f"no {what}")


@pytest.fixture
def start(tmp_path, faulty_adapters):
    """Start processes, which end with the test."""
    environment = {**os.environ, "FAULTY_GO": str(tmp_path / "go")}
    started = []

    def call(script, *arguments):
        command = [sys.executable, "-c", script, *map(str, arguments)]
        with (tmp_path / f"log {len(started)}").open("w") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log, env=environment)  # noqa: S603  ours
        started.append(process)
        return process

    yield call
    for process in started:
        process.kill()
        process.wait()


@pytest.fixture
def cluster(start, tmp_path):
    """Start a scheduler and two workers, and the command on them until a task waits.

    The scheduler's process, the command's and its log, and the folder that it writes.
    """

    def call(cases):
        place, out = tmp_path / "scheduler.json", tmp_path / "out"
        scheduler = start(DASK, "scheduler", "--host", "127.0.0.1", "--port", 0, "--no-dashboard",
                          "--scheduler-file", place)  # fmt: skip
        until(place.exists, "scheduler")
        for _ in range(2):
            start(DASK, "worker", "--scheduler-file", place, "--nthreads", 1, "--no-nanny",
                  "--no-dashboard", "--local-directory", tmp_path)  # fmt: skip
        address = json.loads(place.read_text("utf-8"))["address"]
        command = start(GRADPARITY, "run", cases, "--adapters", "faulty,numpy", "--cluster",
                        address, "--out", out)  # fmt: skip
        mark = tmp_path / "go.pid"
        until(lambda: mark.exists() and mark.read_text().endswith("\n"), "task that waits")
        return scheduler, command, tmp_path / "log 3", out

    return call


@pytest.mark.slow
def test_a_lost_worker_loses_no_result(cluster, tmp_path):
    cases = faulty.cases(tmp_path, "one", "two", "waits", "three", "raises", "four")
    _, command, _, out = cluster(cases)
    os.kill(int((tmp_path / "go.pid").read_text()), signal.SIGKILL)
    (tmp_path / "go").touch()
    assert command.wait(timeout=600) == 3
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FAULTY_GO", str(tmp_path / "go"))
        undisturbed = run(cases, adapters=["faulty", "numpy"])
    pd.testing.assert_frame_equal(
        read(out).drop(columns="seconds"), undisturbed.drop(columns="seconds"), check_exact=True
    )


@pytest.mark.slow
def test_a_lost_scheduler_is_a_line_and_what_is_finished_is_kept(cluster, start, tmp_path):
    cases = faulty.cases(tmp_path, "one", "two", "waits", "three")
    scheduler, command, log, out = cluster(cases)
    scheduler.kill()
    assert command.wait(timeout=600) == 2
    said = log.read_text("utf-8")
    (line,) = [x for x in said.splitlines() if x.startswith("gradparity: ")]
    assert "was lost; what is finished is kept" in line
    assert "Traceback" not in said
    (tmp_path / "go").touch()
    again = start(GRADPARITY, "run", cases, "--adapters", "faulty,numpy", "--out", out, "--resume")
    assert again.wait(timeout=600) == 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FAULTY_GO", str(tmp_path / "go"))
        undisturbed = run(cases, adapters=["faulty", "numpy"])
    pd.testing.assert_frame_equal(
        read(out).drop(columns="seconds"), undisturbed.drop(columns="seconds"), check_exact=True
    )


@pytest.mark.slow
def test_a_scheduler_that_does_not_answer_is_bad_usage(start, tmp_path):
    command = start(GRADPARITY, "run", "one-layer", "--cluster", "tcp://127.0.0.1:9")
    assert command.wait(timeout=120) == 2
    said = (tmp_path / "log 0").read_text("utf-8")
    assert "no Dask scheduler answers at tcp://127.0.0.1:9" in said
    assert "Traceback" not in said
