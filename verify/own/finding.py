"""What was found: where two sides part, why, and how to agree."""

from __future__ import annotations

from dataclasses import dataclass

from ...adapters.captures.captured import Place


@dataclass(frozen=True)
class At:
    """An operation on one side: its name, where it stands, how large it is."""

    side: str
    operation: str
    place: Place
    size: str = ""

    def __str__(self) -> str:
        """As ``torch  layer_norm  ln1: net.py:54: y = self.ln1(x)``."""
        return f"{self.side:6} {self.operation}  {self.place}".rstrip()


@dataclass(frozen=True)
class Finding:
    """One thing that makes the sides different, or that a person should know.

    ``kind`` is ``value`` (the sides compute different numbers), ``grad`` (they differentiate
    differently), ``kink`` (they do on a kink, where there is no derivative), ``own kink`` (a
    side alone does), ``own gradient`` (a side's gradient is not that of its own forward pass),
    ``as run`` (a side is off the truth of its own program), ``training`` (whole steps part,
    with the user's own optimizers), ``narrow`` (a side rounds to a narrower dtype inside) or
    ``surrogate`` (both sides' own gradients are the same, and by a rule that is no derivative).
    ``cause`` is empty where none was proved.
    """

    kind: str
    at: tuple[At, ...]
    cause: str = ""
    agree: str = ""
    effect: str = ""
    note: str = ""
    #: How often the same is found on the same line.
    times: int = 1

    @property
    def differs(self) -> bool:
        """Whether it makes the sides different."""
        return self.kind not in ("narrow", "surrogate")
