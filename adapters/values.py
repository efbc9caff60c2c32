"""Numbers as every adapter is given them: dtypes, rounded constants, cotangents."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

import ml_dtypes
import numpy as np

from ..cases.native_training import Chosen
from ..cases.task import SCALE, Task
from ..cases.ways import WAYS
from ..refimpl.errors import Unsupported
from ..refimpl.optimizers import RULES

#: Half types, which the reference computes in float32.
HALVES = ("float16", "bfloat16")


def dtype_of(name: str) -> np.dtype[Any]:
    """NumPy's dtype of that name, bfloat16 included."""
    return np.dtype(getattr(ml_dtypes, name, name))


def kind_of(dtype: Any) -> str:
    """``b``, ``i``, ``f`` or ``c``; NumPy does not know that bfloat16 is a float."""
    kind = np.dtype(dtype).kind
    return {"u": "i", "V": "f"}.get(kind, kind)


def single(value: Any) -> bool:
    """What a variable says that decides between branches.

    Raises
    ------
    TypeError
        Where it is no boolean, or several.
    """
    kind, shape = kind_of(value.dtype), list(np.shape(value))
    if kind != "b" or shape:
        what = {"b": "booleans", "i": "whole numbers", "c": "complex numbers"}.get(kind, "numbers")
        raise TypeError(
            f"{what} of the shape {shape} decide between branches, expected one truth value"
        )
    return bool(value)


def real_of(dtype: Any) -> np.dtype[Any]:
    """The dtype of the real part: float32 for complex64, a real dtype itself."""
    dtype = np.dtype(dtype)
    return np.empty((), dtype).real.dtype if dtype.kind == "c" else dtype


def complex_of(dtype: Any) -> np.dtype[Any]:
    """The complex dtype of such real parts: complex64 for float32, a complex dtype itself."""
    return np.result_type(dtype, 1j)


def in_dtype(x: Any, dtype: Any) -> np.ndarray:
    """``x`` in a dtype: a real array in its real counterpart, a complex one in its complex one.

    Whole numbers and booleans are kept.
    """
    x = np.asarray(x)
    kind = kind_of(x.dtype)
    if kind == "c":
        return x.astype(complex_of(dtype), copy=False)
    return x.astype(real_of(dtype), copy=False) if kind == "f" else x


def rounded(value: complex, dtype: str) -> Any:
    """A Python number rounded to a dtype: the same one for every framework.

    A whole number that the dtype can hold stays one, for ``x ** 2`` is no ``x ** 2.0``.
    """
    if isinstance(value, bool):
        return value
    if isinstance(value, complex):
        return complex(rounded(value.real, dtype), rounded(value.imag, dtype))
    with np.errstate(over="ignore"):
        held = float(np.asarray(value).astype(real_of(dtype_of(dtype))))
    return value if held == value else held


def constant(value: complex, dtype: str) -> np.ndarray:
    """A rounded number as an array of no axes: of the dtype, or its real or complex counterpart."""
    if isinstance(value, bool):
        return np.asarray(value)
    real = real_of(dtype_of(dtype))
    return np.asarray(value, np.result_type(real, 1j) if isinstance(value, complex) else real)


def cotangent_of(task: Task, shape: tuple[int, ...], kind: str, output: str = "") -> np.ndarray:
    """The output's cotangent in the task's dtype, real or complex as the output is.

    ``output`` is its name, where it may have another dtype. A loss that is scaled is not told here.
    """
    g, dtype = task.cotangent(shape), dtype_of(task.dtype_at(output) if output else task.dtype)
    if kind != "c":
        return np.real(g).astype(real_of(dtype))
    return g.astype(complex_of(dtype))


def scaled_cotangent(task: Task, shape: tuple[int, ...], kind: str, output: str) -> np.ndarray:
    """The same of a task's first step, multiplied by what its loss is multiplied by."""
    g = cotangent_of(task, shape, kind, output)
    rule = task.loss_scale
    return g if rule is None else (g * np.asarray(rule.init, g.dtype)).astype(g.dtype)


def slot_of_scale(task: Task) -> str:
    """The name under which a trace has what the loss is multiplied by, after each step."""
    programs = [program for name in ("numpy",) if (program := task.program(name)) is not None]
    return f"{(programs or list(task.programs.values()))[0].output}{SCALE}"


def scale_before(task: Task, slots: Sequence[Mapping[str, Any]], step: int) -> Any:
    """What the loss of a step is multiplied by; ``slots`` are what each step left."""
    if task.loss_scale is None:
        return 1.0
    left = slots[step - 1] if step else {}
    return left.get(slot_of_scale(task), task.loss_scale.init)


def differentiates(task: Task) -> bool:
    """Whether a task asks for more than values: not every operation of a framework has a VJP."""
    return task.update is not None or bool(task.checks - {"value", *WAYS})


def hyperparameters(task: Task, parameter: str = "") -> dict[str, Any]:
    """The update rule's hyperparameters as the case writes them, defaults filled in.

    Those that the case gives to one parameter go before those of all.

    They are not rounded: a user hands an optimizer the number 0.999, and what it makes of that in
    the parameters' dtype is its own affair.

    Raises
    ------
    Unsupported
        Where there is no such rule, or it lacks a hyperparameter or has no such one.
    """
    assert task.update is not None
    rule = RULES.get(task.update.rule)
    if rule is None:
        raise Unsupported(f"no update rule is called {task.update.rule}")
    given = {**task.update.hyperparameters, **task.update.groups.get(parameter, {})}
    complete = {**rule.hyperparameters, **given}
    missing = [name for name, value in complete.items() if value is inspect.Parameter.empty]
    unknown = set(given) - set(rule.hyperparameters)
    if missing or unknown:
        raise Unsupported(f"{rule.name}: missing {missing}, unknown {sorted(unknown)}")
    return complete


def attributes(chosen: Chosen, defaults: dict[str, Any]) -> dict[str, Any]:
    """What a schedule or a clip is given, its defaults filled in."""
    return {**defaults, **chosen.attributes}
