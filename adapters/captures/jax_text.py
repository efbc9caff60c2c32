"""A native call of a case's text for JAX, captured."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ...cases.program import Instruction
from ..jax_lowerings import LOWERINGS
from .captured import Captured
from .jax import capture
from .texts import called


def captured_call(instruction: Instruction, arrays: Mapping[str, np.ndarray]) -> Captured:
    """The call on these arrays, as ``texts.Capture`` has it."""
    call = called(instruction, LOWERINGS.native(instruction.operation), list(arrays))
    leaves = {"leaves": [*arrays.values()]}
    return capture(lambda params: call(params["leaves"]), leaves, dtype="float64")
