"""JAX's compilation cache and its share of a device, for processes of this project's own.

Compiling is nearly all of what a small task costs in JAX. The settings are environment variables
that JAX reads when it is imported, so a program that imports this package keeps its own.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import tempfile
from pathlib import Path

#: More files than this, and the cache begins anew: each program is two of some ten kilobytes.
MOST = 60_000


def variables(folder: Path | None) -> dict[str, str]:
    """The variables that have JAX keep what it compiles in a folder of this kind of processor.

    None are set where there is no such folder or it cannot be written, or where the user has
    said already where JAX's cache is, or that there is none.
    """
    if folder is None or {"JAX_COMPILATION_CACHE_DIR", "JAX_ENABLE_COMPILATION_CACHE"} & set(
        os.environ
    ):
        return {}
    place = folder / "jax" / _processor()
    try:
        place.mkdir(parents=True, exist_ok=True)
        if len(os.listdir(place)) > MOST:  # noqa: PTH208  names are enough
            shutil.rmtree(place, ignore_errors=True)
            place.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=place):
            pass
    except OSError:
        return {}
    return {
        "JAX_COMPILATION_CACHE_DIR": str(place),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
    }


def settings(folder: Path | None) -> dict[str, str]:
    """``variables``, and that JAX takes of a device's memory what it needs.

    Of its own accord it takes three quarters, and several processes compute beside each other.
    """
    own = {"XLA_PYTHON_CLIENT_PREALLOCATE": "false"}
    return {k: v for k, v in own.items() if k not in os.environ} | variables(folder)


def _processor() -> str:
    """A name for what compiled code runs on: it may use any instruction of the processor's."""
    flags = ""
    try:
        with Path("/proc/cpuinfo").open(encoding="utf-8") as lines:
            flags = next((line for line in lines if line.startswith(("flags", "Features"))), "")
    except OSError:
        flags = platform.processor()
    return f"{platform.machine()}-{hashlib.sha256(flags.encode()).hexdigest()[:12]}"
