"""Edits of how an operation is applied: twice, to arguments in another order, as another one."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace

from ...cases.program import Const, Instruction, Ref
from .edit import Edit, Known, Making, number, of, only
from .numbers import USUAL_EPS
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

#: What one of two factors goes through, as a gate does.
_GATING = frozenset(
    ("sigmoid", "silu", "gelu", "relu", "tanh", "mish", "elu", "softplus", "hard_sigmoid", "square")
)

#: Norms, and the axes that are taken: a batch's, an instance's, a layer's, the last, the channels.
_NORMS = ("layer_norm", "instance_norm", "batch_norm")
_OVER = ((0, 2, 3), (2, 3), (1, 2, 3), (3,), (1,))

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
    said, new = "{there} leaves a minus out", only(i, i.arguments[0])
    yield Edit(said, new, "the minus", part=True, signed=True)


@of(*_DOES)
def _operator(i: Instruction, known: Known) -> Iterator[Edit]:  # noqa: ARG001
    """Another sign between the same operands."""
    for name, does in _DOES.items():
        if name != i.operation and i.refs and len(i.arguments) == 2:
            said = f"{{there}} {does}, {{here}} {_DOES[i.operation]}"
            yield Edit(said, (replace(i, operation=name),), i.operation)


@of("sqrt", "rsqrt")
def _beside_the_root(i: Instruction, known: Known) -> Iterator[Edit]:
    """A small number that is added to the root, or bounds what it is of, and not inside of it."""
    inside = known.made.get(i.arguments[0].name) if isinstance(i.arguments[0], Ref) else None
    if inside is not None and inside.operation == "add" and len(inside.refs) == 1:
        (kept,) = (x for x in inside.arguments if isinstance(x, Ref))
        (added,) = (x for x in inside.arguments if not isinstance(x, Ref))
        if isinstance(added, Const) and isinstance(added.value, int | float):
            said = f"{{there}} does not add {number(added.value)} inside the root, {{here}} does"
            yield Edit(said, Making(i).again(kept), f"√(… + {number(added.value)})")
    for eps in dict.fromkeys((*(x for x in known.every_number if 0 < x <= 1e-2), *USUAL_EPS)):
        if not eps:
            continue
        agree = f"√(… + {number(eps)})"
        for said, bounds in (
            (f"{number(eps)} is added to the root in {{there}}, inside of it in {{here}}", False),
            (f"the root is of max(…, {number(eps)}) in {{there}}, of a sum in {{here}}", True),
        ):
            made = Making(i)
            bare = made.add("subtract", i.arguments[0], Const(eps))
            if bounds:
                new = made.again(made.add("maximum", bare, Const(eps)))
            elif i.operation == "sqrt":
                new = made.last("add", made.add("sqrt", bare), Const(eps))
            else:
                root = made.add("add", made.add("sqrt", bare), Const(eps))
                new = made.last("divide", Const(1.0), root)
            yield Edit(said, new, agree, number=eps)


@of(*_NORMS)
def _over_other_axes(i: Instruction, known: Known) -> Iterator[Edit]:
    """A norm of other elements: of a batch, an instance, a layer."""
    shape = known.shape(i.arguments[0])
    given = arguments_of(i)
    if not 2 <= len(shape) <= 4 or "eps" not in attributes_of(i):
        return
    weight, bias = given.get("weight"), given.get("bias")
    per_channel = i.operation != "layer_norm"
    one = f"shape=(1, {shape[1]}{', 1' * (len(shape) - 2)})"
    scaled = "".join(
        (f" {sign} reshape({name}, {one})" if per_channel else f" {sign} {name}")
        for sign, name, there in (("*", "weight", weight), ("+", "bias", bias))
        if there is not None
    )
    here = _axes_of(i, len(shape))
    kept = (tuple(k for k in axes if k < len(shape)) for axes in _OVER)
    for over in dict.fromkeys((*kept, (len(shape) - 1,))):
        if over in (here, ()):
            continue
        text = (
            f"c = x - mean(x, axis={over}, keepdims=True)\n"
            f"y = c / sqrt(var(x, axis={over}, correction=0, keepdims=True) + eps){scaled}"
        )
        made = written(i, text)
        if made is not None:
            yield Edit(
                f"{{there}} takes mean and variance over the axes {over}, {{here}} over {here}",
                made,
                f"mean and variance over the axes {here}",
            )


def _axes_of(i: Instruction, rank: int) -> tuple[int, ...]:
    """What a norm takes mean and variance over."""
    if i.operation == "batch_norm":
        return tuple(k for k in range(rank) if k != 1)
    if i.operation == "instance_norm":
        return tuple(range(2, rank))
    axis = attributes_of(i)["axis"]
    return tuple(sorted(k % rank for k in ([axis] if isinstance(axis, int) else axis)))


@of()
def _exchanged(i: Instruction, known: Known) -> Iterator[Edit]:
    """Two arrays of one shape that change places."""
    if i.native or i.operation in _ELSEWHERE | _SYMMETRIC:
        return
    refs = [(k, a) for k, a in enumerate(i.arguments) if isinstance(a, Ref)]
    named = [(k, a) for k, a in refs if a.name in known.values][:4]
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


@of()
def _negated(i: Instruction, known: Known) -> Iterator[Edit]:
    """The other sign of what is computed."""
    value = known.values.get(i.target)
    if i.native or i.operation == "negative" or value is None or value.dtype.kind not in "fc":
        return
    made = Making(i)
    positive = made.add(i.operation, *i.arguments, **i.attributes)
    said = "the sign is the other one in {there}"
    new = made.last("negative", positive)
    yield Edit(said, new, "the other sign", part=True, signed=True)


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


@of("multiply")
def _other_gate(i: Instruction, known: Known) -> Iterator[Edit]:
    """Of two factors the other one goes through a function, as of SwiGLU's gate."""
    for k, argument in enumerate(i.arguments):
        other = i.arguments[1 - k]
        step = known.made.get(argument.name) if isinstance(argument, Ref) else None
        if step is None or step.operation not in _GATING or not isinstance(other, Ref):
            continue
        gate, *rest = step.arguments
        if gate == other or known.shape(gate) != known.shape(other):
            continue
        made = Making(i)
        through = made.add(step.operation, other, *rest, **step.attributes)
        factors = (gate, through) if k == 1 else (through, gate)
        said = (
            f"the other factor goes through {step.operation} in {{there}}: "
            "the gate and what it gates are exchanged"
        )
        yield Edit(said, made.again(*factors), f"{step.operation} of the gate alone")
