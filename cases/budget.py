"""How much work one case file may cause: spent as its programs are unrolled."""

from __future__ import annotations

from . import limits


class Overspent(Exception):
    """The file's budget is used up."""


class Budget:
    """Instructions and loop turns that are left, and elements to be drawn."""

    def __init__(self, left: int = limits.INSTRUCTIONS, drawn: int = limits.DRAWN) -> None:
        self.left, self.drawn = left, drawn

    def draw(self, elements: int) -> bool:
        """Take so many elements of tensors; False where that is more than are left, once."""
        before = self.drawn
        self.drawn -= elements
        return self.drawn >= 0 or before < 0

    def spend(self) -> None:
        """Take one.

        Raises
        ------
        Overspent
            Where none is left.
        """
        self.left -= 1
        if self.left < 0:
            raise Overspent
