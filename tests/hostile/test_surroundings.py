"""Surroundings that are not as usual: streams, locales, limits, names, things that are no files."""

import os
import subprocess
import sys

import pytest

from . import texts

SOUND = texts.case("loss = sum(w * w)", params="{w: [1.0, 2.0]}")
GRADPARITY = f"{sys.executable} -c 'from gradparity.__main__ import main; main()'"

#: A locale that knows ASCII alone, and a Python that is told to keep to it.
PLAIN = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


def ran(command, folder, **environment):
    """A line of a shell, in which ``gradparity`` is the command: its status, and what is said."""
    done = subprocess.run(  # noqa: S603  ours
        ["/bin/bash", "-c", f'gradparity() {{ {GRADPARITY} "$@"; }}; {command}'],
        capture_output=True,
        check=False,
        cwd=folder,
        timeout=300,
        env={**os.environ, **environment},
    )
    out, said = (stream.decode(errors="replace") for stream in (done.stdout, done.stderr))
    assert "Traceback" not in said
    assert "Exception ignored" not in said
    return done.returncode, out, said


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "t.yaml").write_text(SOUND, "utf-8")
    (tmp_path / "bad.yaml").write_text(
        SOUND.replace("about: b", "about: \u2202\nx: \u2202"), "utf-8"
    )
    return tmp_path


@pytest.mark.thinned(2)
@pytest.mark.parametrize("environment", [PLAIN, {"PYTHONIOENCODING": "ascii"}])
def test_what_ascii_has_not_is_written(folder, environment):
    status, out, _ = ran("gradparity explain t.yaml --adapters numpy", folder, **environment)
    assert (status, "\u2202" in out) == (0, True)


def test_what_another_encoding_has_not_is_escaped(folder):
    given = {"PYTHONIOENCODING": "latin-1"}
    status, out, _ = ran("gradparity explain t.yaml --adapters numpy", folder, **given)
    assert (status, "\\u2202" in out) == (0, True)


STREAMS = [
    ("run t.yaml --adapters numpy --out o <&- 2>&-", 0, ""),
    ("run t.yaml --adapters numpy 2>&-", 0, ""),
    ("run t.yaml --adapters numpy > /dev/full", 2, "standard output cannot be written: No space"),
    ("run t.yaml --adapters numpy >&-", 2, "standard output is closed"),
    ("--help > /dev/full", 2, "No space left"),
    ("run t.yaml --adapters numpy <&-", 0, ""),
    ("lint bad.yaml <&- >&- 2>&-", 2, ""),
    ("lint bad.yaml 2> /dev/full", 2, ""),
]


@pytest.mark.thinned(8)
@pytest.mark.parametrize(("command", "status", "words"), STREAMS)
def test_streams_that_are_closed_or_full(folder, command, status, words):
    if "/dev/full" in command and not os.path.exists("/dev/full"):  # noqa: PTH110  no path of ours
        pytest.skip("this system has no device that is full")
    found, _, said = ran(f"gradparity {command}", folder)
    assert (found, words in said) == (status, True)


@pytest.mark.slow
def test_a_file_larger_than_allowed_is_a_line(folder):
    status, _, said = ran("ulimit -f 0; gradparity run t.yaml --adapters numpy --out o", folder)
    (line,) = said.splitlines()
    assert (status, "--resume" in line) == (2, True)
    status, _, said = ran("ulimit -f 8; gradparity run t.yaml --adapters numpy --out o", folder)
    (line,) = said.splitlines()
    assert (status, "File too large" in line) == (2, True)


def test_without_room_for_workers_that_is_said(folder):
    status, _, said = ran("ulimit -n 12; gradparity run t.yaml --adapters numpy -j 2", folder)
    assert status == 2
    assert "no worker process can be started" in said
    assert "Too many open files" in said


def test_what_cannot_be_read_in_a_folder_is_a_fault_and_no_end(folder):
    (folder / "bad.yaml").unlink()
    (folder / "memory.yaml").symlink_to("/proc/self/mem")
    (folder / "zero.yaml").symlink_to("/dev/zero")
    (folder / "nowhere.yaml").symlink_to("nothing")
    (folder / "round.yaml").symlink_to("round.yaml")
    os.mkfifo(folder / "pipe.yaml")
    status, _, said = ran("gradparity lint .", folder)
    fault, count = said.splitlines()
    assert (status, count) == (2, "gradparity: 1 fault in the case files")
    assert fault.startswith("memory.yaml: cannot be read (")


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        b"\xff.yaml",
        *(pytest.param(n, marks=pytest.mark.slow) for n in (b"\x1b[2J.yaml", b"a\nb.yaml")),
    ],
)
def test_a_file_may_have_any_name(folder, name):
    (folder / "bad.yaml").unlink()
    path = folder / os.fsdecode(name)
    path.write_text(texts.case("loss = w * 0"), "utf-8")
    status, _, said = ran("gradparity lint .", folder)
    assert (status, len(said.splitlines())) == (2, 3)  # a vacuous case, and one of the same name
    path.unlink()
    (folder / "t.yaml").rename(path)
    assert ran("gradparity lint .", folder)[0] == 0
    status, out, said = ran("gradparity run . --adapters numpy --out o", folder)
    assert (status, "\x1b" in out + said) == (0, False)


def test_a_terminal_without_columns_has_some(folder):
    _, out, _ = ran("gradparity run t.yaml --adapters numpy", folder, COLUMNS="0")
    assert "1 case" in out


@pytest.mark.slow
def test_assertions_and_texts_may_be_left_out(folder):
    assert ran("gradparity run t.yaml --adapters numpy", folder, PYTHONOPTIMIZE="2")[0] == 0
