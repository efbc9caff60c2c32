"""A fault as it stands in ``faults.yaml``: one row each, plain data.

``in``
    The framework: torch or jax (optax counts as JAX's).
``patch``
    What is patched: a dotted name of the framework, or a kernel (``aten.tanh_backward``).
``part``
    Which part of it goes wrong; ``PARTS`` has them all.
``does``
    What becomes of the numbers: a name of ``changes.CHANGES``, with its amount where it has one.
``when``
    Where it shows: a name of ``changes.CONDITIONS``, with its amounts; always, if not said.
``argument``
    Of which argument (its position or, for a keyword, its name), or of which result.
``blame``
    The operation of the table, the update rule, the schedule or the clip that is to be blamed.
``dtype``
    At which it is tried; float64, if not said.
``cases``
    Words that the cases tried must have, where not every case of the operation will do.
``equivalent``
    Why it is no fault, where it is none. That no number moves by more than rounding is tried, too.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from .changes import CHANGES, CONDITIONS

FILE = Path(__file__).with_name("faults.yaml")

#: What can go wrong in a patched thing.
PARTS = {
    "forward": "its result, and the gradient goes with it",
    "value": "its result alone: the gradient is that of the right one",
    "backward": "the cotangent of an argument, as it leaves",
    "incoming": "the cotangent of its result, as it arrives",
    "input": "it writes to an argument",
    "keyword": "an argument is taken for another number",
    "cut": "no gradient reaches an argument",
    "kept": "it hands back what it computed first",
    "kernel": "what the kernel hands back",
    "jvp": "the tangent of a primitive",
    "updates": "by how much an optimizer moves the parameters",
    "gradients": "the gradients that an optimizer sees",
    "state": "what an optimizer remembers",
    "schedule": "the rate of a step",
}


@dataclass(frozen=True)
class Fault:
    """One row."""

    framework: str
    patch: str
    part: str
    blame: str
    does: str = ""
    amount: Any = None
    when: str = "always"
    at: tuple[Any, ...] = ()
    argument: Any = 0
    dtype: str = "float64"
    cases: str = ""
    equivalent: str = ""

    @cached_property
    def id(self) -> str:
        """What it is, in one line; no two rows have the same."""
        does = self.does if self.amount is None else f"{self.does} {self.amount}"
        where = " ".join(map(str, (self.when, *self.at)))
        what = [self.patch, self.part, str(self.argument), does, where, self.dtype, self.blame]
        return " · ".join([self.framework, *what])


def read(path: Path = FILE) -> list[Fault]:
    """Every fault of a file.

    Raises
    ------
    ValueError
        For a row that says what nobody knows, or that is there twice.
    """
    faults = [_fault(row) for row in YAML(typ="safe").load(path.read_text(encoding="utf-8"))]
    twice = {fault.id for fault in faults if sum(other.id == fault.id for other in faults) > 1}
    if twice:
        raise ValueError(f"there twice: {sorted(twice)}")
    return faults


def _fault(row: dict[str, Any]) -> Fault:
    does, *amount = _words(row.get("does", ""))
    when, *at = _words(row.get("when", "always"))
    unknown = row.keys() - {"in", "patch", "part", "does", "when", "argument", "blame"}
    unknown -= {"dtype", "cases", "equivalent"}
    if (
        unknown
        or row["part"] not in PARTS
        or when not in CONDITIONS
        or (does or "zero") not in CHANGES
    ):
        raise ValueError(f"{row}: nobody knows what that is")
    return Fault(
        row["in"],
        row["patch"],
        row["part"],
        row["blame"],
        does,
        *(amount or [None]),
        when=when,
        at=tuple(at),
        argument=row.get("argument", 0),
        dtype=row.get("dtype", "float64"),
        cases=row.get("cases", ""),
        equivalent=row.get("equivalent", ""),
    )


def _words(said: Any) -> list[Any]:
    return list(said) if isinstance(said, list) else [said]
