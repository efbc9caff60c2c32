"""JAX's own functions that are kept whole: a row of the reference is exactly what they compute.

Their derivative at kinks, or where what they are made of has none, is a rule of JAX's own; what
they are made of would be differentiated otherwise there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from jax.extend.core import ClosedJaxpr

from ..writing import Equation, Writer, Written


def _always(e: Equation) -> bool:  # noqa: ARG001  one of several conditions
    return True


@dataclass(frozen=True)
class Composite:
    """What a function of JAX's is written as, and of which calls that is true."""

    write: Callable[[Writer, Equation], Written]
    fits: Callable[[Equation], bool] = _always


def _row(operation: str, arguments: int) -> Composite:
    """A row of so many floating arrays, which broadcast."""

    def write(w: Writer, e: Equation) -> Written:
        return [w.elementwise(operation, *e.inputs)]

    return Composite(
        write,
        lambda e: (
            len(e.inputs) == arguments
            and len(e.outputs) == 1
            and e.outputs[0].dtype == e.inputs[0].dtype
            and any(x.name is not None and x.shape == e.shape for x in e.inputs)
            and all(x.kind in "fc" or x.name is None for x in e.inputs)
        ),
    )


def _large(e: Equation) -> bool:
    """Of small matrices, JAX has the determinant as a polynomial."""
    return len(e.inputs) == 1 and e.inputs[0].shape[-1] > 3


def _matrix(operation: str, fits: Callable[[Equation], bool] = _always) -> Composite:
    return Composite(
        lambda w, e: [w.emit(operation, e.inputs[0])],
        lambda e: len(e.inputs) == len(e.outputs) == 1 and fits(e),
    )


def _pair(operation: str) -> Composite:
    """A row of one array that has two results."""

    def write(w: Writer, e: Equation) -> Written:
        found = w.emit(operation, e.inputs[0])
        return [w.emit("select", found, index=k) for k in (0, 1)]

    return Composite(write, lambda e: len(e.inputs) == 1)


def _inner(jaxpr: Any, primitive: str) -> list[dict[str, Any]]:
    """The parameters of every application of a primitive in a jaxpr and within it."""
    found = []
    for e in (jaxpr.jaxpr if isinstance(jaxpr, ClosedJaxpr) else jaxpr).eqns:
        if e.primitive.name == primitive:
            found.append(e.params)
        for value in e.params.values():
            if isinstance(value, ClosedJaxpr):
                found += _inner(value, primitive)
    return found


def _axes(e: Equation) -> list[tuple[int, ...]]:
    """What a function's one maximum is taken along."""
    inner = e.params.get("jaxpr") or e.params.get("call_jaxpr")
    return [tuple(map(int, p["axes"])) for p in _inner(inner, "reduce_max")]


def _log_softmax(w: Writer, e: Equation) -> Written:
    ((axis,),) = _axes(e)
    return [w.emit("log_softmax", e.inputs[0], axis=axis)]


COMPOSITES: dict[str, Composite] = {
    "nn/functions.relu": _row("relu", 1),
    "nn/functions.relu6": _row("relu6", 1),
    "nn/functions.silu": _row("silu", 1),
    "nn/functions.softplus": _row("softplus", 1),
    "nn/functions.log_sigmoid": _row("log_sigmoid", 1),
    "nn/functions.log_softmax": Composite(
        _log_softmax, lambda e: len(e.inputs) == 1 and [len(axes) for axes in _axes(e)] == [1]
    ),
    "numpy/ufuncs.logaddexp": _row("logaddexp", 2),
    "numpy/ufuncs.logaddexp2": _row("logaddexp2", 2),
    "numpy/ufuncs.copysign": _row("copysign", 2),
    "scipy/special.xlogy": _row("xlogy", 2),
    "scipy/special.xlog1py": _row("xlog1py", 2),
    "scipy/special.entr": _row("entr", 1),
    "scipy/special.log_ndtr": _row("log_ndtr", 1),
    "scipy/special.expi": _row("expi", 1),
    "scipy/special.hyp1f1": _row("hyp1f1", 3),
    "scipy/special.hyp2f1": _row("hyp2f1", 4),
    "scipy/special.sici": _pair("sici"),
    "numpy/linalg.inv": _matrix("linalg.inv"),
    "numpy/linalg.pinv": _matrix("linalg.pinv"),
    "numpy/linalg.det": _matrix("linalg.det", _large),
    "numpy/linalg.slogdet": _pair("linalg.slogdet"),
    "scipy/linalg.expm": _matrix("linalg.matrix_exp"),
}
