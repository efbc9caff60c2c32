"""A PyTorch module or function as one side of a comparison."""

from __future__ import annotations

import copy
import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import nn

from ...refimpl.errors import BadUsage
from ..interpret import failures
from ..torch import array
from ..values import dtype_of
from .captured import Captured
from .sides import Draw, Given, Ran, Side, chosen, is_floating
from .torch import capture
from .torch.calling import Call, leaves


class TorchSide(Side):
    """A module, a method of one, or a function of tensors.

    Parameters
    ----------
    code
        It is copied before it is run or changed.
    loss
        A function of its output, which is then what is compared.

    Raises
    ------
    BadUsage
        Where a function closes over modules, which could not be copied.
    """

    framework = "torch"

    def __init__(self, code: Any, loss: Callable[..., Any] | None = None) -> None:
        self._code, self._loss = code, loss
        self._module = _module_of(code)
        if self._module is None and list(Call(code, (), {}).children()):
            raise BadUsage("the function closes over a module: give the module, or its method")

    @property
    def dtype(self) -> str | None:
        """The dtype of its floating parameters; None where it has none."""
        for x in self._tensors(self._module).values():
            if x.is_floating_point():
                return str(x.dtype).removeprefix("torch.")
        return None

    def state(self) -> tuple[dict[str, np.ndarray], frozenset[str]]:
        """Parameters and buffers by name, and which of them want a gradient."""
        tensors = self._tensors(self._module)
        arrays = {name: np.array(array(x.detach())) for name, x in tensors.items()}
        return arrays, frozenset(name for name, x in tensors.items() if x.requires_grad)

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
        target = self._code.forward if isinstance(self._code, nn.Module) else self._code
        try:
            return list(inspect.signature(target).parameters.values())
        except (TypeError, ValueError):
            return []

    def capture(self, given: Given, dtype: str) -> Captured:
        """The code as a program, with its floating arrays in ``dtype``."""
        code, args, kwargs, _ = self._ready(given, dtype)
        return capture(code, args, kwargs)

    def run(
        self,
        given: Given,
        draw: Draw,
        dtype: str,
        mode: str,  # noqa: ARG002  one way
        paths: Sequence[str] | None = None,
    ) -> Ran:
        """Its outputs and its own gradients."""
        with failures(), torch.enable_grad():
            code, args, kwargs, moved = self._ready(given, dtype)
            made = {p: y for p, y in leaves(code(*args, **kwargs)) if _is_float(y)}
            found = chosen(made, paths)
            total = None
            for k, y in enumerate(found.values()):
                g = torch.as_tensor(draw(k, tuple(y.shape))).to(y.dtype)
                part = (g * y).sum()
                total = part if total is None else total + part.to(total.dtype)
            if total is not None and total.requires_grad:
                total.backward()
            outputs = {p: np.array(array(y.detach())) for p, y in found.items()}
            grads = {
                k: None if x.grad is None else np.array(array(x.grad)) for k, x in moved.items()
            }
        return Ran(outputs, grads)

    @staticmethod
    def tensors(arrays: Mapping[str, np.ndarray]) -> dict[str, torch.Tensor]:
        """Arrays as tensors, as a state dict has them."""
        return {name: torch.as_tensor(np.array(x)) for name, x in arrays.items()}

    @staticmethod
    def _tensors(module: nn.Module | None) -> dict[str, torch.Tensor]:
        """Parameters and buffers; what is shared, under its first name."""
        if module is None:
            return {}
        return {**dict(module.named_parameters()), **dict(module.named_buffers())}

    def _ready(
        self, given: Given, dtype: str
    ) -> tuple[Any, tuple[Any, ...], dict[str, Any], dict[str, torch.Tensor]]:
        """The code in a dtype with what it is given, and the tensors to differentiate."""
        kind = getattr(torch, dtype)
        module = None if self._module is None else copy.deepcopy(self._module).to(kind)
        with torch.no_grad():
            for name, x in self._tensors(module).items():
                x.copy_(torch.as_tensor(np.array(_widened(given.state[name]))))
                x.grad = None

        def tensor(x: Any) -> Any:
            if not isinstance(x, np.ndarray):
                return x
            made = torch.as_tensor(np.array(_widened(x)))
            return made.to(kind).requires_grad_() if is_floating(x) else made

        args = tuple(tensor(x) for x in given.args)
        kwargs = {name: tensor(x) for name, x in given.kwargs.items()}
        everything = {**dict(zip(given.names, args, strict=True)), **kwargs}
        moved = {k: x for k, x in self._tensors(module).items() if k in given.trained}
        moved |= {k: x for k, x in everything.items() if _is_float(x)}
        return self._called(module), args, kwargs, moved

    def _called(self, module: nn.Module | None) -> Any:
        """What is called: the copy, or its method, and the loss on top."""
        inner = self._code
        if isinstance(self._code, nn.Module):
            inner = module
        elif module is not None:
            inner = getattr(module, self._code.__name__)
        return inner if self._loss is None else _lost(inner, self._loss)


def _lost(inner: Any, loss: Callable[..., Any]) -> Callable[..., Any]:
    """The loss of what is called; the variable's name is what a capture leaves out of names."""
    target = inner.forward if isinstance(inner, nn.Module) else inner

    @functools.wraps(target)
    def called(*args: Any, **kwargs: Any) -> Any:
        return loss(inner(*args, **kwargs))

    return called


def _module_of(code: Any) -> nn.Module | None:
    if isinstance(code, nn.Module):
        return code
    owner = getattr(code, "__self__", None)
    return owner if isinstance(owner, nn.Module) else None


def _is_float(x: Any) -> bool:
    return isinstance(x, torch.Tensor) and (x.is_floating_point() or x.is_complex())


def _widened(x: np.ndarray) -> np.ndarray:
    """An array that torch can take: it does not know NumPy's bfloat16."""
    return x.astype(dtype_of("float32")) if x.dtype.kind == "V" else x
