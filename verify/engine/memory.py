"""How much memory a process may take for its tasks, and what it lets go of before that.

Linux counts what a process has written to, or may write to, by itself (``RLIMIT_DATA``): the code
of frameworks and files in memory are no part of it. Where the system has no such limit that holds,
as on macOS, there is none.
"""

from __future__ import annotations

import gc
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path

from ...refimpl.errors import BadUsage
from .allocator import hand_back

if sys.platform != "win32":
    import resource

#: No process is given less than this: frameworks have buffers of their own.
LEAST = 2 * 2**30

#: A worker that holds more lets go of what frameworks keep; when it has grown by so much, again.
MOST, GROWTH = 600 * 2**20, 50 * 2**20

#: What a worker has grown by since it began and cannot let go of, from which on it is replaced.
WORN = 220 * 2**20

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


class Tidying:
    """Keeps a worker small: the C library keeps what is freed, frameworks what they compiled.

    Parameters
    ----------
    forget
        Lets go of what is kept, at the cost of making it anew.
    most
        Bytes from which on it is called.
    worn
        Bytes of growth that cannot be let go of from which on ``worn_out`` is true.
    """

    def __init__(self, forget: Callable[[], None], most: int = MOST, worn: int = WORN) -> None:
        self._forget, self._most, self._next = forget, most, most
        self._fresh, self._worn = resident(), worn
        #: Whether a process that begins anew would be smaller by far.
        self.worn_out = False

    def after_a_task(self) -> None:
        """Hand back what is freed, and let go where that is not enough.

        What stays is no reason to do so after every task.
        """
        if resident() <= self._next:
            return
        hand_back()
        if resident() > self._most:
            self._forget()
            gc.collect()
            hand_back()
            self.worn_out = resident() > self._fresh + self._worn
        self._next = max(self._most, resident() + GROWTH)


def resident() -> int:
    """Bytes of this process that are in memory; 0 where the system does not say."""
    try:
        pages = Path("/proc/self/statm").read_text("ascii").split()[1]
    except OSError:
        return 0
    return int(pages) * os.sysconf("SC_PAGE_SIZE")
