"""``python -m gradparity``: the command line, where its script is not at hand."""

from __future__ import annotations

from .verify.cli import main

if __name__ == "__main__":
    main()
