"""Edits of axes, orders, transpositions, padding, reductions."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from ...cases.program import Instruction, Ref
from .edit import Edit, Known, Making, of
from .segments import MOST, order_of, told

#: Functions that reduce along axes, of which one may stand for another.
REDUCTIONS = ("sum", "mean", "max", "min", "prod")


@of("softmax", "log_softmax", "softmin", "cumulative_sum", "cumulative_prod", "flip", "roll")
def _axis(i: Instruction, known: Known) -> Iterator[Edit]:
    here = i.attributes.get("axis", -1)
    rank = len(known.shape(i.arguments[0]))
    if not isinstance(here, int):
        return
    for there in range(rank):
        if there != here % rank:
            said = f"{i.operation} is along axis {there} in {{there}}, {here % rank} in {{here}}"
            new = replace(i, attributes={**i.attributes, "axis": there})
            yield Edit(said, (new,), f"axis={here}")


@of(*REDUCTIONS, "var", "std", "linalg.vector_norm")
def _reduction(i: Instruction, known: Known) -> Iterator[Edit]:
    rank = len(known.shape(i.arguments[0]))
    here = i.attributes.get("axis")
    if i.operation in REDUCTIONS:
        for name in REDUCTIONS:
            if name != i.operation:
                said = f"{{there}} takes the {name}, {{here}} the {i.operation}"
                yield Edit(said, (replace(i, operation=name),), f"{i.operation}")
    if here is None or not i.attributes.get("keepdims"):
        return
    axes = (here,) if isinstance(here, int) else tuple(here)
    for count in range(1, rank + 1):
        for there in itertools.combinations(range(rank), count):
            if there != tuple(sorted(a % rank for a in axes)):
                said = f"{i.operation} is over the axes {there} in {{there}}, {axes} in {{here}}"
                new = replace(i, attributes={**i.attributes, "axis": there})
                yield Edit(said, (new,), f"axis={axes}")


@of("matmul", "einsum")
def _transposed(i: Instruction, known: Known) -> Iterator[Edit]:
    for k in (1, 0):
        shape = known.shape(i.arguments[k]) if len(i.arguments) == 2 else ()
        if len(shape) >= 2 and shape[-1] == shape[-2]:
            made = Making(i)
            turned = made.add("matrix_transpose", i.arguments[k])
            changed = (*i.arguments[:k], turned, *i.arguments[k + 1 :])
            yield Edit(
                "a square matrix is transposed in {there}", made.again(*changed), "the transpose"
            )


@of("conv", "conv_transpose")
def _kernels(i: Instruction, known: Known) -> Iterator[Edit]:
    weight = i.arguments[1]
    shape = known.shape(weight)
    spatial = tuple(range(2, len(shape)))
    made = Making(i)
    turned = made.add("flip", weight, axis=spatial)
    yield Edit(
        "the kernel is flipped in {there}",
        made.again(i.arguments[0], turned, *i.arguments[2:]),
        "flip the kernel",
    )
    if len(shape) == 4 and shape[2] == shape[3]:
        made = Making(i)
        turned = made.add("permute_dims", weight, axes=(0, 1, 3, 2))
        yield Edit(
            "the kernel's height and width are exchanged in {there}",
            made.again(i.arguments[0], turned, *i.arguments[2:]),
            "height before width",
        )
    if shape[0] == shape[1]:
        made = Making(i)
        turned = made.add("swapaxes", weight, axis1=0, axis2=1)
        yield Edit(
            "the kernel's channels in and out are exchanged in {there}",
            made.again(i.arguments[0], turned, *i.arguments[2:]),
            "channels out before channels in",
        )


@of("reshape")
def _flattened(i: Instruction, known: Known) -> Iterator[Edit]:
    """What is flattened lay with its channels last, or in another order of its axes."""
    shape = known.shape(i.arguments[0])
    if not 2 <= len(shape) <= 5:
        return
    last = (0, *range(2, len(shape)), 1)
    orders = [o for o in itertools.permutations(range(len(shape))) if o != tuple(range(len(shape)))]
    for order in sorted(orders, key=lambda o: o != last):
        made = Making(i)
        turned = made.add("permute_dims", i.arguments[0], axes=order)
        said = f"{{there}} reshapes an array whose axes are in the order {order}"
        if order == last and len(shape) == 4:
            said = "{there} flattens with the channels last (NHWC), {here} with them first"
        yield Edit(said, made.again(turned), "transpose before the reshape")


@of("permute_dims", "swapaxes", "moveaxis", "matrix_transpose")
def _left_out(i: Instruction, known: Known) -> Iterator[Edit]:
    shape = known.values[i.target].shape
    if known.shape(i.arguments[0]) == shape:  # to reshape is nothing then
        new = Instruction(i.target, "identity", i.arguments[:1], {}, named=False)
        yield Edit("{there} leaves a transposition out", (new,), "transpose")
        return
    new = Instruction(i.target, "reshape", i.arguments[:1], {"shape": shape}, named=False)
    yield Edit("{there} reshapes where {here} transposes", (new,), "transpose, do not reshape")


@of("getitem")
def _other_part(i: Instruction, known: Known) -> Iterator[Edit]:
    """The other half, or the part one further on."""
    given = i.attributes.get("index")
    index: tuple[Any, ...] = given if isinstance(given, tuple) else ()
    shape = known.shape(i.arguments[0])
    for k, part in enumerate(index):
        if not isinstance(part, slice) or k >= len(shape) or any(x is Ellipsis for x in index):
            continue
        start, stop, step = part.indices(shape[k])
        length = stop - start
        if step == 2 and shape[k] % 2 == 0 and start in (0, 1) and stop >= shape[k] - 1 + start:
            yield from _half(i, index, k, shape[k] // 2)
        if step != 1 or not 0 < length < shape[k]:
            continue
        for begin in range(0, shape[k] - length + 1, length):
            if begin != start:
                moved = (*index[:k], slice(begin, begin + length), *index[k + 1 :])
                said = f"{{there}} takes the elements {begin} to {begin + length - 1} of axis {k}, "
                said += f"{{here}} {start} to {stop - 1}"
                new = replace(i, attributes={"index": moved})
                yield Edit(said, (new,), f"elements {start} to {stop - 1}", words=True)
        if shape[k] == 2 * length:
            moved = (*index[:k], slice(0 if start == 0 else 1, None, 2), *index[k + 1 :])
            said = f"{{there}} takes every second element of axis {k}, {{here}} a half of it"
            new = replace(i, attributes={"index": moved})
            yield Edit(said, (new,), "halves, not pairs", words=True)


def _half(i: Instruction, index: tuple[Any, ...], k: int, half: int) -> Iterator[Edit]:
    """A half of an axis in the place of every second element: the same one of two first."""
    second = index[k].indices(2 * half)[0] == 1
    for which in (second, not second):
        part = slice(half, 2 * half) if which else slice(0, half)
        moved = (*index[:k], part, *index[k + 1 :])
        said = f"{{there}} takes the {'second' if which else 'first'} half of axis {k}, "
        said += f"{{here}} every second element from element {int(second)} on"
        new = replace(i, attributes={"index": moved})
        yield Edit(said, (new,), "pairs of neighbours, not halves", words=True)


@of("stack")
def _side_by_side(i: Instruction, known: Known) -> Iterator[Edit]:
    """Arrays that stand one after another, or whose elements alternate, once it is reshaped."""
    rank = len(known.shape(i.arguments[0]))
    here = i.attributes.get("axis", 0) % (rank + 1)
    for there in range(rank + 1):
        if there == here:
            continue
        said = f"stack is along axis {there} in {{there}}, {here} in {{here}}"
        if here == rank and there == rank - 1:
            said += ": one after another, for element by element"
        elif there == rank and here == rank - 1:
            said += ": element by element, for one after another"
        new = replace(i, attributes={**i.attributes, "axis": there})
        yield Edit(said, (new,), f"stack(…, axis={here - rank - 1})", words=True)


@of("concat")
def _alternating(i: Instruction, known: Known) -> Iterator[Edit]:
    """Arrays whose elements alternate in the place of one after another."""
    shapes = {known.shape(a) for a in i.arguments}
    axis = i.attributes.get("axis", 0)
    if len(shapes) != 1 or len(i.arguments) < 2 or not isinstance(axis, int):
        return
    (shape,) = shapes
    axis %= max(len(shape), 1)
    made = Making(i)
    stacked = made.add("stack", *i.arguments, axis=axis + 1)
    whole = (*shape[:axis], shape[axis] * len(i.arguments), *shape[axis + 1 :])
    said = f"the elements of the operands alternate along axis {axis} in {{there}}, "
    said += "in {here} they are one after another"
    yield Edit(said, made.last("reshape", stacked, shape=whole), "halves, not pairs")


@of("concat", "stack", "subtract", "divide")
def _exchanged(i: Instruction, known: Known) -> Iterator[Edit]:  # noqa: ARG001
    if len(i.arguments) == 2:
        said = "the two operands are exchanged in {there}"
        new = replace(i, arguments=(i.arguments[1], i.arguments[0]))
        yield Edit(said, (new,), "the order of the operands")


#: So many layouts of an operand are tried together with those of the others.
LAYOUTS = 2


@of()
def _reordered(i: Instruction, known: Known) -> Iterator[Edit]:
    """Operands whose elements are the other side's in an order that no transposition makes.

    First one of them, then all: queries and keys whose heads are split otherwise.
    """
    found: dict[int, list[np.ndarray]] = {}
    for k, argument in enumerate(i.arguments):
        if isinstance(argument, Ref) and argument.name in known.rivals:
            orders = list(_orders(argument.name, known))
            found |= {k: orders} if orders else {}
            for index in orders:
                said, agree = _ordered(index, known.shape(argument))
                again = _in_order(i, {k: index}, known)
                yield Edit(said, again, agree, operand=argument.name)
    if len(found) > 1:
        for chosen in itertools.product(*(orders[:LAYOUTS] for orders in found.values())):
            said = f"the elements of {len(found)} operands are in another order in {{there}}"
            again = _in_order(i, dict(zip(found, chosen, strict=True)), known)
            yield Edit(said, again, "the same order of elements")


def _ordered(index: np.ndarray, shape: tuple[int, ...]) -> tuple[str, str]:
    """What is said of elements in another order: of whole segments, which stand where."""
    segments = order_of(index, shape)
    if segments is None or len(segments[0]) > MOST:
        said = "the elements of an operand are in another order in {there}"
        return said, "the same order of elements"
    said, agree = told(*segments)
    return said.replace("segments", "segments of an operand"), agree


def _orders(name: str, known: Known) -> Iterator[np.ndarray]:
    """Which element of a variable each of the other side's is, in each layout of its axes."""
    here = np.asarray(known.values[name])
    for _, there in known.rivals[name]:
        for array in _laid_out(there, here.shape):
            index = _order(here, array)
            if index is not None:
                yield index


def _in_order(
    i: Instruction, orders: dict[int, np.ndarray], known: Known
) -> tuple[Instruction, ...]:
    """The instruction with the elements of operands in another order."""
    made, arguments = Making(i), list(i.arguments)
    for k, index in orders.items():
        flat = made.add("reshape", arguments[k], shape=(-1,))
        moved = made.add("getitem", flat, index=(index,))
        arguments[k] = made.add("reshape", moved, shape=known.shape(i.arguments[k]))
    return made.again(*arguments)


def _laid_out(x: np.ndarray, shape: tuple[int, ...]) -> Iterator[np.ndarray]:
    """An array in every order of its axes that has a shape."""
    if x.shape == shape:
        yield x
    if x.ndim <= 5:
        for order in itertools.permutations(range(x.ndim)):
            turned = x.transpose(order)
            if turned.shape == shape and order != tuple(range(x.ndim)):
                yield turned


def _order(here: np.ndarray, there: np.ndarray) -> np.ndarray | None:
    """Which element of one each element of the other is; None where values repeat."""
    a, b = here.reshape(-1), there.reshape(-1)
    first, second = np.argsort(a, kind="stable"), np.argsort(b, kind="stable")
    if not np.allclose(a[first], b[second], rtol=1e-9, atol=1e-12):
        return None
    index = np.empty(a.size, np.int64)
    index[second] = first
    return None if np.array_equal(index, np.arange(a.size)) else index


@of("repeat", "tile")
def _copied(i: Instruction, known: Known) -> Iterator[Edit]:
    """Copies that stand together, each element's in turn, or all of them in turn."""
    rank = len(known.shape(i.arguments[0]))
    if i.operation == "repeat":
        axis, count = i.attributes.get("axis"), i.attributes["repeats"]
        if not isinstance(axis, int) or not isinstance(count, int):
            return
        all_ = tuple(count if k == axis % rank else 1 for k in range(rank))
        new = replace(i, operation="tile", attributes={"repetitions": all_})
        said = "the copies are of the whole in {there}, of each element in turn in {here}"
        yield Edit(said, (new,), "copies of each element in turn (repeat)")
        return
    given = tuple(i.attributes["repetitions"])
    several = [k for k, n in enumerate(given) if n != 1]
    if len(given) == rank and len(several) == 1:
        (axis,) = several
        new = replace(i, operation="repeat", attributes={"repeats": given[axis], "axis": axis})
        said = "the copies are of each element in turn in {there}, of the whole in {here}"
        yield Edit(said, (new,), "copies of the whole (tile)")


@of("pixel_shuffle", "pixel_unshuffle")
def _sub_pixels(i: Instruction, known: Known) -> Iterator[Edit]:
    """Sub-pixels before the channels, as in TensorFlow's depth to space."""
    *before, channels, height, width = known.shape(i.arguments[0])
    (factor,) = i.attributes.values()
    n, lead = len(before), tuple(before)
    made = Making(i)
    if i.operation == "pixel_shuffle":
        split = (*lead, factor, factor, channels // factor**2, height, width)
        order = (*range(n), n + 2, n + 3, n, n + 4, n + 1)
        whole = (*lead, channels // factor**2, height * factor, width * factor)
    else:
        split = (*lead, channels, height // factor, factor, width // factor, factor)
        order = (*range(n), n + 2, n + 4, n, n + 1, n + 3)
        whole = (*lead, channels * factor**2, height // factor, width // factor)
    apart = made.add("reshape", i.arguments[0], shape=split)
    turned = made.add("permute_dims", apart, axes=order)
    said = "the sub-pixels come before the channels in {there}, after them in {here}"
    yield Edit(said, made.last("reshape", turned, shape=whole), "channels before the sub-pixels")
