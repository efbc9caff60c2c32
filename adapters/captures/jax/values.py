"""Values that are met while a jaxpr is captured: named variables, and constants.

A value is computed only if somebody asks for its numbers: constants that reach the program, and
variables on which control flow or an index depends.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..captured import Place


class Value:
    """One array: its shape and dtype, its variable's name where it moves with a floating leaf.

    ``leaf`` is whether it depends on what the function is given at all; ``drawn`` where random
    numbers in it were drawn from a key that is given.
    """

    __slots__ = (
        "_array",
        "_node",
        "constant_name",
        "drawn",
        "dtype",
        "leaf",
        "name",
        "shape",
        "uniform_of",
    )

    def __init__(
        self,
        shape: Sequence[int],
        dtype: Any,
        *,
        name: str | None = None,
        array: Any = None,
        leaf: bool = False,
        drawn: Place | None = None,
    ) -> None:
        self.shape, self.dtype, self.name = tuple(shape), dtype, name
        self.leaf, self.drawn = leaf, drawn
        #: The name of the program's constant that it has become.
        self.constant_name: str | None = None
        #: The constant of no axes that it repeats, where it is known to repeat one.
        self.uniform_of: Value | None = None
        self._array = array
        self._node: _Node | None = None

    @classmethod
    def of(cls, x: Any, **known: Any) -> Value:
        """An array's."""
        return cls(np.shape(x), _dtype_of(x), array=x, **known)

    @property
    def array(self) -> Any:
        """Its numbers, as JAX's array."""
        _compute(self)
        return self._array

    @property
    def numpy(self) -> np.ndarray:
        """Its numbers, as NumPy's array."""
        return np.asarray(self.array)

    @property
    def kind(self) -> str:
        """``b``, ``i``, ``f``, ``c``, or ``k`` for random keys and whatever else JAX adds."""
        if jnp.issubdtype(self.dtype, jax.dtypes.extended):
            return "k"
        for kind, of in (("f", np.floating), ("c", np.complexfloating), ("b", np.bool_)):
            if jnp.issubdtype(self.dtype, of):
                return kind
        return "i"

    @property
    def known(self) -> bool:
        """Whether its numbers are there already."""
        return self._array is not None

    @property
    def node(self) -> _Node | None:
        """What computes it."""
        return self._node


class _Node:
    """A computation that is put off, and the values that it will yield."""

    __slots__ = ("function", "inputs", "outputs")

    def __init__(
        self, function: Callable[..., Any], inputs: Sequence[Value], outputs: Sequence[Value]
    ) -> None:
        self.function, self.inputs, self.outputs = function, inputs, outputs

    def run(self) -> None:
        results = self.function(*(x.array for x in self.inputs))
        for value, result in zip(self.outputs, results, strict=True):
            value._array = result  # noqa: SLF001  a value's own module


def put_off(
    function: Callable[..., Sequence[Any]],
    inputs: Sequence[Value],
    shapes: Sequence[Any],
    drawn: Place | None = None,
) -> list[Value]:
    """The results of ``function(*arrays)``, of the given shapes and dtypes, to be computed later.

    They come from a leaf, or from a draw, if an input does.
    """
    leaf = any(x.leaf or x.name is not None for x in inputs)
    drawn = drawn or next((x.drawn for x in inputs if x.drawn), None)
    outputs = [Value(s.shape, s.dtype, leaf=leaf, drawn=drawn) for s in shapes]
    node = _Node(function, inputs, outputs)
    for value in outputs:
        value._node = node  # noqa: SLF001  a value's own module
    return outputs


def _compute(value: Value) -> None:
    """Run what a value waits for, deepest first: a scan that is unrolled is too deep to recurse."""
    stack = [value]
    while stack:
        top = stack[-1]
        if top.known:
            stack.pop()
            continue
        node = top.node
        assert node is not None, "a value has either numbers or a way to get them"
        waiting = [x for x in node.inputs if not x.known]
        if waiting:
            stack.extend(waiting)
        else:
            node.run()
            stack.pop()


def _dtype_of(x: Any) -> Any:
    return x.dtype if hasattr(x, "dtype") else np.asarray(x).dtype
