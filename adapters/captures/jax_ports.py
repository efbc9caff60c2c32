"""Ports as functions of their parameters, and of the state that they keep."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .jax import pure
from .jax.modules import is_pretrained

Tree = Any


@dataclass(frozen=True)
class Port:
    """A port as a function of its parameters, with those that it holds or is given.

    ``keeps`` says that it hands back its output and the state after it.
    """

    function: Callable[..., Any]
    params: Tree = None
    keeps: bool = False


def port_of(code: Any, params: Tree = None) -> Port:
    """A port, made a function of its parameters; state that it keeps is among them.

    Parameters
    ----------
    code
        A function, or a module of flax, equinox or haiku, or a model of transformers.
    params
        Of a module that does not hold them. With a state they are, of flax.linen, all
        ``variables``; of other libraries the pair of parameters and state.

    Raises
    ------
    BadUsage
        Where it holds no parameters and is given none.
    """
    if callable(code) and not _is_module(code):
        return Port(code, params)
    linen = _is_linen(code)
    if linen and params is not None and "params" not in params:
        params = {"params": params}
    made = pure(code, params)
    if made.state is None:
        function = _of_variables(made.function) if linen else made.function
        return Port(function, params if linen else made.params)

    def kept(held: Tree, *args: Any, **kwargs: Any) -> tuple[Any, Tree]:
        if linen:
            rest = {k: x for k, x in held.items() if k != "params"}
            inner, state = held.get("params", held), rest if "params" in held else made.state
        else:
            inner, state = held if isinstance(held, tuple) else (held, made.state)
        output, after = made.function(inner, state, *args, **kwargs)
        return output, after

    _copy_signature(kept, made.function)
    return Port(kept, params if linen else (made.params, made.state), keeps=True)


def _of_variables(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of linen's variables, or of the parameters among them."""

    def called(held: Tree, *args: Any, **kwargs: Any) -> Any:
        return function(held.get("params", held), *args, **kwargs)

    signature = inspect.signature(function)
    called.__signature__ = signature  # pyright: ignore[reportFunctionMemberAccess]
    return called


def _copy_signature(function: Callable[..., Any], stateful: Callable[..., Any]) -> None:
    """Give a function the signature of one that takes a state as well."""
    first, _, *rest = inspect.signature(stateful).parameters.values()
    function.__signature__ = inspect.Signature([first, *rest])  # pyright: ignore[reportFunctionMemberAccess]


def _is_module(code: Any) -> bool:
    homes = {c.__module__.partition(".")[0] for c in type(code).__mro__}
    return bool(homes & {"flax", "equinox", "haiku"}) or is_pretrained(code)


def _is_linen(code: Any) -> bool:
    return any(c.__module__.startswith("flax.linen") for c in type(code).__mro__)
