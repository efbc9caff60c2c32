"""How a rule sees the parameters: complex ones as pairs of real numbers, and one or all at a time.

Update rules are published for real parameters. A complex one is two of them, its real and its
imaginary part, each with its own ∂L/∂Re or ∂L/∂Im, which is what the cotangent's parts are.
"""

from __future__ import annotations

from typing import Any

import numpy as np

Arrays = dict[str, Any]


def parts(x: Any) -> Any:
    """A complex array as a real one with a last axis of two; a real array itself."""
    return np.stack((x.real, x.imag), axis=-1) if x.dtype.kind == "c" else x


def joined(x: Any) -> Any:
    """The complex array of such parts."""
    return x.copy().view(np.result_type(x.dtype, 1j))[..., 0]


class View:
    """Some parameters as the one array that a rule moves.

    Parameters
    ----------
    params
        By name. Of a single one the array keeps its shape; several are laid end to end.
    whole
        Whether they are laid end to end in any case.
    """

    def __init__(self, params: Arrays, *, whole: bool) -> None:
        self.names = tuple(params)
        self._whole = whole
        self._complex = {name: x.dtype.kind == "c" for name, x in params.items()}
        self._shapes = {name: parts(x).shape for name, x in params.items()}

    def of(self, arrays: Arrays) -> Any:
        """The one array of what is held for each parameter."""
        seen = [parts(arrays[name]) for name in self.names]
        return np.concatenate([x.reshape(-1) for x in seen]) if self._whole else seen[0]

    def back(self, y: Any) -> Arrays:
        """What an array of that shape, or of several such in a row, holds for each parameter.

        One of another shape, as a number that a rule remembers, is the same for all.
        """
        if not self._whole:
            (name,) = self.names
            mine = self._complex[name] and y.shape == self._shapes[name]
            return {name: joined(y) if mine else y}
        sizes = [int(np.prod(shape)) for shape in self._shapes.values()]
        if y.shape[-1:] != (sum(sizes),):
            return dict.fromkeys(self.names, y)
        found, start = {}, 0
        for (name, shape), size in zip(self._shapes.items(), sizes, strict=True):
            own = y[..., start : start + size].reshape(y.shape[:-1] + shape)
            found[name] = joined(own) if self._complex[name] else own
            start += size
        return found
