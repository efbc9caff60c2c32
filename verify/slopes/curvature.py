"""A second opinion on Hessian-vector products: differences of the reference's own gradients.

A rule may be a right derivative and have none that is right where it turns aside, as one that
writes 1 for sin(x)/x at zero. Richardson-extrapolated central differences of the gradient along
the task's direction, in wider precision, contradict it where they converge.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ...adapters.numpy_reference import reference
from ...adapters.values import in_dtype
from ...cases.task import Task
from ...refimpl.differences import extrapolated
from ...refimpl.errors import GradparityError
from ...refimpl.operation import Operation
from ..measure.dtypes import WIDER

#: The largest steps that are tried in turn, relative to the largest parameter or to one.
STEPS = (2.0**-8, 2.0**-13)

#: Two slopes that are less apart at half the step are apart by this share of what they were.
BENDS = 0.75

#: So many roundoffs are no second derivative.
UNITS = 2.0**10

#: Two step sizes must agree to this, relative to the largest element, and a product may be off by
#: so many times more.
CONVERGED, MARGIN = 1e-7, 1e3


def contradicted(
    task: Task, products: Mapping[str, np.ndarray], rows: Mapping[str, Operation]
) -> str:
    """What differences of gradients say against the products, in a sentence; nothing if nothing.

    Parameters
    ----------
    task
        It is not on a kink, or differences do not converge and have nothing to say.
    products
        H v for each differentiated parameter, in wider precision.
    rows
        The operations. Where what flows back through one is chosen, a product goes through it as
        chosen too, and is no derivative of the gradient.
    """
    if _chooses(task, rows):
        return ""
    for largest in STEPS:
        measured = _measured(task, list(products), largest, rows)
        small = {
            name: _rounded(task, name, largest, each.gradient) for name, each in measured.items()
        }
        if not all(each.converges(small[name]) for name, each in measured.items()):
            continue  # somewhere on its way there is a kink or a pole
        for name, each in measured.items():
            apart, few = np.abs(each.slope - products[name]), MARGIN * CONVERGED * each.largest
            far = ~(apart <= few + small[name])
            if far.any():
                at = tuple(int(n) for n in np.unravel_index(int(np.argmax(far)), far.shape))
                return (
                    f"the second derivative of {name} by the reference's rules is "
                    f"{_text(products[name][at])} at {at}, by differences of its gradients "
                    f"{_text(each.slope[at])}"
                )
    return ""


def _chooses(task: Task, rows: Mapping[str, Operation]) -> bool:
    """Whether the reference's text has an operation whose backward pass is no derivative."""
    program = task.program("numpy")
    assert program is not None, "a task without a text for the reference has no products"
    called = ((rows.get(i.operation), i) for i in program.instructions if not i.native)
    return any(row is not None and row.stopped(**i.attributes) for row, i in called)


def _rounded(task: Task, name: str, step: float, gradient: float) -> float:
    """How large a second derivative may be that is rounding alone, as of a sum that is always one.

    Of a gradient g and a parameter of size x it is of the order of g/x, and of that a roundoff;
    over a step, of g over the step.
    """
    x = float(np.max(np.abs(task.params[name]), initial=0))
    return UNITS * float(np.finfo(WIDER[task.dtype]).eps) * gradient / min(step, x or step)


@dataclass(frozen=True)
class _Slope:
    """The derivative of a gradient along the direction, by differences.

    ``off`` is how far two step sizes are apart, infinite where the gradient turns; ``gradient`` the
    largest magnitude of what the differences are of.
    """

    slope: Any
    off: Any
    gradient: float

    @property
    def largest(self) -> float:
        """The largest magnitude of the derivative."""
        return float(np.max(np.abs(self.slope), initial=0))

    def converges(self, rounded: float) -> bool:
        """Whether the differences are those of a smooth gradient, but for so much of rounding."""
        return bool((self.off <= CONVERGED * self.largest + rounded).all())


def _measured(
    task: Task, names: list[str], largest: float, rows: Mapping[str, Operation]
) -> dict[str, _Slope]:
    """The derivative of each gradient along the direction."""
    wide = WIDER[task.dtype]
    start = {name: in_dtype(x, wide) for name, x in task.params.items()}
    along = {name: in_dtype(v, wide) for name, v in task.tangents().items()}
    plain = replace(task, steps=1, update=None, checks=frozenset(("value", "grad")))

    def gradients(h: Any) -> dict[str, Any]:
        moved = {name: start[name] + h * v for name, v in along.items()}
        made = replace(plain, params={**start, **moved})
        return reference(made, dtype=wide, rows=rows).steps[0].grads

    steps = [np.longdouble(largest) / 2**k for k in range(4)]
    found: dict[str, _Slope] = {}
    try:
        with np.errstate(all="ignore"):
            middle, ends = gradients(0), [(gradients(h), gradients(-h)) for h in steps]
            for name in names:
                if middle[name] is None or any(a[name] is None or b[name] is None for a, b in ends):
                    continue
                quotients = [
                    (a[name] - b[name]) / (2 * h) for (a, b), h in zip(ends, steps, strict=True)
                ]
                first, second = extrapolated(quotients[:3]), extrapolated(quotients[1:])
                apart = [
                    np.abs((a[name] - middle[name] + (b[name] - middle[name])) / h)
                    for (a, b), h in zip(ends[-2:], steps[-2:], strict=True)
                ]
                bends = _bends(apart[0], apart[1], np.max(np.abs(second), initial=0))
                off = np.where(bends, np.inf, np.abs(second - first))
                size = max(float(np.max(np.abs(x[name]), initial=0)) for pair in ends for x in pair)
                found[name] = _Slope(second, off, size)
    except GradparityError:
        return {}
    return found


def _bends(before: Any, after: Any, size: Any) -> Any:
    """Where a gradient has another slope on either side, or is no number on the spot.

    ``before`` and ``after`` are how far both slopes are apart at one step and at half of it: of a
    gradient that is smooth they halve, down to what is nothing beside the largest slope, ``size``.
    """
    jumps = (after > BENDS * before) & (after > MARGIN * CONVERGED * size)
    return ~np.isfinite(after) | jumps


def _text(x: Any) -> str:
    value = complex(x)
    return f"{value if value.imag else value.real:.10g}"
