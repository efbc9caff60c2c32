"""An adapter in another interpreter: of a framework that does not live beside the others.

A process there (``serving``) makes the adapter and is asked by pickles through pipes. What ends it,
or leaves it of no use, costs the task that it was at, and the next one begins another.
"""

from __future__ import annotations

import pickle
import shutil
import signal
import subprocess
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from ..cases.task import Task
from ..refimpl.errors import (
    AdapterFailed,
    BadUsage,
    GradparityError,
    MissingFramework,
    Poisoned,
    Unsupported,
)
from .base import Adapter, Cotangent, Shown, Trace

#: ``NAME@PYTHON``: an adapter's name, and the interpreter that it runs in.
MARK = "@"

#: What an answer begins with; what is raised where it begins with another word.
RETURNED = "returned"
RAISED: dict[str, type[GradparityError]] = {
    **{kind.__name__: kind for kind in (Unsupported, AdapterFailed, MissingFramework, BadUsage)},
    Poisoned.__name__: AdapterFailed,
}

#: Asked for besides an adapter's own methods: that it keeps to one thread, and no longer.
ALONE, TOGETHER = "one thread", "many threads"


def name_of(item: str) -> str:
    """The adapter's name in ``NAME@PYTHON``, or in what is a name alone."""
    return item.partition(MARK)[0]


def interpreter_of(item: str) -> str:
    """The interpreter in ``NAME@PYTHON``, as it was given; an empty text in a name alone."""
    return item.partition(MARK)[2]


def program_of(item: str) -> str:
    """The path of the interpreter in ``NAME@PYTHON``.

    Raises
    ------
    BadUsage
        Where there is no such program.
    """
    found = shutil.which(interpreter_of(item))
    if found is None:
        raise BadUsage(f"{item}: there is no program {interpreter_of(item)!r}")
    return found


class Elsewhere(Adapter):
    """The adapter of that name in another interpreter, which has gradparity installed too.

    Raises
    ------
    MissingFramework
        Where gradparity or the framework is not installed there.
    AdapterFailed
        Where the adapter cannot be made there.
    """

    def __init__(self, name: str, python: str) -> None:
        self.name, self._python = name, python
        self._process: subprocess.Popen[bytes] | None = None
        self._one_thread = False
        try:
            self.able, self._version = self._ask("able"), self._ask("version")
        except AdapterFailed as failure:
            if self._process is None:
                self._import_there()
            raise failure from None

    def version(self) -> str:
        """The framework's there."""
        return self._version

    def has(self, operation: str) -> str:
        """As the adapter says."""
        return self._ask("has", operation)

    def lacks(self, operation: str) -> str:
        """As the adapter says."""
        return self._ask("lacks", operation)

    def spelled(self, task: Task) -> str:
        """As the adapter says."""
        return self._ask("spelled", task)

    def statements(self, task: Task) -> list[str]:
        """As the adapter says."""
        return self._ask("statements", task)

    def snippet(self, task: Task, shown: Shown) -> str:
        """As the adapter says."""
        return self._ask("snippet", task, shown)

    def facts(self) -> dict[str, str]:
        """As the adapter says, and where it is."""
        return {"python": self._python, **self._ask("facts")}

    def run(self, task: Task) -> Trace:
        """Run a task there."""
        return self._ask("run", task)

    def jvp(self, task: Task) -> dict[str, Cotangent]:
        """As the adapter does."""
        return self._ask("jvp", task)

    def hvp(self, task: Task) -> dict[str, Cotangent]:
        """As the adapter does."""
        return self._ask("hvp", task)

    def vmap(self, task: Task, batched: str) -> dict[str, Cotangent]:
        """As the adapter does."""
        return self._ask("vmap", task, batched)

    @contextmanager
    def one_thread(self) -> Iterator[None]:
        """As the adapter does, and its libraries; in a process that is begun later as well."""
        self._one_thread = True
        self._ask(ALONE)
        try:
            yield
        finally:
            self._one_thread = False
            self._ask(TOGETHER)

    def _ask(self, what: str, *arguments: Any) -> Any:
        """What the adapter returns, or raises."""
        if self._process is None:
            self._begin()
            if self._one_thread and what != ALONE:
                self._exchange(ALONE)
        kind, *told = self._exchange(what, *arguments)
        if kind == Poisoned.__name__:  # that process, and not this one
            process, self._process = self._process, None
            assert process is not None
            _ended(process)
        if kind != RETURNED:
            raise RAISED[kind](*told)
        return told[0]

    def _begin(self) -> None:
        command = [self._python, "-P", "-m", f"{__package__}.serving", self.name]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # noqa: S603  what the user names
        weakref.finalize(self, _ended, process)
        self._process = process

    def _exchange(self, *asked: Any) -> tuple[Any, ...]:
        process = self._process
        assert process is not None
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            pickle.dump(asked, process.stdin)
            process.stdin.flush()
            return pickle.load(process.stdout)  # noqa: S301  of the interpreter that was named
        except (EOFError, OSError, pickle.UnpicklingError):
            self._process = None
            how = _ended(process)
            raise AdapterFailed(
                f"the process of {self._python} ended while {self.name} was at work: {how}"
            ) from None

    def _import_there(self) -> None:
        """Say what is missing where the process did not even begin."""
        command = [self._python, "-P", "-c", f"import {__package__}.serving"]
        tried = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  what the user names
        if tried.returncode:
            said = tried.stderr.strip().rpartition("\n")[2]
            raise MissingFramework(
                f"adapter {self.name} needs gradparity in {self._python} too: {said}"
            )


def _ended(process: subprocess.Popen[bytes]) -> str:
    """End a process, which reads no more, and say how it ended."""
    for pipe in (process.stdin, process.stdout):
        with suppress(OSError):
            assert pipe is not None
            pipe.close()
    code = process.wait()
    with suppress(ValueError):
        if code < 0:
            return f"killed by {signal.Signals(-code).name}"
    return f"exit status {code}"
