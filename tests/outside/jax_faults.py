"""How a fault is planted into JAX and optax."""

# pyright: reportPrivateImportUsage=false, reportAttributeAccessIssue=false
# Faults are planted inside JAX, and states of optax are trees of any kind.

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import jax
import jax.numpy as jnp
import optax
from jax._src.interpreters import ad

from .changes import Call, changed
from .fault import Fault
from .switches import Switch

for _name in (
    "jax.scipy.special",
    "jax.scipy.linalg",
    "jax.scipy.ndimage",
    "jax.image",
    "optax.contrib",
):
    importlib.import_module(_name)  # what patches name is there only once it is imported


def place(fault: Fault) -> str | None:
    """The name at which a switch has to stand for it; None where none has to."""
    return None if fault.part == "jvp" else fault.patch


class Planter:
    """Plants faults into JAX, one at a time; made before the adapter is imported."""

    def __init__(self, faults: list[Fault]) -> None:
        names = {place(fault) for fault in faults} - {None}
        self._switches = {name: Switch(name) for name in sorted(map(str, names))}
        self._calls = 0

    @contextmanager
    def planted(self, fault: Fault) -> Iterator[None]:
        """One run with a fault in place: calls are counted from here."""
        self._calls = 0
        if fault.part == "jvp":
            with _tangent(fault):
                yield
            return
        switch = self._switches[str(place(fault))]
        switch.change = PLANTS[fault.part](fault, self)
        try:
            yield
        finally:
            switch.change = None

    def call(self, args: tuple[Any, ...], kwargs: dict[str, Any], steps: Any = 0) -> Call:
        """What a condition is told of the call that begins."""
        self._calls += 1
        return Call(jnp, args, kwargs, self._calls - 1, steps)


@contextmanager
def _tangent(fault: Fault) -> Iterator[None]:
    """A primitive's own rule, changed, and the only one it has while that lasts.

    Compiled functions remember rules, so that they are dropped.
    """
    module, _, name = fault.patch.rpartition(".")
    primitive = getattr(importlib.import_module(module), name)
    right, direct = ad.primitive_jvps[primitive], ad.primitive_linearizations.pop(primitive, None)

    def wrong(primals: Any, tangents: Any, **params: Any) -> Any:
        y, t = right(primals, tangents, **params)
        call = Call(jnp, tuple(primals), params, shape=jnp.shape(y))
        return y, t if isinstance(t, ad.Zero) else _other(fault, call, t, primals[0])

    jax.clear_caches()
    ad.primitive_jvps[primitive] = wrong
    try:
        yield
    finally:
        ad.primitive_jvps[primitive] = right
        if direct is not None:
            ad.primitive_linearizations[primitive] = direct
        jax.clear_caches()


def _through(x: Any, change: Callable[[Any], Any]) -> Any:
    """The identity, whose cotangent is changed."""

    @jax.custom_vjp
    def identity(x: Any) -> Any:
        return x

    identity.defvjp(lambda x: (x, None), lambda _, g: (change(g),))
    return identity(x)


def _other(fault: Fault, call: Call, g: Any, x: Any) -> Any:
    return changed(call, g, x, fault.does, fault.amount, fault.when, fault.at)


def _inexact(x: Any) -> bool:
    return isinstance(x, jax.Array) and jnp.issubdtype(x.dtype, jnp.inexact)


def _of_result(y: Any, change: Callable[[Any], Any]) -> Any:
    """A result with its first part changed, where it has several."""
    if isinstance(y, jax.Array):
        return change(y)
    parts = list(y)
    parts[0] = change(parts[0])
    return type(y)(*parts) if hasattr(y, "_fields") else tuple(parts)


def _arguments(args: tuple[Any, ...]) -> tuple[list[Any], list[Any]]:
    """The arguments, and the list among which the fault's stands (the first, for ``concat``)."""
    listed = list(args)
    if listed and isinstance(listed[0], tuple | list):
        listed[0] = list(listed[0])
        return listed, listed[0]
    return listed, listed


def _forward(fault: Fault, planter: Planter) -> Any:
    def change(original: Any, args: Any, kwargs: Any) -> Any:
        call = planter.call(args, kwargs)
        y = original(*args, **kwargs)
        _, among = _arguments(args)
        x = among[0] if among else None

        def one(part: Any) -> Any:
            call.shape = part.shape
            other = _other(fault, call, part, x)
            return other if fault.part == "forward" else part + jax.lax.stop_gradient(other - part)

        return _of_result(y, one)

    return change


def _backward(fault: Fault, planter: Planter) -> Any:
    def change(original: Any, args: Any, kwargs: Any) -> Any:
        call = planter.call(args, kwargs)
        listed, among = _arguments(args)
        named = isinstance(fault.argument, str)
        home: Any = kwargs if named else among
        there = fault.argument in kwargs if named else fault.argument < len(among)
        x = home[fault.argument] if there else None
        if _inexact(x):
            call.shape = (
                jax.eval_shape(lambda *xs: original(*xs, **kwargs), *listed).shape
                if fault.when == "broadcast"
                else ()
            )
            if fault.part == "cut":
                home[fault.argument] = jax.lax.stop_gradient(x)
            else:
                home[fault.argument] = _with_place(x, fault, call)
        return original(*listed, **kwargs)

    return change


def _with_place(x: Any, fault: Fault, call: Call) -> Any:
    """The identity on an argument, whose cotangent is changed where a condition on it holds."""

    @jax.custom_vjp
    def identity(x: Any) -> Any:
        return x

    identity.defvjp(lambda x: (x, x), lambda x, g: (_other(fault, call, g, x),))
    return identity(x)


def _incoming(fault: Fault, planter: Planter) -> Any:
    def change(original: Any, args: Any, kwargs: Any) -> Any:
        call = planter.call(args, kwargs)
        return _of_result(original(*args, **kwargs), lambda y: _with_place(y, fault, call))

    return change


def _keyword(fault: Fault, planter: Planter) -> Any:
    def change(original: Any, args: Any, kwargs: Any) -> Any:
        if isinstance(fault.argument, int):
            listed = list(args)
            if fault.argument < len(listed):
                listed[fault.argument] = _number(fault, listed[fault.argument])
            return original(*listed, **kwargs)
        if fault.argument in kwargs:
            kwargs = {**kwargs, fault.argument: _number(fault, kwargs[fault.argument])}
        return original(*args, **kwargs)

    return change


def _number(fault: Fault, held: Any) -> Any:
    """A number, a word or a schedule as the fault has it."""
    if fault.does == "set":
        return fault.amount
    if callable(held):
        return lambda count: _number(fault, held(count))
    if isinstance(held, int) and not isinstance(held, bool):
        return int(
            changed(
                Call(jnp, ()),
                jnp.asarray(float(held)),
                None,
                fault.does,
                fault.amount,
                "always",
                (),
            )
        )
    return {"scale": lambda: held * fault.amount, "add": lambda: held + fault.amount}[fault.does]()


def _transformation(fault: Fault, planter: Planter) -> Any:
    """A wrong transformation: in what it sees, in what it hands on or in what it remembers."""

    def change(original: Any, args: Any, kwargs: Any) -> Any:
        right = optax.with_extra_args_support(original(*args, **kwargs))

        def init(params: Any) -> Any:
            return right.init(params), jnp.zeros((), jnp.int32)

        def update(updates: Any, state: Any, params: Any = None, **extra: Any) -> Any:
            inner, count = state
            call = Call(jnp, (), {}, 0, count)

            def spoiled(tree: Any) -> Any:
                beside = tree if params is None else params
                return jax.tree.map(lambda g, x: _other(fault, call, g, x), tree, beside)

            if fault.part == "gradients":
                updates = spoiled(updates)
            updates, inner = right.update(updates, inner, params, **extra)
            if fault.part == "updates":
                updates = spoiled(updates)
            if fault.part == "state":
                inner = inner._replace(**{fault.argument: spoiled(getattr(inner, fault.argument))})
            return updates, (inner, count + 1)

        return optax.GradientTransformationExtraArgs(init, update)

    return change


def _schedule(fault: Fault, planter: Planter) -> Any:
    def change(original: Any, args: Any, kwargs: Any) -> Any:
        right = original(*args, **kwargs)

        def rate(count: Any) -> Any:
            held = jnp.asarray(right(count))
            return _other(fault, Call(jnp, (), {}, 0, count), held, held)

        return rate

    return change


PLANTS: dict[str, Callable[[Fault, Planter], Any]] = {
    "forward": _forward,
    "value": _forward,
    "backward": _backward,
    "cut": _backward,
    "incoming": _incoming,
    "keyword": _keyword,
    "updates": _transformation,
    "gradients": _transformation,
    "state": _transformation,
    "schedule": _schedule,
}
