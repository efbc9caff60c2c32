"""Tensors of a case: what each one's shape is at a sweep's point, and its numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import singledispatchmethod
from pathlib import Path
from typing import Any

import numpy as np

from . import drawing, files, limits
from . import tensor_kinds as kinds
from .faults import shown, unknown
from .locating import FileFault, locate
from .task import name_of, seed_of
from .values import is_number

#: The complex partner of each dtype.
COMPLEX = {"float64": "complex128", "complex128": "complex128"}


class TensorFault(Exception):
    """Why a tensor cannot be had; ``path`` leads to the place inside its YAML."""

    def __init__(self, message: str, path: Sequence[Any] = (), *, limit: bool = False) -> None:
        super().__init__(message)
        self.message, self.path, self.limit = message, tuple(path), limit


@dataclass(frozen=True)
class Layout:
    """A shape, and what the numbers are: ``b``, ``i``, ``f`` or ``c`` as NumPy's kinds."""

    shape: tuple[int, ...]
    kind: str = "f"


class Tensors:
    """Reads a case's tensors at one point of its sweep.

    Parameters
    ----------
    case
        The case's name, and ``#2`` at its second drawing, which seeds are made from.
    point
        The sweep's names and this point's values.
    folder
        Where the case file lies.
    complex_
        Whether random tensors are complex: in complex dtypes.
    """

    def __init__(
        self,
        case: str,
        point: Mapping[str, Any],
        folder: Path,
        *,
        complex_: bool = False,
    ) -> None:
        self._case, self._point, self._folder = case, point, folder
        self._complex = complex_
        #: The sweep's names that were used.
        self.used: set[str] = set()

    def layout(self, spec: Any) -> Layout:
        """Shape and kind, checked against the limits, without drawing anything.

        Raises
        ------
        TensorFault
            Where the tensor is at fault.
        """
        layout = self._layout(spec)
        if len(layout.shape) > limits.DIMENSIONS:
            raise TensorFault(
                f"{len(layout.shape)} dimensions, expected at most {limits.DIMENSIONS}", limit=True
            )
        elements = 1
        for size in layout.shape:
            elements *= size
        if elements > limits.ELEMENTS or max(layout.shape, default=0) > limits.ELEMENTS:
            raise TensorFault(
                f"a shape of {elements} elements, expected at most {limits.ELEMENTS}", limit=True
            )
        return layout

    def draw(self, name: str, spec: Any) -> np.ndarray:
        """The numbers: float64, complex128, int64 or bool."""
        self.layout(spec)
        seed = getattr(spec, "seed", None)
        if seed is None:
            seed = seed_of(self._case, {}, name)
        return np.asarray(self._draw(spec, name, seed))

    def number(self, value: Any, path: Sequence[Any] = ()) -> Any:
        """A number, or what a sweep's name stands for."""
        if not isinstance(value, str):
            return value
        if value not in self._point:
            raise TensorFault(
                unknown("sweep name", value, self._point)
                if self._point
                else f"{shown(value)}, expected a number",
                path,
            )
        self.used.add(value)
        found = self._point[value]
        if not (is_number(found) or isinstance(found, bool)):
            raise TensorFault(f"the sweep's {value} is {shown(found)}, expected a number", path)
        return found

    def count(self, value: Any, path: Sequence[Any] = ()) -> int:
        """A whole number from 0 up, or what a sweep's name stands for."""
        found = self.number(value, path)
        if not isinstance(found, int) or isinstance(found, bool) or found < 0:
            raise TensorFault(f"{shown(found)}, expected a whole number from 0 up", path)
        return found

    def shape(self, value: Any, path: Sequence[Any] = ()) -> tuple[int, ...]:
        """A shape: a count, several, or a sweep's name that stands for either."""
        if isinstance(value, str) and isinstance(self._point.get(value), tuple):
            self.used.add(value)
            value = self._point[value]
        if not isinstance(value, tuple):
            return (self.count(value, path),)
        return tuple(self.count(size, (*path, k)) for k, size in enumerate(value))

    @singledispatchmethod
    def _layout(self, spec: Any) -> Layout:
        """Of a lone number."""
        value = self.number(spec)
        return Layout((), "b" if isinstance(value, bool) else "f")

    @singledispatchmethod
    def _draw(self, spec: Any, _name: str, _seed: int) -> Any:
        value = self.number(spec)
        return value if isinstance(value, bool) else np.float64(value)

    @_layout.register(list)
    def _(self, spec: list[Any]) -> Layout:
        shape, kinds = self._nested(spec, ())
        if "b" in kinds and len(kinds) > 1:
            raise TensorFault("a list of numbers and truth values, expected one or the other")
        kind = next((k for k in "bfi" if k in kinds), "f")
        return Layout(shape, kind)

    @_draw.register(list)
    def _(self, spec: list[Any], _name: str, _seed: int) -> Any:
        layout = self._layout(spec)
        flat: list[Any] = []
        self._flatten(spec, flat)
        dtype = {"b": "bool", "i": "int64", "f": "float64"}[layout.kind]
        return np.array(flat, dtype=dtype).reshape(layout.shape)

    def _nested(self, item: Any, path: tuple[Any, ...]) -> tuple[tuple[int, ...], set[str]]:
        """Shape and kinds of a nested list, which must be rectangular."""
        if not isinstance(item, list):
            if not (is_number(item) or isinstance(item, bool | str)):
                raise TensorFault(f"{shown(item)} in a list, expected a number", path)
            value = self.number(item, path)
            if isinstance(value, bool):
                return (), {"b"}
            return (), {"i" if isinstance(value, int) else "f"}
        parts = [self._nested(part, (*path, k)) for k, part in enumerate(item)]
        for k, (shape, _) in enumerate(parts):
            if shape != parts[0][0]:
                raise TensorFault(
                    f"a ragged list: an item of shape {list(shape)} beside one of shape "
                    f"{list(parts[0][0])}, expected equal ones",
                    (*path, k),
                )
        kinds = set().union(*(kinds for _, kinds in parts))
        return ((len(item), *(parts[0][0] if parts else ())), kinds)

    def _flatten(self, item: Any, flat: list[Any]) -> None:
        if isinstance(item, list):
            for part in item:
                self._flatten(part, flat)
        else:
            flat.append(self.number(item))

    @_layout.register
    def _(self, spec: kinds.Normal) -> Layout:
        for key in ("scale", "loc"):
            self.number(getattr(spec, key), (key,))
        return Layout(self.shape(spec.normal, ("normal",)), "c" if self._complex else "f")

    @_draw.register
    def _(self, spec: kinds.Normal, _name: str, seed: int) -> Any:
        drawn = drawing.normal(
            drawing.generator(seed), self.shape(spec.normal), complex_=self._complex
        )
        return drawn * float(self.number(spec.scale)) + float(self.number(spec.loc))

    @_layout.register
    def _(self, spec: kinds.Uniform) -> Layout:
        self._bounds(spec)
        return Layout(self.shape(spec.uniform, ("uniform",)))

    @_draw.register
    def _(self, spec: kinds.Uniform, _name: str, seed: int) -> Any:
        low, high = self._bounds(spec)
        drawn = drawing.generator(seed).random(self.shape(spec.uniform))
        return float(low) + (float(high) - float(low)) * drawn

    @_layout.register
    def _(self, spec: kinds.Integers) -> Layout:
        low, high = self._bounds(spec)
        for key, bound in (("low", low), ("high", high)):
            if not isinstance(bound, int) or abs(bound) >= limits.INTEGER:
                raise TensorFault(f"{shown(bound)}, expected a whole number", (key,))
        return Layout(self.shape(spec.integers, ("integers",)), "i")

    @_draw.register
    def _(self, spec: kinds.Integers, _name: str, seed: int) -> Any:
        low, high = self._bounds(spec)
        return drawing.generator(seed).integers(low, high, self.shape(spec.integers))

    def _bounds(self, spec: kinds.Uniform | kinds.Integers) -> tuple[Any, Any]:
        low, high = self.number(spec.low, ("low",)), self.number(spec.high, ("high",))
        if not -1e300 < low < high < 1e300:
            raise TensorFault(f"from {low} to {high}, expected low below high", ("high",))
        return low, high

    @_layout.register
    def _(self, spec: kinds.Zeros) -> Layout:
        return Layout(self.shape(spec.zeros, ("zeros",)))

    @_draw.register
    def _(self, spec: kinds.Zeros, _name: str, _seed: int) -> Any:
        return np.zeros(self.shape(spec.zeros))

    @_layout.register
    def _(self, spec: kinds.Ones) -> Layout:
        return Layout(self.shape(spec.ones, ("ones",)))

    @_draw.register
    def _(self, spec: kinds.Ones, _name: str, _seed: int) -> Any:
        return np.ones(self.shape(spec.ones))

    @_layout.register
    def _(self, spec: kinds.Full) -> Layout:
        self.number(spec.value, ("value",))
        return Layout(self.shape(spec.full, ("full",)))

    @_draw.register
    def _(self, spec: kinds.Full, _name: str, _seed: int) -> Any:
        return np.full(self.shape(spec.full), float(self.number(spec.value)))

    @_layout.register
    def _(self, spec: kinds.Eye) -> Layout:
        return self._square(spec.eye, "eye", limits.ELEMENTS, "f")

    @_draw.register
    def _(self, spec: kinds.Eye, _name: str, _seed: int) -> Any:
        return np.eye(self.count(spec.eye))

    @_layout.register
    def _(self, spec: kinds.Linspace) -> Layout:
        for k in (0, 1):
            self.number(spec.linspace[k], ("linspace", k))
        return Layout((self.count(spec.linspace[2], ("linspace", 2)),))

    @_draw.register
    def _(self, spec: kinds.Linspace, _name: str, _seed: int) -> Any:
        first, last = (float(self.number(end)) for end in spec.linspace[:2])
        return np.linspace(first, last, self.count(spec.linspace[2]))

    @_layout.register
    def _(self, spec: kinds.Spd) -> Layout:
        kind = "c" if self._complex else "f"
        return self._square(spec.spd, "spd", limits.FACTORED_ROWS, kind)

    @_draw.register
    def _(self, spec: kinds.Spd, _name: str, seed: int) -> Any:
        draw, rows = drawing.generator(seed), self.count(spec.spd)
        return drawing.positive_definite(draw, rows, complex_=self._complex)

    @_layout.register
    def _(self, spec: kinds.Orthogonal) -> Layout:
        kind = "c" if self._complex else "f"
        return self._square(spec.orthogonal, "orthogonal", limits.FACTORED_ROWS, kind)

    @_draw.register
    def _(self, spec: kinds.Orthogonal, _name: str, seed: int) -> Any:
        draw, rows = drawing.generator(seed), self.count(spec.orthogonal)
        return drawing.orthogonal(draw, rows, complex_=self._complex)

    def _square(self, value: Any, key: str, most: int, kind: str) -> Layout:
        rows = self.count(value, (key,))
        if rows > most:
            raise TensorFault(f"{rows} rows, expected at most {most}", (key,), limit=True)
        return Layout((rows, rows), kind)

    @_layout.register
    def _(self, spec: kinds.Complex) -> Layout:
        layouts = []
        for key in ("re", "im"):
            try:
                layouts.append(self._parts().layout(getattr(spec.complex, key)))
            except TensorFault as fault:
                path = ("complex", key, *fault.path)
                raise TensorFault(fault.message, path, limit=fault.limit) from None
        re, im = layouts
        if re.shape != im.shape:
            raise TensorFault(
                f"parts of shapes {list(re.shape)} and {list(im.shape)}, expected equal ones",
                ("complex", "im"),
            )
        return Layout(re.shape, "c")

    @_draw.register
    def _(self, spec: kinds.Complex, name: str, seed: int) -> Any:
        parts = []
        # With a seed of its own it is the same at every drawing.
        drawn_as = self._case if spec.seed is None else name_of(self._case)
        called = name if spec.seed is None else str(seed)
        for key in ("re", "im"):
            part = getattr(spec.complex, key)
            parts.append(self._parts(drawn_as).draw(f"{called}.{key}", part).astype(float))
        drawn = np.empty(parts[0].shape, dtype=complex)
        drawn.real, drawn.imag = parts  # an infinite part times 1j would make a NaN of the other
        return drawn

    def _parts(self, drawn_as: str = "") -> Tensors:
        """The same, for real parts."""
        parts = Tensors(drawn_as or self._case, self._point, self._folder)
        parts.used = self.used
        return parts

    @_layout.register
    def _(self, spec: kinds.File) -> Layout:
        try:
            path = locate(spec.file, self._folder)
            shape, dtype = files.header(path, spec.key)
        except FileFault as fault:
            where = ("key",) if spec.key is not None and "array" in str(fault) else ("file",)
            raise TensorFault(str(fault), where, limit=fault.limit) from None
        if spec.rows is not None:
            first, last = (self.count(n, ("rows", k)) for k, n in enumerate(spec.rows))
            if not shape or not first < last <= shape[0]:
                held = shape[0] if shape else 0
                raise TensorFault(
                    f"the rows [{first}, {last}], expected first < last, at most {held}", ("rows",)
                )
            shape = (last - first, *shape[1:])
        kind: str = "i" if dtype.kind == "u" else dtype.kind
        if spec.scale is not None:
            self.number(spec.scale, ("scale",))
            kind = "c" if kind == "c" else "f"
        return Layout(shape, kind)

    @_draw.register
    def _(self, spec: kinds.File, _name: str, _seed: int) -> Any:
        array = files.read(locate(spec.file, self._folder), spec.key)
        if spec.rows is not None:
            first, last = (self.count(n) for n in spec.rows)
            array = array[first:last]
        return array if spec.scale is None else array * float(self.number(spec.scale))


def final_dtype(spec: Any, layout: Layout, dtype: str, *, differentiated: bool) -> str:
    """The dtype a tensor is handed over in.

    Its own where it says so; whole numbers and truth values keep theirs unless they are
    differentiated; complex ones take the complex partner of the case's dtype.
    """
    own = getattr(spec, "dtype", None)
    if own is not None:
        return own
    if layout.kind == "c":
        return COMPLEX.get(dtype, "complex64")
    if differentiated or layout.kind == "f":
        return dtype
    return {"i": "int64", "b": "bool"}[layout.kind]
