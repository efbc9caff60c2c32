"""Records of a function that no operation is lowered to, by what they say agrees.

A framework may have a function twice, as ``jax.scipy.linalg.cholesky`` beside JAX's own: what the
one returns is no fault of the other. A record that says how to agree in that framework, by the very
call that the operation is lowered to, so says that the lowering is right.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from ...adapters import registry
from ...adapters.base import Adapter
from ...adapters.elsewhere import name_of
from ...cases.case import Case
from ...cases.foreign import meant

#: What a text calls by a dotted name.
_CALLED = re.compile(r"\b[a-z]\w*(?:\.\w+)+(?=\()")


class Remedied:
    """Tells such records of those of some adapters, which are made when there is need."""

    def __init__(self, adapters: Iterable[str]) -> None:
        self._specified = {name_of(adapter): adapter for adapter in adapters}
        self._made: dict[str, Adapter] = {}

    def by_the_lowering(self, case: Case, adapter: str, operation: str) -> bool:
        """Whether what a case says agrees in an adapter is what the operation is lowered to."""
        own = {
            i.called
            for programs in case.programs
            if (program := programs.get(adapter)) is not None
            for i in program.instructions
        }
        others = {
            called
            for said in case.model.divergences
            if adapter in said.adapters
            for called in _CALLED.findall(said.spellings.get(adapter, ""))
            if meant(called) == operation and called not in own
        }
        named = any(meant(called) == operation for called in own)
        return named and bool(others) and self._lowered(adapter, operation) in others

    def _lowered(self, adapter: str, operation: str) -> str:
        """An adapter's own name for an operation."""
        if adapter not in self._made:
            self._made[adapter] = registry.make(self._specified.get(adapter, adapter))
        return self._made[adapter].has(operation)
