"""The store: a task is whole or absent, and what cannot be is said."""

import resource
import signal
import sqlite3
import subprocess
import sys
import zlib

import hypothesis.strategies as st
import pytest
from hypothesis import given

from gradparity.refimpl.errors import BadUsage
from gradparity.reports.columns import BY_NAME
from gradparity.verify.storage.packing import LONGEST, packed, unpacked
from gradparity.verify.storage.store import NAME, Store

TEXTS = st.none() | st.text(max_size=8)
CELLS = {"str": TEXTS, "float64": st.none() | st.floats(), "Int64": st.integers(-(2**60), 2**60)}
COLUMNS = st.sampled_from([name for name in BY_NAME if name != "verdict"])


def same(a, b):
    return repr(a) == repr(b)


@given(st.integers(0, 4), st.lists(COLUMNS, unique=True, max_size=5), st.data())
def test_rows_come_back_to_the_bit(count, columns, data):
    rows = [
        {name: data.draw(CELLS[BY_NAME[name].dtype]) for name in columns} | {"verdict": "agree"}
        for _ in range(count)
    ]
    assert same(unpacked(packed(rows)), rows)


def raw(text, level=1):
    return zlib.compress(text.encode(), level)


POISON = {
    "nothing": b"",
    "no zlib": b"words",
    "truncated": packed([{"verdict": "agree"}])[:-3],
    "no json": raw("words"),
    "a list": raw("[]"),
    "no count": raw('{"columns": {}}'),
    "count as text": raw('{"count": "1", "columns": {}}'),
    "count below": raw('{"count": -1, "columns": {}}'),
    "count of billions": raw('{"count": 1000000000000, "columns": {"case": ["a"]}}'),
    "columns as a list": raw('{"count": 1, "columns": ["case"]}'),
    "another column": raw('{"count": 1, "columns": {"case": ["a"], "shell": ["rm"]}}'),
    "another length": raw('{"count": 3, "columns": {"case": ["a", "b"]}}'),
    "a number as text": raw('{"count": 1, "columns": {"max_abs": ["0.5"]}}'),
    "text as a number": raw('{"count": 1, "columns": {"case": [7]}}'),
    "a list in a cell": raw('{"count": 1, "columns": {"reason": [["a"]]}}'),
    "truth as a number": raw('{"count": 1, "columns": {"max_abs": [true]}}'),
    "another verdict": raw('{"count": 1, "columns": {"verdict": ["fine"]}}'),
    "no verdict": raw('{"count": 1, "columns": {"verdict": [null]}}'),
    "nested": raw("[" * 200_000),
    "digits": raw('{"count": 1, "columns": {"step": [' + "9" * 9000 + "]}}"),
    "bomb": raw("0" * (LONGEST + 10)),
    "text": "words",
    "number": 7,
    "null": None,
}


@pytest.mark.parametrize("name", POISON)
def test_what_was_not_written_by_us_is_not_taken(tmp_path, name):
    with pytest.raises(ValueError, match=r"."):
        unpacked(POISON[name])
    with Store(tmp_path / NAME) as store:
        store.put("a", [{"verdict": "agree"}])
    base = sqlite3.connect(tmp_path / NAME)
    with base:
        base.execute("UPDATE tasks SET rows = ?", (POISON[name],))
    base.close()
    with Store(tmp_path / NAME) as store:
        assert store.rows("a") is None


def test_tasks_are_kept_from_one_process_to_the_next(tmp_path):
    rows = [{"verdict": "agree", "got": float("nan")}, {"verdict": "differs", "got": -0.0}]
    with Store(tmp_path / "deep" / NAME) as store:
        store.put("a", rows)
        assert "a" in store
        assert "b" not in store
    with Store(tmp_path / "deep" / NAME) as store:
        assert same(store.rows("a"), rows)
        assert store.rows("b") is None
        store.forget()
        assert len(store) == 0
    assert [path.name for path in (tmp_path / "deep").iterdir()] == [NAME]


def test_a_store_without_a_file_keeps_too():
    with Store() as store:
        store.put("a", [])
        assert store.rows("a") == []


def test_two_runs_do_not_write_to_one_folder(tmp_path):
    with Store(tmp_path / NAME), pytest.raises(BadUsage, match="another run writes there"):
        Store(tmp_path / NAME)


def test_a_file_that_is_no_store_is_refused(tmp_path):
    (tmp_path / NAME).write_bytes(b"results of mine\n" * 100)
    with pytest.raises(BadUsage, match="not a database; remove it to begin anew"):
        Store(tmp_path / NAME)
    assert (tmp_path / NAME).read_bytes().startswith(b"results of mine")


def test_a_folder_that_cannot_be_made_is_said(tmp_path):
    (tmp_path / "taken").write_text("a file", "utf-8")
    with pytest.raises(BadUsage, match="taken"):
        Store(tmp_path / "taken" / NAME)


@pytest.mark.parametrize("kept", [0.2, 0.5, 0.9])
def test_a_file_that_was_cut_off_is_never_read_as_whole(tmp_path, kept):
    rows = [{"verdict": "agree", "got": 0.1 * k, "reason": "x" * k} for k in range(30)]
    with Store(tmp_path / NAME) as store:
        for k in range(100):
            store.put(f"task {k}", rows)
    whole = (tmp_path / NAME).read_bytes()
    (tmp_path / NAME).write_bytes(whole[: int(len(whole) * kept)])
    with pytest.raises(BadUsage, match="it is damaged: remove it to begin anew"):
        Store(tmp_path / NAME)


FILL = """\
import resource, sys
from pathlib import Path
from gradparity.refimpl.errors import BadUsage
from gradparity.verify.storage.store import Store
with Store(Path(sys.argv[1])) as store:
    resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))
    for k in range(1000):
        try:
            store.put(f"task {k}", [{"reason": str(k**300)}])
        except BadUsage as fault:
            print(k, fault)
            break
"""


def test_a_full_disk_is_said_and_leaves_what_was_kept_whole(tmp_path):
    path = tmp_path / NAME
    done = subprocess.run(  # noqa: S603  our own interpreter and arguments
        [sys.executable, "-c", FILL, path], capture_output=True, text=True, timeout=60, check=True
    )
    count, said = done.stdout.split(maxsplit=1)
    assert "cannot be written" in said
    assert "make room, then go on with --resume" in said
    with Store(path) as store:
        assert len(store) == int(count) > 5
        for k in range(int(count)):
            assert store.rows(f"task {k}") == [{"reason": str(k**300)}]


WRITE = """\
import sys
from itertools import count
from pathlib import Path
from gradparity.verify.storage.store import Store
with Store(Path(sys.argv[1])) as store:
    for k in count():
        store.put(f"task {k}", [{"reason": str(k**300)}])
        print(k, flush=True)
"""


@pytest.mark.thinned(3)
@pytest.mark.parametrize("after", [1, 20, 83])
def test_a_kill_at_any_moment_leaves_every_finished_task_and_no_half_one(tmp_path, after):
    path = tmp_path / NAME
    command = [sys.executable, "-c", WRITE, path]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:  # noqa: S603  ours
        assert writer.stdout is not None
        for line in writer.stdout:
            if int(line) == after:
                writer.send_signal(signal.SIGKILL)
                break
    with Store(path) as store:
        assert len(store) > after
        for k in range(len(store)):
            assert store.rows(f"task {k}") == [{"reason": str(k**300)}]


def test_no_limit_of_this_process_was_touched():
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY
