"""Ctrl-C where Python ignores what is raised: in finalizers and the garbage collector's callbacks.

JAX has such a callback, so that a Ctrl-C now and then was printed and not heeded.
"""

from __future__ import annotations

import signal
import sys
import threading
from typing import Any

#: Seconds until it is pressed again: the callback is left by then.
AFTER = 0.01


def heed() -> None:
    """Let a Ctrl-C that is ignored be pressed again, until it comes where it is heeded."""
    sys.unraisablehook = _again


def _again(unraisable: Any) -> None:
    if not issubclass(unraisable.exc_type, KeyboardInterrupt):
        sys.__unraisablehook__(unraisable)
        return
    # From a thread: what is pressed here would be raised in this function, and be ignored as well.
    again = threading.Timer(AFTER, _press)
    again.daemon = True
    again.start()


def _press() -> None:
    main = threading.main_thread().ident
    assert main is not None, "the main thread has begun"
    signal.pthread_kill(main, signal.SIGINT)
