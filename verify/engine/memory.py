"""How much memory a process may take for its tasks: beyond that an allocation fails.

Linux counts what a process has written to, or may write to, by itself (``RLIMIT_DATA``): the code
of frameworks and files in memory are no part of it. Where the system has no such limit that holds,
as on macOS, there is none.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

from ...refimpl.errors import BadUsage

if sys.platform != "win32":
    import resource

#: No process is given less than this: frameworks have buffers of their own.
LEAST = 2 * 2**30

_UNITS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}

_SIZE = re.compile(r"(\d{1,12}(?:\.\d{1,6})?)\s*([KMGT]?)(?:i?B)?", re.IGNORECASE)

#: Where a container is told how much memory it has: cgroups of version 2 and 1.
_CGROUPS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


def memory_of(text: str | None) -> int | None:
    """The bytes that an option names, as 4G, 512M or 1000000000.

    Raises
    ------
    BadUsage
        For what is no size.
    """
    if text is None:
        return None
    found = _SIZE.fullmatch(text.strip())
    size = int(float(found[1]) * _UNITS[found[2].upper()]) if found else 0
    if not size:
        raise BadUsage(f"{text!r} of memory, expected a size such as 512M or 4G")
    return size


def fair(workers: int) -> int:
    """What each of some workers may take where nothing is said: its share of the machine's."""
    return max(LEAST, machine() // max(1, workers))


def machine() -> int:
    """The memory of this machine, or of the container that it is."""
    whole = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for path in map(Path, _CGROUPS):
        try:
            whole = min(whole, int(path.read_text("ascii")))
        except (OSError, ValueError):  # another version's, or without a limit
            continue
    return whole


def limit_memory(memory: int | None, workers: int) -> None:
    """From now on this process may take so much more than it has taken already."""
    if not sys.platform.startswith("linux"):
        return
    held = re.search(r"VmData:\s*(\d+)", Path("/proc/self/status").read_text("ascii"))
    allowed = (memory or fair(workers)) + (int(held[1]) * 2**10 if held else 0)
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    if hard != resource.RLIM_INFINITY:
        allowed = min(allowed, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (allowed, hard))
