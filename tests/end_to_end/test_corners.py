"""The catalogue goes into every corner of every operation, or says why there is none.

A corner is seen where the reference runs a case: what an operation is given there counts, not
what the case is called.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from gradparity.adapters.numpy_reference import reference
from gradparity.cases.program import Ref
from gradparity.cases.task import Task
from gradparity.refimpl.ops import TABLE

from ..whole import whole

Arrays = list[np.ndarray]


def _tiny(arrays: Arrays) -> bool:
    sizes = _sizes(arrays)
    return bool(((sizes > 0) & (sizes <= 1e-3)).any())


def _sizes(arrays: Arrays) -> np.ndarray:
    """The finite magnitudes of the floating-point arrays."""
    found = [np.abs(x).ravel() for x in arrays if x.dtype.kind in "fc"]
    sizes = np.concatenate(found) if found else np.empty(0)
    return sizes[np.isfinite(sizes)]


#: corner → whether a call of an operation on these arrays is in it.
CORNERS: dict[str, Callable[[Arrays], bool]] = {
    "no element": lambda xs: any(x.size == 0 for x in xs),
    "one element": lambda xs: any(x.size == 1 for x in xs),
    "a view": lambda xs: any(x.size > 1 and not x.flags.c_contiguous for x in xs),
    "large numbers": lambda xs: bool((_sizes(xs) >= 50).any()),
    "tiny numbers": _tiny,
    "complex numbers": lambda xs: any(x.dtype.kind == "c" for x in xs),
}

#: (corner, why an operation has no case there, the operations).
NONE = [
    (
        "complex numbers",
        "held by differences in tests/refimpl; no case has them in the frameworks yet",
        "conv conv_transpose erf erfc exp2 expit lerp tanh_shrink trapezoid",
    ),
    ("no element", "NumPy refuses to transform no elements in several axes",
     "fft.fft2 fft.ifft2 fft.rfft2 fft.irfft2 fft.fftn fft.ifftn fft.rfftn fft.irfftn"),
    ("no element", "PyTorch refuses it or is wrong, which is recorded among the divergences",
     "pixel_shuffle pixel_unshuffle instance_norm weight_norm ctc"),
    ("no element", "says how many it selects, and none is no selection", "masked_select"),
    ("one element", "gates one half of its argument by the other", "glu swiglu geglu"),
    ("one element", "takes apart what has several parts", "split"),
    ("one element", "is of three elements, by definition", "cross"),
    ("one element", "takes the difference of two", "gradient"),
    ("one element", "PyTorch refuses it, which is recorded among the divergences",
     "group_norm instance_norm"),
    ("a view", "takes vectors, of which the reference makes no view", "outer meshgrid"),
    ("a view", "undoes pixel_shuffle, whose result is not one", "pixel_unshuffle"),
    ("large numbers", "is defined up to one", "asin acos atanh erfinv ndtri logit bce dice"),
    ("large numbers", "is defined up to two", "erfcinv"),
    ("large numbers", "is 1 there, and has no gradient", "zeta"),
    ("large numbers", "takes logarithms of probabilities", "ctc"),
    ("large numbers", "is tried at a norm of 30, beyond which it overflows", "linalg.matrix_exp"),
    ("tiny numbers", "is defined from one", "acosh"),
    ("tiny numbers", "is defined from (d - 1)/2", "multigammaln"),
    ("tiny numbers", "is tried from 1e-5 to 30, as a norm", "linalg.matrix_exp"),
    ("tiny numbers", "has a step of the least number there", "nextafter"),
]  # fmt: skip

#: Truth values and whole numbers have no magnitude to speak of.
_DISCRETE = {
    "logical_and", "logical_or", "logical_xor", "logical_not", "bitwise_and", "bitwise_or",
    "bitwise_xor", "bitwise_invert", "bitwise_left_shift", "bitwise_right_shift", "all", "any",
    "count_nonzero", "one_hot",
}  # fmt: skip


def _calls(task: Task) -> Iterator[tuple[str, Arrays]]:
    """Each call of a task's first step in the reference: the operation, and what it is given."""
    trace = reference(replace(task, steps=1, update=None))
    known: dict[str, Any] = {**task.inputs, **task.params, **trace.steps[0].values}
    programs = task.programs
    program = programs.get("*") or programs.get("numpy") or next(iter(programs.values()))
    for call in program.instructions:
        names = [x.name for x in call.arguments if isinstance(x, Ref)]
        arrays = [known[name] for name in names if not isinstance(known.get(name, ()), tuple)]
        yield call.operation, [np.asarray(x) for x in arrays]


@pytest.fixture(scope="module")
def seen() -> dict[str, set[str]]:
    """Operation → the corners that some case goes into."""
    found: dict[str, set[str]] = defaultdict(set)
    for case in whole()[0]:
        widest = next(x for x in ("complex128", "float64", *case.dtypes) if x in case.dtypes)
        for task in case.tasks([widest]):
            for operation, arrays in _calls(task):
                found[operation] |= {name for name, holds in CORNERS.items() if holds(arrays)}
    return found


@pytest.mark.parametrize("corner", CORNERS)
def test_every_operation_goes_into_the_corner_or_says_why_not(corner, seen):
    excused = {name for where, _, names in NONE if where == corner for name in names.split()}
    if corner.endswith("numbers"):
        excused |= _DISCRETE if corner != "complex numbers" else set()
    if corner == "complex numbers":
        excused |= {name for name, row in TABLE.items() if not row.analytic}

    missed = {name for name in TABLE if corner not in seen[name]}

    assert sorted(missed - excused) == []


def test_no_excuse_outlives_its_reason(seen):
    stale = [
        f"{name}: {corner}"
        for corner, _, names in NONE
        for name in names.split()
        if corner in seen[name]
    ]

    assert stale == []
