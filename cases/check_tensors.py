"""Tensors, rows and hyperparameters at one point of a sweep."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from . import limits
from .check_training import check_setting, settings
from .check_ways import check_tangents
from .context import Context
from .tensor_kinds import Orthogonal, Spd
from .tensors import Layout, TensorFault, Tensors


def check_tensors(case: Context, point: dict[str, Any]) -> dict[str, Layout]:
    """The layouts of the inputs and parameters that are in order at a point."""
    model = case.model
    complex_ = any(dtype.startswith("complex") for dtype in model.dtypes)
    tensors = case.tensors(point, complex_=complex_)
    layouts: dict[str, Layout] = {}
    given: dict[tuple[str, ...], Any] = {
        **{("inputs", name): spec for name, spec in model.inputs.items()},
        **{("params", name): spec for name, spec in model.params.items()},
        **{("state", name, "from"): state.from_ for name, state in model.state.items()},
    }
    for path, spec in given.items():
        layout = case.layout(tensors, spec, path)
        if layout is not None:
            layouts[path[1]] = layout
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
    elif not case.budget.draw(total + _factored(case, layouts)):
        _overdrawn(case, layouts, point)
    if model.cotangent is not None:
        case.layout(tensors, model.cotangent, ("cotangent",))
    check_tangents(case, point, tensors, layouts)
    _hyperparameters(case, tensors)
    _batch(case, layouts)
    return layouts


def _factored(case: Context, layouts: Mapping[str, Layout]) -> int:
    """What the factored matrices' cubic time comes to, in elements that are merely drawn."""
    state = {name: state.from_ for name, state in case.model.state.items()}
    specs = {**case.model.inputs, **case.model.params, **state}
    rows = [shape.shape[-1] for name, shape in layouts.items() if _is_factored(specs[name])]
    return sum(n**3 // 20 for n in rows)


def _is_factored(spec: Any) -> bool:
    return isinstance(spec, Spd | Orthogonal)


def _overdrawn(case: Context, layouts: Mapping[str, Layout], point: Mapping[str, Any]) -> None:
    """Name what makes a file draw too much: the sweep, or the largest tensor."""
    if point:
        path = ("sweep",)
    else:
        largest = max(layouts, key=lambda name: math.prod(layouts[name].shape))
        groups = ("inputs", "params", "state")
        path = (next(g for g in groups if largest in getattr(case.model, g)), largest)
    case.faults.limit(
        f"{'.'.join(path)}: the file's tensors, at every point of its sweeps, come to more than "
        f"{limits.DRAWN} elements, expected at most that",
        case.key(*path),
    )


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
