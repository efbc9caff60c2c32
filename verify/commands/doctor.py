"""``gradparity doctor``: what is installed, what is missing, and how to get it."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterator
from importlib import metadata

import numpy as np

from ...adapters import registry
from ...adapters.attempt import asked
from ...refimpl.errors import AdapterFailed, MissingFramework
from .common import emit

#: What runs, and what it is wanted for where it may be missing.
LIBRARIES = (
    "gradparity",
    "numpy",
    "scipy",
    "ml-dtypes",
    "mpmath",
    "pandas",
    "pyarrow",
    "pydantic",
    "torch",
    "jax",
    "jaxlib",
    "optax",
)

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "XLA_FLAGS")


def doctor() -> None:
    """Print versions, precision, devices, thread counts and what is missing."""
    sections = {
        "Machine": _machine(),
        "Libraries": _libraries(),
        "Arithmetic": _arithmetic(),
        "Adapters": _adapters(),
    }
    lines = []
    for title, facts in sections.items():
        lines += ["", title, *(f"  {name:22} {fact}" for name, fact in facts)]
    emit("\n".join(lines[1:]))


def _machine() -> Iterator[tuple[str, str]]:
    yield "python", f"{platform.python_version()} ({sys.executable})"
    yield "system", f"{platform.system()} {platform.machine()}"
    yield (
        "processors",
        f"{len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count()}",
    )
    for name in THREADS:
        yield name, os.environ.get(name, "not set")


def _libraries() -> Iterator[tuple[str, str]]:
    for name in LIBRARIES:
        try:
            yield name, metadata.version(name)
        except metadata.PackageNotFoundError:
            yield name, "not installed"


def _arithmetic() -> Iterator[tuple[str, str]]:
    bits = np.finfo(np.longdouble).nmant + 1
    wider = bits > np.finfo(np.float64).nmant + 1
    meaning = "the truth of float64" if wider else "no wider than float64: its truth is float64 too"
    yield "longdouble", f"{bits} bits of mantissa ({meaning})"
    blas = np.show_config(mode="dicts").get("Build Dependencies", {}).get("blas", {})
    yield "BLAS of numpy", f"{blas.get('name', 'unknown')} {blas.get('version', '')}".strip()


def _adapters() -> Iterator[tuple[str, str]]:
    for name in registry.names():
        try:
            adapter = registry.make(name)
            version, facts = asked(adapter.version), asked(adapter.facts)
        except MissingFramework as absent:
            yield name, f"missing: {absent}"
            continue
        except AdapterFailed as failure:
            yield name, f"broken: {failure}"
            continue
        yield name, version
        for fact, value in facts.items():
            yield f"  {fact}", value
