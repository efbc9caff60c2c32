"""What an attribute may be, where NumPy would compute something of any."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any


def at_least(low: int, **given: Any) -> None:
    """Refuse numbers, or tuples that have one, below the least that means something.

    Raises
    ------
    ValueError
        Naming the attribute.
    """
    for name, value in given.items():
        if min(value if isinstance(value, tuple | list) else (value,), default=low) < low:
            raise ValueError(f"{name} is {value}, expected at least {low}")


def a_share(**given: float) -> None:
    """Refuse numbers that are no share of a whole.

    Raises
    ------
    ValueError
        Naming the attribute.
    """
    for name, value in given.items():
        if not 0 <= value <= 1:
            raise ValueError(f"{name} is {value}, expected between 0 and 1")


def one_of(choices: Collection[str], **given: Any) -> None:
    """Refuse words that are none of these.

    Raises
    ------
    ValueError
        Naming the attribute.
    """
    for name, value in given.items():
        if value not in choices:
            *others, last = choices
            raise ValueError(f"{name} is {value!r}, expected {', '.join(others)} or {last}")


def copied_for(x: Any, values: Any) -> Any:
    """A copy of an array that values are put into.

    Raises
    ------
    ValueError
        Where they are complex and it is real: NumPy would drop their imaginary parts.
    """
    if values.dtype.kind == "c" and x.dtype.kind != "c":
        raise ValueError(f"values of {values.dtype} put into an array of {x.dtype}, expected reals")
    return x.copy()
