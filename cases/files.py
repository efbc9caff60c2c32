"""Arrays from files, their sizes known before reading."""

from __future__ import annotations

import zipfile
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from . import limits
from .faults import nearest, one_of
from .locating import FileFault


def header(path: Path, key: str | None) -> tuple[tuple[int, ...], Any]:
    """Shape and dtype of an array, without reading it.

    Raises
    ------
    FileFault
        Where the file is no array of numbers, or has none of that key.
    """
    return _header(path, key, path.stat().st_mtime_ns)


def read(path: Path, key: str | None) -> np.ndarray:
    """The array: float64, complex128, int64 or bool, not to be written to."""
    return _read(path, key, path.stat().st_mtime_ns)


@lru_cache(maxsize=64)
def _header(path: Path, key: str | None, _changed: int) -> tuple[tuple[int, ...], Any]:
    try:
        if path.suffix == ".npy":
            if key is not None:
                raise FileFault(f"the key {key!r} of a .npy file, expected none")
            with path.open("rb") as stream:
                shape, dtype = _npy_header(stream)
        else:
            with zipfile.ZipFile(path) as archive:
                shape, dtype = _member_header(archive, key)
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, NotImplementedError) as error:
        raise FileFault(f"{path.name} cannot be read ({error}), expected .npz or .npy") from error
    if dtype.kind not in "biufc":
        raise FileFault(f"{path.name} holds {dtype}, expected numbers")
    elements = int(np.prod([int(n) for n in shape], dtype=object))
    if elements > limits.ELEMENTS:
        raise FileFault(
            f"{path.name} holds {elements} numbers, expected at most {limits.ELEMENTS}", limit=True
        )
    return shape, dtype


def _member_header(archive: zipfile.ZipFile, key: str | None) -> tuple[tuple[int, ...], Any]:
    names = [n.removesuffix(".npy") for n in archive.namelist() if n.endswith(".npy")]
    if key is None:
        raise FileFault(f"no key is given, expected key: {one_of(names)}")
    if key not in names:
        close = nearest(key, names)
        hint = f"; did you mean {close!r}?" if close else ""
        raise FileFault(f"no array {key!r} in the file, expected {one_of(names)}{hint}")
    with archive.open(f"{key}.npy") as stream:
        return _npy_header(stream)


def _npy_header(stream: Any) -> tuple[tuple[int, ...], Any]:
    version = np.lib.format.read_magic(stream)
    if version == (1, 0):
        shape, _, dtype = np.lib.format.read_array_header_1_0(stream)
    elif version == (2, 0):
        shape, _, dtype = np.lib.format.read_array_header_2_0(stream)
    else:
        raise ValueError(f"format version {version}")
    return shape, dtype


@lru_cache(maxsize=8)
def _read(path: Path, key: str | None, changed: int) -> np.ndarray:
    _header(path, key, changed)
    loaded = np.load(path, allow_pickle=False)
    if key is None:
        array = loaded
    else:
        with loaded:
            array = loaded[key]
    wide = {"b": "bool", "i": "int64", "u": "int64", "f": "float64", "c": "complex128"}
    array = array.astype(wide[array.dtype.kind])
    array.flags.writeable = False
    return array
