"""Arrays from files: sizes are known before numbers are read, and all of them are read and checked.

A file is one array (``.npy``) or a zip archive of some (``.npz``). What an archive says of itself
is not believed: its directory is bounded before it is read, and what is unpacked by what the
array's own header tells.
"""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import IO, Any

import numpy as np

from . import limits
from .faults import nearest, one_of, shown
from .locating import FileFault
from .npy import Header, read_header, read_numbers

#: What the parsers of the standard library raise at a broken archive.
_BROKEN = (
    *(OSError, ValueError, EOFError, RuntimeError, NotImplementedError, OverflowError),
    *(zipfile.BadZipFile, zlib.error, struct.error, LookupError, TypeError),
)

#: Arrays of so many elements at most are kept for the next who asks.
_KEPT = 2**20

#: How a directory's end and the locator of its 64-bit form begin, and their lengths.
_END, _END_LENGTH, _LOCATOR, _LOCATOR_LENGTH = b"PK\x05\x06", 22, b"PK\x06\x07", 20

#: Of a member: stored, or deflated.
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


def header(path: Path, key: str | None) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Shape and dtype of an array, all of whose numbers can be read.

    Raises
    ------
    FileFault
        Where the file is no array of numbers, has none of that key, is damaged or too large.
    """
    found = _checked(path, key, _state(path))
    return found.shape, found.dtype


def read(path: Path, key: str | None) -> np.ndarray:
    """The array: float64, complex128, int64 or bool, not to be written to.

    Raises
    ------
    FileFault
        As ``header``: the file may be another by now.
    """
    state = _state(path)
    found = _checked(path, key, state)
    small = int(np.prod(found.shape, dtype=object)) <= _KEPT
    return _read(path, key, state) if small else _loaded(path, key)[1]


@lru_cache(maxsize=64)
def _checked(path: Path, key: str | None, state: tuple[int, int]) -> Header:  # noqa: ARG001
    return _loaded(path, key)[0]


@lru_cache(maxsize=8)
def _read(path: Path, key: str | None, state: tuple[int, int]) -> np.ndarray:  # noqa: ARG001
    return _loaded(path, key)[1]


def _state(path: Path) -> tuple[int, int]:
    """What changes with a file."""
    try:
        found = path.stat()
    except OSError as error:
        raise FileFault(f"{path.name} cannot be read ({error.strerror})") from error
    return found.st_mtime_ns, found.st_size


def _loaded(path: Path, key: str | None) -> tuple[Header, np.ndarray]:
    """An array and its header, from the file."""
    try:
        with _stream(path, key) as (stream, length):
            found = read_header(stream)
            if found.bytes + found.size != length:
                raise ValueError(
                    f"it has {length} bytes, its header tells of {found.bytes + found.size}"
                )
            array = read_numbers(stream, found)
    except FileFault as fault:
        said = str(fault)
        message = f"{path.name} {said}" if said.startswith("holds ") else said
        raise FileFault(message, limit=fault.limit) from fault
    except _BROKEN as error:
        raise FileFault(
            f"{path.name} cannot be read ({_why(error)}), expected .npz or .npy"
        ) from error
    array.flags.writeable = False
    return found, array


@contextmanager
def _stream(path: Path, key: str | None) -> Iterator[tuple[IO[bytes], int]]:
    """The bytes of an array, and how many there should be."""
    with path.open("rb") as file:
        length = path.stat().st_size
        if path.suffix == ".npy":
            if key is not None:
                raise FileFault(f"the key {shown(key)} of a .npy file, expected none")
            yield file, length
            return
        _check_directory(file, length)
        with zipfile.ZipFile(file) as archive:
            member = _member(archive, key)
            with archive.open(member) as stream:
                yield stream, member.file_size


def _check_directory(file: IO[bytes], length: int) -> None:
    """Bound the directory of an archive before anybody reads it into memory."""
    tail = min(length, _END_LENGTH + _LOCATOR_LENGTH + 2**16)
    file.seek(length - tail)
    end = file.read(tail)
    at = end.rfind(_END)
    if at < 0 or at + _END_LENGTH > len(end):
        raise zipfile.BadZipFile("File is not a zip file")
    members, size = struct.unpack("<HI", end[at + 10 : at + 16])
    wide = end[max(0, at - _LOCATOR_LENGTH) :].startswith(_LOCATOR)
    if wide or members > limits.MEMBERS or size > 512 * limits.MEMBERS:
        raise FileFault(
            f"holds a directory of more than {limits.MEMBERS} arrays, expected at most that",
            limit=True,
        )
    file.seek(0)


def _member(archive: zipfile.ZipFile, key: str | None) -> zipfile.ZipInfo:
    members = [info for info in archive.infolist() if info.filename.endswith(".npy")]
    names = list(dict.fromkeys(info.filename.removesuffix(".npy") for info in members))
    if key is None:
        raise FileFault(f"no key is given, expected key: {one_of(map(_short, names))}")
    named = [info for info in members if info.filename == f"{key}.npy"]
    if not named:
        close = nearest(key, names)
        hint = f"; did you mean {close!r}?" if close else ""
        expected = one_of(map(_short, names))
        raise FileFault(f"no array {shown(key)} in the file, expected {expected}{hint}")
    if len(named) > 1:
        raise FileFault(f"{len(named)} arrays {shown(key)} in the file, expected one of a name")
    (member,) = named
    if member.flag_bits & 1:
        raise FileFault(f"the array {shown(key)} is encrypted, expected it in plain")
    if member.compress_type not in _METHODS:
        raise FileFault(f"the array {shown(key)} is packed otherwise than numpy.savez does")
    return member


def _short(name: str) -> str:
    return name if len(name) <= 60 else f"{name[:57]}…"


def _why(error: BaseException) -> str:
    """What is wrong, on one line and short."""
    said = " ".join((getattr(error, "strerror", None) or str(error)).split())
    said = said or type(error).__name__
    return said if len(said) <= 200 else f"{said[:197]}…"
