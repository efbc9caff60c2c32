"""NumPy's format of one array, read from any stream: nothing is believed before it was checked.

The format: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html. A header is
read up to a limit, as a literal; the numbers are read up to what it says, and must be as many.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import IO, Any

import numpy as np

from . import limits
from .faults import shown
from .locating import FileFault

MAGIC = b"\x93NUMPY"

#: Version → bytes of the header's length, and the text's encoding.
_VERSIONS = {(1, 0): (2, "latin-1"), (2, 0): (4, "latin-1"), (3, 0): (4, "utf-8")}

#: Bytes of a header: one of numbers has some hundred, or a few more for many dimensions.
_LONGEST = 4_096

#: How much is read at once.
_PART = 2**20

_DESCR = re.compile(r"[<>|=]?[A-Za-z?][0-9]{0,6}")


@dataclass(frozen=True)
class Header:
    """Shape, dtype and order of an array, and how many bytes of the stream say so."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    fortran: bool
    bytes: int

    @property
    def size(self) -> int:
        """Bytes of the numbers."""
        return int(np.prod(self.shape, dtype=object)) * self.dtype.itemsize


def read_header(stream: IO[bytes]) -> Header:
    """The header that a stream begins with.

    Raises
    ------
    ValueError
        Where there is none, or none that NumPy would write.
    FileFault
        Where it is of no numbers, or of too many.
    """
    start = _exactly(stream, len(MAGIC) + 2)
    if not start.startswith(MAGIC):
        raise ValueError("it is no array of NumPy's")
    version = start[-2], start[-1]
    if version not in _VERSIONS:
        raise ValueError(f"format version {version[0]}.{version[1]}")
    width, encoding = _VERSIONS[version]
    length = int.from_bytes(_exactly(stream, width), "little")
    if length > _LONGEST:
        raise FileFault(
            f"holds a header of {length} bytes, expected at most {_LONGEST}", limit=True
        )
    shape, descr, fortran = _said(_exactly(stream, length).decode(encoding))
    dtype = _dtype(descr)
    elements = int(np.prod(shape, dtype=object))
    if elements > limits.ELEMENTS or max(shape, default=0) > limits.ELEMENTS:
        raise FileFault(f"holds {elements} numbers, expected at most {limits.ELEMENTS}", limit=True)
    return Header(shape, dtype, fortran, len(start) + width + length)


def read_numbers(stream: IO[bytes], header: Header) -> np.ndarray[Any, Any]:
    """The numbers behind a header: float64, complex128, int64 or bool.

    Raises
    ------
    ValueError, EOFError
        Where they are more or fewer than it says.
    FileFault
        Where a whole number is beyond int64.
    """
    raw = bytearray(header.size)
    view, at = memoryview(raw), 0
    while at < len(raw):
        part = stream.read(min(_PART, len(raw) - at))
        if not part:
            raise EOFError(f"it ends after {at} of {len(raw)} bytes")
        view[at : at + len(part)] = part
        at += len(part)
    if stream.read(1):
        raise ValueError(f"it goes on after the {len(raw)} bytes that its header tells of")
    order = "F" if header.fortran else "C"
    if header.dtype.kind == "b":  # a byte that is no truth value is no other
        return np.frombuffer(raw, np.uint8).reshape(header.shape, order=order) != 0
    array = np.frombuffer(raw, header.dtype).reshape(header.shape, order=order)
    if header.dtype.kind == "u" and array.size and int(array.max()) >= limits.INTEGER:
        raise FileFault(
            f"holds the whole number {int(array.max())}, expected less than 2**63", limit=True
        )
    wide = {"i": np.int64, "u": np.int64, "f": np.float64, "c": np.complex128}
    return array.astype(wide[header.dtype.kind], order="C", copy=False)


def _said(text: str) -> tuple[tuple[int, ...], Any, bool]:
    """Shape, descr and order of a header's text."""
    if text.count("(") + text.count("[") + text.count("{") > limits.DIMENSIONS:
        raise ValueError("its header is nested")
    try:
        said = ast.literal_eval(text.strip())
    except (SyntaxError, TypeError, MemoryError, RecursionError) as error:
        raise ValueError("its header is no literal") from error
    if not isinstance(said, dict) or set(said) != {"descr", "fortran_order", "shape"}:
        raise ValueError("its header has other keys than descr, fortran_order and shape")
    shape, fortran = said["shape"], said["fortran_order"]
    if not isinstance(shape, tuple) or not all(type(n) is int and n >= 0 for n in shape):
        raise ValueError(f"its shape is {shown(shape)}")
    if len(shape) > limits.DIMENSIONS:
        raise FileFault(
            f"holds {len(shape)} dimensions, expected at most {limits.DIMENSIONS}", limit=True
        )
    if type(fortran) is not bool:
        raise ValueError(f"its fortran_order is {shown(fortran)}")
    return shape, said["descr"], fortran


def _dtype(descr: Any) -> np.dtype[Any]:
    if not isinstance(descr, str) or not _DESCR.fullmatch(descr):
        raise FileFault(f"holds {_records(descr)}, expected numbers")
    try:
        dtype = np.dtype(descr)
    except (TypeError, ValueError, SyntaxError) as error:
        raise ValueError(f"its dtype is {shown(descr)}") from error
    if dtype.kind not in "biufc":
        raise FileFault(f"holds {dtype}, expected numbers")
    if dtype.itemsize > (16 if dtype.kind == "c" else 8):
        raise FileFault(f"holds {dtype}, expected numbers of at most 64 bits")
    return dtype


def _records(descr: Any) -> str:
    return "records" if isinstance(descr, list | tuple) else f"the dtype {shown(descr)}"


def _exactly(stream: IO[bytes], count: int) -> bytes:
    found = stream.read(count)
    if len(found) < count:
        raise EOFError("it ends within its header")
    return found
