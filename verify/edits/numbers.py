"""Edits of numbers: constants, eps, factors, corrections, constant arrays."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from ...cases.program import Const, Instruction, Ref
from .edit import Edit, Known, Making, differing, number, of, only, with_argument

#: What eps is by default somewhere.
USUAL_EPS = (1e-3, 1e-5, 1e-6, 1e-7, 1e-8, 1e-12, 0.0)

#: The slopes of the two hard sigmoids as numbers are written → the other's, and their names.
_HARD: dict[tuple[str, Any], tuple[float, str, str]] = {
    ("multiply", 0.2): (1 / 6, "1/6", "1/5"),
    ("multiply", 1 / 6): (0.2, "1/5", "1/6"),
    ("divide", 5.0): (6.0, "1/6", "1/5"),
    ("divide", 6.0): (5.0, "1/5", "1/6"),
}

#: Numbers that leave an operand as it is: what is left out is said otherwise.
_NEUTRAL = {"multiply": 1.0, "divide": 1.0, "add": 0.0, "subtract": 0.0}

#: Arithmetic → what is said where the other side leaves an operand out, and what it would do.
_LEFT_OUT = {
    "add": ("{what} is not added in {there}", "add"),
    "subtract": ("{what} is not subtracted in {there}", "subtract"),
    "multiply": ("{there} does not multiply by {what}", "multiply by"),
    "divide": ("{there} does not divide by {what}", "divide by"),
}


@of()
def _eps(i: Instruction, known: Known) -> Iterator[Edit]:
    here = i.attributes.get("eps")
    if here is None:
        return
    likely = [x for x in known.every_number if 0 < x <= 1e-2]
    for there in dict.fromkeys((*likely, *USUAL_EPS)):
        if there != here:
            said = f"eps is {differing(there, here)}"
            edited = replace(i, attributes={**i.attributes, "eps": there})
            yield Edit(said, (edited,), f"eps={number(here)}", number=there)


@of("var", "std")
def _correction(i: Instruction, known: Known) -> Iterator[Edit]:  # noqa: ARG001
    here = i.attributes.get("correction", 0)
    there = 1 - here if here in (0, 1) else 0
    counts = [f"n - {k}" if k else "n" for k in (there, here)]
    said = f"the variance is divided by {counts[0]} in {{there}}, by {counts[1]} in {{here}}"
    edited = replace(i, attributes={**i.attributes, "correction": there})
    yield Edit(said, (edited,), f"correction={here} (ddof={here}, unbiased={bool(here)})")


@of()
def _constants(i: Instruction, known: Known) -> Iterator[Edit]:
    """Another number, that the other program has with the same operation, or elsewhere."""
    for k, argument in enumerate(i.arguments):
        if not isinstance(argument, Const) or isinstance(argument.value, bool | complex):
            continue
        here = float(argument.value)
        near = known.numbers.get(i.operation, frozenset())
        usual = set(near)
        if i.operation in ("multiply", "divide"):
            other = "divide" if i.operation == "multiply" else "multiply"
            usual |= {1 / x for x in known.numbers.get(other, ()) if x and math.isfinite(x)}
        if i.operation == "subtract":
            usual |= {-x for x in known.numbers.get("add", ())}
        ordered = [*sorted(usual), *(x for x in known.every_number if x not in usual)]
        for there in ordered[:40]:
            if there in (here, float(np.float32(here))) or there == _NEUTRAL.get(i.operation):
                continue
            said = f"the number is {differing(there, here)}"
            edited = with_argument(i, k, Const(there))
            yield Edit(said, edited, f"the number {number(here)}", number=there)


@of("multiply", "divide")
def _hard(i: Instruction, known: Known) -> Iterator[Edit]:  # noqa: ARG001
    """The slope of the other hard sigmoid: Keras's is 1/5, that of relu6(x + 3)/6 another."""
    for k, argument in enumerate(i.arguments):
        if isinstance(argument, Const) and (i.operation, argument.value) in _HARD:
            there, its, own = _HARD[i.operation, argument.value]
            said = f"the slope is {its} in {{there}}, {own} in {{here}}, as of two hard sigmoids"
            yield Edit(said, with_argument(i, k, Const(there)), f"the slope {own}")


@of("multiply", "divide")
def _factor(i: Instruction, known: Known) -> Iterator[Edit]:  # noqa: ARG001
    for k, argument in enumerate(i.arguments):
        if isinstance(argument, Const) and not (i.operation == "divide" and k == 0):
            verb = "divide" if i.operation == "divide" else "multiply"
            value = number(float(np.real(argument.value)))
            said = f"{{there}} leaves out a factor: it does not {verb} by {value}, as {{here}} does"
            yield Edit(said, only(i, i.arguments[1 - k]), f"{verb} by {value}", part=True)


@of("add", "subtract")
def _term(i: Instruction, known: Known) -> Iterator[Edit]:  # noqa: ARG001
    """A number that is left out, as the one of a weight that is 1 + w elsewhere."""
    for k, argument in enumerate(i.arguments):
        if not isinstance(argument, Const) or isinstance(argument.value, bool | complex):
            continue
        if i.operation == "subtract" and k == 0:
            continue
        value = number(float(argument.value))
        said = f"{{there}} leaves out a term: it does not {i.operation} {value}, as {{here}} does"
        yield Edit(said, only(i, i.arguments[1 - k]), f"{i.operation} {value}", part=True)


@of("multiply", "divide")
def _factors(i: Instruction, known: Known) -> Iterator[Edit]:
    """Several factors one after another, as of a square that is written as two products."""
    factor, count = 1.0, 0
    step: Instruction | None = i
    while step is not None and (taken := _number_of(step)) is not None:
        by, argument = taken
        factor, count = factor * by, count + 1
        step = known.made.get(argument.name)
        if count > 1 and factor != 1:
            divides = 0 < abs(factor) < 1
            value = number(1 / factor if divides else factor)
            verb = f"{'divide' if divides else 'multiply'} by {value}"
            said = (
                f"{{there}} leaves out a factor: it does not {verb}, as {{here}} does "
                f"in {count} steps"
            )
            yield Edit(said, only(i, argument), verb, part=True)


def _number_of(i: Instruction) -> tuple[float, Ref] | None:
    """What an instruction multiplies by, and what; None of any other."""
    if i.operation not in ("multiply", "divide") or len(i.arguments) != 2:
        return None
    for k, argument in enumerate(i.arguments):
        other = i.arguments[1 - k]
        if isinstance(argument, Const) and isinstance(other, Ref):
            value = argument.value
            if (
                isinstance(value, bool | complex)
                or not value
                or (i.operation == "divide" and k == 0)
            ):
                return None
            return float(value if i.operation == "multiply" else 1 / value), other
    return None


@of("multiply", "divide", "add", "subtract")
def _operand(i: Instruction, known: Known) -> Iterator[Edit]:
    """A term or a factor that is left out."""
    if len(i.refs) != 2 or len(i.arguments) != 2:
        return
    target = known.values[i.target].shape
    for k in (0, 1):
        kept = i.arguments[1 - k]
        if known.shape(kept) != target or (i.operation in ("divide", "subtract") and k == 0):
            continue
        name = i.arguments[k].name  # pyright: ignore[reportAttributeAccessIssue, reportOptionalMemberAccess]
        what = f"`{name}`" if not _anonymous(name) else "one term"
        said, does = _LEFT_OUT[i.operation]
        yield Edit(said.replace("{what}", what), only(i, kept), f"{does} {what}", part=True)


#: The larger and the smaller of two, each by the other.
_EXTREMES = {"minimum": "maximum", "maximum": "minimum"}


@of("clip")
def _unbounded(i: Instruction, known: Known) -> Iterator[Edit]:  # noqa: ARG001
    """Bounds that are left out."""
    yield Edit("{there} leaves the bounds of clip out", only(i, i.arguments[0]), "clip", part=True)


@of(*_EXTREMES)
def _extreme(i: Instruction, known: Known) -> Iterator[Edit]:
    """The other one of two, or one of them without the other."""
    other = _EXTREMES[i.operation]
    said = f"{{there}} takes the {other}, {{here}} the {i.operation}"
    yield Edit(said, (replace(i, operation=other),), f"the {i.operation}")
    for k, kept in enumerate(i.arguments):
        left = i.arguments[1 - k]
        if not isinstance(kept, Ref) or known.shape(kept) != known.values[i.target].shape:
            continue
        what = number(float(np.real(left.value))) if isinstance(left, Const) else "one term"
        said = f"{{there}} leaves the {i.operation} out: what it takes is not held beside {what}"
        yield Edit(said, only(i, kept), f"the {i.operation}", part=True)


@of()
def _arrays(i: Instruction, known: Known) -> Iterator[Edit]:
    """Another constant array, as a mask or a table of angles."""
    for k, argument in enumerate(i.arguments):
        if not isinstance(argument, Ref) or argument.name not in known.constants:
            continue
        here = np.asarray(known.values[argument.name])
        if here.size < 2:
            continue
        target = _target(i, k, known)
        if here.dtype == np.bool_:
            turned = Making(i)
            inverted = turned.add("logical_not", argument)
            changed = (*i.arguments[:k], inverted, *i.arguments[k + 1 :])
            yield Edit("the mask is inverted in {there}", turned.again(*changed), "invert the mask")
        for name, there in known.arrays:
            for negated in (False, True) if there.dtype == np.bool_ else (False,):
                array = _like(~there if negated else there, here, target)
                if array is None or np.array_equal(array, np.broadcast_to(here, array.shape)):
                    continue
                held = np.broadcast_to(here, array.shape)
                where = tuple(map(int, np.unravel_index(int(np.argmax(array != held)), held.shape)))
                said = (
                    f"a constant {'mask' if here.dtype == np.bool_ else 'array'} differs first at "
                    f"{where}: {array[where]} in {{there}}, {held[where]} in {{here}}"
                )
                turned = Making(i)
                new = Ref(f"there:{name}")
                if there.shape != array.shape:
                    new = turned.add("reshape", new, shape=array.shape)
                if negated:
                    new = turned.add("logical_not", new)
                changed = (*i.arguments[:k], new, *i.arguments[k + 1 :])
                yield Edit(said, turned.again(*changed), f"{held[where]} at {where}")


def _target(i: Instruction, k: int, known: Known) -> tuple[int, ...]:
    """The shape that an operand stands beside: of a mask of attention the scores."""
    if i.operation == "scaled_dot_product_attention" and k > 2:
        query, key = (known.shape(x) for x in i.arguments[:2])
        return (*query[:-1], key[-2])
    return known.values[i.target].shape


def _like(there: np.ndarray, here: np.ndarray, target: tuple[int, ...]) -> np.ndarray | None:
    """The other side's array as it can stand for this one's; None where it cannot."""
    if there.dtype.kind != here.dtype.kind:
        return None
    if there.size == here.size:
        return there.reshape(here.shape)
    fits = there.ndim <= len(target) and all(
        n in (1, m) for n, m in zip(there.shape[::-1], target[::-1], strict=False)
    )
    try:
        return (
            np.broadcast_to(there, np.broadcast_shapes(there.shape, here.shape)) if fits else None
        )
    except ValueError:  # neither stands for the other
        return None


def _anonymous(name: str) -> bool:
    """Whether a name is one that a capture gave."""
    return name[:1] in "tc" and name[1:].isdigit()
