"""Data inside a page: JSON, compressed, as text that no markup can be in."""

from __future__ import annotations

import base64
import gzip
import json
import math
from collections.abc import Iterable
from typing import Any

import pandas as pd

#: As small as zlib makes it.
LEVEL = 9

#: JSON has no infinity; a number too large for a double is read as one.
INFINITE = "1e999"


class Verbatim(str):
    """A text that is JSON already."""

    __slots__ = ()


def packed(data: dict[str, Any]) -> str:
    """A mapping as JSON, compressed, in base64; what is ``Verbatim`` in it stands as it is."""
    text = as_json(data)
    return base64.b64encode(gzip.compress(text.encode(), LEVEL, mtime=0)).decode()


def unpacked(text: str) -> dict[str, Any]:
    """The mapping again; an infinity is a float."""
    return json.loads(gzip.decompress(base64.b64decode(text)))


def as_json(data: Any) -> str:
    """JSON of mappings of lists; numbers that may be no JSON are ``numbers``.

    Raises
    ------
    ValueError
        For a NaN or an infinity that is not.
    """
    if isinstance(data, Verbatim):
        return str(data)
    if isinstance(data, dict):
        return "{" + ",".join(f"{json.dumps(str(k))}:{as_json(v)}" for k, v in data.items()) + "}"
    return json.dumps(data, allow_nan=False, separators=(",", ":"))


def written(value: float, digits: int | None = None) -> str:
    """A number as JSON: whole, or with so many significant digits."""
    if math.isnan(value):
        return "null"
    if math.isinf(value):
        return INFINITE if value > 0 else f"-{INFINITE}"
    if value == 0:
        return "0"
    return repr(value) if digits is None else f"{value:.{digits - 1}e}"


def numbers(values: Iterable[float], digits: int | None = None) -> Verbatim:
    """Numbers as a JSON list."""
    return Verbatim("[" + ",".join([written(float(value), digits) for value in values]) + "]")


class Words:
    """Texts by number, each kept once, in the order in which they came."""

    def __init__(self) -> None:
        self._places: dict[str, int] = {}

    def __call__(self, text: str) -> int:
        """The text's number."""
        return self._places.setdefault(text, len(self._places))

    def column(self, texts: pd.Series) -> list[int]:
        """The numbers of a column's texts."""
        codes, found = pd.factorize(texts)
        places = [self(str(text)) for text in found]
        return [places[code] for code in codes]

    @property
    def texts(self) -> list[str]:
        """The texts, each at its number."""
        return list(self._places)
