"""Modules of JAX's libraries as a function of their parameters and state."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import jax

from ....refimpl.errors import BadUsage
from .scopes import parts, scopes


@dataclass(frozen=True)
class Pure:
    """``function(params, *args)``; with a state, ``function(params, state, *args)``.

    With a state, the function returns its output and the state after it. ``root`` is what a library
    calls the outermost module, which no path needs.
    """

    function: Callable[..., Any]
    params: Any
    state: Any = None
    root: str = ""


def pure(
    model: Any, params: Any = None, *, state: Any = None, rngs: Any = None, method: Any = None
) -> Pure:
    """A module's call as a function; a function as it is.

    Parameters
    ----------
    model
        A module of flax.nnx or equinox, which holds its parameters, as does a model of
        transformers, which may be given others; one of flax.linen, or what haiku's ``transform``
        and ``transform_with_state`` return; or a plain function of parameters.
    params
        Parameters, where the model does not hold them. Of flax.linen, the whole ``variables``, of
        which every collection but ``params`` is the state.
    state
        What is kept from call to call, for haiku's ``transform_with_state``, equinox's ``State``,
        and plain functions that take it after the parameters.
    rngs
        Keys that flax.linen or haiku are to draw from: what they draw is random.
    method
        The method to call in place of ``__call__``, by its name.

    Raises
    ------
    BadUsage
        Where parameters are given that the model holds, or are not given that it does not.
    """
    given = _Given(params, state, rngs, method or "__call__")
    for fits, make, holds in _LIBRARIES:
        if fits(model):
            name = type(model).__name__
            if holds and params is not None:
                raise BadUsage(f"{name} holds its parameters itself")
            if holds is False and params is None:
                raise BadUsage(
                    f"{name} does not hold its parameters: give it as a pair, the module and its "
                    "variables, as init makes them (--jax-params)"
                )
            return make(model, given)
    if not callable(model):
        raise BadUsage(f"{type(model).__name__} is neither a module nor a function")
    return Pure(model, params, state)


@dataclass(frozen=True)
class _Given:
    """What ``pure`` was given beside the model."""

    params: Any
    state: Any
    rngs: Any
    method: str


def _is_of(*names: str) -> Callable[[Any], bool]:
    """Whether a class among an object's own is one of these, without importing its library."""

    def fits(model: Any) -> bool:
        classes = type(model).__mro__
        return any(f"{c.__module__}.{c.__qualname__}" in names for c in classes)

    return fits


def _signed(function: Callable[..., Any], original: Any, leading: Sequence[str]) -> Any:
    """``function``, telling the names that the original has for arguments after the leading."""
    arguments = list(inspect.signature(original).parameters.values())
    first = [inspect.Parameter(name, inspect.Parameter.POSITIONAL_ONLY) for name in leading]
    function.__signature__ = inspect.Signature([*first, *arguments])  # pyright: ignore[reportFunctionMemberAccess]
    return function


def _linen(module: Any, given: _Given) -> Pure:
    held = {k: v for k, v in given.params.items() if k != "params"}
    held |= {"rngs": given.rngs} if given.rngs is not None else {}
    params = given.params.get("params", {})
    called = None if given.method == "__call__" else given.method

    def function(params: Any, *args: Any, **kwargs: Any) -> Any:
        return module.apply({"params": params}, *args, method=called, **kwargs)

    def stateful(params: Any, state: Any, *args: Any, **kwargs: Any) -> Any:
        state = dict(state)
        keys = state.pop("rngs", None)
        output, after = module.apply(
            {"params": params, **state},
            *args,
            method=called,
            rngs=keys,
            mutable=list(state),
            **kwargs,
        )
        return output, {**state, **after}

    original, root = getattr(module, given.method), module.name or type(module).__name__
    if not held:
        return Pure(_signed(function, original, ["_params"]), params, root=root)
    return Pure(_signed(stateful, original, ["_params", "_state"]), params, held, root)


def _nnx(module: Any, given: _Given) -> Pure:
    from flax import nnx  # noqa: PLC0415  # pyright: ignore[reportMissingImports] - only its users have it

    graph, held, rest = nnx.split(module, nnx.Param, ...)

    def called(merged: Any, *args: Any, **kwargs: Any) -> Any:
        named = [(".".join(map(str, path)), part) for path, part in nnx.iter_modules(merged)]
        with scopes(named):
            return getattr(merged, given.method)(*args, **kwargs)

    def function(params: Any, *args: Any, **kwargs: Any) -> Any:
        return called(nnx.merge(graph, params, rest, copy=True), *args, **kwargs)

    def stateful(params: Any, state: Any, *args: Any, **kwargs: Any) -> Any:
        merged = nnx.merge(graph, params, state, copy=True)
        output = called(merged, *args, **kwargs)
        return output, nnx.split(merged, nnx.Param, ...)[2]

    original = getattr(module, given.method)
    if not jax.tree.leaves(rest):
        return Pure(_signed(function, original, ["_params"]), held)
    return Pure(_signed(stateful, original, ["_params", "_state"]), held, rest)


def _equinox(module: Any, given: _Given) -> Pure:
    """Its ``State`` becomes a dictionary by the paths of the modules that keep it."""
    import equinox  # noqa: PLC0415  # pyright: ignore[reportMissingImports] - only its users have it

    held, static = equinox.partition(module, equinox.is_inexact_array)

    def function(params: Any, *args: Any, **kwargs: Any) -> Any:
        whole = equinox.combine(params, static)
        with scopes(parts(whole, equinox.Module)):
            return getattr(whole, given.method)(*args, **kwargs)

    def stateful(params: Any, state: Any, *args: Any, **kwargs: Any) -> Any:
        leaves, tree = jax.tree.flatten(given.state)
        filled = jax.tree.unflatten(tree, leaves)  # one that may be used again
        for path, index in kept.items():
            filled = filled.set(index, state[path])
        output, after = function(params, *args, filled, **kwargs)
        return output, {path: after.get(index) for path, index in kept.items()}

    original = getattr(module, given.method)
    if given.state is None:
        return Pure(_signed(function, original, ["_params"]), held)
    modules = parts(module, equinox.Module)
    kept = {path: m for path, m in modules if isinstance(m, equinox.nn.StateIndex)}
    state = {path: given.state.get(index) for path, index in kept.items()}
    return Pure(_signed(stateful, original, ["_params", "_state"]), held, state)


def _haiku(transformed: Any, given: _Given) -> Pure:
    def function(params: Any, *args: Any, **kwargs: Any) -> Any:
        return transformed.apply(params, None, *args, **kwargs)

    def drawing(params: Any, state: Any, *args: Any, **kwargs: Any) -> Any:
        return transformed.apply(params, state["rngs"], *args, **kwargs), state

    if given.rngs is None:
        return Pure(function, given.params)
    return Pure(drawing, given.params, {"rngs": given.rngs})


def _haiku_with_state(transformed: Any, given: _Given) -> Pure:
    def function(params: Any, held: Any, *args: Any, **kwargs: Any) -> Any:
        output, after = transformed.apply(params, held["state"], held.get("rngs"), *args, **kwargs)
        return output, {**held, "state": after}

    drawn = {} if given.rngs is None else {"rngs": given.rngs}
    return Pure(function, given.params, {"state": given.state, **drawn})


def _pretrained(model: Any, given: _Given) -> Pure:
    """A model of transformers: its parameters, running statistics among them, are handed over."""

    def function(params: Any, *args: Any, **kwargs: Any) -> Any:
        return getattr(model, given.method)(*args, params=params, **kwargs)

    original = getattr(model, given.method)
    held = model.params if given.params is None else given.params
    return Pure(_signed(function, original, ["_params"]), held)


#: Whether a model is one of transformers' own, around a module of flax.
is_pretrained = _is_of("transformers.modeling_flax_utils.FlaxPreTrainedModel")

#: Which models; how they are made functions; whether they hold their parameters (None: they do, and
#: others may be given).
_LIBRARIES: tuple[tuple[Callable[[Any], bool], Callable[[Any, _Given], Pure], bool | None], ...] = (
    (is_pretrained, _pretrained, None),
    (_is_of("flax.linen.module.Module"), _linen, False),
    (_is_of("flax.nnx.module.Module"), _nnx, True),
    (_is_of("equinox._module._module.Module", "equinox._module.Module"), _equinox, True),
    (_is_of("haiku._src.transform.TransformedWithState"), _haiku_with_state, False),
    (_is_of("haiku._src.transform.Transformed"), _haiku, False),
)
