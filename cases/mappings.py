"""A case written as a Python mapping, as the nodes that YAML would give."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NoReturn

import numpy as np

from ..refimpl.errors import UNPRINTABLE
from . import limits
from .faults import Enough, Faults, Place, shown, unprintable
from .yaml_nodes import Mapping as MappingNode
from .yaml_nodes import Node, Scalar, Sequence

#: Keys that are said without quotes.
_PLAIN = re.compile(r"[\w-]{1,60}")


def as_document(given: Mapping[Any, Any], faults: Faults) -> Node:
    """The nodes of a mapping; a node's place is the keys that lead to it.

    Parameters
    ----------
    given
        Mappings, lists, tuples, texts, numbers, truth values, None, and NumPy's arrays and
        scalars. An array stands for its numbers, exactly: one of no elements for
        ``{zeros: shape}``, a complex one for ``{complex: {re: …, im: …}}``.
    faults
        Where values that are none of these, and exceeded limits, are noted.

    Raises
    ------
    Enough
        Where a limit is exceeded, which a mapping that holds itself does.
    """
    return _Nodes(faults).node(given, ())


class _Nodes:
    """Builds nodes, and counts them."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._left = limits.NODES

    def node(self, value: Any, path: tuple[str, ...]) -> Node:
        place = Place(0, 0, ".".join(path))
        self._left -= 1
        if self._left < 0:
            self._refuse_values(place)
        if len(path) > limits.NESTING:
            self._refuse(f"nested more than {limits.NESTING} deep", place)
        if isinstance(value, np.ndarray | np.generic | complex) and not isinstance(value, str):
            value = self._numbers(np.asarray(value), place)
        if isinstance(value, Mapping):
            return MappingNode(place, entries=self._entries(value, path))
        if isinstance(value, list | tuple):
            items = [self.node(item, (*path, str(k))) for k, item in enumerate(value)]
            return Sequence(place, items=items)
        return Scalar(place, value=self._scalar(value, place))

    def _entries(
        self, given: Mapping[Any, Any], path: tuple[str, ...]
    ) -> dict[str, tuple[Scalar, Node]]:
        place = Place(0, 0, ".".join(path))
        if len(given) > limits.ENTRIES:
            self._refuse(f"a mapping of more than {limits.ENTRIES} keys", place)
        entries = {}
        for key, value in given.items():
            if not isinstance(key, str):
                self._faults.add(f"{shown(key)} as a key, expected a name", place)
                continue
            inside = (*path, key if _PLAIN.fullmatch(key) else shown(key))
            at = Scalar(Place(0, 0, ".".join(inside)), value=key)
            entries[key] = (at, self.node(value, inside))
        return entries

    def _numbers(self, array: np.ndarray[Any, Any], place: Place) -> Any:
        """An array as lists, or the mapping that says the same."""
        if array.size > self._left:
            self._refuse_values(place)
        if array.dtype.kind in "biu":
            exact = array
        elif np.can_cast(array.dtype, np.float64):
            exact = array.astype(np.float64)
        elif np.can_cast(array.dtype, np.complex128):
            return {"complex": {"re": np.real(array), "im": np.imag(array)}}
        else:
            self._unfit(f"an array of {array.dtype}, expected numbers of at most 64 bits", place)
            return None
        return exact.tolist() if array.size else {"zeros": list(array.shape)}

    def _scalar(self, value: Any, place: Place) -> Any:
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, str):
            strange = UNPRINTABLE.search(value)
            if strange:
                self._unfit(unprintable(strange[0]), place)
            return str(value)
        if isinstance(value, int):
            if abs(value) < limits.INTEGER:
                return int(value)
            self._faults.limit(
                "the whole number is too large, expected less than 2**63 (or a decimal point)",
                place,
            )
            self._faults.spoil(place)
            return 0
        if isinstance(value, float):
            return float(value)
        self._unfit(
            f"a value of type {type(value).__name__}, expected a mapping, a list, a text, a "
            "number, true, false, None or a NumPy array",
            place,
        )
        return None

    def _unfit(self, message: str, place: Place) -> None:
        self._faults.add(message, place)
        self._faults.spoil(place)

    def _refuse_values(self, place: Place) -> NoReturn:
        self._refuse(f"more than {limits.NODES} values", place)

    def _refuse(self, message: str, place: Place) -> NoReturn:
        self._faults.limit(f"{message}, expected at most that", place)
        raise Enough
