"""Edits that write an operation in another form: what another library means by the same name."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from ...cases.program import Const, Instruction, Ref
from ...refimpl.ops import TABLE
from .edit import Edit, Known, differing, number, of
from .form_table import FORMS
from .numbers import USUAL_EPS
from .written import attributes_of, written


@of(*FORMS)
def _forms(i: Instruction, known: Known) -> Iterator[Edit]:
    if i.native or _of_one_index(i, known):
        return
    for form in FORMS[i.operation]:
        text = _filled(form.text, i, known)
        for eps in _every_eps(i, known) if "eps" in text else (None,):
            made = written(i, text, {} if eps is None else {"eps": eps}) if text else None
            if made is not None:
                said = form.says
                if eps is not None and eps != attributes_of(i)["eps"]:
                    said += f", and eps is {number(eps)}"
                yield Edit(said, made, form.agree, number=eps)


def _of_one_index(i: Instruction, known: Known) -> bool:
    """Whether one element is taken again and again: another one is no other way of counting."""
    if i.operation != "take" or not isinstance(i.arguments[1], Ref):
        return False
    indices = np.asarray(known.values[i.arguments[1].name])
    return indices.size > 1 and np.ptp(indices) == 0


def _every_eps(i: Instruction, known: Known) -> Iterator[float]:
    """The instruction's own, those of the other side, and usual ones."""
    held = attributes_of(i)
    if "eps" in held:
        likely = (x for x in known.every_number if 0 < x <= 1e-2)
        yield from dict.fromkeys((held["eps"], *likely, *USUAL_EPS))


def _filled(text: str, i: Instruction, known: Known) -> str:
    """A form's lines, with the calls and the numbers that they leave open; empty if it has none."""
    first = next((a for a in i.arguments if isinstance(a, Ref)), None)
    shape = known.shape(first)
    for mark, value in (
        ("{again}", lambda: call(i)),
        ("{rows}", lambda: str(_rows(i, shape))),
        ("{classes}", lambda: str(shape[min(1, len(shape) - 1)] if shape else 0)),
        ("{root}", lambda: str(math.sqrt(np.shape(known.values[i.target])[-1]))),
        ("{logcount}", lambda: str(math.log(_count(i, known, shape)))),
        ("{affine}", lambda: " * weight" if len(i.arguments) > 1 and i.arguments[1] else ""),
    ):
        if mark in text:
            if mark != "{again}" and not shape:
                return ""
            text = text.replace(mark, value())
    return text


def call(i: Instruction) -> str:
    """An instruction as a call in the program language, of its arguments' own names."""
    row = TABLE[i.operation]
    names = [k for k, a in zip(row.arguments, i.arguments, strict=False) if a is not None]
    attributes = [f"{k}={k}" for k in attributes_of(i)]
    return f"{i.operation}({', '.join([*names, *attributes])})"


def _rows(i: Instruction, shape: tuple[int, ...]) -> int:
    """How many examples there are: elements of all axes but the classes'."""
    if i.operation == "kl_div":
        reduction = attributes_of(i).get("reduction")
        return {"sum": 1, "batchmean": shape[0]}.get(str(reduction), math.prod(shape))
    return math.prod(shape) // (shape[min(1, len(shape) - 1)] or 1)


def _count(i: Instruction, known: Known, shape: tuple[int, ...]) -> float:
    """How many elements one result is of."""
    return float(math.prod(shape) // max(np.size(known.values[i.target]), 1))


@of("median")
def _median(i: Instruction, known: Known) -> Iterator[Edit]:
    """The lower of the two middle elements, as PyTorch has it."""
    axis = attributes_of(i).get("axis")
    shape = known.shape(i.arguments[0])
    if axis is None and not attributes_of(i).get("keepdims"):
        flat, n, at = "reshape(x, shape=(-1,))", math.prod(shape), "[{k}]"
    elif axis is not None and shape and not attributes_of(i).get("keepdims"):
        axis = axis % len(shape)
        flat, n, at = "x", shape[axis], f"[{':, ' * axis}{{k}}]"
    else:
        return
    if n % 2:
        return
    for word, k in (("lower", n // 2 - 1), ("upper", n // 2)):
        text = f"s = sort({flat}, axis={-1 if axis is None else axis})\ny = s{at.format(k=k)}"
        made = written(i, text)
        if made is not None:
            said = f"the median of an even count is the {word} middle element in {{there}}"
            yield Edit(said, made, "the mean of the two middle elements")


#: Operations whose result has their operand's elements.
_TURNING = frozenset({"identity", "permute_dims", "matrix_transpose", "swapaxes", "reshape"})


@of("conj", "multiply", "vecdot", "matmul", "sum", "abs", "real", "imag", "einsum", "square", "pow")
def _conjugate(i: Instruction, known: Known) -> Iterator[Edit]:
    """A complex operand conjugated, or not any more: that is likelier, of several alike."""
    refs = [(k, a) for k, a in enumerate(i.arguments) if isinstance(a, Ref)]
    held = [(k, a) for k, a in refs if np.iscomplexobj(known.values[a.name])]
    for k, argument in sorted(held, key=lambda one: not _is_conjugate(one[1], known)):
        name = f"{i.target}~conj"
        turned = Instruction(name, "conj", (argument,), {}, named=False, line=i.line)
        changed = (*i.arguments[:k], Ref(name), *i.arguments[k + 1 :])
        last = Instruction(i.target, i.operation, changed, i.attributes, named=False)
        if _is_conjugate(argument, known):
            said, agree = "an operand is conjugated in {here}, not in {there}", "the conjugate"
        else:
            said, agree = "an operand is conjugated in {there}, not in {here}", "no conjugate"
        yield Edit(said, (turned, last), agree)


def _is_conjugate(argument: Ref, known: Known) -> bool:
    """Whether an operand is a conjugate already, however it is turned."""
    step = known.made.get(argument.name)
    while step is not None and step.operation in _TURNING:
        step = known.made.get(step.refs[0])
    return step is not None and step.operation == "conj"


@of("add", "maximum", "divide", "subtract")
def _small(i: Instruction, known: Known) -> Iterator[Edit]:  # noqa: ARG001
    """Another small number, as an eps that the text writes out."""
    for k, argument in enumerate(i.arguments):
        if not isinstance(argument, Const) or isinstance(argument.value, bool | complex):
            continue
        here = float(argument.value)
        if not 0 < abs(here) <= 1e-2:
            continue
        for there in (x for x in USUAL_EPS if x != here):
            changed = (*i.arguments[:k], Const(there), *i.arguments[k + 1 :])
            said = f"the number is {differing(there, here)}"
            new = Instruction(i.target, i.operation, changed, i.attributes, named=False)
            yield Edit(said, (new,), f"the number {number(here)}", number=there)


@of()
def _single(i: Instruction, known: Known) -> Iterator[Edit]:  # noqa: ARG001
    """A number that went through float32."""
    for k, argument in enumerate(i.arguments):
        if isinstance(argument, Const) and isinstance(argument.value, float):
            there = float(np.float32(argument.value))
            if there != argument.value:
                changed = (*i.arguments[:k], Const(there), *i.arguments[k + 1 :])
                said = f"the number {argument.value!r} is rounded to float32 in {{there}}"
                new = Instruction(i.target, i.operation, changed, i.attributes, named=False)
                yield Edit(said, (new,), f"{argument.value!r} in float64", number=there)
    for key, value in i.attributes.items():
        if isinstance(value, float):
            there = float(np.float32(value))
            if there != value:
                new = Instruction(
                    i.target, i.operation, i.arguments, {**i.attributes, key: there}, named=False
                )
                said = f"{key} is {value!r} rounded to float32 in {{there}}"
                yield Edit(said, (new,), f"{key}={value!r} in float64", number=there)
