"""What of a case changes with a drawing of its random tensors, and what holds at every one."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from typing import Any

import numpy as np

from . import models
from . import tensor_kinds as kinds
from .program import Program
from .task import Between, Divergence, Expected
from .tensors import Tensors

#: Check → variable → what a case expects of it.
Expectations = Mapping[str, Mapping[str, Expected | Between]]


def varies(spec: Any, tensors: Tensors) -> bool:
    """Whether a tensor is drawn from a seed of the case's: one of its own keeps it as it is."""
    if getattr(spec, "seed", None) is not None:
        return False
    if isinstance(spec, kinds.Complex):
        return any(varies(part, tensors) for part in (spec.complex.re, spec.complex.im))
    random = any(isinstance(spec, kinds.SPECS[kind]) for kind in kinds.RANDOM)
    return random and math.prod(tensors.layout(spec).shape) > 0


def hanging(programs: Iterable[Program], drawn: Collection[str]) -> set[str]:
    """The variables of any text that hang on a drawn tensor, and these tensors themselves."""
    found = set(drawn)
    for program in programs:
        for instruction in program.instructions:
            if not found.isdisjoint(instruction.refs):
                found.add(instruction.target)
    return found


def kept(expect: Expectations, hang: Collection[str]) -> dict[str, dict[str, Expected | Between]]:
    """What is expected at every drawing: of the values that hang on no drawn tensor."""
    held = {k: v for k, v in expect.get("value", {}).items() if k not in hang}
    return {"value": held} if held else {}


def of_first(record: Divergence, hang: Collection[str]) -> bool:
    """Whether a record speaks of the first drawing's numbers, and only of their kind elsewhere."""
    return record.check != "value" or record.tensor in hang


def is_nan(truth: Any, tensors: Tensors) -> bool:
    """Whether a hand-derived truth has a NaN."""
    value = truth.is_ if isinstance(truth, models.Rounded) else truth
    if isinstance(value, models.Between):
        return False
    drawn = tensors.draw("truth", value)
    return drawn.dtype.kind in "fc" and bool(np.isnan(drawn).any())
