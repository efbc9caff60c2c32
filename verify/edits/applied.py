"""Edits of how an operation is applied: twice, to arguments in another order, as another one."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace

from ...cases.program import Instruction, Ref
from .edit import Edit, Known, Making, of, only
from .written import arguments_of, attributes_of, written

#: Those that make an array of their argument's shape, and another when they are applied again.
AGAIN = (
    "sigmoid",
    "tanh",
    "silu",
    "gelu",
    "mish",
    "softplus",
    "elu",
    "selu",
    "leaky_relu",
    "hard_sigmoid",
    "hard_swish",
    "softsign",
    "exp",
    "log",
    "log1p",
    "sqrt",
    "square",
    "layer_norm",
    "rms_norm",
    "batch_norm",
    "group_norm",
    "standardize",
    "normalize",
    "dropout",
)

#: Arithmetic → what is said of it.
_DOES = {"add": "adds", "subtract": "subtracts", "multiply": "multiplies", "divide": "divides"}

#: Operations whose operands are exchanged elsewhere, or to no effect.
_ELSEWHERE = frozenset(("concat", "stack", "subtract", "divide"))
_SYMMETRIC = frozenset(("add", "multiply", "maximum", "minimum", "mse", "l1", "huber", "smooth_l1"))

#: What a gate goes through in the units that are called alike: GLU, Swish's, GELU's, ReLU's.
_GATES = {
    "sigmoid": "sigmoid({})",
    "silu": "silu({})",
    "gelu (approximate='none')": "gelu({}, approximate='none')",
    "gelu (approximate='tanh')": "gelu({}, approximate='tanh')",
    "relu": "relu({})",
    "tanh": "tanh({})",
    "nothing": "{}",
}


@of(*AGAIN)
def _twice(i: Instruction, known: Known) -> Iterator[Edit]:
    if known.shape(i.arguments[0]) != known.values[i.target].shape:
        return
    made = Making(i)
    first = made.add(i.operation, *i.arguments, **i.attributes)
    said = f"{{there}} applies {i.operation} twice"
    yield Edit(said, made.again(first, *i.arguments[1:]), f"one {i.operation}")


@of("negative")
def _minus(i: Instruction, known: Known) -> Iterator[Edit]:  # noqa: ARG001
    yield Edit("{there} leaves a minus out", only(i, i.arguments[0]), "the minus", part=True)


@of(*_DOES)
def _operator(i: Instruction, known: Known) -> Iterator[Edit]:  # noqa: ARG001
    """Another sign between the same operands."""
    for name, does in _DOES.items():
        if name != i.operation and len(i.refs) == len(i.arguments) == 2:
            said = f"{{there}} {does}, {{here}} {_DOES[i.operation]}"
            yield Edit(said, (replace(i, operation=name),), i.operation)


@of()
def _exchanged(i: Instruction, known: Known) -> Iterator[Edit]:
    """Two arrays of one shape that change places."""
    if i.native or i.operation in _ELSEWHERE | _SYMMETRIC:
        return
    named = [(k, a) for k, a in enumerate(i.arguments) if isinstance(a, Ref)][:4]
    words = {id(a): name for name, a in arguments_of(i).items()}
    for (j, one), (k, other) in itertools.combinations(named, 2):
        if one.name == other.name or known.shape(one) != known.shape(other):
            continue
        arguments = list(i.arguments)
        arguments[j], arguments[k] = other, one
        what = f"{words.get(id(one), one.name)} and {words.get(id(other), other.name)}"
        said = f"{what} of {i.operation} are exchanged in {{there}}"
        new = replace(i, arguments=tuple(arguments))
        yield Edit(said, (new,), f"{what} in the order of {i.operation}")


@of("glu")
def _gated(i: Instruction, known: Known) -> Iterator[Edit]:
    """A unit whose gate goes through something else, is the other half, or is added."""
    shape = known.shape(i.arguments[0])
    axis = attributes_of(i)["axis"] % len(shape) if shape else 0
    cut = ":, " * axis
    half = shape[axis] // 2 if shape else 0
    halves = f"a = x[{cut}:{half}]\nb = x[{cut}{half}:]\n"
    for name, text in _GATES.items():
        for gate, other, which in (("b", "a", "second"), ("a", "b", "first")):
            for sign, does in (("*", "multiplied"), ("+", "added")):
                if (name, gate, sign) in (("sigmoid", "b", "*"), ("sigmoid", "a", "*")):
                    continue  # it is the unit itself, or its halves exchanged
                made = written(i, f"{halves}y = {other} {sign} {text.format(gate)}")
                if made is not None:
                    said = f"the {which} half goes through {name} in {{there}} and is {does}"
                    yield Edit(said, made, "the second half as the gate: a·sigmoid(b)")
