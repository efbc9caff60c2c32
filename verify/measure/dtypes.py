"""The dtypes of a task: what frameworks should give, and what truth is computed in."""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import ml_dtypes
import numpy as np

from ...cases.task import Task

#: The dtype that truth is computed in.
WIDER: dict[str, Any] = {
    "float16": np.float64,
    "bfloat16": np.float64,
    "float32": np.float64,
    "float64": np.longdouble,
    "complex64": np.complex128,
    "complex128": np.clongdouble,
}


class Limits(NamedTuple):
    """Of a dtype: the least normal number, the largest, and the distance from 1 to the next."""

    least: float
    most: float
    epsilon: float


@cache
def limits_of(dtype: np.dtype[Any]) -> Limits:
    """What ml_dtypes says of a dtype, which takes it longer than a small comparison."""
    info = ml_dtypes.finfo(dtype)
    return Limits(float(info.smallest_normal), float(info.max), float(info.eps))


def dtype_at(task: Task, name: str, want: np.ndarray) -> np.dtype[Any]:
    """The dtype a framework should give a variable, or what an optimizer remembers of one."""
    return dtype_for(task.dtype_at(name), want)


def dtype_for(task_dtype: str, want: np.ndarray) -> np.dtype[Any]:
    """The dtype a framework should give a tensor, the truth's being wider."""
    if want.dtype.kind not in "fcV":
        return want.dtype
    dtype = np.dtype(getattr(ml_dtypes, task_dtype, task_dtype))
    if dtype.kind == "f" and want.dtype.kind == "c":
        return np.result_type(dtype, 1j)
    if dtype.kind == "c" and want.dtype.kind == "f":
        return np.dtype(f"f{dtype.itemsize // 2}")
    return dtype
