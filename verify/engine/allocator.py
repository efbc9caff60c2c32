"""Keeps freed memory in the process, where the C library can be told to."""

from __future__ import annotations

import ctypes
import sys

#: glibc's numbers for ``mallopt`` (its ``malloc.h``).
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3

#: Freed bytes that are kept, and the size from which an array is mapped by itself (glibc's most).
_KEPT, _MAPPED = 256 * 2**20, 32 * 2**20


def hand_back() -> None:
    """Hand freed memory that the process keeps back to the system, where that can be told to."""
    if sys.platform.startswith("linux"):
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)


def keep_freed_memory() -> bool:
    """Stop glibc from handing freed memory back at once; True where it was told so.

    A pass over a network frees and asks for arrays of some hundred kilobytes all the time. By
    default each round trip goes to the kernel, whose zeroing of fresh pages then costs several
    times the arithmetic on them. What is kept is freed memory alone, a quarter gigabyte at most.
    """
    if not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # other C libraries have none
    if mallopt is None:
        return False
    return bool(mallopt(_TRIM_THRESHOLD, _KEPT) and mallopt(_MMAP_THRESHOLD, _MAPPED))
