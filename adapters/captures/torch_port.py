"""PyTorch code as the second side: it gets its state from the first."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.func import functional_call

from ...refimpl.errors import BadUsage
from ..interpret import failures
from ..torch import array
from .captured import Captured, Place
from .sides import STATE, Draw, Given, Ran, Side, chosen, turned
from .torch import capture
from .torch.calling import leaves, uncompiled
from .torch.copying import Held
from .torch_side import cast, is_compiled, ran, tensor, tensors_of

#: The attribute of its module where it is captured; no part of anybody's names.
_HOME = "port_"

State = Mapping[str, Any]


class TorchPort(Side):
    """A module, a method of one, a function with one module, or a function of inputs alone.

    Parameters
    ----------
    code
        Its own state is left alone.
    convert
        Makes, in PyTorch, the module's state of the first side's. A function with no module is
        handed what it makes before its inputs; None: it takes its inputs alone.
    to_port, from_port, loss
        As of a port in JAX.
    entries
        Where buffers after the call are among the outputs: the first side's names, by those here.

    Raises
    ------
    BadUsage
        Where the code reaches several modules.
    """

    framework = "torch"

    def __init__(
        self,
        code: Any,
        convert: Callable[[dict[str, Any]], Any] | None,
        *,
        to_port: Callable[..., Any] | None = None,
        from_port: Callable[..., Any] | None = None,
        loss: Callable[..., Any] | None = None,
        entries: Mapping[str, str] | None = None,
    ) -> None:
        self._held, self._convert = Held(code), convert
        self._to, self._from, self._loss = to_port, from_port, loss
        self._entries = dict(entries or {})
        self.modes = ("compiled",) if is_compiled(code) else ("eager",)
        if len(self._held.modules) > 1:
            raise BadUsage("the second side reaches several modules: put them into one")

    def capture(self, given: Given, dtype: str) -> Captured:
        """The code as a program, with its floating arrays in ``dtype``."""
        everything = self._tensors(given, dtype)
        copies = self._copies(dtype)
        made = capture(_Home(self, given, copies), (), everything)
        leaves = {**made.inputs, **made.params}
        moved = {*given.differentiated}
        places = {k: _placed(x, self._held.prefix) for k, x in made.places.items()}
        return replace(
            made,
            params={k: leaves[k] for k in given.differentiated if k in leaves},
            inputs={k: x for k, x in leaves.items() if k not in moved},
            places=places,
            state={},
        )

    def run(
        self,
        given: Given,
        draw: Draw,
        dtype: str,
        mode: str,  # noqa: ARG002  one way
        paths: Sequence[str] | None = None,
    ) -> Ran:
        """Its outputs and its own gradients, the module's own pulled back through the converter."""
        with failures(), torch.enable_grad():
            everything = self._tensors(given, dtype)
            copies = self._copies(dtype)
            state = self._converted(given, everything)
            own = tensors_of(copies)
            for name, x in own.items():
                with torch.no_grad():
                    x.copy_(state.get(name, x))
            code = self._held.on(copies)
            output = self._called(code, given, everything, state if not copies else None)
            found = self._found(output, own)
            floating = {p: y for p, y in found.items() if y.is_floating_point() or y.is_complex()}
            made = ran(chosen(floating, paths), {}, draw)
            pulled = [
                (state[k], x.grad)
                for k, x in own.items()
                if x.grad is not None and k in state and state[k].requires_grad
            ]
            if pulled:
                torch.autograd.backward([x for x, _ in pulled], [g for _, g in pulled])
            grads = {k: everything[k].grad for k in given.differentiated}
            return Ran(
                made.outputs,
                {k: None if g is None else np.array(array(g)) for k, g in grads.items()},
            )

    def _copies(self, dtype: str) -> dict[str, nn.Module]:
        return {k: cast(m, getattr(torch, dtype)) for k, m in self._held.copies().items()}

    def _tensors(self, given: Given, dtype: str) -> dict[str, Any]:
        """State and arguments as tensors, those to differentiate as leaves that want gradients."""
        kind, moved = getattr(torch, dtype), {*given.differentiated}
        made = {k: tensor(x, kind) for k, x in {**given.state, **given.arguments}.items()}
        for name, x in made.items():
            if isinstance(x, torch.Tensor) and name not in moved:
                x.requires_grad_(False)  # noqa: FBT003  torch's own
        return made

    def _converted(self, given: Given, everything: State) -> dict[str, Any]:
        if self._convert is None:
            return {}
        made = self._convert({k: everything[k] for k in given.state})
        return dict(made)

    def _called(self, code: Any, given: Given, everything: State, state: Any) -> Any:
        """The output of the code, which is handed a state where it holds none."""
        args = [everything[n] for n in given.names]
        kwargs = {n: everything[n] for n in given.kwargs}
        if self._to is not None:
            args, more = turned(self._to(*args))
            kwargs |= more
        held = () if state is None or self._convert is None else (state,)
        output = code(*held, *args, **kwargs)
        if self._from is not None:
            output = self._from(output)
        return output if self._loss is None else self._loss(output)

    def _found(self, output: Any, own: State) -> dict[str, torch.Tensor]:
        """The tensors that are handed back, and the buffers that are asked for."""
        found = {p: y for p, y in leaves(output) if isinstance(y, torch.Tensor)}
        return found | {f"{STATE}{first}": own[name] for name, first in self._entries.items()}


def leaves_of(code: Any) -> dict[str, np.ndarray]:
    """The state that code holds, by name."""
    found = tensors_of(Held(code).modules)
    return {k: np.array(array(x.detach())) for k, x in found.items()}


class _Home(nn.Module):
    """A call of the code on tensors by name, as it is captured."""

    def __init__(self, port: TorchPort, given: Given, copies: Mapping[str, nn.Module]) -> None:
        super().__init__()
        self._port, self._given = port, given
        self._code = [port._held.on(copies)]  # in a list, so that it is no submodule  # noqa: SLF001
        for module in copies.values():
            self.add_module(_HOME, module)

    def forward(self, **everything: Any) -> dict[str, torch.Tensor]:
        """What the code hands back, by path."""
        port, given = self._port, self._given
        state = port._converted(given, everything)  # noqa: SLF001  its own other half
        held = getattr(self, _HOME, None)
        if held is None:
            output = port._called(self._code[0], given, everything, state)  # noqa: SLF001
            return port._found(output, {})  # noqa: SLF001
        inner = _Inner(self._code[0], held)
        called = _Calling(inner, {f"{_HOME}.{k}": x for k, x in state.items()})
        output = port._called(called, given, everything, None)  # noqa: SLF001
        return port._found(output, state)  # noqa: SLF001


class _Inner(nn.Module):
    """Code that reaches one module, as a module that holds it."""

    def __init__(self, code: Any, held: nn.Module) -> None:
        super().__init__()
        self._code = [uncompiled(code)]
        self.add_module(_HOME, held)

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """The code."""
        return self._code[0](*args, **kwargs)


class _Calling:
    """Calls a module with another state."""

    def __init__(self, inner: nn.Module, state: State) -> None:
        self._inner, self._state = inner, dict(state)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The module's output."""
        return functional_call(self._inner, self._state, args, kwargs)


def _placed(place: Place, prefix: str) -> Place:
    """A place without the names under which the module was captured."""
    module = place.module.removeprefix(_HOME).removeprefix(".").removeprefix(prefix)
    return replace(place, module=module)
