"""Runs that are broken off, and what is taken from them: the frame is an undisturbed run's."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from gradparity.reports.reading import read
from gradparity.verify.storage.store import NAME, Store

from . import faulty

NAMES = ("one", "two", "waits", "three", "raises")
SCRIPT = "import sys; from gradparity.verify.cli import main; sys.argv[0] = 'gradparity'; main()"


@pytest.fixture
def gradparity(tmp_path, faulty_adapters):
    """Start the command in a process; nobody waits while the file ``go`` is there."""
    environment = {**os.environ, "FAULTY_GO": str(tmp_path / "go")}

    def start(*arguments):
        command = [sys.executable, "-c", SCRIPT, *map(str, arguments)]
        return subprocess.Popen(  # noqa: S603  our own interpreter and arguments
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
            start_new_session=True,
        )

    return start


def ended(process):
    """A process's status and what it said."""
    _, said = process.communicate(timeout=120)
    return process.returncode, said


def wait_for(tasks, folder):
    """Until a run has finished so many tasks: the file is larger then, and is not touched."""
    sizes = {}
    for _ in range(3000):
        path = folder / NAME
        size = path.stat().st_size if path.exists() else 0
        sizes.setdefault(size, time.monotonic())
        if size and time.monotonic() - sizes[size] > 1.0 and finished(path) >= tasks:
            return
        time.sleep(0.05)
    raise AssertionError("the run does not get on")


def finished(path):
    """Tasks in a copy of a store that is being written."""
    copy = path.with_name("copy.sqlite")
    copy.write_bytes(path.read_bytes())
    try:
        with Store(copy) as store:
            return len(store)
    finally:
        copy.unlink()


def gone(group):
    """Whether all processes of a group have ended, soon."""
    for _ in range(400):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False


def without_seconds(folder):
    return read(folder).drop(columns="seconds")


def run_of(cases, *more):
    return ("run", cases, "--adapters", "faulty,numpy", "--format", "csv", *more)


@pytest.mark.parametrize("jobs", [pytest.param(0, marks=pytest.mark.slow), 2])
def test_a_killed_run_goes_on_and_its_frame_is_an_undisturbed_ones(gradparity, tmp_path, jobs):
    cases = faulty.cases(tmp_path, *NAMES)
    out, whole = tmp_path / "out", tmp_path / "whole"
    broken = gradparity(*run_of(cases, "-j", jobs, "--out", out))
    wait_for(2 if jobs == 0 else 4, out)
    os.killpg(broken.pid, signal.SIGKILL)
    assert ended(broken)[0] == -signal.SIGKILL
    assert not (out / "results.parquet").exists()

    (tmp_path / "go").touch()
    status, said = ended(gradparity(*run_of(cases, "-j", jobs, "--out", out, "--resume")))
    assert status == 3
    taken = re.search(r"(\d) of 5 tasks are finished already", said)
    assert taken is not None
    assert int(taken[1]) == (2 if jobs == 0 else 4)
    assert ended(gradparity(*run_of(cases, "--out", whole)))[0] == 3
    pd.testing.assert_frame_equal(without_seconds(out), without_seconds(whole), check_exact=True)


@pytest.mark.parametrize("jobs", [pytest.param(0, marks=pytest.mark.slow), 1])
def test_an_interrupted_run_says_how_to_go_on_and_leaves_no_process(gradparity, tmp_path, jobs):
    cases = faulty.cases(tmp_path, *NAMES)
    out = tmp_path / "out"
    broken = gradparity(*run_of(cases, "-j", jobs, "--out", out))
    wait_for(2, out)
    os.killpg(broken.pid, signal.SIGINT)  # as a terminal does, to every process of the group
    status, said = ended(broken)
    assert status == 130
    assert "interrupted; 2 of 5 tasks are finished and kept" in said
    assert "--resume" in said
    assert "Traceback" not in said
    assert gone(broken.pid)


@pytest.mark.slow
def test_what_has_changed_is_run_again(gradparity, tmp_path):
    cases = faulty.cases(tmp_path, "one", "two", "raises")
    out = tmp_path / "out"

    def said(*more):
        return ended(gradparity(*run_of(cases, "--out", out, *more)))[1]

    said()
    assert "3 of 3 tasks are finished already" in said("--resume")
    assert "2 of 3 tasks are unchanged" in said("--changed")  # an error is tried again
    cases.write_text(cases.read_text("utf-8").replace("[0.5, 3.0]", "[0.5, 4.0]", 1), "utf-8")
    assert "2 of 3 tasks are finished already" in said("--resume")
    source = Path(os.environ["PYTHONPATH"].split(":")[0]) / "faulty_adapters.py"
    source.write_text(source.read_text("utf-8") + "\n# another version\n", "utf-8")
    assert "0 of 3 tasks are unchanged" in said("--changed")


@pytest.mark.slow
def test_without_a_folder_the_users_cache_has_the_last_run(gradparity, tmp_path):
    cases = faulty.cases(tmp_path, "one", "two")
    assert "0 of 2 tasks are unchanged" in ended(gradparity(*run_of(cases, "--changed")))[1]
    assert "2 of 2 tasks are unchanged" in ended(gradparity(*run_of(cases, "--changed")))[1]
    out = tmp_path / "out"
    assert "2 of 2" in ended(gradparity(*run_of(cases, "--changed", "--out", out)))[1]
    assert len(read(out)) > 0
