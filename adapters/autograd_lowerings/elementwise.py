"""Element-wise and special functions, and identities whose gradient is not their own."""

from __future__ import annotations

from typing import Any

import autograd.numpy
import autograd.scipy.special
import autograd.scipy.stats.norm
from autograd.extend import defvjp, primitive
from autograd.tracer import getval, isbox

from ...refimpl.errors import Unsupported
from ..lowering import Entry, via
from ..numpy_names import numpy_names

# NumPy's and SciPy's functions wrapped as they are imported: a type checker knows nothing of them.
anp: Any = autograd.numpy
special: Any = autograd.scipy.special


@primitive
def _reversed(x: Any, scale: float) -> Any:
    del scale
    return x


defvjp(_reversed, lambda _ans, _x, scale: lambda g: g * -scale, argnums=(0,))


def _clip(x: Any, low: Any = None, high: Any = None) -> Any:
    if isbox(low) or isbox(high):
        raise Unsupported("autograd.numpy.clip has no derivative in its bounds")
    return anp.clip(x, low, high)


def _nan_to_num(x: Any, *, nan: float, posinf: float | None, neginf: float | None) -> Any:
    if (nan, posinf, neginf) != (0, None, None):
        raise Unsupported("the derivative of autograd.numpy.nan_to_num takes no other numbers")
    return anp.nan_to_num(x)


LOWERINGS: dict[str, Entry] = {
    **numpy_names("autograd.numpy", anp, unscaled=None),
    "identity": lambda x: x,
    "stop_gradient": via("autograd.tracer.getval", getval),
    "reverse_gradient": via("autograd.extend.defvjp", lambda x, *, scale: _reversed(x, scale)),
    "complex": lambda re, im: re + 1j * im,
    "full_like": via(
        "autograd.numpy.full_like", lambda x, *, fill_value: anp.full_like(x, fill_value)
    ),
    "clip": via("autograd.numpy.clip", _clip),
    "nan_to_num": via("autograd.numpy.nan_to_num", _nan_to_num),
    **{f"bessel_{k}": f"autograd.scipy.special.{k}" for k in ("j0", "j1", "y0", "y1")},
    "lgamma": "autograd.scipy.special.gammaln",
    "polygamma": via("autograd.scipy.special.polygamma", lambda x, *, n: special.polygamma(n, x)),
    "multigammaln": via(
        "autograd.scipy.special.multigammaln", lambda a, *, d: special.multigammaln(a, d)
    ),
    "i0e": via("autograd.scipy.special.ive", lambda x: special.ive(0, x)),
    "i1e": via("autograd.scipy.special.ive", lambda x: special.ive(1, x)),
    "ndtr": "autograd.scipy.stats.norm.cdf",
    "log_ndtr": "autograd.scipy.stats.norm.logcdf",
}
