"""How far rounding alone can move a result: Monte Carlo arithmetic on NumPy arrays.

A ``NoisyArray`` moves the result of every NumPy function it meets, at random, within the bound
that rounding has there; run a computation a few times on such arrays and the spread of the
results is the computation's own noise. An elementwise function is off by a few units in the last
place, as vector maths libraries promise; a sum or a product of matrices by √K·u·Σ|terms| for K
terms, u being the unit roundoff; a function that only moves or picks data by nothing; any other
function (a factorisation, a solver) is taken to be backward stable: the exact result for inputs
moved by a few units of their largest element.

Sums and products of short numbers, such as 2 or -0.75, are exact in whatever order they are taken,
and so is the root of a short square. A noise that is told so (``short``) leaves these alone: what
is tied exactly, or exactly on a bound, then stays there.

D. S. Parker, "Monte Carlo arithmetic: exploiting randomness in floating-point arithmetic", UCLA
CSD-970002 (1997). N. J. Higham, "Accuracy and Stability of Numerical Algorithms", 2nd ed. (2002),
sections 2.2, 3.1 and 4.2.
"""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import ml_dtypes
import numpy as np

from .dual import Dual
from .rounding_bounds import (
    ADDING,
    BACKWARD_STABLE,
    COMPOSED,
    CONTRACTIONS,
    ELEMENTWISE,
    LOOKING,
    NUMPYS,
    ON_SHORT,
    PICKING,
    STABLE,
    bound,
)
from .uniform import Uniform

#: So many elements are moved at a time: they stay in a processor's cache.
BLOCK = 1 << 14

#: Bytes of a number of half precision.
HALF = 2

#: So much of an element's own digits may be lost to what it is computed beside, in units too.
LOST, UNITS = 2.0**-10, 16


@cache
def unit_roundoff(dtype: Any) -> float:
    """u, half the distance from 1 to the next number: 2⁻⁵³ for float64."""
    return float(ml_dtypes.finfo(np.dtype(dtype)).eps) / 2


@cache
def least_number(dtype: Any) -> float:
    """The least subnormal number: 2⁻¹⁰⁷⁴ for float64."""
    return float(ml_dtypes.finfo(np.dtype(dtype)).smallest_subnormal)


@cache
def grid_of(dtype: Any) -> float:
    """What short numbers are multiples of: 2⁻⁸ in float64, of which sums of products still fit."""
    return 2.0 ** (math.log2(unit_roundoff(dtype)) // 6 + 1)


def _is_number(y: Any) -> bool:
    """Whether Python's own floats hold it."""
    return y.ndim == 0 and y.dtype.kind == "f" and y.dtype.itemsize <= 8


@cache
def _most(dtype: Any) -> Any:
    """The largest finite number."""
    return np.finfo(dtype).max


def short(x: Any, grid: float) -> Any:
    """Which elements are whole multiples of ``grid``, a power of two."""
    with np.errstate(over="ignore"):  # what is so large is one
        scaled = x / grid
    return scaled == np.rint(scaled)


class Noise:
    """Where noise comes from: a seeded source of chance and the unit roundoff of a dtype.

    ``scale`` is what the unit is multiplied by; ``short`` says that what is exact on short
    numbers is to be left alone; ``others`` is the share of an element that may be lost by other
    formulas than the reference's (``textbook.beside``), and at least ``UNITS`` of the roundoff.
    ``once`` says that functions are computed in a wider dtype and rounded to this one, as those
    of 16 bits are everywhere: none of them is off by more than that rounding.
    """

    def __init__(
        self,
        seed: int | Uniform,
        dtype: Any,
        *,
        scale: float = 1.0,
        short: bool = False,
        others: float = LOST,
    ) -> None:
        self.unit = unit_roundoff(dtype) * scale
        self.scale = scale
        self.tiny = least_number(dtype)
        self.short = short
        self.others = max(others, UNITS * self.unit) if others else 0.0
        self.grid = grid_of(dtype)
        self.once = np.dtype(dtype).itemsize == HALF
        self._chance = seed if isinstance(seed, Uniform) else Uniform(seed)

    def in_dtype(self, dtype: Any) -> Noise:
        """The same source of chance at another dtype's unit roundoff."""
        return Noise(self._chance, dtype, scale=self.scale, short=self.short, others=self.others)

    def exact(self, ufunc: Any, y: Any, inputs: list[Any], size: Any) -> Any:
        """Where a result of short numbers is exact, ``size`` being the sum of the magnitudes."""
        if not self.short or ufunc not in ON_SHORT or np.asarray(y).dtype.kind != "f":
            return False
        whole = [np.asarray(x) for x in inputs]
        if ufunc is np.sqrt:
            return short(y, self.grid) & (y * y == whole[0])
        finest = self.grid if ufunc in ADDING else self.grid**2
        fits = size <= finest / self.unit  # 2ᵖ of them are told apart
        given = [short(x, self.grid) for x in whole]
        if ufunc.signature is not None or np.shape(y) != np.broadcast_shapes(*map(np.shape, whole)):
            given = [held.all() for held in given]  # each of them is in every result
        for held in given:
            fits = fits & held
        return fits

    def moved(self, y: Any, magnitude: Any) -> Any:
        """``y`` moved at random by up to ``u·magnitude``, in its own dtype.

        Underflow adds the least subnormal number to that, but a magnitude of zero is exact.
        """
        with np.errstate(all="ignore"):
            return self.shifted(np.asarray(y), np.asarray(magnitude))

    def shifted(self, y: np.ndarray, magnitude: Any, units: float = 1.0) -> Any:
        """The same by up to ``units·u·magnitude``, within the caller's ``errstate``."""
        if y.dtype.kind not in "fc":
            return y
        if _is_number(y):
            return self._moved_number(y, magnitude, units)
        size = np.asarray((self.unit * units) * magnitude)
        # Beside this much, the least number is nothing: adding it is slow, and seldom needed.
        if size.size and not size.item(size.argmin()) > self.tiny * 2.0**30:
            np.add(size, self.tiny, out=size, where=magnitude != 0)
        shift = self._steps(y) * size
        if not np.isfinite(np.add.reduce(shift, axis=None)):
            shift = np.where(np.isfinite(shift), shift, 0)
        return y + (shift if shift.dtype == y.dtype else shift.astype(y.dtype))

    def rounded(self, y: Any, units: float = 1.0) -> Any:
        """The same by up to ``units·u`` of a result's own magnitude."""
        if not y.ndim and _is_number(y):
            return self._moved_number(y, y, units)
        if y.dtype.kind == "c":
            return self.shifted(np.asarray(y), np.abs(y), units)
        chance = self._chance.array(y.shape)
        if y.size <= BLOCK or not y.flags.c_contiguous:
            return np.asarray(self._rounded(y, chance, units))
        moved = np.empty(y.shape, y.dtype)
        flat, steps, out = (x.reshape(-1) for x in (y, chance, moved))
        for start in range(0, y.size, BLOCK):
            part = slice(start, start + BLOCK)
            out[part] = self._rounded(flat[part], steps[part], units)
        return moved

    def _rounded(self, y: Any, chance: Any, units: float) -> Any:
        """``y`` moved by numbers on (−1, 1) times so many units of its magnitude."""
        size, most = np.abs(y), _most(y.dtype)
        if not size.size:
            return size
        # Where the largest is takes a quarter of the time that its reduction does.
        large = not size.item(size.argmax()) <= most / 2
        if large:
            size = np.minimum(size, most)  # infinity stays, however it is moved
        scale = self.unit * units
        # Beside this much, the least number is nothing.
        negligible = size.item(size.argmin()) * scale > self.tiny * 2.0**60
        least = None if negligible else np.sign(size)
        size *= scale
        if least is not None:
            least *= self.tiny
            size += least
        size *= chance
        if not large:
            size += y
            return size
        with np.errstate(over="ignore"):
            size += y
        # What is finite stays so too, as the least number by which a mask hides an element.
        return np.where(np.isfinite(y), np.minimum(np.maximum(size, -most), most), size)

    def _moved_number(self, y: Any, magnitude: Any, units: float) -> Any:
        """The same of a single number, of which Python makes less ado."""
        size = abs(float(magnitude))
        if not size or not math.isfinite(size):
            return np.asarray(y)
        shift = self._chance.number() * (self.unit * units * size + self.tiny)
        most = float(_most(y.dtype))
        return np.asarray(min(max(float(y) + shift, -most), most), y.dtype)

    def _steps(self, y: np.ndarray) -> Any:
        """Uniform on (−1, 1), real and imaginary parts each."""
        if y.dtype.kind != "c":
            return self._chance.array(y.shape)
        parts = self._chance.array((2, *y.shape))
        return parts[0] + 1j * parts[1]

    def array(self, x: Any) -> NoisyArray:
        """``x`` as an array that moves what is computed from it."""
        view = np.asarray(x).view(NoisyArray)
        view.noise = self
        return view

    def jittered(self, x: Any) -> Any:
        """An array moved by a unit of its own, that leaves what is computed from it alone.

        Only a rule whose sums mix elements (``textbook.beside``) still moves what it makes of it.
        """
        if type(x) is tuple:
            return tuple(map(self.jittered, x))
        x = np.asarray(x)
        return x if x.dtype.kind in "biu" else Still(self).array(self.rounded(x.view(np.ndarray)))


class Still(Noise):
    """What moves nothing by itself, but carries a noise that does: ``beneath``."""

    def __init__(self, beneath: Noise) -> None:
        self.beneath = beneath
        self.unit, self.scale, self.tiny = beneath.unit, beneath.scale, beneath.tiny
        self.short, self.others, self.grid = False, beneath.others, beneath.grid
        self.once = beneath.once

    def in_dtype(self, dtype: Any) -> Noise:
        """The same, at another dtype's unit roundoff."""
        return Still(self.beneath.in_dtype(dtype))

    def shifted(self, y: np.ndarray, magnitude: Any, units: float = 1.0) -> Any:  # noqa: ARG002
        """``y`` itself."""
        return y

    def rounded(self, y: Any, units: float = 1.0) -> Any:  # noqa: ARG002
        """``y`` itself."""
        return y


class NoisyArray(np.ndarray):
    """An array whose arithmetic is moved at random within its rounding bound."""

    noise: Noise | None = None

    def __array_finalize__(self, parent: Any) -> None:
        if type(parent) is NoisyArray:
            self.noise = parent.noise

    def __getitem__(self, index: Any) -> Any:
        """A single element stays an array, of no axes, so that it goes on being moved."""
        y = super().__getitem__(index)
        return y if isinstance(y, np.ndarray) or self.noise is None else self.noise.array(y)

    def __array_ufunc__(
        self, ufunc: Any, method: str, *inputs: Any, out: Any = None, **options: Any
    ) -> Any:
        """Compute on plain arrays, then move the result; within the caller's ``errstate``."""
        if Dual in map(type, inputs):  # whose value and tangent are moved each
            return NotImplemented
        units = ELEMENTWISE.get(ufunc) if method == "__call__" and not options else None
        if units is not None and (out is None or type(out[0]) is NoisyArray):
            return _elementwise(ufunc, units, inputs, out)
        return _called(ufunc, method, inputs, out, options)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        """Functions that are no ufuncs: by their kind, as the module says."""
        if Dual in types:
            return NotImplemented
        if function in COMPOSED:
            return super().__array_function__(function, types, args, kwargs)
        plain_args, plain_kwargs = _plain(args), _plain(kwargs) if kwargs else kwargs
        noise = None if function in LOOKING else _noise_of(args, kwargs)
        if noise is None:
            return function(*plain_args, **plain_kwargs)
        if function in PICKING:  # the most frequent, which raise no error of arithmetic
            return _carried(function(*plain_args, **plain_kwargs), noise)
        with np.errstate(all="ignore"):
            return _computed(function, noise, plain_args, plain_kwargs)


def _computed(function: Any, noise: Noise, args: Any, kwargs: Any) -> Any:
    """A function that is no ufunc, of plain arrays, and what it makes moved."""
    if function in BACKWARD_STABLE:
        moved = _mapped(lambda x: noise.moved(x, STABLE * _norm(x)), args)
        y = function(*moved, **kwargs)
        return _mapped(lambda part: _wrapped(part, noise, _largest(part)), y)
    y = function(*args, **kwargs)
    if function in CONTRACTIONS:
        sums, terms = (function(*_mapped(size, args), **kwargs) for size in (np.abs, _ones))
        arrays = [x for x in args if isinstance(x, np.ndarray)]
        if noise.short and len(arrays) == 2:
            sums = np.where(noise.exact(np.matmul, y, arrays, sums), 0.0, sums)
        return _wrapped(y, noise, sums * np.sqrt(terms))
    return _carried(y, noise)


def _called(
    ufunc: Any, method: str, inputs: tuple[Any, ...], out: Any, options: dict[str, Any]
) -> Any:
    """Any call of a ufunc."""
    noise = _noise_of(*inputs, *(out or ()))
    plain = [_plain(x) for x in inputs]
    if any(isinstance(value, np.ndarray) for value in options.values()):
        options = {key: _plain(value) for key, value in options.items()}
    if noise is not None and not noise.once and ufunc not in NUMPYS:
        plain = [
            noise.rounded(x) if isinstance(given, NoisyArray) else x
            for x, given in zip(plain, inputs, strict=True)
        ]
    if method == "at":
        return _added_at(noise, ufunc, plain) if ufunc is np.add else ufunc.at(*plain)
    y = getattr(ufunc, method)(*plain, **options)
    if noise is None:
        results = _tuple(y)
    else:
        size, units = bound(ufunc, method, y, plain, options)
        if size is None and noise.once and method == "__call__":
            units = min(units, 1.0)
        if noise.short and size is not None and method in ("__call__", "reduce"):
            size = np.where(noise.exact(ufunc, y, plain, size), 0.0, size)
        results = tuple(_wrapped(part, noise, size, units) for part in _tuple(y))
    if out is not None:
        for target, result in zip(out, results, strict=True):
            _plain(target)[...] = _plain(result)
        results = out
    return results if isinstance(y, tuple) else results[0]


def _elementwise(ufunc: Any, units: float, inputs: tuple[Any, ...], out: Any) -> Any:
    """A call without options of a ufunc that makes one result: the shortest way."""
    noise = None if out is None else out[0].noise
    plain = []
    for x in inputs:
        if type(x) is NoisyArray:
            noise = noise or x.noise
            x = x.view(np.ndarray)  # noqa: PLW2901
        plain.append(x)
    y = ufunc(*plain)
    if noise is not None and y.dtype.kind in "fc":
        if noise.once:
            units = min(units, 1.0)
        moved = noise.rounded(y, units) if units else y
        if noise.short and ufunc in ON_SHORT:
            moved = np.where(noise.exact(ufunc, y, plain, np.abs(y)), y, moved)
        y = noise.array(moved)
    if out is None:
        return y
    (target,) = out
    target.view(np.ndarray)[...] = y
    return target


def _added_at(noise: Noise | None, ufunc: Any, inputs: list[Any]) -> None:
    """``np.add.at``: each sum is off by √k·u·Σ|terms|, k being how many were added to it."""
    target, indices, values = inputs
    sums, terms = np.abs(target), np.zeros(target.shape)
    ufunc.at(sums, indices, np.abs(values))
    ufunc.at(terms, indices, 1)
    nonzero = target != 0
    ufunc.at(target, indices, values)
    if noise is not None:
        # The first number added to a zero is not rounded.
        target[...] = noise.moved(target, sums * np.sqrt(np.maximum(terms - 1 + nonzero, 0)))


def _noise_of(*items: Any) -> Any:
    """The noise of the first noisy array among nested items."""
    for item in items:
        if isinstance(item, NoisyArray):
            if item.noise is not None:
                return item.noise
        elif isinstance(item, (tuple, list)):
            found = _noise_of(*item)
            if found is not None:
                return found
        elif isinstance(item, dict):
            found = _noise_of(*item.values())
            if found is not None:
                return found
    return None


def _mapped(function: Any, item: Any) -> Any:
    """Apply a function to the arrays inside nested items."""
    if isinstance(item, (np.ndarray, np.inexact)):
        return function(item)
    if isinstance(item, tuple) and hasattr(item, "_fields"):
        return type(item)(*(_mapped(function, part) for part in item))
    if isinstance(item, (tuple, list)):
        return type(item)(_mapped(function, part) for part in item)
    if isinstance(item, dict):
        return {key: _mapped(function, part) for key, part in item.items()}
    return item


def _plain(item: Any) -> Any:
    """The arrays inside nested items, without their noise."""
    if isinstance(item, np.ndarray):
        return item.view(np.ndarray) if isinstance(item, NoisyArray) else item
    return _mapped(_plain, item) if isinstance(item, (tuple, list, dict)) else item


def _tuple(y: Any) -> tuple[Any, ...]:
    return y if isinstance(y, tuple) else (y,)


def _norm(x: Any) -> Any:
    """The largest magnitude of each matrix of a stack, or of a vector."""
    return np.max(np.abs(x), axis=tuple(range(-min(np.ndim(x), 2), 0)), keepdims=True, initial=0)


def _largest(x: Any) -> Any:
    return np.max(np.abs(x), initial=0)


def _ones(x: Any) -> Any:
    return np.ones(np.shape(x))


def _carried(y: Any, noise: Noise) -> Any:
    """Results that are not moved themselves."""
    return _mapped(lambda part: _wrapped(part, noise, None, 0.0), y)


def _wrapped(y: Any, noise: Noise | None, magnitude: Any, units: float = 1.0) -> Any:
    """A float result moved, by its own magnitude if None is given; anything else as it is."""
    y = np.asarray(y)
    if noise is None or y.dtype.kind not in "fc":
        return y[()]
    if not units:
        return noise.array(y)
    return noise.array(
        noise.rounded(y, units) if magnitude is None else noise.shifted(y, magnitude, units)
    )
