"""Where things are remembered between runs."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

#: Names another folder to remember in; the empty text remembers nothing.
VARIABLE = "GRADPARITY_CACHE"


def cache_folder() -> Path | None:
    """Where things may be remembered between runs: the user's cache folder, unless told."""
    told = os.environ.get(VARIABLE)
    if told is None:
        return platformdirs.user_cache_path("gradparity")
    return Path(told) if told else None
