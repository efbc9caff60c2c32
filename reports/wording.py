"""How numbers and texts are written for people."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from typing import Any

import pandas as pd

#: What a cell of a table holds at most; results.csv has the whole text.
LONGEST = 600

#: Decimal digits that tell any two float64 apart.
ALL_DIGITS = 17

# Characters that move the cursor, change colours, or reorder the text around them.
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def number(value: float, digits: int = 4) -> str:
    """A number with this many significant digits; empty for one that is missing (NaN)."""
    return "" if math.isnan(value) else f"{value:.{digits}g}"


def pair(one: complex, other: complex, digits: int = 6) -> tuple[str, str]:
    """Two numbers, with as many digits as it takes to tell them apart."""
    while True:
        texts = _value(one, digits), _value(other, digits)
        if texts[0] != texts[1] or one == other or digits >= ALL_DIGITS:
            return texts
        digits += 1


def _value(value: complex, digits: int) -> str:
    if isinstance(value, complex):
        return f"{value.real:.{digits}g}{value.imag:+.{digits}g}j"
    return f"{value:.{digits}g}"


def counted(count: int, noun: str, plural: str = "") -> str:
    """``1 case``, ``1,234 cases``."""
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def drawing(case: str, draw: Any) -> str:
    """A case's name, ``case#2`` where its numbers are of its second drawing."""
    return case if pd.isna(draw) or draw == 1 else f"{case}#{draw}"


def listed(names: Iterable[str], most: int = 3) -> str:
    """``a, b, c and 4 more``."""
    names = list(names)
    left = len(names) - most
    return ", ".join(names) if left <= 0 else f"{', '.join(names[:most])} and {left:,} more"


def safe(text: str, longest: int = LONGEST) -> str:
    """A text on one line, at most this long, in which control characters are made visible."""
    text = " ".join(text.split())
    text = _UNSAFE.sub(lambda found: found[0].encode("unicode_escape").decode(), text)
    return text if len(text) <= longest else text[: longest - 1] + "…"
