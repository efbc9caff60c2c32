"""How far rounding alone can move a result: Monte Carlo arithmetic on NumPy arrays.

A ``NoisyArray`` moves the result of every NumPy function it meets, at random, within the bound
that rounding has there; run a computation a few times on such arrays and the spread of the
results is the computation's own noise. An elementwise function is off by a few units in the last
place, as vector maths libraries promise; a sum or a product of matrices by √K·u·Σ|terms| for K
terms, u being the unit roundoff; a function that only moves or picks data by nothing; any other
function (a factorisation, a solver) is taken to be backward stable: the exact result for inputs
moved by a unit each.

D. S. Parker, "Monte Carlo arithmetic: exploiting randomness in floating-point arithmetic", UCLA
CSD-970002 (1997). N. J. Higham, "Accuracy and Stability of Numerical Algorithms", 2nd ed. (2002),
sections 2.2, 3.1 and 4.2.
"""

from __future__ import annotations

from typing import Any, ClassVar

import ml_dtypes
import numpy as np

#: Units in the last place that vector maths libraries are allowed on these; one elsewhere.
_ULPS = dict.fromkeys(
    [
        *(np.exp, np.exp2, np.expm1, np.log, np.log2, np.log10, np.log1p, np.sin, np.cos, np.tan),
        *(np.arcsin, np.arccos, np.arctan, np.arctan2, np.sinh, np.cosh, np.tanh, np.arcsinh),
        *(np.arccosh, np.arctanh, np.power, np.cbrt, np.hypot, np.logaddexp, np.logaddexp2),
    ],
    4.0,
)

#: Functions whose result is exact.
_EXACT = frozenset(
    [
        *(np.maximum, np.minimum, np.fmax, np.fmin, np.negative, np.positive, np.absolute, np.sign),
        *(np.floor, np.ceil, np.trunc, np.rint, np.copysign, np.conjugate, np.nextafter, np.fmod),
        *(np.remainder, np.heaviside, np.fabs),
    ]
)

#: Functions that are no ufuncs and contract their inputs: bounded by themselves on magnitudes.
_CONTRACTIONS = frozenset((np.dot, np.vdot, np.inner, np.tensordot, np.einsum))

#: Functions that are no ufuncs and compute; every other one only moves, picks or makes data.
_BACKWARD_STABLE = frozenset(
    f
    for module in (np.linalg, np.fft)
    for f in vars(module).values()
    if callable(f) and hasattr(f, "__wrapped__")
)


def unit_roundoff(dtype: Any) -> float:
    """u, half the distance from 1 to the next number: 2⁻⁵³ for float64."""
    return float(ml_dtypes.finfo(np.dtype(dtype)).eps) / 2


class Noise:
    """Where noise comes from: a seeded generator and the unit roundoff of a dtype."""

    def __init__(self, seed: int, dtype: Any) -> None:
        self.unit = unit_roundoff(dtype)
        self.tiny = float(ml_dtypes.finfo(np.dtype(dtype)).smallest_subnormal)
        self._generator = np.random.default_rng(seed)

    def moved(self, y: Any, magnitude: Any) -> Any:
        """``y`` moved at random by up to ``u·magnitude``, in its own dtype."""
        y = np.asarray(y)
        if y.dtype.kind not in "fc":
            return y
        step = self._generator.random(y.shape) * 2 - 1
        if y.dtype.kind == "c":
            step = step + 1j * (self._generator.random(y.shape) * 2 - 1)
        with np.errstate(all="ignore"):
            shift = (step * (self.unit * np.asarray(magnitude) + self.tiny)).astype(y.dtype)
            return np.where(np.isfinite(y) & np.isfinite(shift), y + shift, y)

    def array(self, x: Any) -> NoisyArray:
        """``x`` as an array that moves what is computed from it."""
        view = np.asarray(x).view(NoisyArray)
        view.noise = self
        return view


class NoisyArray(np.ndarray):
    """An array whose arithmetic is moved at random within its rounding bound."""

    noise: Noise | None = None
    _ulps: ClassVar[dict[Any, float]] = _ULPS

    def __array_finalize__(self, parent: Any) -> None:
        self.noise = getattr(parent, "noise", None)

    def __getitem__(self, index: Any) -> Any:
        """A single element stays an array, of no axes, so that it goes on being moved."""
        y = super().__getitem__(index)
        return y if isinstance(y, np.ndarray) or self.noise is None else self.noise.array(y)

    def __array_ufunc__(
        self, ufunc: Any, method: str, *inputs: Any, out: Any = None, **options: Any
    ) -> Any:
        """Compute on plain arrays, then move the result."""
        noise = _noise_of(*inputs, *(out or ()))
        plain = [_plain(x) for x in inputs]
        options = {key: _plain(value) for key, value in options.items()}
        compute = getattr(ufunc, method)
        if method == "at":
            compute(*plain, **options)
            return None
        with np.errstate(all="ignore"):
            y = compute(*plain, **options)
            if ufunc in _EXACT or method == "outer":
                bound: Any = 0.0
            elif ufunc is np.matmul:
                bound = ufunc(*map(np.abs, plain), **options) * np.sqrt(max(plain[0].shape[-1], 1))
            elif method != "__call__" and ufunc in (np.add, np.subtract):
                terms = max(np.size(plain[0]) // max(np.size(y), 1), 1)
                bound = compute(np.abs(plain[0]), *plain[1:], **options) * np.sqrt(terms)
            else:
                bound = _magnitude(y, self._ulps.get(ufunc, 1.0))
        results = tuple(
            _wrapped(part, noise, size)
            for part, size in zip(_tuple(y), _tuple(bound) * len(_tuple(y)), strict=False)
        )
        if out is not None:
            for target, result in zip(out, results, strict=True):
                _plain(target)[...] = _plain(result)
            results = out
        return results if isinstance(y, tuple) else results[0]

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        """Functions that are no ufuncs: by their kind, as the module says."""
        noise = _noise_of(args, kwargs)
        plain_args, plain_kwargs = _plain(args), _plain(kwargs)
        if noise is None:
            return function(*plain_args, **plain_kwargs)
        if function in _CONTRACTIONS:
            y = function(*plain_args, **plain_kwargs)
            magnitudes = _mapped(np.abs, plain_args), _mapped(np.abs, plain_kwargs)
            terms = max((np.size(x) for x in _arrays(plain_args)), default=1) / max(np.size(y), 1)
            bound = function(*magnitudes[0], **magnitudes[1]) * np.sqrt(max(terms, 1.0))
            return _wrapped(y, noise, bound)
        if function in _BACKWARD_STABLE:
            y = function(*_mapped(lambda x: noise.moved(x, np.abs(x)), plain_args), **plain_kwargs)
            return _mapped(lambda part: _wrapped(part, noise, np.max(np.abs(part), initial=0)), y)
        if function in (np.sum, np.prod, np.mean, np.var, np.std, np.cumsum, np.cumprod):
            return super().__array_function__(function, types, args, kwargs)
        return _mapped(noise.array, function(*plain_args, **plain_kwargs))


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


def _arrays(item: Any) -> list[Any]:
    found: list[Any] = []
    _mapped(found.append, item)
    return found


def _plain(item: Any) -> Any:
    return _mapped(lambda x: x.view(np.ndarray) if isinstance(x, NoisyArray) else x, item)


def _tuple(y: Any) -> tuple[Any, ...]:
    return y if isinstance(y, tuple) else (y,)


def _magnitude(y: Any, ulps: float) -> Any:
    if isinstance(y, tuple):
        return tuple(np.abs(part) * ulps for part in y)
    y = np.asarray(y)
    return np.abs(y) * ulps if y.dtype.kind in "fc" else 0.0


def _wrapped(y: Any, noise: Noise | None, bound: Any) -> Any:
    if noise is None:
        return y
    y = np.asarray(y)
    moved = y if np.ndim(bound) == 0 and bound == 0 else noise.moved(y, bound)
    return noise.array(moved)
