"""A PyTorch module or function as one side of a comparison."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import nn

from ...refimpl.errors import AdapterFailed
from ..interpret import failures
from ..torch import array
from ..values import dtype_of
from .captured import Captured, renamed
from .sides import STATE, Draw, First, Given, Ran, chosen, contracted, is_floating
from .torch import capture
from .torch.calling import leaves, uncompiled
from .torch.copying import Held


class TorchSide(First):
    """A module, a method of one, or a function of tensors, with the modules that it closes over.

    Parameters
    ----------
    code
        Its modules are copied before they are run or changed.
    loss
        A function of its output, which is then what is compared.
    keeps
        Whether the buffers after the call are among its outputs.
    """

    framework = "torch"

    def __init__(
        self, code: Any, loss: Callable[..., Any] | None = None, *, keeps: bool = False
    ) -> None:
        self._held, self._loss, self._keeps = Held(code), loss, keeps
        self.modes = ("compiled",) if is_compiled(code) else ("eager",)

    @property
    def dtype(self) -> str | None:
        """The dtype of its floating parameters; None where it has none."""
        for x in tensors_of(self._held.modules).values():
            if x.is_floating_point():
                return str(x.dtype).removeprefix("torch.")
        return None

    def state(self) -> tuple[dict[str, np.ndarray], frozenset[str]]:
        """Parameters and buffers by name, and which of them want a gradient."""
        tensors = tensors_of(self._held.modules)
        arrays = {name: np.array(array(x.detach())) for name, x in tensors.items()}
        return arrays, frozenset(name for name, x in tensors.items() if x.requires_grad)

    @property
    def aliases(self) -> dict[str, str]:
        """Other names of what is shared, as tied weights: each to its first."""
        return aliases_of(self._held.modules)

    @property
    def buffers(self) -> tuple[str, ...]:
        """The names of floating buffers."""
        found = buffers_of(self._held.modules)
        return tuple(k for k, x in found.items() if x.is_floating_point())

    def argument_names(self, count: int) -> tuple[str, ...]:
        """What the signature calls that many positional arguments."""
        named = self._parameters()
        names = []
        for k in range(count):
            plain = k < len(named) and named[k].kind is not named[k].VAR_POSITIONAL
            if not plain:
                return (*names, *(f"args.{j}" for j in range(k, count)))
            names.append(named[k].name)
        return tuple(names)

    def by_position(self, names: list[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Which of the named arguments are handed over by position, and which by keyword."""
        positional = []
        for parameter in self._parameters():
            if parameter.kind is parameter.VAR_POSITIONAL:
                positional += [n for n in names if n.startswith("args.")]
            if parameter.name not in names or parameter.kind is parameter.KEYWORD_ONLY:
                break
            positional.append(parameter.name)
        if not self._parameters():
            positional = names
        return tuple(positional), tuple(n for n in names if n not in positional)

    def _parameters(self) -> list[inspect.Parameter]:
        """What the signature has; nothing where there is none."""
        code = uncompiled(self._held.code)
        target = code.forward if isinstance(code, nn.Module) else code
        try:
            return list(inspect.signature(target).parameters.values())
        except (TypeError, ValueError):
            return []

    def capture(self, given: Given, dtype: str) -> Captured:
        """The code as a program, with its floating arrays in ``dtype``."""
        one = self.ready(given, dtype)
        made = self._plain(widely(dtype, lambda: capture(one.code, one.args, one.kwargs)))
        if not self._parameters():  # a built-in function's, which a capture calls by position
            made = renamed(made, {f"args.{k}": name for k, name in enumerate(given.names)})
        if not self._keeps:
            return made
        after = {f"{STATE}{k}": made.state.get(k, k) for k in self.buffers if k in made.inputs}
        return replace(made, outputs={**made.outputs, **after})

    def _plain(self, made: Captured) -> Captured:
        """What was captured, under the names of the only module's own state."""
        prefix = self._held.prefix
        if not prefix:
            return made
        leaves = [k for k in (*made.params, *made.inputs) if k.startswith(prefix)]
        made = renamed(made, {k: k.removeprefix(prefix) for k in leaves})
        places = {
            k: replace(x, module=x.module.removeprefix(prefix)) for k, x in made.places.items()
        }
        return replace(made, places=places)

    def run(
        self,
        given: Given,
        draw: Draw,
        dtype: str,
        mode: str,  # noqa: ARG002  one way
        paths: Sequence[str] | None = None,
    ) -> Ran:
        """Its outputs and its own gradients."""
        return widely(dtype, lambda: self._run(given, draw, dtype, paths))

    def _run(self, given: Given, draw: Draw, dtype: str, paths: Sequence[str] | None) -> Ran:
        with failures(), torch.enable_grad():
            one = self.ready(given, dtype)
            made = {p: y for p, y in leaves(one.code(*one.args, **one.kwargs)) if _is_float(y)}
            if self._keeps:
                after = buffers_of(one.copies)
                made |= {f"{STATE}{k}": after[k] for k in self.buffers}
            return ran(chosen(made, paths), one.moved, draw)

    @staticmethod
    def tensors(arrays: Mapping[str, np.ndarray]) -> dict[str, torch.Tensor]:
        """Arrays as tensors, as a state dict has them."""
        return {name: torch.as_tensor(np.array(x)) for name, x in arrays.items()}

    def ready(self, given: Given, dtype: str) -> Ready:
        """The code on copies in a dtype, with what it is given and what to differentiate."""
        kind = getattr(torch, dtype)
        copies = {name: cast(module, kind) for name, module in self.copies().items()}
        with torch.no_grad():
            for name, x in tensors_of(copies).items():
                x.copy_(torch.as_tensor(np.array(widened(given.state[name]))))
                x.grad = None
        args, kwargs = self.arguments(given, dtype)
        everything = {**dict(zip(given.names, args, strict=True)), **kwargs}
        moved = {k: x for k, x in tensors_of(copies).items() if k in given.trained}
        moved |= {k: x for k, x in everything.items() if _is_float(x)}
        code = self._held.on(copies)
        code = code if self._loss is None else lost(code, self._loss)
        return Ready(code, args, kwargs, moved, copies)

    def arguments(self, given: Given, dtype: str) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """What a call is given, as tensors of a dtype."""
        kind = getattr(torch, dtype)
        args = tuple(tensor(x, kind) for x in given.args)
        return args, {name: tensor(x, kind) for name, x in given.kwargs.items()}

    def copies(self) -> dict[str, nn.Module]:
        """Copies of the modules."""
        return self._held.copies()

    def parameters(self, modules: Mapping[str, nn.Module] | None = None) -> dict[str, torch.Tensor]:
        """The parameters by name, of copies or of the modules themselves."""
        found = tensors_of(self._held.modules if modules is None else modules)
        return {k: x for k, x in found.items() if isinstance(x, nn.Parameter)}


@dataclass(frozen=True)
class Ready:
    """Code that can be called: on which copies, with what, and what is differentiated."""

    code: Any
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    moved: dict[str, torch.Tensor]
    copies: dict[str, nn.Module]


def total_of(found: Mapping[str, torch.Tensor], draw: Draw) -> Any:
    """Outputs, contracted; None of none."""
    total = None
    for k, (path, y) in enumerate(found.items()):
        g = torch.as_tensor(contracted(draw, k, path, tuple(y.shape))).to(y.dtype)
        part = (g * y).sum()
        part = part.real if part.is_complex() else part
        total = part if total is None else total + part.to(total.dtype)
    return total


def widely(dtype: str, call: Callable[[], Any]) -> Any:
    """What a call yields; with float64 for PyTorch's default where without it float64 fails.

    Code that makes a constant of no dtype, as the least number of another tensor's, cannot be run
    in float64 else.
    """
    try:
        return call()
    except AdapterFailed as failed:
        if dtype != "float64":
            raise
        before = torch.get_default_dtype()
        torch.set_default_dtype(torch.float64)
        try:
            return call()
        except AdapterFailed:
            raise failed from None
        finally:
            torch.set_default_dtype(before)


def ran(found: Mapping[str, torch.Tensor], moved: Mapping[str, torch.Tensor], draw: Draw) -> Ran:
    """Outputs, and the gradients of what they are contracted to."""
    total = total_of(found, draw)
    if total is not None and total.requires_grad:
        total.backward()
    outputs = {p: np.array(array(y.detach())) for p, y in found.items()}
    grads = {k: None if x.grad is None else np.array(array(x.grad)) for k, x in moved.items()}
    return Ran(outputs, grads)


def tensors_of(modules: Mapping[str, nn.Module]) -> dict[str, torch.Tensor]:
    """Parameters and buffers; what is shared, under its first name."""
    found = {}
    for prefix, module in modules.items():
        start = f"{prefix}." if prefix else ""
        found |= {start + name: x for name, x in module.named_parameters()}
        found |= {start + name: x for name, x in module.named_buffers()}
    return found


def aliases_of(modules: Mapping[str, nn.Module]) -> dict[str, str]:
    """The further names of tensors that go by several, each to the first."""
    found, first = {}, {}
    for prefix, module in modules.items():
        start = f"{prefix}." if prefix else ""
        everything = (
            *module.named_parameters(remove_duplicate=False),
            *module.named_buffers(remove_duplicate=False),
        )
        for name, x in everything:
            known = first.setdefault(id(x), start + name)
            if known != start + name:
                found[start + name] = known
    return found


def buffers_of(modules: Mapping[str, nn.Module]) -> dict[str, torch.Tensor]:
    """Buffers alone."""
    return {
        f"{prefix}.{name}" if prefix else name: x
        for prefix, module in modules.items()
        for name, x in module.named_buffers()
    }


def tensor(x: Any, kind: torch.dtype) -> Any:
    """An argument as a tensor that wants a gradient if it can; what is no array as it is."""
    if not isinstance(x, np.ndarray):
        return x
    made = torch.as_tensor(np.array(widened(x)))
    return made.to(kind_of(made, kind)).requires_grad_() if is_floating(x) else made


def kind_of(x: torch.Tensor, kind: torch.dtype) -> torch.dtype:
    """A dtype of real numbers, or that of complex ones of such, as a tensor has them."""
    if not x.is_complex():
        return kind
    return torch.complex128 if kind == torch.float64 else torch.complex64


def cast(module: nn.Module, kind: torch.dtype) -> nn.Module:
    """A module in a dtype; ``to`` alone leaves of what is complex the real part."""
    everything = (*module.parameters(), *module.buffers())
    if not any(x.is_complex() for x in everything):
        return module.to(kind)
    return module._apply(  # noqa: SLF001  what ``to`` itself calls
        lambda x: x.to(kind_of(x, kind)) if _is_float(x) else x
    )


def is_compiled(code: Any) -> bool:
    """Whether it is what ``torch.compile`` made."""
    return uncompiled(code) is not code


def lost(inner: Any, loss: Callable[..., Any]) -> Callable[..., Any]:
    """The loss of what is called; the variable's name is what a capture leaves out of names."""
    target = inner.forward if isinstance(inner, nn.Module) else inner

    @functools.wraps(target)
    def called(*args: Any, **kwargs: Any) -> Any:
        return loss(inner(*args, **kwargs))

    return called


def _is_float(x: Any) -> bool:
    return isinstance(x, torch.Tensor) and (x.is_floating_point() or x.is_complex())


def widened(x: np.ndarray) -> np.ndarray:
    """An array that torch can take: it does not know NumPy's bfloat16."""
    return x.astype(dtype_of("float32")) if x.dtype.kind == "V" else x
