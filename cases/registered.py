"""What distributions register: their entry points, none of them imported."""

from __future__ import annotations

import sys
from functools import lru_cache
from importlib.metadata import EntryPoint, EntryPoints, entry_points
from pathlib import Path


def registered(group: str, name: str | None = None) -> list[EntryPoint]:
    """The entry points of a group, or those of them with a name.

    Every distribution of the environment has to be read for them, which is asked of them a dozen
    times a run: they are read again where a folder that is imported from has changed.
    """
    points = _read(group, tuple((folder, _changed(folder)) for folder in sys.path))
    return [point for point in points if name in (None, point.name)]


@lru_cache(maxsize=8)
def _read(group: str, _folders: tuple[tuple[str, int], ...]) -> EntryPoints:
    return entry_points(group=group)


def _changed(folder: str) -> int:
    """When a folder was changed; 0 for one that is not there."""
    try:
        return Path(folder).stat().st_mtime_ns
    except OSError:
        return 0
