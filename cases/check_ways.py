"""Other ways of differentiating: what the checks ``jvp``, ``hvp`` and ``vmap`` go together with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .casting import WIDTHS
from .context import Context, point_text
from .faults import unknown
from .tensors import Layout, Tensors
from .ways import WAYS, along, batchings, over

#: Dtypes whose roundings are as large as what tangents would be told apart by.
HALVES = ("float16", "bfloat16")


def check_ways(case: Context) -> None:
    """What can be said of them without a sweep's point."""
    model = case.model
    asked = [way for way in WAYS if way in model.all_checks]
    for k, dtype in enumerate(model.dtypes):
        if asked and dtype in HALVES:
            case.faults.add(
                f"the check {asked[0]} at {dtype}, expected float32 or wider: the reference "
                "computes half types in float32, and has no rule for their tangents",
                case.at("dtypes", k),
            )
    every = {**model.inputs, **model.params}
    several = [k for k, x in every.items() if _own(x, model.dtypes)]
    for name in several if asked else ():
        part = "inputs" if name in model.inputs else "params"
        case.faults.add(
            f"{name} of a dtype of its own in a case with the check {asked[0]}, expected the "
            "case's: the reference has no tangents in several dtypes",
            case.key(part, name, "dtype"),
        )
    for name in model.tangents:
        if name not in model.params:
            case.faults.add(unknown("parameter", name, model.params), case.key("tangents", name))
    if model.tangents and not {"jvp", "hvp"} & set(asked):
        case.faults.add(
            "tangents without the check jvp or hvp, expected one of them", case.key("tangents")
        )


def _own(tensor: Any, dtypes: Iterable[str]) -> bool:
    """Whether a tensor is of another floating dtype than the case's."""
    own = getattr(tensor, "dtype", None)
    return own in WIDTHS and any(own != dtype for dtype in dtypes)


def check_tangents(
    case: Context, point: dict[str, Any], tensors: Tensors, layouts: Mapping[str, Layout]
) -> None:
    """Every direction has its parameter's shape, or is one number for all elements."""
    for name, spec in case.model.tangents.items():
        layout, own = case.layout(tensors, spec, ("tangents", name)), layouts.get(name)
        if layout is None or own is None or layout.shape in ((), own.shape):
            continue
        case.faults.add(
            f"the shape {list(layout.shape)} for the tangent of {name}"
            f"{point_text(point)}, expected {list(own.shape)}",
            case.at("tangents", name),
        )


def compared_in(case: Context, check: str, known: Any) -> dict[str, Any]:
    """The tensors of such a check, by name; what ``vmap`` compares is named with its batching.

    Parameters
    ----------
    check
        One of ``WAYS``.
    known
        The point: ``assigned`` has the variables that every text names.
    """
    params = dict.fromkeys(case.model.params)
    if check == "jvp":
        return dict.fromkeys([*known.assigned, *map(along, known.assigned)])
    if check == "hvp":
        return params
    names = batchings([*case.model.inputs, *case.model.params])
    return dict.fromkeys(
        over(tensor, batched) for batched in names for tensor in (*params, *known.assigned)
    )
