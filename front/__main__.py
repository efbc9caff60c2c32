"""``gradparity`` and ``python -m gradparity``: the command line."""

from __future__ import annotations

import sys
from importlib import import_module

#: As a shell reports a program that Ctrl-C ended.
INTERRUPTED = 130


def main() -> None:
    """Load the command line and run it; Ctrl-C ends it quietly, while it is loaded as well."""
    try:
        import_module(".verify.cli", __package__).main()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


if __name__ == "__main__":
    main()
