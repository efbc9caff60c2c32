"""Tables of numbers told by what makes them: the angles of positions, the slopes of heads."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

#: How far tables in float32 are off what they are told to be, for each position.
ROUNDED = 3e-7

#: So many slopes are told, and no more.
SLOPES = 4

#: Which fact is of how columns stand.
STAND = "frequencies stand"

#: Tables of positions are longer and wider than this.
LEAST = 2


@dataclass(frozen=True)
class Told:
    """What a table is: its kind, and facts of it by what they are called."""

    kind: str
    facts: Mapping[str, str]

    def beside(self, there: Told, *, stand: bool = True) -> tuple[str, str]:
        """What is otherwise in another table of the kind, and how to be as this one.

        Without ``stand`` it is no matter how often, and where, each column is there.
        """
        others = [k for k, x in self.facts.items() if there.facts[k] != x and (stand or k != STAND)]
        said = "; ".join(
            f"{k} {there.facts[k]} in {{there}}, {self.facts[k]} in {{here}}" for k in others
        )
        return said, ", ".join(f"{k} {self.facts[k]}" for k in others)


def told(x: np.ndarray) -> Told | None:
    """What a table is, where it is of a kind that is known."""
    x = _bare(np.asarray(x, np.float64))
    return next((made for kind in _KINDS if (made := kind(x)) is not None), None)


def _bare(x: np.ndarray) -> np.ndarray:
    """A table without axes along which it is the same."""
    for axis in range(x.ndim - 2):
        first = np.take(x, [0], axis)
        if x.shape[axis] > 1 and np.array_equal(x, np.broadcast_to(first, x.shape)):
            x = first
    return x.reshape([n for n in x.shape if n != 1])


# Angles

#: A column's function, and which frequency it has.
Columns = Sequence[tuple[Callable[[np.ndarray], np.ndarray], int]]


def _layouts(width: int) -> Iterator[tuple[str, str, Columns]]:
    """The ways in which a table's columns have frequencies: of which kind, how they stand."""
    half = width // 2
    for name, f in (("cosines", np.cos), ("sines", np.sin)):
        yield name, "once", [(f, j) for j in range(width)]
        if width == 2 * half:
            yield name, "twice, half a width apart", [(f, j % half) for j in range(width)]
            yield name, "twice, side by side", [(f, j // 2) for j in range(width)]
    if width == 2 * half:
        for (a, f), (b, g) in itertools.permutations((("sine", np.sin), ("cosine", np.cos))):
            columns = [(f if j < half else g, j % half) for j in range(width)]
            yield "sines and cosines", f"as {a}s, then {b}s", columns
            columns = [(g if j % 2 else f, j // 2) for j in range(width)]
            yield "sines and cosines", f"as {a} and {b} side by side", columns


def _angles(x: np.ndarray) -> Told | None:
    """Sines and cosines of positions times powers of a base."""
    if x.ndim != 2 or min(x.shape) < LEAST or np.max(np.abs(x)) > 1 + ROUNDED:
        return None
    for start, (name, stand, columns) in itertools.product((0, 1, 2), _layouts(x.shape[1])):
        count = 1 + max(k for _, k in columns)
        for first, ratio in _frequencies(x, start, columns) if count >= LEAST else ():
            bases = [
                (base, steps)
                for steps in (count, count - 1)
                if (base := _base(x, start, columns, (first, ratio), steps)) is not None
            ]
            if bases:
                base, steps = min(bases, key=lambda made: len(f"{made[0]:.12g}".rstrip("0")))
                return Told(
                    name,
                    {
                        "the base of the angles' frequencies is": f"{base:.12g}",
                        "their exponents are": f"-i/{steps}",
                        "the first frequency is": f"{first:.4g}",
                        "positions begin at": str(start),
                        STAND: stand,
                    },
                )
    return None


def _frequencies(x: np.ndarray, start: int, columns: Columns) -> Iterator[tuple[float, float]]:
    """What the first frequency may be, and what the second is of it, as one position tells."""
    row, found = max(1 - start, 0), []
    for frequency in (0, 1):
        f, column = next((g, j) for j, (g, k) in enumerate(columns) if k == frequency)
        angle = float((np.arccos if f is np.cos else np.arcsin)(np.clip(x[row, column], -1, 1)))
        turns = (angle, np.pi - angle, 2 * np.pi + angle)
        angles = turns if f is np.sin else (angle, 2 * np.pi - angle)
        found.append([a / (row + start) for a in angles])
    for a, b in itertools.product(*found):
        if 0 < b < a:
            # As it is written, or what it is divided by: a third is no number of four digits.
            yield from dict.fromkeys(
                (f, b / a) for f in (float(f"{a:.4g}"), 1 / float(f"{1 / a:.4g}"))
            )


def _base(
    x: np.ndarray, start: int, columns: Columns, found: tuple[float, float], steps: int
) -> float | None:
    """The base in as few digits as the table allows; None where it is no such table."""
    first, ratio = found
    if steps < 1:
        return None
    positions = start + np.arange(len(x))[:, None]
    powers = np.array([k for _, k in columns]) / steps

    def off(base: float) -> float:
        angles = positions * first * base**-powers
        made = [f(angles[:, j]) for j, (f, _) in enumerate(columns)]
        return float(np.max(np.abs(np.stack(made, 1) - x)))

    base = ratio**-steps
    room = ROUNDED * float(positions[-1, 0])
    digits = (float(f"{base:.{k}g}") for k in range(1, 7))
    return next((b for b in digits if off(b) <= room), None)


# Slopes


def _slopes(x: np.ndarray) -> Told | None:
    """Distances times a slope for each head, as ALiBi adds them to scores."""
    if x.ndim not in (2, 3) or x.shape[0] < LEAST:
        return None
    seen = np.isfinite(x[0])
    sizes = np.abs(x[0][seen & (x[0] != 0)])
    if not sizes.size or not np.array_equal(np.isfinite(x), np.broadcast_to(seen, x.shape)):
        return None
    steps = x[0] / sizes.min()
    whole = np.rint(steps[seen])
    at = np.unravel_index(int(np.argmax(np.where(seen, np.abs(steps), 0))), steps.shape)
    slopes = np.array([one[at] for one in x]) / np.rint(steps[at])
    made = slopes.reshape(-1, *(1 for _ in whole.shape)) * whole
    if np.max(np.abs(x[:, seen] - made)) > ROUNDED * np.max(np.abs(made)):
        return None
    named = ", ".join(f"{s:.4g}" for s in slopes[:SLOPES]) + (", …" if len(slopes) > SLOPES else "")
    return Told("slopes", {"the heads' slopes are": named, "distances are": _distances(steps)})


def _distances(steps: np.ndarray) -> str:
    """How far positions are from each other, as a table has it."""
    seen = np.isfinite(steps)
    keys = np.arange(steps.shape[-1])
    ways = {"key": keys, "-key": -keys}
    if steps.ndim == 2:
        ahead = keys - np.arange(steps.shape[0])[:, None]
        ways = {
            "key - query": ahead,
            "query - key": -ahead,
            "|key - query|": np.abs(ahead),
            "-|key - query|": -np.abs(ahead),
            **ways,
        }
    for words, made in ways.items():
        held = np.broadcast_to(made, steps.shape)
        if np.allclose(held[seen], steps[seen], rtol=1e-5, atol=1e-5):
            return words
    return "others"


_KINDS = (_angles, _slopes)
