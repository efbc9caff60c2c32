"""One thread for each process that runs adapters.

Several workers that each take every core only wait for one another, and how a sum is shared out
among threads decides its last bits: with one thread the numbers are the same whatever machine
runs a task, and beside however many others. Maths libraries read their settings when they are
loaded, so the environment has to stand before; a library that is there already is told.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from functools import partial

from threadpoolctl import threadpool_limits

from ..refimpl.errors import AdapterFailed
from .attempt import asked
from .base import Adapter

#: What maths libraries read when they are loaded. NPROC is XLA's: how many threads it starts.
VARIABLES = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "VECLIB_MAXIMUM_THREADS": "1",
    "NPROC": "1",
}

#: Added to the flags of XLA that are set already.
XLA_FLAG = "--xla_cpu_multi_thread_eigen=false"


@contextmanager
def environment(more: Mapping[str, str] | None = None) -> Iterator[None]:
    """The environment for libraries that are loaded inside; as it was before, after.

    ``more`` has variables besides.
    """
    flags = os.environ.get("XLA_FLAGS", "")
    wanted = {**VARIABLES, **(more or {}), "XLA_FLAGS": f"{flags} {XLA_FLAG}".strip()}
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextmanager
def one_thread(adapters: Iterable[Adapter]) -> Iterator[None]:
    """One thread in the libraries that are loaded, and in the adapters' frameworks.

    Their settings are as they were before, after. What a framework cannot change any more once
    it computes (XLA's pool of threads) stays as it is.
    """
    with ExitStack() as stack:
        stack.enter_context(threadpool_limits(1))
        for adapter in adapters:
            with suppress(AdapterFailed):  # it runs in as many as it likes, and is judged
                asked(partial(_entered, stack, adapter))
        yield


def _entered(stack: ExitStack, adapter: Adapter) -> None:
    manager = adapter.one_thread()
    manager.__enter__()
    stack.callback(_left, manager)


def _left(manager: AbstractContextManager[None]) -> None:
    with suppress(AdapterFailed):
        asked(lambda: manager.__exit__(None, None, None))
