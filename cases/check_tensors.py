"""Tensors, rows and hyperparameters at one point of a sweep."""

from __future__ import annotations

import math
from typing import Any

from . import limits
from .check_training import check_setting, settings
from .context import Context
from .tensors import Layout, TensorFault, Tensors


def check_tensors(case: Context, point: dict[str, Any]) -> dict[str, Layout]:
    """The layouts of the inputs and parameters that are in order at a point."""
    model = case.model
    complex_ = any(dtype.startswith("complex") for dtype in model.dtypes)
    tensors = case.tensors(point, complex_=complex_)
    layouts: dict[str, Layout] = {}
    for group in ("inputs", "params"):
        for name, spec in getattr(model, group).items():
            layout = case.layout(tensors, spec, (group, name))
            if layout is not None:
                layouts[name] = layout
    for name, spec in model.params.items():
        own = getattr(spec, "dtype", None)
        if own in ("int64", "bool"):
            case.faults.add(
                f"{name} is a parameter of {own}, expected a floating dtype",
                case.at("params", name, "dtype"),
            )
    total = sum(math.prod(layout.shape) for layout in layouts.values())
    if total > limits.CASE_ELEMENTS:
        case.faults.limit(
            f"tensors of {total} elements in all, expected at most {limits.CASE_ELEMENTS}",
            case.document.place,
        )
    if model.cotangent is not None:
        case.layout(tensors, model.cotangent, ("cotangent",))
    _hyperparameters(case, tensors)
    _batch(case, layouts)
    return layouts


def _hyperparameters(case: Context, tensors: Tensors) -> None:
    """Those that a sweep's name stands for."""
    for path, key, value, table in settings(case):
        if not isinstance(value, str):
            continue
        try:
            found = tensors.number(value)
        except TensorFault as fault:
            case.faults.add(f"{key}: {fault.message}", case.at(*path))
            continue
        case.used.add(value)
        check_setting(case, path, key, found, table)


def _batch(case: Context, layouts: dict[str, Layout]) -> None:
    """Every input that has rows has equally many, and the batch no more than that."""
    batch = case.model.batch
    if batch is None:
        return
    shapes = {name: layouts[name].shape for name in case.model.inputs if name in layouts}
    rows = {name: shape[0] for name, shape in shapes.items() if shape}
    if not rows:
        case.faults.add("batch without an input that has rows, expected one", case.key("batch"))
        return
    first, count = next(iter(rows.items()))
    for name, other in rows.items():
        if other != count:
            case.faults.add(
                f"{name} has {other} rows and {first} has {count}, expected equally many, for "
                "batch takes rows of both",
                case.key("inputs", name),
            )
    if batch.size > count:
        case.faults.add(
            f"a batch of {batch.size} rows, expected at most {count}, which {first} has",
            case.at("batch", "size"),
        )
