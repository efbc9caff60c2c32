"""Small tasks, made without a case file, and whether their results agree."""

import numpy as np

from gradparity.adapters.values import dtype_of, in_dtype
from gradparity.cases.program import Const, Instruction, Program, Ref
from gradparity.cases.task import Task
from gradparity.refimpl.rounding import unit_roundoff

CHECKS = frozenset({"value", "grad", "update"})


def line(target, operation, *arguments, named=True, native=False, **attributes):
    """``target = operation(*arguments, **attributes)``: a text is a variable, a number itself."""
    held = tuple(Ref(a) if isinstance(a, str) else a if a is None else Const(a) for a in arguments)
    return Instruction(target, operation, held, attributes, named=named, native=native)


def task(*lines, params, inputs=None, output=None, dtype="float64", **others):
    """A task of one text for all; arrays are brought to the dtype."""
    program = Program(tuple(lines), output or lines[-1].target)
    return Task(
        "small",
        {},
        dtype,
        others.pop("programs", {"*": program}),
        {k: in_dtype(np.asarray(x), dtype_of(dtype)) for k, x in (inputs or {}).items()},
        {k: in_dtype(np.asarray(x), dtype_of(dtype)) for k, x in params.items()},
        CHECKS,
        **others,
    )


def one_layer(dtype="float64", **others):
    """z = W·x + b, a = z, loss = (a - y)²: the worked example."""
    return task(
        line("W·x", "multiply", "W", "x", named=False),
        line("z", "add", "W·x", "b"),
        line("a", "identity", "z"),
        line("a-y", "subtract", "a", "y", named=False),
        line("loss", "pow", "a-y", 2),
        params={"W": 0.5, "b": 0.0},
        inputs={"x": 1.0, "y": 0.0},
        dtype=dtype,
        **others,
    )


def close(expected, actual, dtype, ulps=8):
    """Whether two arrays agree to a few roundings of their largest magnitude."""
    wide = np.complex128 if actual.dtype.kind == "c" else np.float64
    expected, actual = np.asarray(expected).astype(wide), actual.astype(wide)
    size = np.max(np.abs(expected), initial=0)
    return expected.shape == actual.shape and bool(
        (np.abs(expected - actual) <= ulps * 2 * unit_roundoff(dtype) * size).all()
    )
