"""A native call of a case's text for PyTorch, captured."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ...cases.program import Instruction
from ..torch_lowerings import LOWERINGS
from ..torch_tensors import tensor
from .captured import Captured
from .texts import called
from .torch import capture


def captured_call(instruction: Instruction, arrays: Mapping[str, np.ndarray]) -> Captured:
    """The call on these arrays, as ``texts.Capture`` has it."""
    call = called(instruction, LOWERINGS.native(instruction.operation), list(arrays))
    return capture(call, ([_leaf(x) for x in arrays.values()],))


def _leaf(x: np.ndarray) -> Any:
    return tensor(x).requires_grad_(x.dtype.kind in "fc")
