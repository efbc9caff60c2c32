"""Which output of one side is compared with which of the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ...adapters.captures.captured import Captured
from ...refimpl.errors import BadUsage


@dataclass(frozen=True)
class Pairs:
    """Paths of the outputs of each side, in the order in which they are compared."""

    first: tuple[str, ...]
    second: tuple[str, ...]
    #: By framework, those that the other side does not hand back.
    left: Mapping[str, tuple[str, ...]]

    @property
    def notes(self) -> list[str]:
        """What a person should know of what is left over."""
        return [
            f"{name} alone hands back {', '.join(paths)}: not compared"
            for name, paths in self.left.items()
            if paths
        ]


def pairs(names: tuple[str, str], first: Sequence[str], second: Sequence[str]) -> Pairs:
    """Outputs by their paths where both sides have some of the same; else by position.

    Raises
    ------
    BadUsage
        Where neither says which belong together.
    """
    shared = [path for path in first if path in second]
    in_place = [p for p, q in zip(first, second, strict=False) if p == q]
    if len(first) == len(second) and (not shared or in_place == shared):
        return Pairs(tuple(first), tuple(second), {})
    if not shared or "" in shared:
        mine, other = (
            f"{name} hands back {', '.join(path or 'one array' for path in paths) or 'no array'}"
            for name, paths in zip(names, (first, second), strict=True)
        )
        raise BadUsage(f"{mine}; {other}: give from_jax, which picks and orders the outputs")
    left = {
        name: tuple(path for path in paths if path not in shared)
        for name, paths in zip(names, (first, second), strict=True)
    }
    return Pairs(tuple(shared), tuple(shared), left)


def floating(captured: Captured, is_floating: Any) -> list[str]:
    """The paths of the floating outputs of a side."""
    return [path for path, name in captured.outputs.items() if is_floating(name)]


def only(captured: Captured, paths: Sequence[str]) -> Captured:
    """A side with these outputs alone, in this order."""
    return replace(captured, outputs={path: captured.outputs[path] for path in paths})
