"""Edits of norms over a batch and of recurrent cells, written out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...cases.program import Instruction, Ref
from .edit import Edit, Known, Making, of
from .written import written


def _channels(known: Known, i: Instruction) -> str:
    """A factor or a term of channels, as it stands beside an array with channels on axis 1."""
    rank = len(known.shape(i.arguments[0]))
    return f"shape=(1, -1{', 1' * (rank - 2)})"


@of("batch_norm", "instance_norm")
def _batch_norm(i: Instruction, known: Known) -> Iterator[Edit]:
    """The variance by n - 1, eps elsewhere, and channels that stand last."""
    given = (*i.arguments, None, None, None, None, None)[:5]
    if given[3] is not None or i.native:
        yield from _evaluating(i, given)
        return
    shape = known.shape(i.arguments[0])
    first = 2 if i.operation == "instance_norm" else 0
    axes = tuple(k for k in range(len(shape)) if k >= first and k != 1)
    ending = ""
    for k, (name, sign) in enumerate((("weight", "*"), ("bias", "+")), 1):
        if given[k] is not None:
            ending += f" {sign} reshape({name}, {_channels(known, i)})"
    for said, correction, root in (
        ("the variance is divided by n - 1 in {there}, by n in {here}", 1, "sqrt(v + eps)"),
        ("eps is added to the standard deviation in {there}", 0, "(sqrt(v) + eps)"),
    ):
        text = (
            f"c = x - mean(x, axis=axes, keepdims=True)\n"
            f"v = var(x, axis=axes, correction={correction}, keepdims=True)\n"
            f"y = c / {root}{ending}"
        )
        made = written(i, text, {"axes": axes})
        if made is not None:
            yield Edit(said, made, "ddof=0, √(σ² + eps)")


def _evaluating(i: Instruction, given: tuple[Any, ...]) -> Iterator[Edit]:
    """With statistics that are given."""
    weights = "weight, bias" if given[1] is not None and given[2] is not None else ""
    if not weights and (given[1] is not None or given[2] is not None):
        return
    for said, text in (
        (
            "{there} takes the batch's own statistics, {here} those that are given",
            f"y = batch_norm(x{', ' if weights else ''}{weights}, eps=eps)",
        ),
        (
            "{there} takes the variance for a standard deviation",
            f"y = batch_norm(x, {weights or 'None, None'}, mean, var * var, eps=eps)",
        ),
    ):
        made = written(i, text)
        if made is not None:
            yield Edit(said, made, "the statistics that are given")


#: A GRU's usual mixture of the state and what is new, and its gates' function.
_MIXED, _GATE = "(1 - z{t}) * n{t} + z{t} * h{b}", "sigmoid"

#: Other GRUs: what is said, the new state, the mixture, the gates' function, how to be as here.
_GRUS = (
    (
        "{there} multiplies the state by the reset gate before the product (reset_after=False)",
        "tanh(a{t}n + matmul(r{t} * h{b}, un){bn})",
        _MIXED,
        _GATE,
        "the reset gate after the product",
    ),
    (
        "the second bias of the new gate stands outside the reset gate's product in {there}",
        "tanh(a{t}n + r{t} * matmul(h{b}, un){bn})",
        _MIXED,
        _GATE,
        "tanh(a + r·(h·U + b_hn))",
    ),
    (
        "z and 1 - z are exchanged in {there}: its update gate keeps the new state",
        "tanh(a{t}n + r{t} * (matmul(h{b}, un){bn}))",
        "z{t} * n{t} + (1 - z{t}) * h{b}",
        _GATE,
        "h = (1 - z)·n + z·h",
    ),
    (
        "{there} leaves the reset gate out",
        "tanh(a{t}n + (matmul(h{b}, un){bn}))",
        _MIXED,
        _GATE,
        "tanh(a + r·(h·U + b_hn))",
    ),
    (
        "the reset gate multiplies the input's share as well in {there}",
        "tanh(r{t} * (a{t}n + (matmul(h{b}, un){bn})))",
        _MIXED,
        _GATE,
        "tanh(a + r·(h·U + b_hn))",
    ),
    (
        "the gates are hard sigmoids in {there}",
        "tanh(a{t}n + r{t} * (matmul(h{b}, un){bn}))",
        _MIXED,
        "hard_sigmoid",
        "sigmoid",
    ),
    (
        "the new state is a relu in {there}, a tanh in {here}",
        "relu(a{t}n + r{t} * (matmul(h{b}, un){bn}))",
        _MIXED,
        _GATE,
        "tanh",
    ),
)


@of("gru")
def _gru(i: Instruction, known: Known) -> Iterator[Edit]:
    """The gate before the product, as first published; z for 1 - z; and the like."""
    steps = known.shape(i.arguments[0])[0]
    size = known.shape(i.arguments[2])[1]
    rest = (*i.arguments[3:], None, None, None)
    given = {k: rest[n] is not None for n, k in enumerate(("b_ih", "b_hh", "h0"))}
    for said, new, mixed, gate, agree in _GRUS:
        made = written(i, _unrolled((new, mixed, gate), steps, size, given))
        if made is not None:
            yield Edit(said, made, agree, results=(i.target, f"{i.target}~h{steps}x"))


@of("gru", "lstm")
def _backwards(i: Instruction, known: Known) -> Iterator[Edit]:
    """The other way through the steps, from the last to the first; of what does, from the first."""
    made = Making(i)
    turned = made.add("flip", i.arguments[0], axis=0)
    whole = made.add(i.operation, turned, *i.arguments[1:], **i.attributes)
    last = [made.add("select", whole, index=k) for k in range(3 if i.operation == "lstm" else 2)]
    results = (i.target, *(x.name for x in last[1:]))
    given = i.arguments[0]
    back = known.made.get(given.name) if isinstance(given, Ref) else None
    ends = ("last", "first") if back is None or back.operation != "flip" else ("first", "last")
    said = f"{{there}} goes from the {ends[0]} step to the {ends[1]}"
    agree = f"from the {ends[1]} step on"
    yield Edit(said, made.last("flip", last[0], axis=0), agree, results=results)


def _unrolled(form: tuple[str, str, str], steps: int, size: int, given: dict[str, bool]) -> str:
    """A GRU step by step: of its new state, its mixture and its gates' function."""
    new, mixed, gate = form
    d, e = size, 2 * size
    lines = ["wi = matrix_transpose(w_ih)", "u = matrix_transpose(w_hh)"]
    lines += [f"ur = u[:, :{d}]", f"uz = u[:, {d}:{e}]", f"un = u[:, {e}:]"]
    br, bz, bn = (
        f" + b_hh[{part}]" if given["b_hh"] else "" for part in (f":{d}", f"{d}:{e}", f"{e}:")
    )
    lines.append("h0x = h0" if given["h0"] else f"h0x = zeros_like(matmul(x[0], wi)[:, :{d}])")
    for t in range(steps):
        b = f"{t}x"
        bias = " + b_ih" if given["b_ih"] else ""
        lines += [
            f"a{t} = matmul(x[{t}], wi){bias}",
            f"r{t} = {gate}(a{t}[:, :{d}] + matmul(h{b}, ur){br})",
            f"z{t} = {gate}(a{t}[:, {d}:{e}] + matmul(h{b}, uz){bz})",
            f"a{t}n = a{t}[:, {e}:]",
            f"n{t} = {new.format(t=t, b=b, bn=bn)}",
            f"h{t + 1}x = {mixed.format(t=t, b=b)}",
        ]
    lines.append(f"ys = stack({', '.join(f'h{t + 1}x' for t in range(steps))}, axis=0)")
    return "\n".join(lines)


@of("lstm")
def _forget_bias(i: Instruction, known: Known) -> Iterator[Edit]:
    """A bias of one in the forget gate."""
    size = known.shape(i.arguments[2])[1]
    for k in (3, 4):
        if len(i.arguments) > k and i.arguments[k] is not None:
            name = ("b_ih", "b_hh")[k - 3]
            names = ["x", "w_ih", "w_hh", "b_ih", "b_hh", "h0", "c0"][: len(i.arguments)]
            names = ["None" if i.arguments[j] is None else n for j, n in enumerate(names)]
            names[k] = "b"
            text = (
                f"b = concat({name}[:{size}], {name}[{size}:{2 * size}] + 1, "
                f"{name}[{2 * size}:], axis=0)\ny = lstm({', '.join(names)})"
            )
            made = written(i, text)
            if made is not None:
                yield Edit("{there} adds 1 to the bias of the forget gate", made, "no bias of 1")
            return
