"""Whether another text of a computation says the same as the reference's, and only rounds worse."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ...adapters.attempt import attempt
from ...adapters.base import Adapter, Trace
from ...adapters.numpy_reference import NumpyAdapter, reference
from ...adapters.values import dtype_of, in_dtype
from ...cases.task import Task
from ...refimpl.errors import AdapterFailed, Unsupported
from ...refimpl.rounding import unit_roundoff
from ..measure.dtypes import WIDER
from ..truth.baseline import Key, flat

#: The precision that a text is asked again in: where rounding makes the difference it is another.
OTHER = {
    "float64": "float32",
    "float32": "float64",
    "float16": "float32",
    "bfloat16": "float32",
    "complex128": "complex64",
    "complex64": "complex128",
}


def says_the_same(segment: Task, adapter: Adapter, key: Key) -> bool | None:
    """Whether an adapter's text of a segment says what the reference's does, and only rounds worse.

    The reference runs a text without native calls in wider precision. Of another one, the error in
    two precisions is compared: of rounding it is in proportion to the roundoff, of another text
    the same. None where it is neither. ``key`` is the tensor that is off.
    """
    errors = {}
    for name in (segment.dtype, OTHER[segment.dtype]):
        dtype = dtype_of(name)
        task = replace(
            segment,
            dtype=name,
            params={k: in_dtype(x, dtype) for k, x in segment.params.items()},
            inputs={k: in_dtype(x, dtype) for k, x in segment.inputs.items()},
        )
        errors[unit_roundoff(dtype)] = _error(task, adapter, key)
    own = errors[unit_roundoff(dtype_of(segment.dtype))]
    theirs = segment.programs[adapter.name]
    if not theirs.native:
        wide = replace(segment, programs={"numpy": segment.programs["numpy"], "wide": theirs})
        return _error(wide, _Wide(), key) <= own / 16
    fine, rough = min(errors), max(errors)
    if not np.isfinite(errors[fine]) or not np.isfinite(errors[rough]):
        return None
    # What is left in the finer precision is no rounding of the rougher.
    most = 2.0**-7 if own == errors[rough] else 64 * fine / rough
    if errors[fine] <= errors[rough] * most:
        return True
    return False if errors[fine] > errors[rough] / 16 else None


class _Wide(NumpyAdapter):
    """The reference in the precision of the truth, with a text of its own."""

    name = "wide"

    def run(self, task: Task) -> Trace:
        """Run the text for it."""
        own = replace(task, programs={"*": self.program(task)})
        return reference(own, dtype=WIDER[task.dtype])


def _error(task: Task, adapter: Adapter, key: Key) -> float:
    """The largest error of one tensor, relative to the element; NaN where none can be taken.

    Relative to the largest element where the truth is zero.
    """
    try:
        truth = flat(reference(task, dtype=WIDER[task.dtype])).get(key)
        got = flat(attempt(adapter, task)).get(key)
    except (Unsupported, AdapterFailed):
        return np.nan
    held = [x for x in (truth, got) if x is not None]
    if not held:
        return 0.0
    truth, got = (np.zeros(held[0].shape) if x is None else x for x in (truth, got))
    if got.shape != truth.shape:
        return np.nan
    if truth.dtype.kind not in "fc":  # no rounding makes another whole number of one
        return float(not np.array_equal(truth, got))
    with np.errstate(all="ignore"):
        size = np.abs(truth)
        size = np.where(size == 0, max(np.max(size, initial=0), np.finfo(size.dtype).tiny), size)
        return float(np.max(np.abs(got.astype(truth.dtype) - truth) / size, initial=0))
