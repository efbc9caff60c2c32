"""Running a task in an adapter, whoever wrote it: the boundary that nothing gets across unchecked.

Whatever an adapter does costs the task in that adapter, and nothing else: what it raises becomes
our own error, its arrays are copies that no other adapter sees, and what it hands back is a trace
of plain arrays or none.
"""

from __future__ import annotations

import contextlib
import signal
import sys
import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np

from ..cases.task import Task
from ..cases.training_parts import FEATURES
from ..refimpl.errors import AdapterFailed, MissingFramework, Unsupported, described, text_of
from .base import Adapter, Trace
from .needing import needs
from .poisoning import failed
from .well_formed import checked

_T = TypeVar("_T")


def attempt(adapter: Adapter, task: Task) -> Trace:
    """Run a task in an adapter.

    Returns
    -------
    Trace
        Well formed: as many steps as the task has, of plain NumPy arrays by name.

    Raises
    ------
    Unsupported
        As the adapter says.
    AdapterFailed
        For whatever else it raises, and where what it hands back is no such trace.
    """
    if task.program(adapter.name) is None:
        raise Unsupported(f"the case has no program text for {adapter.name}")
    lacking = [FEATURES[need] for need in needs(task) if need not in adapter.able]
    if lacking:
        raise Unsupported(f"{adapter.name} runs no case with {', nor '.join(lacking)}")
    own = handed_out(task)
    return asked(lambda: checked(adapter.run(own), task.steps))


def raw(adapter: Adapter, task: Task) -> Any:
    """What an adapter hands back, whatever that is: ``attempt`` without the check of the trace.

    Its arrays are the task's own, so that one who writes to them is found out.

    Raises
    ------
    Unsupported, AdapterFailed
        As ``attempt``.
    """
    return asked(lambda: adapter.run(task))


def handed_out(task: Task) -> Task:
    """The same task with arrays of its own: who writes to them falsifies nobody else's numbers."""
    given = task.given_cotangent
    return replace(
        task,
        inputs={name: np.array(x) for name, x in task.inputs.items()},
        params={name: np.array(x) for name, x in task.params.items()},
        given_cotangent=np.array(given) if isinstance(given, np.ndarray) else given,
    )


def asked(ask: Callable[[], _T]) -> _T:
    """What an adapter answers; what it writes to standard output goes to standard error.

    NumPy's settings of errors are afterwards as they were, and warnings are silenced.

    Raises
    ------
    Unsupported, MissingFramework
        As the adapter says.
    AdapterFailed
        For whatever else it raises, a ``SystemExit`` and an exception without a text included;
        ``Poisoned`` where nothing can be computed in this process any more.
    KeyboardInterrupt
        Where the user pressed Ctrl-C. A process that hears none is a worker: there it is the
        adapter's own, and an ``AdapterFailed``.
    """
    with np.errstate(), contextlib.redirect_stdout(sys.stderr), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # results are judged, not what is said of them
        try:
            return ask()
        except (Unsupported, AdapterFailed) as failure:
            if isinstance(failure, Unsupported):
                raise Unsupported(text_of(failure)) from failure
            raise failed(failure, text_of(failure)) from failure
        except MissingFramework:
            raise
        except KeyboardInterrupt as interrupt:
            if not _deaf():
                raise
            raise AdapterFailed("the adapter raised KeyboardInterrupt") from interrupt
        except BaseException as error:
            raise failed(error, f"the adapter raised {described(error)}") from error


def _deaf() -> bool:
    """Whether Ctrl-C does not reach this thread."""
    return signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, ())
