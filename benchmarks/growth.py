"""How the time of a pass grows with a network's size: the reference's and torch's."""  # noqa: INP001 - scripts, no package

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import networks
from measure import least

#: Network → what grows, and its sizes.
SIZES: dict[str, tuple[str, tuple[int, ...]]] = {
    "mlp": ("width of the hidden layers", (64, 128, 256, 512, 1024)),
    "convolutional": ("side of the image", (8, 16, 32, 64)),
    "transformer": ("length of the sequence", (16, 32, 64, 128, 256)),
}


@dataclass(frozen=True)
class Growth:
    """Seconds of one pass at each size."""

    name: str
    what: str
    sizes: tuple[int, ...]
    reference: tuple[float, ...]
    torch: tuple[float, ...]

    @property
    def slope(self) -> float:
        """The exponent by which the reference's time grew over the last doubling."""
        return math.log2(self.reference[-1] / self.reference[-2])


def growths(repeats: int) -> list[Growth]:
    """Time each network at each of its sizes."""
    found = []
    for name, (what, sizes) in SIZES.items():
        times: list[Any] = []
        for size in sizes:
            pair = getattr(networks, name)(size)
            times.append(least(max(2, repeats // 3), pair.reference, pair.torch))
        reference, torch = zip(*times, strict=True)
        found.append(Growth(name, what, sizes, reference, torch))
    return found
