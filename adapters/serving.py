"""The other end of ``elsewhere``: a process that makes an adapter and answers what it is asked.

``python -m gradparity.adapters.serving NAME`` reads pickles from standard input and writes as many
to standard output, for the process that began it alone; it ends when that does.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
import threading
from contextlib import ExitStack
from queue import SimpleQueue
from typing import IO, Any

from ..refimpl.errors import GradparityError, described
from . import registry, threads
from .attempt import asked
from .base import Adapter
from .elsewhere import ALONE, RAISED, RETURNED, TOGETHER


class _Server:
    """An adapter, made when it is first asked something, and its settings."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._made: Adapter | None = None
        self._settings = ExitStack()

    def answer(self, what: str, *arguments: Any) -> Any:
        """What its method or attribute of that name returns, or is."""
        if self._made is None:
            self._made = registry.make(self._name)
        if what == ALONE:
            return self._alone(self._made)
        if what == TOGETHER:
            return self._settings.close()
        found = getattr(self._made, what)
        return asked(lambda: found(*arguments)) if callable(found) else found

    def _alone(self, made: Adapter) -> None:
        self._settings.enter_context(threads.one_thread([made]))


def serve(name: str, requests: IO[bytes], answers: IO[bytes]) -> None:
    """Answer for the adapter of that name, until the process ends."""
    server = _Server(name)
    waiting: SimpleQueue[Any] = SimpleQueue()
    threading.Thread(target=_read, args=(requests, waiting), daemon=True).start()
    while True:
        answers.write(_answer(server, waiting.get()))
        answers.flush()


def _answer(server: _Server, question: Any) -> bytes:
    if isinstance(question, Exception):
        return pickle.dumps(_raised(question))
    try:
        return pickle.dumps((RETURNED, server.answer(*question)))
    except Exception as failure:  # noqa: BLE001  raised where it is heard
        return pickle.dumps(_raised(failure))


def _raised(failure: Exception) -> tuple[Any, ...]:
    """The kind of an error and what makes it anew."""
    for kind in type(failure).__mro__:  # its own before what it is a kind of
        if kind.__name__ in RAISED:
            return kind.__name__, str(failure)
    known = isinstance(failure, GradparityError)
    return "AdapterFailed", str(failure) if known else f"the adapter raised {described(failure)}"


def _read(requests: IO[bytes], waiting: SimpleQueue[Any]) -> None:
    """Read what is asked; whoever asked is gone where there is no more, whatever is computed."""
    while True:
        try:
            waiting.put(pickle.load(requests))  # noqa: S301  of the process that began this one
        except EOFError:
            os._exit(0)
        except Exception as fault:  # noqa: BLE001  raised where it is heard
            waiting.put(fault)


def main() -> None:
    """Serve on this process's pipes; what a framework prints goes to standard error."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that asks
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    serve(sys.argv[1], requests, answers)


if __name__ == "__main__":
    main()
