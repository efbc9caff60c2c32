"""PyTorch's other ways of differentiating: dual numbers, double backward, ``torch.func``."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import torch
from torch.autograd import forward_ad

from ..cases.program import Program
from ..cases.task import Task
from ..cases.ways import COTANGENT, is_batched, of_slice, slices
from .interpret import arrays_of, interpret
from .lacking import unsupported_where
from .torch_tensors import array, tensor
from .values import cotangent_of

Tensors = dict[str, torch.Tensor]

#: A task's program as a function of its arguments: every variable that is an array.
Function = Callable[[Tensors], Tensors]

#: What PyTorch says where it has no such rule; a rule that is wrong says nothing.
LACKS = (
    "Trying to use forward AD with",
    "does not support it because it has not been implemented yet",
    "is not implemented",
    "not implemented for",
    "derivative for",
    "Batching rule not implemented",
    "vmap: It looks like you're",
    "vmap over",
    "vmap: inplace arithmetic",
    "not possible because there exists a Tensor",
    "In order to use an autograd.Function with functorch transforms",
    "randomness",
    "Please rewrite",
    "data-dependent",
    "NYI",
)


def lacking() -> AbstractContextManager[None]:
    """Where PyTorch says that it has no such rule, it is ``Unsupported``."""
    return unsupported_where(LACKS, NotImplementedError, RuntimeError)


class Setup:
    """A task's arguments as tensors, and its program as a function of them."""

    def __init__(self, task: Task, program: Program, dialect: Any) -> None:
        self.task, self.program, self._dialect = task, program, dialect
        self.inputs = {name: tensor(x) for name, x in task.rows(0).items()}
        self.params = {name: tensor(x) for name, x in task.params.items()}
        self.directions = {name: tensor(v) for name, v in task.tangents().items()}

    @property
    def moving(self) -> Tensors:
        """The parameters that are differentiated."""
        return {name: self.params[name] for name in self.directions}

    def variables(self, given: Tensors) -> Tensors:
        """Every variable that is an array, the arguments included."""
        leaves = {**self.inputs, **self.params, **given}
        made = interpret(self.program, leaves, self._dialect, self.task.dtype)
        return {**leaves, **arrays_of(made)}

    def output(self, given: Tensors) -> torch.Tensor:
        """The variable that is differentiated."""
        return self.variables(given)[self.program.output]

    def cotangent(self, output: torch.Tensor) -> torch.Tensor:
        """What the output is contracted with."""
        kind = "c" if output.is_complex() else "f"
        return tensor(cotangent_of(self.task, tuple(output.shape), kind))

    def loss(self, given: Tensors, cotangent: torch.Tensor | None = None) -> torch.Tensor:
        """The output contracted: Σ Re(conj(cotangent)·output)."""
        output = self.output(given)
        g = self.cotangent(output) if cotangent is None else cotangent
        held = torch.real(torch.conj(g) * output) if output.is_complex() else g * output
        return held.sum()


def assigned(setup: Setup, found: dict[str, Any]) -> dict[str, Any]:
    """The variables that the program assigns, as arrays; None where nothing was handed back."""
    names = {i.target for i in setup.program.instructions}
    return {k: None if x is None else array(x) for k, x in found.items() if k in names}


def jvp_by_dual_numbers(setup: Setup) -> dict[str, Any]:
    """Tangents by ``torch.autograd.forward_ad``: None for what has none."""
    with lacking(), forward_ad.dual_level():
        given = {k: forward_ad.make_dual(x, setup.directions[k]) for k, x in setup.moving.items()}
        found = setup.variables(given)
        return assigned(setup, {k: forward_ad.unpack_dual(x).tangent for k, x in found.items()})


def jvp_by_func(setup: Setup) -> dict[str, Any]:
    """Tangents by ``torch.func.jvp``."""
    names = [i.target for i in setup.program.instructions]

    def moved(given: Tensors) -> Tensors:
        found = setup.variables(given)
        return {k: found[k] for k in names if k in found and _floats(found[k])}

    with lacking():
        _, tangents = torch.func.jvp(moved, (setup.moving,), (setup.directions,))  # pyright: ignore[reportAssignmentType] - as many as are asked for
        return assigned(setup, tangents)


def _floats(x: torch.Tensor) -> bool:
    return x.is_floating_point() or x.is_complex()


def hvp_by_double_backward(setup: Setup) -> dict[str, Any]:
    """The gradient of the gradient's product with the direction."""
    with lacking():
        given = {k: x.clone().requires_grad_() for k, x in setup.moving.items()}
        loss = setup.loss(given)
        if not loss.requires_grad:
            return dict.fromkeys(given)
        firsts = torch.autograd.grad(
            loss, list(given.values()), create_graph=True, allow_unused=True
        )
        along = torch.zeros((), dtype=loss.dtype)
        for (name, _), g in zip(given.items(), firsts, strict=True):
            if g is not None and g.requires_grad:
                along = along + torch.real(torch.conj(setup.directions[name]) * g).sum()
        if not along.requires_grad:
            return dict.fromkeys(given)
        seconds = torch.autograd.grad(along, list(given.values()), allow_unused=True)
    return {k: None if x is None else array(x) for k, x in zip(given, seconds, strict=True)}


def hvp_forward_over_reverse(setup: Setup) -> dict[str, Any]:
    """The tangent of ``torch.func.grad``."""
    with lacking():
        gradient = torch.func.grad(setup.loss)
        _, found = torch.func.jvp(gradient, (setup.moving,), (setup.directions,))  # pyright: ignore[reportAssignmentType] - as many as are asked for
    return {k: array(x) for k, x in found.items()}


def vmap(setup: Setup, batched: str) -> dict[str, Any]:
    """``torch.func.vmap`` of the output and its pullback."""
    task = setup.task
    arguments = {**setup.inputs, **setup.params}
    given = {**task.rows(0), **task.params}
    mapped = {
        k: tensor(slices(x)) if is_batched(k, batched) else arguments[k] for k, x in given.items()
    }
    g = cotangent_of(task, *_shape_and_kind(setup))
    axes = {k: 0 if is_batched(k, batched) else None for k in mapped}
    cotangent = tensor(slices(g) if is_batched(COTANGENT, batched) else g)

    def one(leaves: Tensors, cotangent: torch.Tensor) -> tuple[torch.Tensor, Tensors]:
        others = {k: x for k, x in leaves.items() if k not in setup.directions}
        moving = {k: leaves[k] for k in setup.directions}
        output, pull = torch.func.vjp(lambda d: setup.output({**others, **d}), moving)  # pyright: ignore[reportAssignmentType] - as many as are asked for
        (found,) = pull(cotangent)
        return output, found

    with lacking():
        over = 0 if is_batched(COTANGENT, batched) else None
        output, grads = torch.func.vmap(one, in_dims=(axes, over))(mapped, cotangent)
    found = {setup.program.output: output, **grads}
    return {k: array(of_slice(x)) for k, x in found.items()}


def _shape_and_kind(setup: Setup) -> tuple[tuple[int, ...], str]:
    with torch.no_grad():
        output = setup.output({})
    return tuple(output.shape), "c" if output.is_complex() else "f"
