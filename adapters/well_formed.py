"""Whether what an adapter handed back is a trace: its types alone, before any number is looked at.

Names, shapes and dtypes that are not the task's are the judge's to tell; what is no array at all
would make it fail.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..refimpl.errors import AdapterFailed
from .base import Step, Trace

#: The mappings of a step, and whether None may stand for an array.
_PARTS = {"values": False, "grads": True, "params": False, "slots": False}


def checked(trace: Any, steps: int) -> Trace:
    """The same trace in fresh mappings of plain arrays.

    Raises
    ------
    AdapterFailed
        Where it is none: another type, another number of steps, a name that is no text, a value
        that is no plain array of numbers (a framework's tensor, a masked array, an array of
        objects).
    """
    if not isinstance(trace, Trace):
        raise AdapterFailed(f"the adapter returned {named(trace)}, expected a Trace")
    if not isinstance(trace.steps, list | tuple):
        raise AdapterFailed(f"the trace's steps are {named(trace.steps)}, expected a list")
    if len(trace.steps) != steps:
        raise AdapterFailed(f"the trace has {len(trace.steps)} steps, expected {steps}")
    seconds = trace.seconds
    if not isinstance(seconds, int | float) or not math.isfinite(seconds):
        raise AdapterFailed(f"the trace's seconds are {named(seconds)}, expected a finite number")
    return Trace([_step(step, number) for number, step in enumerate(trace.steps)], float(seconds))


def _step(step: Any, number: int) -> Step:
    if not isinstance(step, Step):
        raise AdapterFailed(f"step {number} is {named(step)}, expected a Step")
    return Step(**{part: _arrays(getattr(step, part), f"step {number}: {part}") for part in _PARTS})


def _arrays(held: Any, where: str) -> dict[str, Any]:
    return arrays_by_name(held, where, missing=_PARTS[where.rpartition(" ")[2]])


def arrays_by_name(held: Any, where: str, *, missing: bool = True) -> dict[str, Any]:
    """A mapping of plain arrays in a fresh one; ``missing`` says whether None may stand for one.

    Raises
    ------
    AdapterFailed
        Where it is none; ``where`` is what it is called in the message.
    """
    if not isinstance(held, Mapping):
        raise AdapterFailed(f"{where} is {named(held)}, expected a dict of arrays by name")
    found: dict[str, Any] = {}
    for name, x in held.items():
        if type(name) is not str:
            raise AdapterFailed(f"{where} has a key that is {named(name)}, expected text")
        if not (x is None and missing) and not _is_plain(x):
            raise AdapterFailed(f"{where}[{name!r}] is {named(x)}, expected a plain numpy.ndarray")
        found[name] = x
    return found


def _is_plain(x: Any) -> bool:
    """An array of numbers and of no class of its own; NumPy's scalars are arrays of no axes."""
    if type(x) is not np.ndarray and not isinstance(x, np.generic):
        return False
    # bfloat16 and its kin are of NumPy's kind V, as are records and raw bytes
    return x.dtype.kind in "biufc" or (
        x.dtype.kind == "V" and x.dtype.names is None and not issubclass(x.dtype.type, np.void)
    )


def same_bits(one: Trace, other: Trace) -> bool:
    """Whether two traces are one, bit for bit, but for the time they took."""
    return all(
        _bits(getattr(a, part)) == _bits(getattr(b, part))
        for a, b in zip(one.steps, other.steps, strict=True)
        for part in _PARTS
    )


def _bits(arrays: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: None if x is None else (x.dtype, np.shape(x), np.asarray(x).tobytes())
        for name, x in arrays.items()
    }


def named(value: Any) -> str:
    """What a value is, in a word or two; nothing of its own is called."""
    if value is None:
        return "None"
    kind = type(value)
    own = "" if kind.__module__ == "builtins" else f"{kind.__module__}."
    held = f" of dtype {value.dtype}" if isinstance(value, np.ndarray) else ""
    return f"{own}{kind.__name__}{held}"
