"""The port's parameters, made of the module's: by a function, by names, or found out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ...refimpl.errors import BadUsage

Params = Callable[..., Any] | Mapping[str, str] | str

Convert = Callable[[dict[str, Any]], Any]


def converter(
    params: Params, state: Mapping[str, np.ndarray], held: Any, jax_module: Any, tensors: Any
) -> tuple[Convert, list[str]]:
    """A traceable function from the module's state to the port's parameters, and what to say."""
    if callable(params):
        convert, said = jax_module.traceable(params, state, tensors)
        return convert, [f"params was probed: {len(said)} leaves" for _ in said[:1]]
    raise BadUsage("params: give a function")
