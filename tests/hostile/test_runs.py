"""Runs among ruins: what an earlier one, another program or a signal has left is no result."""

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time

import pandas as pd
import pytest

from gradparity.refimpl.errors import BadUsage
from gradparity.reports.files import NAMES
from gradparity.reports.pages import history
from gradparity.reports.reading import read
from gradparity.verify.linting import memory
from gradparity.verify.storage import cache
from gradparity.verify.storage.store import NAME, Store

from . import adapters, texts

SOUND = texts.case("loss = sum(w * w)", params="{w: [1.0, 2.0]}")
MAIN = "from gradparity.__main__ import main; main()"


def gradparity(*arguments, **environment):
    """Run the command; its status, output and errors."""
    done = subprocess.run(  # noqa: S603  ours
        [sys.executable, "-c", MAIN, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environment},
    )
    assert "Traceback" not in done.stderr
    return done


@pytest.fixture
def case(tmp_path):
    path = tmp_path / "t.yaml"
    path.write_text(SOUND, "utf-8")
    return path


@pytest.mark.slow
def test_an_earlier_report_does_not_stand_for_a_run_that_fails(case, tmp_path):
    out = tmp_path / "out"
    first = gradparity("run", case, "--adapters", "numpy", "--out", out)
    assert first.returncode == 0
    assert {path.name for path in out.iterdir()} == {*NAMES, NAME, history.NAME}
    case.write_text("case: a\n", "utf-8")
    (out / f".{NAMES[0]}.0a1b2c3d.tmp").touch()  # as a run that is killed while it writes leaves it
    second = gradparity("run", case, "--adapters", "numpy", "--out", out)
    assert second.returncode == 2
    assert {path.name for path in out.iterdir()} == {NAME, history.NAME}


def other_base():
    """Another program's."""
    base = sqlite3.connect(":memory:")
    base.execute("CREATE TABLE tasks (a)")
    return base.serialize()


#: What becomes of a store's bytes.
DAMAGES = {
    "words": lambda raw: b"just words" * (len(raw) // 10),
    "empty": lambda raw: raw[:0],
    "half": lambda raw: raw[: len(raw) // 2],
    "zeros": lambda raw: raw[:100] + bytes(len(raw) - 100),
    "middle": lambda raw: raw[:4096] + b"\xff" * 512 + raw[4608:],
    "another": lambda raw: raw[:0] + other_base(),
}

ROWS = [{"case": "a", "verdict": "agree"}]


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_store_is_a_line_or_computed_again(tmp_path, name):
    path = tmp_path / NAME
    with Store(path) as store:
        for k in range(100):
            store.put(f"{k}", ROWS)
    path.write_bytes(DAMAGES[name](path.read_bytes()))
    said = ""
    try:
        with Store(path) as store:
            found = [store.rows(f"{k}") for k in range(100)]
    except BadUsage as fault:
        found, said = [], str(fault)
    assert NAME in said or all(rows in (None, ROWS) for rows in found)


def test_a_damaged_store_ends_the_command_with_a_line(case, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / NAME).write_bytes(b"just words" * 1_000)
    done = gradparity("run", case, "--adapters", "numpy", "--out", out, "--resume")
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert NAME in line


@pytest.mark.parametrize("name", DAMAGES)
def test_a_poisoned_cache_is_as_good_as_none(tmp_path, monkeypatch, name):
    monkeypatch.setenv("GRADPARITY_CACHE", str(tmp_path))
    cache.keep([(f"{k}", ROWS) for k in range(100)])
    base = tmp_path / cache.FILE
    assert len(list(cache.recall(["1", "2"]))) == 2
    base.write_bytes(DAMAGES[name](base.read_bytes()))
    found = list(cache.recall(f"{k}" for k in range(100)))
    assert all(rows == ROWS for _, rows in found)
    cache.keep([("new", ROWS)])


RECORDS = {
    "words": "words",
    "a list": "[]",
    "nothing": "",
    "nested": "[" * 100_000,
    "no cases": '{"files": {}}',
    "cases as text": '{"files": {}, "cases": "abc"}',
    "a case of two": '{"files": {}, "cases": [["a", 1]]}',
    "an infinite line": '{"files": {}, "cases": [["a", 1e999, 1]]}',
    "digits": '{"files": {}, "cases": [["a", ' + "9" * 9_000 + ", 1]]}",
    "a name with escapes": '{"files": {}, "cases": [["\\u001b[2J", 1, 1]]}',
    "files as a list": '{"files": [1], "cases": []}',
    "a file elsewhere": '{"files": {"/etc/passwd": "0"}, "cases": []}',
    "a long file": json.dumps({"files": {"x" * 5_000: "0"}, "cases": []}),
    "a file of escapes": '{"files": {"\\u0000": "0"}, "cases": []}',
    "a number as a file": '{"files": {"a": 1}, "cases": []}',
}


@pytest.mark.parametrize("name", RECORDS)
def test_a_poisoned_lint_record_is_as_good_as_none(tmp_path, name):
    held = memory.Memory(tmp_path, "v")
    path = tmp_path / "t.yaml"
    held.keep(b"raw", path, [memory.Known("a", path, 1, 1)], [])
    assert held.recall(b"raw", path) == [memory.Known("a", path, 1, 1)]
    (record,) = (tmp_path / "lint" / "v").iterdir()
    record.write_text(RECORDS[name], "utf-8")
    assert held.recall(b"raw", path) is None


#: Says when the command begins: before that, a signal meets Python itself.
BEGUN = f"import sys; print('begun', flush=True); {MAIN}"


def started(*arguments):
    """The command in a process of its own, and its begin."""
    process = subprocess.Popen(  # noqa: S603  ours
        [sys.executable, "-c", BEGUN, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"
    return process


def duration(*arguments):
    """Seconds that a command takes from its begin."""
    process = started(*arguments)
    begin = time.monotonic()
    process.communicate()
    assert process.returncode == 0
    return time.monotonic() - begin


@pytest.mark.slow
@pytest.mark.parametrize("often", [1, 3])
def test_ctrl_c_at_any_moment_ends_with_130(case, tmp_path, often):
    chance = random.Random(1)  # noqa: S311  no secret
    whole = duration("run", case, "--out", tmp_path / "undisturbed")
    ended = []
    for number in range(20 // often):
        process = started("run", case, "--out", tmp_path / f"{number}")
        time.sleep(chance.uniform(0, whole))
        for _ in range(often):
            process.send_signal(signal.SIGINT)
            time.sleep(0.02)
        _, said = process.communicate(timeout=600)
        assert "Traceback" not in said, said
        assert "Exception ignored" not in said, said
        # In its very end Python is ended by the signal, which a shell reports as 130, too.
        ended.append(128 - process.returncode if process.returncode < 0 else process.returncode)
    assert set(ended) <= {130, 0}
    assert 130 in ended


@pytest.mark.slow
def test_a_run_that_is_killed_at_random_moments_goes_on_to_the_same_bits(tmp_path):
    """Twenty times over, each time further on: a task is whole or absent."""
    path = adapters.cases(tmp_path, [f"case-{k}" for k in range(150)])
    run = ("run", path, "--adapters", "numpy", "-j", "2", "--format", "csv")
    whole = duration(*run, "--out", tmp_path / "undisturbed")
    wanted = read(tmp_path / "undisturbed").drop(columns="seconds")
    chance = random.Random(2)  # noqa: S311  no secret
    out, kills = tmp_path / "out", 0
    while kills < 20:
        resume = ("--resume",) if (out / NAME).exists() else ()
        process = started(*run, "--out", out, *resume)
        try:
            process.communicate(timeout=chance.uniform(0, whole))
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            kills += 1
            if not (out / NAMES[0]).exists():
                continue
        found = read(out).drop(columns="seconds")
        pd.testing.assert_frame_equal(found, wanted, check_exact=True)
        if process.returncode == 0:
            (out / NAME).unlink()  # and anew
    gradparity(*run, "--out", out, *(("--resume",) if (out / NAME).exists() else ()))
    assert {path.name for path in out.iterdir()} == {*NAMES, NAME, history.NAME}
    found = read(out).drop(columns="seconds")
    pd.testing.assert_frame_equal(found, wanted, check_exact=True)
