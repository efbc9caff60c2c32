r"""Runs the code of the pages and holds what they say beside what comes of it.

A page is Markdown with fenced blocks, which are run in its order in an empty folder of its own:

- ``console``: lines that begin with ``$`` are commands (``\\`` goes on), the rest is what they
  print. A command that ends with a status other than 0 says so: ``$ command; echo "status $?"``.
- ``python``: run in one interpreter a page; what it prints is the ``text`` block that comes next.
- A ``python`` or ``yaml`` block whose first line is ``# NAME.py`` or ``# NAME.yaml`` is that file.

``python docs/outputs.py [--write] [PAGE…]`` says which pages are not as they should be, or
mends them; ``make docs-outputs`` mends all. Paths are relative to the current folder.
"""

from __future__ import annotations

import contextlib
import difflib
import multiprocessing
import os
import re
import shlex
import subprocess
import sys
import sysconfig
import tempfile
import traceback
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]

#: Pages whose code is run by a test of their own, for which libraries are needed.
ELSEWHERE = {"docs/how-to/port-a-model.md": "tests/verify/own/test_transformers.py"}

#: What a process imports before it is copied for a command: most of what a command would wait for.
PRELOADED = ["torch", "jax", "optax", "pandas", "scipy.special", "gradparity.verify.api"]

#: Characters of a line.
WIDTH = "100"

_FENCE = re.compile(r"^(`{3,})(\S*)[^\n]*\n(.*?)^\1$", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"# ([\w./-]+\.(?:py|yaml))\n")
_COMMAND = re.compile(r"^\$ ((?:.*\\\n)*.*)$", re.MULTILINE)
_STATUS = '; echo "status $?"'


class Unexpected(Exception):
    """A page's code did what its page does not say."""


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, and where its content is in the page."""

    language: str
    start: int
    end: int
    text: str


def pages() -> list[Path]:
    """The README and the documentation, but for what is run elsewhere."""
    found = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    return [
        path
        for path in found
        if not path.is_relative_to(ROOT / "docs" / "generated")
        and path.relative_to(ROOT).as_posix() not in ELSEWHERE
    ]


def blocks(text: str) -> Iterator[Block]:
    """The fenced blocks of a page."""
    for found in _FENCE.finditer(text):
        yield Block(found[2], found.start(3), found.end(3), found[3])


def rerun(text: str, folder: Path) -> str:
    """The page as it should be: what differs by more than rounding and time is put in its place.

    Raises
    ------
    Unexpected
        Where a command's status is not 0 and the page does not say so, where Python raises, or
        where it prints what the page has no block for.
    """
    session = Session(folder)
    written: list[str] = []
    done = 0
    printed: str | None = None
    try:
        for block in blocks(text):
            if printed is not None and block.language != "text":
                raise Unexpected(f"the page has no text block for what Python prints:\n{printed}")
            made = block.text
            if block.language == "text" and printed is not None:
                made, printed = _kept(block.text, printed), None
            elif found := _FILE.match(block.text):
                session.write(found[1], block.text[found.end() :])
            elif block.language == "python":
                printed = session.python(block.text) or None
            elif block.language == "console":
                made = _console(block.text, session)
            written += [text[done : block.start], made]
            done = block.end
        if printed is not None:
            raise Unexpected(f"the page has no text block for what Python prints:\n{printed}")
    finally:
        session.close()
    return "".join([*written, text[done:]])


def _console(text: str, session: Session) -> str:
    found = list(_COMMAND.finditer(text))
    ends = [*(later.start() for later in found[1:]), len(text)]
    parts = []
    for command, end in zip(found, ends, strict=True):
        said = text[command.end() + 1 : end]
        parts += [command[0] + "\n", _kept(said, session.shell(command[1].replace("\\\n", " ")))]
    return "".join(parts)


class Session:
    """A folder, the commands that are run in it, and an interpreter."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {
            **os.environ,
            "COLUMNS": WIDTH,
            "LINES": "50",
            "NO_COLOR": "1",
            "OMP_NUM_THREADS": "1",
            "PATH": f"{sysconfig.get_path('scripts')}{os.pathsep}{os.environ['PATH']}",
        }
        self.processes = multiprocessing.get_context("forkserver")
        self.processes.set_forkserver_preload(PRELOADED)
        self._interpreter: Any = None

    def write(self, name: str, text: str) -> None:
        """Write a file of the page."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")

    def shell(self, command: str) -> str:
        """What a command prints; its status in a line, where that is asked for."""
        bare = command.removesuffix(_STATUS)
        if bare.startswith("gradparity") and not set(bare) & set("|<>;&$"):
            status, printed = self._copied(shlex.split(bare))
        else:
            done = subprocess.run(  # noqa: S603  the pages' own commands
                ["bash", "-c", bare],  # noqa: S607  whichever bash it is
                cwd=self.folder,
                env=self.environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                check=False,
            )
            status, printed = done.returncode, done.stdout.decode()
        if command != bare:
            return f"{printed}status {status}\n"
        if status:
            raise Unexpected(f"{command} ended with status {status}:\n{printed}")
        return printed

    def _copied(self, arguments: list[str]) -> tuple[int, str]:
        """A gradparity command, in a copy of a process that has loaded what it needs."""
        with tempfile.NamedTemporaryFile() as file:
            process = self.processes.Process(
                target=_command, args=(arguments, self.folder, self.environment, file.name)
            )
            process.start()
            process.join()
            return process.exitcode or 0, Path(file.name).read_text("utf-8")

    def python(self, text: str) -> str:
        """What a block of Python prints."""
        if self._interpreter is None:
            ours, theirs = self.processes.Pipe()
            process = self.processes.Process(
                target=_interpret, args=(theirs, self.folder, self.environment)
            )
            process.start()
            self._interpreter = ours, process
        ours, _ = self._interpreter
        ours.send(text)
        fault, printed = ours.recv()
        if fault:
            raise Unexpected(f"{fault}\n{text}")
        return printed

    def close(self) -> None:
        """End the interpreter."""
        if self._interpreter is not None:
            ours, process = self._interpreter
            ours.send(None)
            process.join()


def _settle(folder: Path, environment: Mapping[str, str]) -> None:
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.path.insert(0, str(folder))


@contextlib.contextmanager
def _into(name: str) -> Iterator[None]:
    """Send what this process prints to a file, whoever prints it."""
    sys.stdout.flush()
    sys.stderr.flush()
    kept = [os.dup(1), os.dup(2)]
    with Path(name).open("wb") as file:
        for number in (1, 2):
            os.dup2(file.fileno(), number)
        try:
            yield
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            for number, before in zip((1, 2), kept, strict=True):
                os.dup2(before, number)
                os.close(before)


def _command(arguments: list[str], folder: Path, environment: Mapping[str, str], name: str) -> None:
    """Run the command line in this process."""
    _settle(folder, environment)
    sys.argv = arguments
    from gradparity.__main__ import main  # noqa: PLC0415  where the process is a command's own

    with _into(name):
        main()


def _interpret(connection: Any, folder: Path, environment: Mapping[str, str]) -> None:
    """Run blocks of Python one after another, as they come."""
    _settle(folder, environment)
    known: dict[str, Any] = {"__name__": "__main__"}
    while (text := connection.recv()) is not None:
        fault = ""
        with tempfile.NamedTemporaryFile() as file:
            with _into(file.name):
                try:
                    exec(compile(text, "<page>", "exec"), known)  # noqa: S102  our own text
                except Exception:  # noqa: BLE001  handed on
                    fault = traceback.format_exc()
            connection.send((fault, Path(file.name).read_text("utf-8")))


_NUMBER = re.compile(r"[-−]?\d+(?:\.\d+)?(?:e[-−+]?\d+)?")
_VARYING = re.compile(r"\d+\.\d+\.\d+\S*|\b[\d.]+ ?(?:ms|s|min)\b(?: \(\d+:\d\d:\d\d\))?")
#: A row of the errors that are largest among those of rounding.
_WORST = re.compile(r"\S+\[\S+\] +\S+( +[\d.e-]+){3}$")
#: What is less in magnitude than this is rounding's work.
ROUNDING = 1e-6
#: A row of what differs: its error is of the element that is furthest over its bound, which another
#: processor's rounding may make another one.
_FURTHEST = re.compile(r"(?:differs|stale) +\S+\[\S+\] ")
#: So many times as large as the other such an error may be, or what is told in units of rounding.
FACTOR = 3.0
#: More than this is told in units of rounding.
UNITS = 1e9
#: How far two numbers of the same meaning are apart, where they are printed with four digits.
CLOSE = 2e-3


def same(said: str, printed: str) -> bool:
    """Whether two outputs say the same, but for times, versions and what rounding does.

    Which tensor's rounding is the largest is another processor's own business, too.
    """
    ours, theirs = said.rstrip().split("\n"), printed.rstrip().split("\n")
    return len(ours) == len(theirs) and all(
        _same_line(*pair) for pair in zip(ours, theirs, strict=True)
    )


def _same_line(said: str, printed: str) -> bool:
    if _rounding(said) and _rounding(printed):
        return True
    ours, theirs = (_VARYING.sub("…", line) for line in (said, printed))
    if _words(ours) != _words(theirs):
        return False
    pairs = zip(_NUMBER.findall(ours), _NUMBER.findall(theirs), strict=True)
    near = _alike if _FURTHEST.match(said) else _close
    return all(a == b or (_real(a, b) and near(a, b)) for a, b in pairs)


def _rounding(line: str) -> bool:
    return bool(_WORST.match(line)) and abs(_value(line.split()[2])) < ROUNDING


def _words(line: str) -> list[str]:
    """What a line says beside its numbers, however wide its columns are."""
    return re.sub("─+", "─", _NUMBER.sub("#", line)).split()


def _value(text: str) -> float:
    return float(text.replace("−", "-"))


def _real(a: str, b: str) -> bool:
    """Whether one at least is no whole number: counts, lines and steps are what they are."""
    return not (a.lstrip("-−").isdigit() and b.lstrip("-−").isdigit())


def _close(a: str, b: str) -> bool:
    x, y = abs(_value(a)), abs(_value(b))
    if max(x, y) < ROUNDING or abs(_value(a) - _value(b)) <= CLOSE * max(x, y):
        return True
    return min(x, y) > UNITS and _alike(a, b)


def _alike(a: str, b: str) -> bool:
    x, y = sorted((abs(_value(a)), abs(_value(b))))
    return y < ROUNDING or y <= FACTOR * x


def _kept(said: str, printed: str) -> str:
    """What is said, where it says the same as what is printed."""
    if same(said, printed):
        return said
    lines = [line.rstrip() for line in printed.rstrip().split("\n")]
    return "\n".join(lines).rstrip() + "\n" if printed.strip() else ""


def difference(path: Path) -> tuple[str, str]:
    """The page as it should be, and its difference from the page as it is, which may be none."""
    text = path.read_text("utf-8")
    with tempfile.TemporaryDirectory() as folder:
        made = rerun(text, Path(folder))
    name = path.relative_to(ROOT).as_posix()
    lines = difflib.unified_diff(
        text.splitlines(), made.splitlines(), f"{name} as it is", f"{name} as run", lineterm=""
    )
    return made, "\n".join(lines)


def main(arguments: list[str]) -> int:
    """Hold the pages beside what comes of them, or mend them; the status is 1 where they differ."""
    write = "--write" in arguments
    named = [Path(x).resolve() for x in arguments if x != "--write"]
    status = 0
    with tempfile.TemporaryDirectory() as cache:
        os.environ["GRADPARITY_CACHE"] = cache
        for path in named or pages():
            try:
                made, differs = difference(path)
            except Unexpected as fault:
                print(f"{path.relative_to(ROOT)}: {fault}")  # noqa: T201  it speaks
                status = 1
                continue
            if differs:
                print(differs)  # noqa: T201  it speaks
                if write:
                    path.write_text(made, "utf-8")
                else:
                    status = 1
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
