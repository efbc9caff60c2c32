"""How much one evaluation may take: charged operation by operation, before each is computed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..cases.program import Instruction
from ..refimpl.costs import OVERHEAD, cost
from ..refimpl.errors import LimitExceeded


class TooLarge(LimitExceeded):
    """An operation takes more than is left; nothing of it was computed.

    ``instruction`` is the one.
    """

    def __init__(self, message: str, instruction: Instruction) -> None:
        super().__init__(message)
        self.instruction = instruction


class Meter:
    """Steps for any number of evaluations, and elements that each of them may hold.

    Parameters
    ----------
    steps
        Of ``refimpl.costs``, for all evaluations together.
    elements
        Of the leaves and the values of one evaluation.
    """

    def __init__(self, steps: int, elements: int) -> None:
        self.left, self._elements, self._held = steps, elements, 0
        #: What has been charged, as if it had been computed in wide precision.
        self.wide = 0

    def begin(self, elements: int) -> None:
        """A new evaluation, whose leaves hold so many elements."""
        self._held = elements
        self.left -= 3 * OVERHEAD

    def charge(self, instruction: Instruction, arguments: Sequence[Any], *, wide: bool) -> None:
        """Take what an instruction costs.

        Raises
        ------
        TooLarge
            Where that is more than is left.
        """
        shapes = [None if x is None else np.shape(x) for x in arguments]
        name, attributes = instruction.operation, instruction.attributes
        price, in_wide = (cost(name, shapes, attributes, wide=each) for each in (wide, True))
        self.wide += in_wide.steps
        self._held += price.elements
        if self._held > self._elements:
            raise TooLarge(
                f"{instruction.operation} brings the program's values to more than "
                f"{self._elements} elements, expected at most that",
                instruction,
            )
        self.left -= price.steps
        if self.left < 0:
            raise TooLarge(
                f"{instruction.operation} would take too long, expected fewer or smaller arrays",
                instruction,
            )
