"""A JAX function, or a module, as the side that says what parameters and inputs are."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from .jax_converting import leaves_of
from .jax_ports import Port
from .jax_side import JaxSide
from .sides import First


class JaxFirst(JaxSide, First):
    """A function of parameters and inputs with its parameters; without any, of inputs alone."""

    def __init__(self, port: Port, *, loss: Any = None, modes: tuple[str, ...] = ("jit",)) -> None:
        self._port = port
        self._leaves, self.rebuilt = ({}, None) if port.params is None else leaves_of(port.params)
        super().__init__(port.function, self.rebuilt, loss=loss, modes=modes)

    @property
    def dtype(self) -> str | None:
        """The dtype of its floating parameters; None where it has none."""
        floating = (x.dtype.name for x in self._leaves.values() if x.dtype.kind in "fV")
        return next(floating, None)

    def state(self) -> tuple[dict[str, np.ndarray], frozenset[str]]:
        """Its parameters by their paths; the floating ones want a gradient."""
        floating = (k for k, x in self._leaves.items() if x.dtype.kind in "fcV")
        return dict(self._leaves), frozenset(floating)

    def argument_names(self, count: int) -> tuple[str, ...]:
        """What the signature calls that many positional arguments."""
        named = [p for p in self._parameters() if p.kind is not p.VAR_POSITIONAL]
        return tuple(named[k].name if k < len(named) else f"x{k}" for k in range(count))

    def by_position(self, names: list[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Those that are no keywords alone are handed over by position."""
        keywords = {p.name for p in self._parameters() if p.kind is p.KEYWORD_ONLY}
        order = [p.name for p in self._parameters()]
        positional = sorted(
            (n for n in names if n not in keywords),
            key=lambda n: order.index(n) if n in order else len(order),
        )
        return tuple(positional), tuple(n for n in names if n in keywords)

    def _parameters(self) -> list[inspect.Parameter]:
        try:
            found = list(inspect.signature(self._port.function).parameters.values())
        except (TypeError, ValueError):
            return []
        return found if self.rebuilt is None else found[1:]

    @staticmethod
    def tensors(arrays: Mapping[str, np.ndarray]) -> dict[str, jax.Array]:
        """Arrays as JAX's."""
        return {name: jnp.asarray(x) for name, x in arrays.items()}

    def of_tree(self, convert: Callable[[Any], Any]) -> Callable[[Mapping[str, Any]], Any]:
        """A converter of its pytree as one of its state by name."""
        rebuilt = self.rebuilt
        assert rebuilt is not None, "there are parameters to convert"
        return lambda state: convert(rebuilt(state))
