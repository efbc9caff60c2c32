"""A user's two pieces of code as the two sides of a comparison."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any

import numpy as np

from ...adapters.captures.sides import STATE, First, Given, Side
from ...adapters.installing import command
from ...cases.garbage import uncollected
from ...refimpl.errors import BadUsage, MissingFramework
from .inputs import arguments, cotangents, dtype_of_inputs, given_of, is_named, varied
from .mapping import Apart, Convert, Params, by_names
from .matching import off
from .pairing import pairs

#: Where classes and functions live whose framework needs no telling.
HOMES = {
    "torch": "torch",
    "jax": "jax",
    "flax": "jax",
    "equinox": "jax",
    "haiku": "jax",
    "optax": "jax",
}

#: What is said where parameters are to be matched with those of a port that shows none.
NO_LEAVES = (
    "parameters cannot be matched by names, as the port is a function whose own are not known: "
    "give a function that makes them as params (--params), or the port as a pair, "
    "(function, its parameters) (--jax-params)"
)


#: What is said where the port is given before the module.
NO_STATE = (
    "the first side has no parameters of which params could make the second's: give the module "
    "first, and then its port"
)


@dataclass(frozen=True)
class Asked:
    """What ``compare`` is asked, beside the two pieces of code and the inputs."""

    params: Params
    loss: Any = None
    to_port: Callable[..., Any] | None = None
    from_port: Callable[..., Any] | None = None
    vary: bool = True
    modes: tuple[str, ...] = ("jit",)
    frameworks: Sequence[str] | str | None = None
    state: bool | None = None


@dataclass(frozen=True)
class Sides:
    """The two sides, and what makes a call's arguments of a draw's number."""

    first: First
    second: Side
    given: Callable[[int], Given]
    dtype: Callable[[Given], str]
    notes: tuple[str, ...]


def framework_of(code: Any) -> str | None:
    """Whose code it is, where that can be seen without importing a framework."""
    if isinstance(code, tuple):
        return framework_of(code[0])
    if isinstance(code, functools.partial):
        return framework_of(code.func)
    owner = getattr(code, "__self__", None)
    classes = [*type(code).__mro__, *(type(owner).__mro__ if owner is not None else ())]
    classes += owner.__mro__ if isinstance(owner, type) else ()
    homes = [c.__module__ for c in classes] + [getattr(code, "__module__", None) or ""]
    if any(home.startswith("transformers.modeling_flax") for home in homes):
        return "jax"
    if hasattr(code, "_torchdynamo_orig_callable"):
        return "torch"
    return next((HOMES[h.partition(".")[0]] for h in homes if h.partition(".")[0] in HOMES), None)


def sides_of(first: Any, second: Any, inputs: Any, asked: Asked) -> Sides:
    """Make sides of two pieces of code.

    Raises
    ------
    BadUsage
        Where something is given that cannot be used.
    MissingFramework
        Where a framework is not installed.
    """
    frameworks = _frameworks(first, second, asked.frameworks)
    for code, framework in zip((first, second), frameworks, strict=True):
        if framework == "torch" and not callable(code):
            raise BadUsage(f"{type(code).__name__} is neither a module nor a function")
    losses = asked.loss if isinstance(asked.loss, tuple) else (asked.loss, asked.loss)
    return _Making(first, second, inputs, asked, frameworks, losses).made()


def _frameworks(first: Any, second: Any, told: Sequence[str] | str | None) -> tuple[str, str]:
    found = (told, told) if isinstance(told, str) else tuple(told or ())
    if not found:
        return framework_of(first) or "torch", framework_of(second) or "jax"
    if len(found) != 2 or not {*found} <= {"torch", "jax"}:
        raise BadUsage(f"frameworks={told!r}, expected 'torch', 'jax', or a pair of these")
    return found[0], found[1]


class _Making:
    """Both sides on the way."""

    def __init__(
        self,
        first: Any,
        second: Any,
        inputs: Any,
        asked: Asked,
        frameworks: tuple[str, str],
        losses: tuple[Any, Any],
    ) -> None:
        self._codes, self._inputs, self._asked = (first, second), inputs, asked
        self._frameworks, self._losses = frameworks, losses
        self.notes: list[str] = []

    def made(self) -> Sides:
        """The sides."""
        second: Callable[[], Side] = self._jax if self._frameworks[1] == "jax" else self._torch
        keeps = self._keeps()
        self.first: First = self._first(keeps)
        self.held, self.trained = self.first.state()
        self.state = self._varied()
        self.keeps = keeps
        side = second()
        if self._frameworks[0] == self._frameworks[1]:
            for one, word in ((self.first, "first"), (side, "second")):
                one.label = f"the {word} ({one.framework})"
        return Sides(self.first, side, self.given, self.dtype, tuple(self.notes))

    def given(self, draw: int) -> Given:
        """The arguments of a draw."""
        named = arguments(self._inputs, draw, self.first.argument_names)
        dtype = self.first.dtype or dtype_of_inputs(named)
        made = given_of(self.first, named, self.state, self.trained, dtype)
        return replace(made, named=is_named(self._inputs))

    def dtype(self, given: Given) -> str:
        """The dtype that the user's code has."""
        return self.first.dtype or dtype_of_inputs(given.arguments)

    def _keeps(self) -> bool:
        """Whether the state after the call is compared."""
        if self._asked.state is not None or self._frameworks[1] == "torch":
            return bool(self._asked.state)
        self.port = self._port()
        return self.port.keeps

    def _port(self) -> Any:
        code = self._codes[1]
        code, held = code if isinstance(code, tuple) else (code, None)
        return _module("jax_ports").port_of(code, held)

    def _first(self, keeps: bool) -> First:  # noqa: FBT001
        code, loss = self._codes[0], self._losses[0]
        if self._frameworks[0] == "torch":
            return _module("torch_side").TorchSide(code, loss, keeps=keeps)
        code, held = code if isinstance(code, tuple) else (code, None)
        port = _module("jax_ports").port_of(code, held)
        if port.keeps or keeps:
            raise BadUsage("a first side in jax that keeps a state: give a function of it")
        return _module("jax_first").JaxFirst(port, loss=loss, modes=self._asked.modes)

    def _varied(self) -> dict[str, np.ndarray]:
        if not self._asked.vary:
            return self.held
        moved = varied(self.held, self.trained)
        count = sum(moved[k] is not self.held[k] for k in self.held)
        if count:
            self.notes.append(f"{count} parameters that were one number throughout were varied")
        return moved

    # -- the second side

    def _jax(self) -> Side:
        port = self.port if hasattr(self, "port") else self._port()
        converting = _module("jax_converting")

        def side(convert: Convert | None) -> Side:
            after = None
            if self.keeps:
                if convert is None:
                    raise BadUsage("a state is compared: say by params which buffers it is made of")
                full = self._aliased(self.state)
                after = converting.states(convert, full, self.first.buffers)
            return _module("jax_side").JaxSide(
                port.function,
                convert,
                to_port=self._asked.to_port,
                from_port=self._asked.from_port,
                loss=self._losses[1],
                modes=self._asked.modes,
                after=after,
            )

        params, rebuilt = self._asked.params, getattr(self.first, "rebuilt", None)
        if callable(params):
            if rebuilt is not None:
                return side(self.first.of_tree(params))  # pyright: ignore[reportAttributeAccessIssue]
            full = self._aliased(self.state)
            convert, probed = converting.traceable(params, full, self.first.tensors)
            self.notes += [f"params was run and probed: {len(probed)} leaves"] if probed else []
            return side(self._with_aliases(convert))
        if params is None or (port.params is None and not self.held):
            return side(None)
        if port.params is None and rebuilt is not None:
            return side(rebuilt)
        if port.params is None:
            raise BadUsage(NO_LEAVES)
        leaves, rebuild = converting.leaves_of(port.params)
        return side(self._by_names(params, leaves, rebuild, side))

    def _torch(self) -> Side:
        module = _module("torch_port")
        params, own = self._asked.params, module.leaves_of(self._codes[1])

        def side(convert: Convert | None, entries: Mapping[str, str] | None = None) -> Side:
            return module.TorchPort(
                self._codes[1],
                convert,
                to_port=self._asked.to_port,
                from_port=self._asked.from_port,
                loss=self._losses[1],
                entries=entries if self.keeps else None,
            )

        kept = {b: b for b in self.first.buffers if b in own}
        if callable(params) and own and not self.held:
            raise BadUsage(NO_STATE)
        if callable(params):
            return side(self._with_aliases(params), kept)
        if params is None or not own:
            return side(None)
        shapes = [{k: np.shape(x) for k, x in held.items()} for held in (self.held, own)]
        if params == "auto" and shapes[0] == shapes[1]:
            return side(dict, kept)
        if isinstance(params, Mapping):
            kept = {name: entry for entry, name in params.items() if entry in self.first.buffers}
        return side(self._by_names(params, own, dict, side), kept)

    def _by_names(
        self,
        params: Any,
        leaves: Mapping[str, np.ndarray],
        rebuilt: Callable[[Mapping[str, Any]], Any],
        side: Callable[[Convert], Side],
    ) -> Convert:
        apart = _outputs_apart(self.first, side, self.given(0))
        full = self._aliased(self.held)
        convert, said = by_names(params, full, leaves, rebuilt, apart, self.first.aliases)
        self.notes += said
        return self._with_aliases(convert)

    def _aliased(self, state: Mapping[str, Any]) -> dict[str, Any]:
        """A state with what is shared under each of its names, as a state dict has it."""
        return {**state, **{k: state[first] for k, first in self.first.aliases.items()}}

    def _with_aliases(self, convert: Convert) -> Convert:
        """A converter of a state dict of its own, which it may change."""
        return lambda state: convert(self._aliased(state))


def _outputs_apart(first: Side, port: Callable[[Convert], Side], given: Given) -> Apart:
    """How far outputs of both sides, as run in float64, are apart with a converter."""
    wanted: list[dict[str, np.ndarray]] = []

    def apart(convert: Convert) -> float:
        if not wanted:
            wanted.append(_outputs(first, given))
        side = port(convert)
        made = _outputs(side, given)
        found = pairs((first.name, side.name), list(wanted[0]), list(made))
        both = zip(found.first, found.second, strict=True)
        return max(off(wanted[0][p], made[q]) for p, q in both)

    return apart


def _outputs(side: Side, given: Given) -> dict[str, np.ndarray]:
    """The outputs of a side as it runs in float64, but for its state."""
    found = side.run(given, cotangents(0), "float64", side.modes[0]).outputs
    return {path: y for path, y in found.items() if not path.startswith(STATE)}


def _module(name: str) -> Any:
    """One of the modules that import a framework."""
    try:
        with uncollected():
            return import_module(f"gradparity.adapters.captures.{name}")
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing == "gradparity":
            raise
        remedy = command(missing) or f"install what has the module {missing}"
        raise MissingFramework(
            f"the comparison needs {missing}, which is not installed: {remedy}"
        ) from error
