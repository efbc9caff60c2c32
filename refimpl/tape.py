"""Reverse-mode differentiation, by hand.

Going forwards, the tape writes down every operation with its inputs. Going backwards, it reads
them in reverse: each operation turns the cotangent of its result, g = ∂L/∂y, into cotangents of
its inputs, ∂L/∂x = (∂y/∂x)ᵀ g, and these are summed where a value was used more than once. That
is the whole of backpropagation; the rest of this module is care about shapes and memory.

Baydin, Pearlmutter, Radul & Siskind, "Automatic differentiation in machine learning: a survey",
JMLR 18 (2018), section 3.2.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np

from .errors import Unsupported
from .operation import Operation

#: The operation that changes a dtype: on a tape it is the identity, and what it makes is rounded.
CAST = "astype"

#: Stands in for the operation where a node picks one result out of several.
_SELECT = object()


class Standing(Protocol):
    """Rounds or moves arrays by the dtype that they stand for, where a program has several."""

    def given(self, x: Any, stands_for: str) -> Any:
        """An array as an operation takes it whose result stands for a dtype."""
        ...

    def made(self, x: Any, stands_for: str, *, cast: bool = False) -> Any:
        """A result, or a share of a cotangent; ``cast`` where its dtype changes here."""
        ...


class Node:
    """A value on the tape, and, once the backward pass has been by, its cotangent."""

    __slots__ = (
        "arguments",
        "attributes",
        "cotangent",
        "inputs",
        "kept",
        "operation",
        "shared",
        "stands_for",
        "tracked",
        "value",
    )

    def __init__(self, value: Any, operation: Any, inputs: Sequence[Any], *, tracked: bool) -> None:
        self.value = value
        self.operation = operation
        self.inputs = inputs
        #: Whether a differentiated leaf reaches it by differentiable arguments.
        self.tracked = tracked
        #: Whether its cotangent outlives the backward pass.
        self.kept = False
        self.cotangent: Any = None
        #: The dtype that the value stands for, where a program has several.
        self.stands_for = ""
        #: Whether someone else may hold the cotangent's memory, so that adding needs a new array.
        self.shared = True


class Tape:
    """Records operations, then differentiates through them.

    Parameters
    ----------
    rounding
        Called on every result and every cotangent, to round it or to move it: how narrow dtypes
        are emulated and noise is measured. None leaves them as computed.
    feeding
        Called on every array that an operation is given, to move it: how an operation's own
        condition is measured, whatever its formula is. None hands them on as they are.
    standing
        In place of both, where the nodes of a program stand for several dtypes.
    """

    def __init__(
        self,
        rounding: Callable[[Any], Any] | None = None,
        feeding: Callable[[Any], Any] | None = None,
        standing: Standing | None = None,
    ) -> None:
        self._nodes: list[Node] = []
        self._rounding = rounding
        self._feeding = feeding
        self._standing = standing

    def leaf(self, value: Any, *, differentiated: bool = True, stands_for: str = "") -> Node:
        """Put a value on the tape; its cotangent is kept if it is to be differentiated."""
        node = Node(value, None, (), tracked=differentiated)
        node.stands_for = stands_for
        node.kept = differentiated
        return node

    def apply(
        self, operation: Operation, *inputs: Any, stands_for: str = "", **attributes: Any
    ) -> Node:
        """Run an operation on nodes, plain numbers, or None for an array left out.

        ``stands_for`` is the dtype of its result, for a tape that is told of such.

        Raises
        ------
        Unsupported
            For complex numbers, where the operation's rules are for real ones alone.
        """
        values = [x.value if type(x) is Node else x for x in inputs]
        if not operation.complex_too and any(map(np.iscomplexobj, values)):
            raise Unsupported(f"the reference's {operation.name} is for real numbers alone")
        if self._standing is not None:
            values = [
                self._standing.given(v, stands_for) if type(x) is Node else v
                for v, x in zip(values, inputs, strict=True)
            ]
        elif self._feeding is not None:
            values = [
                self._feeding(v) if type(x) is Node else v
                for v, x in zip(values, inputs, strict=True)
            ]
        y = operation.forward(*values, **attributes)
        if self._standing is not None:
            y = self._stood(y, stands_for, cast=operation.name == CAST)
        elif self._rounding is not None:
            y = self._round(y)
        tracked = False
        for position, x in enumerate(inputs):
            if type(x) is Node and x.tracked and operation.differentiable(position):
                tracked = True
                break
        node = Node(y, operation, inputs, tracked=tracked)
        node.stands_for = stands_for
        if tracked:
            node.arguments, node.attributes = values, attributes
            self._nodes.append(node)
        return node

    def select(self, node: Node, index: int) -> Node:
        """Take one result of an operation that has several; whole numbers have no cotangent.

        Raises
        ------
        ValueError
            Where the operation has no such result.
        """
        made = len(node.value) if type(node.value) is tuple else 1
        if type(node.value) is not tuple or index >= made:
            raise ValueError(f"several names for its results, of which there are {made}")
        value = node.value[index]
        tracked = node.tracked and value.dtype.kind in "fc"
        part = Node(value, _SELECT, (node, index), tracked=tracked)
        part.stands_for = node.stands_for
        if part.tracked:
            self._nodes.append(part)
        return part

    def backward(self, output: Node, cotangent: Any = None) -> None:
        """Give every kept node that leads to ``output`` its cotangent.

        The tape is used up: values are let go of as the pass goes by them.

        Parameters
        ----------
        output
            The node to differentiate.
        cotangent
            ∂L/∂output, of the output's shape; ones by default, as for a scalar loss.
        """
        if not output.tracked:
            return
        output.cotangent = np.ones_like(output.value) if cotangent is None else cotangent
        output.shared = True
        nodes = self._nodes
        while nodes:
            node = nodes.pop()
            g = node.cotangent
            if g is None:
                continue
            if not node.kept:
                node.cotangent = None
            if node.operation is _SELECT:
                whole, index = node.inputs
                self._hand_to_tuple(whole, index, g)
            else:
                self._pull_back(node, g)
            node.inputs = node.arguments = ()

    def _pull_back(self, node: Node, g: Any) -> None:
        """Send the cotangent of a result on to the operation's inputs."""
        operation, inputs, values = node.operation, node.inputs, node.arguments
        if type(g) is list:  # of several results, some without a cotangent
            g = tuple(
                np.zeros_like(y) if part is None else part
                for part, y in zip(g, node.value, strict=True)
            )
        if operation.joint is not None:
            parts = operation.joint(g, node.value, *values, **node.attributes)
            # Parts for optional arrays that were left out at the end have no input.
            for x, part in zip(inputs, parts, strict=False):
                if part is not None and type(x) is Node and x.tracked:
                    self._accumulate(x, part, node.stands_for)
            return
        for x, vjp in zip(inputs, operation.vjps, strict=False):
            if vjp is not None and type(x) is Node and x.tracked:
                share = vjp(g, node.value, *values, **node.attributes)
                self._accumulate(x, share, node.stands_for)

    def _accumulate(self, x: Node, part: Any, of: str) -> None:
        """Add one use's share to a cotangent, un-broadcast: the one place where that is done.

        ``of`` is the dtype that the share comes from.
        """
        value = x.value
        if part.shape != value.shape:
            part = unbroadcast(part, value.shape)
        if part.dtype != value.dtype:
            part = _as_dtype(part, value.dtype)
        if self._standing is not None:
            part = self._stood(part, x.stands_for, cast=of != x.stands_for)
        elif self._rounding is not None:
            part = self._round(part)
        if x.cotangent is None:
            x.cotangent = part
            x.shared = True  # the rule may have handed back g itself, or a view of it
        elif x.shared or x.cotangent.ndim == 0:
            x.cotangent = x.cotangent + part
            x.shared = False
        else:
            x.cotangent += part

    @staticmethod
    def _hand_to_tuple(whole: Node, index: int, g: Any) -> None:
        """Note the cotangent of one result among several."""
        if whole.cotangent is None:
            whole.cotangent = [None] * len(whole.value)
        held = whole.cotangent[index]
        whole.cotangent[index] = g if held is None else held + g

    def _stood(self, y: Any, stands_for: str, *, cast: bool) -> Any:
        standing = self._standing
        assert standing is not None
        if isinstance(y, tuple):
            return tuple(standing.made(part, stands_for, cast=cast) for part in y)
        return standing.made(y, stands_for, cast=cast)

    def _round(self, y: Any) -> Any:
        rounding = self._rounding
        assert rounding is not None
        return tuple(map(rounding, y)) if isinstance(y, tuple) else rounding(y)


def unbroadcast(g: Any, shape: tuple[int, ...]) -> Any:
    """Sum a cotangent back to the shape that was broadcast: y = broadcast(x), ∂L/∂x = Σ g."""
    extra = g.ndim - len(shape)
    if extra < 0 or any(n not in (m, 1) for m, n in zip(g.shape[extra:], shape, strict=True)):
        g = np.broadcast_to(g, np.broadcast_shapes(g.shape, shape))
        extra = g.ndim - len(shape)
    axes = tuple(range(extra)) + tuple(
        extra + i for i, n in enumerate(shape) if n == 1 and g.shape[extra + i] != 1
    )
    return g.sum(axis=axes).reshape(shape) if axes else g


def _as_dtype(part: Any, dtype: Any) -> Any:
    """A real argument takes the real part of a complex cotangent (∂L/∂Re alone exists)."""
    if part.dtype.kind == "c" and dtype.kind != "c":
        part = part.real
    return part.astype(dtype)
