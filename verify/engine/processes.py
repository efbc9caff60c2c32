"""Processes that run what they are handed, and leave Ctrl-C to the one that began them.

They are Pebble's, and spawned: neither PyTorch nor JAX survives a fork.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from multiprocessing import get_context, resource_tracker
from typing import Any

from pebble import ProcessExpired, ProcessPool

from ...refimpl.errors import BadUsage, described

#: What such processes, and the memory that they share with this one, are made of.
CONTEXT = get_context("spawn")

#: How often a process looks whether its parent is still there, in seconds.
LOOK = 1.0


def pool_of(count: int, initializer: Callable[..., None], *arguments: Any) -> ProcessPool:
    """A pool whose processes are started: those of a later start would hear Ctrl-C.

    Raises
    ------
    BadUsage
        Where the system starts none: too many files are open, or processes at work.
    """
    try:
        pool = ProcessPool(count, initializer=initializer, initargs=arguments, context=CONTEXT)
        resource_tracker.ensure_running()  # begun later, it would let interrupts through again
        try:
            with _interrupts_blocked():
                pool.schedule(_nothing)  # starts the processes
        except BaseException:
            stop(pool)
            raise
    except (BrokenProcessPool, OSError) as fault:
        reason = described(fault.__cause__ or fault)
        raise BadUsage(f"no worker process can be started: {reason}") from fault
    return pool


def stop(pool: ProcessPool) -> None:
    """End a pool's processes, whatever they do."""
    pool.stop()
    pool.join()


def ending(end: ProcessExpired) -> str:
    """How a process ended, in words."""
    code = end.exitcode or 0
    with suppress(ValueError):
        if code < 0:
            return f"killed by {signal.Signals(-code).name}"
    return f"exit status {code}"


def end_with_parent() -> None:
    """From now on end when the parent does: killed, it could not say so."""
    threading.Thread(target=_watch, args=(os.getppid(),), daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(LOOK)
    os._exit(1)


@contextmanager
def _interrupts_blocked() -> Iterator[None]:
    """Ctrl-C goes to every process of a terminal; those started inside leave it to this one."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _nothing() -> None:
    pass
