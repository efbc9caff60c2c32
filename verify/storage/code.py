"""The version of the code that judges, as a hash: what is remembered under another one is void."""

from __future__ import annotations

import hashlib
import platform
import sys
from importlib import metadata
from pathlib import Path

#: Our source that decides whether a case is sound.
PACKAGES = ("refimpl", "cases", "adapters", "verify")

#: So do these, by their versions.
LIBRARIES = ("numpy", "scipy", "mpmath", "ml-dtypes", "pydantic", "pydantic-core", "ruamel.yaml")


def hashed(content: bytes) -> str:
    """SHA-256, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def code_version() -> str:
    """A hash of all that decides whether a case is sound, besides its text."""
    digest = hashlib.sha256(f"{sys.version} {platform.machine()}".encode())
    for name in LIBRARIES:
        digest.update(f"{name} {metadata.version(name)}".encode())
    root = Path(__file__).parents[2]
    for path in sorted(p for package in PACKAGES for p in (root / package).rglob("*.py")):
        digest.update(f"{path.relative_to(root)}".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:32]
