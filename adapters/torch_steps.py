"""PyTorch's ways to values and gradients: ``.backward()``, and what rewrites a whole function.

A way is given a step of a task, and hands back every variable and the gradients of those that are
watched. ``WAYS`` has them by the name that ``cases.variants`` gives each.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Any

import torch
import torch.utils.checkpoint
from torch.utils._python_dispatch import TorchDispatchMode

from ..cases.program import Program
from ..cases.task import Task
from ..refimpl.errors import Unsupported
from .interpret import arrays_of, interpret
from .torch_dialect import Eager, Slotted
from .torch_tensors import tensor
from .torch_ways import lacking
from .values import cotangent_of, differentiates

Tensors = dict[str, torch.Tensor]


@dataclass(frozen=True)
class Given:
    """One step: its arguments, and the variables whose cotangents are wanted."""

    task: Task
    program: Program
    inputs: Tensors
    params: Tensors
    watched: list[str]
    #: What the loss is multiplied by.
    scale: float = 1.0

    @property
    def leaves(self) -> Tensors:
        """All arguments."""
        return self.inputs | self.params

    @property
    def moving(self) -> Tensors:
        """The parameters that are differentiated."""
        return {k: x for k, x in self.params.items() if x.is_floating_point() or x.is_complex()}

    def cotangent(self, output: torch.Tensor) -> torch.Tensor:
        """What the output is contracted with."""
        kind = "c" if output.is_complex() else "f"
        g = tensor(cotangent_of(self.task, tuple(output.shape), kind, self.program.output))
        return g if self.task.loss_scale is None else g * self.scale

    def computed(self, dialect: Eager, leaves: Tensors) -> Tensors:
        """Every variable that the program assigns and that is a tensor."""
        task = self.task
        return arrays_of(interpret(self.program, leaves, dialect, task.dtype, task.dtypes))


@dataclass(frozen=True)
class Taken:
    """What a way found: every variable, and gradients (None where there is none)."""

    variables: Tensors
    grads: dict[str, torch.Tensor | None]


#: A way from a step to its results.
Way = Callable[[Given], Taken]


def by_backward(given: Given, *, create_graph: bool = False) -> Taken:
    """``.backward()``, each watched variable retaining its gradient."""
    for x in given.params.values():
        x.grad = None
    variables = given.computed(Eager(given.watched), given.leaves)
    scope = given.leaves | variables
    output = scope[given.program.output]
    if output.requires_grad and differentiates(given.task):
        output.backward(given.cotangent(output), create_graph=create_graph)
    return Taken(variables, {k: _gradient(scope[k]) for k in given.watched if k in scope})


def _gradient(x: torch.Tensor) -> torch.Tensor | None:
    """The gradient, or None: of a tensor that needs none, asking would warn."""
    return x.grad if x.requires_grad else None


def _slots(given: Given) -> Tensors:
    """A tensor of -0 for each watched variable, where its cotangent arrives."""
    with torch.no_grad():
        found = given.computed(Eager(), given.leaves)
    return {
        name: torch.full_like(x, -0.0).requires_grad_()
        for name, x in found.items()
        if name in given.watched and (x.is_floating_point() or x.is_complex())
    }


def _function(given: Given) -> Callable[[Tensors, Tensors], tuple[torch.Tensor, Tensors]]:
    """The program as a function of what is differentiated and of slots."""

    def function(moving: Tensors, slots: Tensors) -> tuple[torch.Tensor, Tensors]:
        leaves = given.leaves | moving
        variables = given.computed(Slotted(slots), leaves)
        return (leaves | variables)[given.program.output], variables

    return function


def _by_rewriting(given: Given, wrap: Callable[[Any], Any]) -> Taken:
    """``.backward()`` of the whole program rewritten as a function."""
    for x in given.params.values():
        x.grad = None
    slots = _slots(given) if differentiates(given.task) else {}
    output, variables = wrap(_function(given))(given.moving, slots)
    if output.requires_grad and differentiates(given.task):
        output.backward(given.cotangent(output))
    return Taken(variables, _arrived(given, slots, lambda x: x.grad))


def _arrived(given: Given, slots: Tensors, gradient: Callable[[torch.Tensor], Any]) -> Any:
    found = {k: gradient(x) for k, x in (slots | given.moving).items()}
    return {k: found.get(k) for k in given.watched if k in found or k in given.params}


def by_checkpoint(given: Given) -> Taken:
    """What the backward pass needs is computed anew, by ``torch.utils.checkpoint``."""
    # to stop early it raises within the program, where an error would be an operation's
    with torch.utils.checkpoint.set_checkpoint_early_stop(False):
        return _by_rewriting(
            given, lambda f: partial(torch.utils.checkpoint.checkpoint, f, use_reentrant=False)
        )


def by_compile(given: Given) -> Taken:
    """``torch.compile`` by inductor, anew for each step, in this process alone."""
    from torch._inductor import config  # noqa: PLC0415  takes seconds

    torch.compiler.reset()
    with config.patch(compile_threads=1):
        return _by_rewriting(_settled(given), partial(torch.compile, dynamic=False))


def _settled(given: Given) -> Given:
    """With the branches that are taken alone, as one trace has them.

    At a decision by a tensor torch.compile would break its graph, in what walks the program.
    """
    if not given.program.branches:
        return given
    with torch.no_grad():
        found = given.computed(Eager(), given.leaves)
    decided = {k: bool(x) for k, x in found.items() if x.dtype is torch.bool and not x.ndim}
    return replace(given, program=given.program.taken(decided))


def by_func(given: Given) -> Taken:
    """``torch.func.vjp``."""
    moving = {k: x.detach() for k, x in given.moving.items()}
    if not differentiates(given.task):
        return Taken(_function(given)(moving, {})[1], {})
    slots = {k: x.detach() for k, x in _slots(given).items()}
    with lacking():
        output, pull, variables = torch.func.vjp(_function(given), moving, slots, has_aux=True)  # pyright: ignore[reportAssignmentType] - as many as are asked for
        found = {}
        if output.is_floating_point() or output.is_complex():
            of_moving, of_slots = pull(given.cotangent(output))
            found = of_slots | of_moving
    return Taken(variables, {k: found.get(k) for k in given.watched})


class _Decomposing(TorchDispatchMode):
    """Every operation, forwards and backwards, by inductor's decomposition where it has one."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        decomposition = _decompositions().get(func)
        if decomposition is not None:
            with self:
                made = decomposition(*args, **(kwargs or {}))
            if made is not NotImplemented:
                return made
        return func(*args, **(kwargs or {}))


@cache
def _decompositions() -> dict[Any, Any]:
    from torch._inductor import lowering  # noqa: F401, PLC0415  which some decompositions look up
    from torch._inductor.decomposition import select_decomp_table  # noqa: PLC0415  takes seconds

    return select_decomp_table()


def by_decompositions(given: Given) -> Taken:
    """``.backward()`` of inductor's decompositions: what is compiled, without compiling it."""
    with _Decomposing():
        return by_backward(given)


def decomposing() -> TorchDispatchMode:
    """Inside, every operation is decomposed."""
    return _Decomposing()


def by_autocast(given: Given) -> Taken:
    """``torch.autocast`` to bfloat16, of parameters that are kept in float32.

    What a step hands back is rounded to bfloat16: no operation is then less exact than bfloat16's
    own, and its bounds hold.
    """
    if given.task.dtype != "bfloat16" or given.task.update is not None:
        raise Unsupported("autocast is for bfloat16 tasks without an update")
    wide = {name: x.detach().float() for name, x in given.moving.items()}
    inputs = {k: x.float() if x.is_floating_point() else x for k, x in given.inputs.items()}
    leaves = inputs | given.params | {k: x.requires_grad_() for k, x in wide.items()}
    with torch.autocast("cpu", dtype=torch.bfloat16):
        variables = given.computed(Eager(given.watched), leaves)
    scope = leaves | variables
    output = scope[given.program.output]
    if output.requires_grad and differentiates(given.task):
        output.backward(given.cotangent(output).to(output.dtype))
    grads = {k: _gradient(scope[k]) for k in given.watched if k in scope}
    return Taken(
        {k: _narrowed(x) for k, x in variables.items()},
        {k: None if g is None else _narrowed(g) for k, g in grads.items()},
    )


def _narrowed(x: torch.Tensor) -> torch.Tensor:
    return x.detach().to(torch.bfloat16) if x.is_floating_point() else x


#: The ways by the name of their variant; the framework's own under none.
WAYS: dict[str, Way] = {
    "": by_backward,
    "create-graph": partial(by_backward, create_graph=True),
    "func": by_func,
    "checkpoint": by_checkpoint,
    "decomposed": by_decompositions,
    "compile": by_compile,
    "autocast": by_autocast,
}
