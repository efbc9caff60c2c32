"""``gradparity`` and ``python -m gradparity``: the command line."""

from __future__ import annotations

import signal
import sys
from importlib import import_module

#: As a shell reports a program that Ctrl-C ended.
INTERRUPTED = 130


def main() -> None:
    """Load the command line and run it; Ctrl-C ends it quietly, while it is loaded as well.

    In Python's own end, of which nothing is ours, Ctrl-C ends the process at once.
    """
    try:
        import_module(".verify.cli", __package__).main()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    finally:
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, signal.SIG_DFL)


if __name__ == "__main__":
    main()
