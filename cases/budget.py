"""How much work one case file may cause: spent as its programs are unrolled."""

from __future__ import annotations

from . import limits


class Overspent(Exception):
    """The file's budget is used up."""


class Budget:
    """Instructions and loop turns that are left."""

    def __init__(self, left: int = limits.INSTRUCTIONS) -> None:
        self.left = left

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
