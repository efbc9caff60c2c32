"""What every check of a case has at hand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from .budget import Budget
from .faults import Faults, Place, shown, unknown
from .models import CaseModel
from .registered import registered
from .syntax import Source
from .tensors import Layout, TensorFault, Tensors
from .variants import VARIANTS
from .yaml_nodes import Mapping, find, key_place


@lru_cache(maxsize=1)
def adapter_names() -> tuple[str, ...]:
    """The adapters that are registered, by their entry points alone: none is imported."""
    return tuple(sorted({entry.name for entry in registered("gradparity.adapters")}))


@dataclass(eq=False)
class Context:
    """One case: its document with places, the same as typed values, its file, its faults."""

    document: Mapping
    model: CaseModel
    path: Path
    #: Of the file, to find a program's lines in.
    lines: Sequence[str]
    #: What the file may still unroll.
    budget: Budget
    faults: Faults
    #: Sweep names that something uses.
    used: set[str] = field(default_factory=set)
    #: Adapter → a name → the expression that it is, before the adapter's own text.
    maps: dict[str, dict[str, Source]] = field(default_factory=dict)
    #: Layouts of tensors that no sweep name changes.
    _layouts: dict[int, Layout | None] = field(default_factory=dict)

    def key(self, *path: Any) -> Place:
        """Where the last key of a path stands."""
        return key_place(self.document, path)

    def at(self, *path: Any) -> Place:
        """Where the value at a path stands."""
        return find(self.document, path).place

    def has(self, key: str) -> bool:
        """Whether the document has a top-level key."""
        return key in self.document.entries

    def tensors(self, point: dict[str, Any], *, complex_: bool = False) -> Tensors:
        """Reads the case's tensors at a point."""
        return Tensors(self.model.case, point, self.path.parent, complex_=complex_)

    def layout(self, tensors: Tensors, spec: Any, path: tuple[Any, ...]) -> Layout | None:
        """A tensor's layout; None where it is at fault, which is then noted."""
        if id(spec) in self._layouts:
            return self._layouts[id(spec)]
        self.budget.spend()
        tensors.used.clear()
        layout = None
        try:
            layout = tensors.layout(spec)
        except TensorFault as fault:
            name = ".".join(str(step) for step in path if step != "is")
            add = self.faults.limit if fault.limit else self.faults.add
            add(f"{name}: {fault.message}", self.at(*path, *fault.path))
        if tensors.used:
            self.used |= tensors.used
        else:
            self._layouts[id(spec)] = layout
        return layout

    def adapter(self, name: str, place: Place) -> bool:
        """Whether there is such an adapter; a fault is noted where there is none."""
        if name in adapter_names() or name in VARIANTS:
            return True
        self.faults.add(unknown("adapter", name, adapter_names()), place)
        return False


def point_text(point: dict[str, Any]) -> str:
    """`` at axis=0`` for messages; nothing where there is no sweep."""
    return f" at {', '.join(f'{k}={shown(v)}' for k, v in point.items())}" if point else ""


def listed(names: Iterable[str]) -> str:
    """Names in alphabetical order."""
    return ", ".join(sorted(names))
