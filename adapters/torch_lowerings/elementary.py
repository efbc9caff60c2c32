"""Elementary functions, bits and complex numbers, where torch spells them otherwise."""

from __future__ import annotations

import torch

from ..lowering import Entry


def _cbrt(x: torch.Tensor) -> torch.Tensor:
    """Torch has powers, of positive numbers, but no cube root."""
    return torch.sign(x) * torch.abs(x) ** (1 / 3)


LOWERINGS: dict[str, Entry] = {
    "cbrt": _cbrt,
    "bitwise_invert": "torch.bitwise_not",
}
