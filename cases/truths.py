"""What a case says of its results at a point: truths, recorded divergences, a bound of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from . import models
from .models import CaseModel, DivergenceModel, ExpectModel
from .points import at_point
from .task import Between, Bound, Divergence, Expected, Tolerance
from .tensors import Tensors


def expected(
    expectations: Iterable[ExpectModel], point: Mapping[str, Any], tensors: Tensors
) -> dict[str, dict[str, Expected | Between]]:
    """The truths of one point; what stands later in the file goes before what stands earlier."""
    expect: dict[str, dict[str, Expected | Between]] = {}
    for model in expectations:
        if not at_point(model.at, point):
            continue
        for check in models.EXPECTED:
            for name, truth in getattr(model, check).items():
                expect.setdefault(check, {})[name] = _truth(name, truth, tensors)
    return expect


def _truth(name: str, truth: Any, tensors: Tensors) -> Expected | Between:
    if isinstance(truth, models.Between):
        low, high = (tensors.draw(name, end) for end in truth.between)
        total = None if truth.total is None else float(tensors.number(truth.total))
        return Between(low, high, total)
    return _rounded(name, truth, tensors)


def _rounded(name: str, given: Any, tensors: Tensors) -> Expected:
    """A number, and how far it was rounded where that is said."""
    if isinstance(given, models.Rounded):
        return Expected(tensors.draw(name, given.is_), given.within)
    return Expected(tensors.draw(name, given))


def recorded(
    model: CaseModel, point: Mapping[str, Any], dtype: str, tensors: Tensors
) -> tuple[Divergence, ...]:
    """The recorded divergences of one point and dtype."""
    return tuple(
        _divergence(number, record, tensors)
        for number, record in enumerate(model.divergences)
        if at_point(record.at, point) and (record.dtypes is None or dtype in record.dtypes)
    )


def _divergence(number: int, model: DivergenceModel, tensors: Tensors) -> Divergence:
    value = Expected(None) if model.value is None else _rounded(model.tensor, model.value, tensors)
    between, given = None, model.bound
    bound = given and Bound(given.rel or 0.0, given.abs or 0.0, some=given.steps == "some")
    if model.between is not None:
        low, high = (tensors.draw(model.tensor, end) for end in model.between)
        between = Between(low, high)
    return Divergence(
        adapters=tuple(model.adapters),
        check=model.check,
        tensor=model.tensor,
        kind=model.kind,
        because=model.because,
        value=value.value,
        within=value.within,
        bound=bound,
        between=between,
        dtype=model.returned_dtype,
        agree_by=model.said,
        see=model.see,
        since=model.since,
        raises=model.raises,
        some_processors=model.processors == "some",
        number=number,
    )


def tolerance(model: CaseModel) -> Tolerance | None:
    """The bound that a case sets by hand."""
    given = model.tolerance
    if given is None:
        return None
    return Tolerance(because=given.because, rel=given.rel or 0.0, abs=given.abs or 0.0)
