"""Dual numbers: an array and its derivative along one direction, carried by NumPy's functions.

A ``Dual`` stands where an array stands: what is computed from it has a value and a tangent,
the directional derivative of that value. Sent through the tape it differentiates every VJP as it
stands, which gives Hessian-vector products with no step size and no rule of its own:
∂/∂ε ∇L(x + εv) = H v.

It is no subclass of ``ndarray``: what would drop the tangent, as writing it into a plain array,
raises in place of being silently wrong. Value and tangent may be noisy arrays themselves.

R. E. Wengert, "A simple automatic derivative evaluation program", Comm. ACM 7 (1964);
B. A. Pearlmutter, "Fast exact multiplication by the Hessian", Neural Computation 6 (1994).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from .errors import Unsupported

#: ``rule(*xs, **options)`` of a function on arguments of which some are dual.
Rule = Callable[..., Any]


class Dual(NDArrayOperatorsMixin):
    """An array of floats and its tangent, of the same shape and dtype."""

    __slots__ = ("tangent", "value")

    def __init__(self, value: Any, tangent: Any) -> None:
        self.value, self.tangent = value, tangent

    @property
    def shape(self) -> tuple[int, ...]:
        """The value's."""
        return self.value.shape

    @property
    def ndim(self) -> int:
        """The value's."""
        return self.value.ndim

    @property
    def size(self) -> int:
        """The value's."""
        return self.value.size

    @property
    def dtype(self) -> np.dtype[Any]:
        """The value's, and the tangent's."""
        return self.value.dtype

    def __len__(self) -> int:
        return len(self.value)

    def __repr__(self) -> str:
        return f"Dual({self.value!r}, {self.tangent!r})"

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        raise Unsupported("a dual number has no place in a plain array: its tangent would be lost")

    def __bool__(self) -> bool:
        return bool(self.value)

    def __float__(self) -> float:
        raise Unsupported("a dual number is no plain number: its tangent would be lost")

    def __getitem__(self, index: Any) -> Dual:
        return Dual(self.value[index], self.tangent[index])

    def __setitem__(self, index: Any, given: Any) -> None:
        self.value[index] = primal(given)
        self.tangent[index] = given.tangent if type(given) is Dual else 0

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        if ufunc in PLAIN:
            return getattr(ufunc, method)(*map(primal, inputs), **options)
        out = options.pop("out", None)
        rule = UFUNCS.get((ufunc, method))
        if rule is None:
            raise Unsupported(f"no derivative of numpy's {ufunc.__name__}.{method} is known")
        made = rule(*inputs, **options)
        if out is None:
            return made
        (target,) = out
        if type(target) is not Dual:
            raise Unsupported(f"{ufunc.__name__} of a dual number into a plain array")
        target[...] = made
        return target

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if function in ON_VALUES:
            return function(*_primals(args), **_primals(kwargs))
        rule = FUNCTIONS.get(function)
        if rule is None:
            raise Unsupported(f"no derivative of numpy's {function.__name__} is known")
        return rule(*args, **kwargs)

    # The methods that the reference's operations use.

    @property
    def T(self) -> Dual:  # noqa: N802  NumPy's name
        """The transpose."""
        return Dual(self.value.T, self.tangent.T)

    @property
    def real(self) -> Dual:
        """The real part."""
        return Dual(self.value.real, self.tangent.real)

    @real.setter
    def real(self, given: Any) -> None:
        self.value.real, self.tangent.real = primal(given), tangent_of(given)

    @property
    def imag(self) -> Dual:
        """The imaginary part."""
        return Dual(self.value.imag, self.tangent.imag)

    @imag.setter
    def imag(self, given: Any) -> None:
        self.value.imag, self.tangent.imag = primal(given), tangent_of(given)

    def conjugate(self) -> Dual:
        """The complex conjugate."""
        return Dual(self.value.conjugate(), self.tangent.conjugate())

    conj = conjugate

    def astype(self, dtype: Any, copy: bool = True) -> Any:  # noqa: FBT001, FBT002  NumPy's signature
        """In another dtype; whole numbers have no tangent."""
        if np.dtype(dtype).kind not in "fc":
            return self.value.astype(dtype)
        return Dual(self.value.astype(dtype, copy=copy), self.tangent.astype(dtype, copy=copy))

    def copy(self) -> Dual:
        """Of its own memory."""
        return Dual(self.value.copy(), self.tangent.copy())

    def reshape(self, *shape: Any) -> Dual:
        """In another shape."""
        return Dual(self.value.reshape(*shape), self.tangent.reshape(*shape))

    def swapaxes(self, one: int, other: int) -> Dual:
        """Two axes exchanged."""
        return Dual(self.value.swapaxes(one, other), self.tangent.swapaxes(one, other))

    def transpose(self, *axes: Any) -> Dual:
        """Axes in another order."""
        return Dual(self.value.transpose(*axes), self.tangent.transpose(*axes))

    def squeeze(self, axis: Any = None) -> Dual:
        """Without axes of length one."""
        return Dual(self.value.squeeze(axis), self.tangent.squeeze(axis))

    def ravel(self) -> Dual:
        """As one axis."""
        return self.reshape(-1)

    def diagonal(self, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Dual:
        """The diagonals of two axes."""
        return Dual(
            self.value.diagonal(offset, axis1, axis2), self.tangent.diagonal(offset, axis1, axis2)
        )

    def take(self, indices: Any, axis: Any = None) -> Dual:
        """Elements along an axis."""
        return np.take(self, indices, axis=axis)  # pyright: ignore[reportArgumentType,reportCallIssue,reportReturnType] - ours

    def repeat(self, repeats: Any, axis: Any = None) -> Dual:
        """Each element several times."""
        return np.repeat(self, repeats, axis=axis)  # pyright: ignore[reportArgumentType,reportCallIssue,reportReturnType] - ours

    def sum(self, axis: Any = None, dtype: Any = None, *, keepdims: bool = False) -> Any:
        """The sum along axes."""
        return np.add.reduce(self, axis=axis, dtype=dtype, keepdims=keepdims)  # pyright: ignore[reportCallIssue,reportArgumentType] - ours

    def mean(self, axis: Any = None, *, keepdims: bool = False) -> Any:
        """The mean along axes."""
        total = self.sum(axis=axis, keepdims=keepdims)
        return total / (self.size // max(total.size, 1))

    def prod(self, axis: Any = None, *, keepdims: bool = False) -> Any:
        """The product along axes."""
        return np.multiply.reduce(self, axis=axis, keepdims=keepdims)  # pyright: ignore[reportCallIssue,reportArgumentType] - ours

    def max(self, axis: Any = None, *, keepdims: bool = False, **options: Any) -> Any:
        """The largest along axes."""
        return np.maximum.reduce(self, axis=axis, keepdims=keepdims, **options)  # pyright: ignore[reportCallIssue,reportArgumentType] - ours

    def min(self, axis: Any = None, *, keepdims: bool = False, **options: Any) -> Any:
        """The smallest along axes."""
        return np.minimum.reduce(self, axis=axis, keepdims=keepdims, **options)  # pyright: ignore[reportCallIssue,reportArgumentType] - ours

    def cumsum(self, axis: int) -> Any:
        """The running sum along an axis."""
        return np.add.accumulate(self, axis=axis)  # pyright: ignore[reportArgumentType] - ours

    def clip(self, low: Any = None, high: Any = None) -> Any:
        """Held between bounds."""
        made = self if low is None else np.maximum(self, low)  # pyright: ignore[reportArgumentType] - ours
        return made if high is None else np.minimum(made, high)  # pyright: ignore[reportArgumentType] - ours

    def any(self, *args: Any, **options: Any) -> Any:
        """Whether an element is not zero."""
        return self.value.any(*args, **options)

    def all(self, *args: Any, **options: Any) -> Any:
        """Whether no element is zero."""
        return self.value.all(*args, **options)

    def argmax(self, *args: Any, **options: Any) -> Any:
        """Where the largest is."""
        return self.value.argmax(*args, **options)

    def argmin(self, *args: Any, **options: Any) -> Any:
        """Where the smallest is."""
        return self.value.argmin(*args, **options)

    def argsort(self, *args: Any, **options: Any) -> Any:
        """In which order the elements are."""
        return self.value.argsort(*args, **options)


#: Ufuncs whose results have no tangent, being whole numbers or booleans.
PLAIN: set[Any] = set()

#: (ufunc, method) → what it is of dual numbers.
UFUNCS: dict[tuple[Any, str], Rule] = {}

#: NumPy's other functions that are of values alone, and those that have a rule.
ON_VALUES: set[Any] = set()
FUNCTIONS: dict[Any, Rule] = {}

#: The reference's own functions that are no composition of NumPy's.
_OWN: dict[Any, Rule] = {}


def primitive(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function that has a derivative of its own, given by ``rule_of``, where it meets a dual."""

    @wraps(function)
    def called(*xs: Any, **options: Any) -> Any:
        if any(type(x) is Dual for x in xs):
            rule = _OWN.get(called)
            if rule is None:
                raise Unsupported(f"no derivative of {function.__name__} is known")
            return rule(*xs, **options)
        return function(*xs, **options)

    return called


def rule_of(function: Any, rule: Rule) -> None:
    """Say what a primitive is of dual numbers."""
    _OWN[function] = rule


def primal(x: Any) -> Any:
    """The value of a dual number; anything else as it is."""
    return x.value if type(x) is Dual else x


def tangent_of(x: Any) -> Any:
    """The tangent; of what is not dual, zeros."""
    return x.tangent if type(x) is Dual else np.zeros_like(x)


def scaled(slope: Any, tangent: Any) -> Any:
    """``slope · tangent``, and nothing where nothing moves, however steep it is there."""
    return np.where(tangent == 0, tangent * 0, slope * tangent)


def _primals(item: Any) -> Any:
    """The values of the dual numbers inside nested items."""
    if isinstance(item, tuple | list):
        return type(item)(_primals(part) for part in item)
    if isinstance(item, dict):
        return {key: _primals(part) for key, part in item.items()}
    return primal(item)


def made(value: Any, tangent: Any) -> Dual:
    """A dual number whose tangent has the value's shape and dtype."""
    if np.shape(tangent) != np.shape(value):
        tangent = np.broadcast_to(tangent, np.shape(value))
    dtype = value.dtype
    if tangent.dtype != dtype:
        real = tangent.dtype.kind == "c" and dtype.kind != "c"
        tangent = (tangent.real if real else tangent).astype(dtype)
    return Dual(value, tangent)


def elementwise(function: Any, slopes: Callable[..., Sequence[Any]]) -> Rule:
    """A function of elements; ``slopes(y, *xs)`` has one an argument, None where it is flat."""

    def rule(*xs: Any, **options: Any) -> Any:
        values = [primal(x) for x in xs]
        y = function(*values, **options)
        total: Any = np.zeros_like(y)
        with np.errstate(all="ignore"):
            for x, slope in zip(xs, slopes(y, *values), strict=True):
                if type(x) is Dual and slope is not None:
                    total = total + scaled(slope, x.tangent)
        return made(y, total)

    return rule


def linear(function: Any) -> Rule:
    """A function that is linear in its first argument, which may be several arrays."""

    def rule(x: Any, *args: Any, **options: Any) -> Any:
        several = isinstance(x, tuple | list)
        parts = list(x) if several else [x]
        values, tangents = [primal(p) for p in parts], [tangent_of(p) for p in parts]
        if several:
            values, tangents = (
                function(values, *args, **options),
                function(tangents, *args, **options),
            )
        else:
            values = function(values[0], *args, **options)
            tangents = function(tangents[0], *args, **options)
        if isinstance(values, tuple | list):
            return type(values)(made(v, t) for v, t in zip(values, tangents, strict=True))
        return made(values, tangents)

    return rule


def multilinear(function: Any) -> Rule:
    """A function that is linear in each array argument."""

    def rule(*args: Any, **options: Any) -> Any:
        values = [primal(x) for x in args]
        y = function(*values, **options)
        total: Any = np.zeros_like(y)
        for k, x in enumerate(args):
            if type(x) is Dual:
                total = total + function(*values[:k], x.tangent, *values[k + 1 :], **options)
        return made(y, total)

    return rule
