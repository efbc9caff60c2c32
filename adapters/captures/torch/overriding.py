"""The calls that a user's code makes, seen before torch acts on them.

Three things are lost on the way to aten's operations, and are put right here: that ``.data`` and
``no_grad`` cut gradients off, that what is written through ``.data`` or ``.detach()`` changes a
tensor whose gradient does not know of it, and which derivatives a user has written by hand.
"""

from __future__ import annotations

from typing import Any, Self

import torch
from torch.nn import functional
from torch.overrides import TorchFunctionMode
from torch.utils import _pytree as pytree

from ....refimpl.errors import Unsupported
from ..captured import Custom
from .lowerings.common import REDUCTIONS
from .lowerings.markers import BCE_WITH_LOGITS, CTC, GAUSSIAN_NLL, STRAIGHT_THROUGH
from .places import frames_here, place_of

_DATA = torch.Tensor.data  # a property, of which torch makes a new getter at every look


class Calls(TorchFunctionMode):
    """Inside, calls are as a capture needs them.

    Parameters
    ----------
    cutting
        Whether to detach what ``no_grad`` encloses; export marks it by itself.
    """

    def __init__(self, *, cutting: bool) -> None:
        super().__init__()
        self._cutting = cutting
        #: What was detached, and of what: kept, so that no other tensor gets the same id.
        self._detached: dict[int, tuple[torch.Tensor, torch.Tensor]] = {}
        #: Views of what was detached.
        self._views: dict[int, torch.Tensor] = {}
        #: Of each call that is running, whether gradients were recorded as it began.
        self._recorded: list[bool] = []

    def __torch_function__(
        self,
        func: Any,
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """As torch calls it."""
        kwargs = kwargs or {}
        if func == _DATA.__get__:  # pyright: ignore[reportAttributeAccessIssue]
            return self._cut(args[0])
        if func == _DATA.__set__:  # pyright: ignore[reportAttributeAccessIssue]
            raise _refused("what .data is set to has no place in a program")
        if func in _WHOLE:
            return _WHOLE[func](*args, **kwargs)
        if self._cutting and _name(func) in _LEAVING:
            return self._left(func, args, kwargs)
        if _in_place(func, kwargs):
            return self._written(func, args, kwargs)
        return self._followed(func, args, self._called(func, args, kwargs))

    def _followed(self, func: Any, args: Any, made: Any) -> Any:
        """What a call yields, once it is known what it is a view of, and cut off where it is."""
        if func is torch.Tensor.detach or func is torch.detach:
            self._detached[id(made)] = (made, args[0])
        elif args and _name(func) in _VIEWS and self._is_detached(args[0]):
            for view in pytree.tree_leaves(made):
                self._views[id(view)] = view
        if torch.is_grad_enabled() or not self._cutting:
            return made
        return pytree.tree_map(lambda x: self._cut(x) if _moves(x) else x, made)

    @property
    def hidden(self) -> bool:
        """Whether a function of torch's own has stopped recording within itself."""
        return not torch.is_grad_enabled() and bool(self._recorded) and self._recorded[-1]

    def _called(self, func: Any, args: Any, kwargs: Any) -> Any:
        self._recorded.append(torch.is_grad_enabled())
        try:
            return func(*args, **kwargs)
        finally:
            self._recorded.pop()

    def _left(self, func: Any, args: Any, kwargs: Any) -> Any:
        """What leaves torch: numbers of this run, but no floats to compute with elsewhere."""
        x = args[0]
        if _moves(x) and _name(func) != "tolist":
            raise _refused("what .numpy() hands to NumPy is computed out of sight")
        return func(_seen(x), *args[1:], **kwargs)

    def _cut(self, x: torch.Tensor) -> torch.Tensor:
        made = x.detach()
        self._detached[id(made)] = (made, x)
        return made

    def _is_detached(self, x: Any) -> bool:
        return id(x) in self._detached or id(x) in self._views

    def _written(self, func: Any, args: Any, kwargs: Any) -> Any:
        """A call that writes into its first argument (or ``out``)."""
        target = kwargs.get("out", args[0])
        if id(target) in self._views:
            raise _refused("a view of .data or .detach() is written in place")
        unrecorded = self._cutting and not torch.is_grad_enabled()
        _, base = self._detached.get(id(target), (None, target))
        if not _moves(target) or (base is target and not unrecorded):
            return self._called(func, args, kwargs)
        # The tensor changes, and its gradient does not know of it.
        written = base.detach().clone()
        a, k = pytree.tree_map(lambda x: written if x is target else x, (args, kwargs))
        self._called(func, a, k)
        base.copy_(STRAIGHT_THROUGH(base, written))
        return target


class CustomRules:
    """Inside, calls of ``autograd.Function`` run its forward pass, and a user's own are noted."""

    def __init__(self) -> None:
        #: In the order of the calls.
        self.found: list[Custom] = []
        self._before: Any = None

    def __enter__(self) -> Self:
        self._before = torch.autograd.Function.__dict__["apply"]
        found = self.found

        def apply(cls: Any, *args: Any, **kwargs: Any) -> Any:
            if cls.__module__ == "torch.utils.checkpoint":
                run, _, *given = args
                return run(*given)
            if not cls.__module__.startswith("torch."):
                found.append(Custom(cls.__name__, place_of("", frames_here())))
            if cls.setup_context is torch.autograd.Function.setup_context:
                return cls.forward(_Context(args), *args, **kwargs)
            return cls.forward(*args, **kwargs)

        torch.autograd.Function.apply = classmethod(apply)  # pyright: ignore[reportAttributeAccessIssue]
        return self

    def __exit__(self, *_: object) -> None:
        torch.autograd.Function.apply = self._before


class _Context:
    """What a forward pass keeps for its backward pass, which is not asked for."""

    def __init__(self, args: tuple[Any, ...]) -> None:
        self.needs_input_grad = tuple(isinstance(x, torch.Tensor) for x in args)

    def save_for_backward(self, *_: Any) -> None:
        """As torch's."""

    mark_dirty = mark_non_differentiable = save_for_forward = save_for_backward

    def set_materialize_grads(self, _: Any) -> None:
        """As torch's."""


def _ctc(
    log_probs: torch.Tensor,
    targets: torch.Tensor,
    input_lengths: Any,
    target_lengths: Any,
    blank: int = 0,
    reduction: str = "mean",
    zero_infinity: bool = False,  # noqa: FBT001, FBT002 - torch's
) -> torch.Tensor:
    """Whole: torch looks into the lengths."""
    lengths = (torch.as_tensor(n) for n in (input_lengths, target_lengths))
    return CTC(log_probs, targets, *lengths, blank, reduction, zero_infinity)


def _gaussian_nll(
    input: torch.Tensor,  # noqa: A002 - torch's names
    target: torch.Tensor,
    var: Any,
    full: bool = False,  # noqa: FBT001, FBT002
    eps: float = 1e-6,
    reduction: str = "mean",
) -> torch.Tensor:
    """Whole: torch holds the variance off zero where no gradient is recorded."""
    if not isinstance(var, torch.Tensor):
        var = var * torch.ones_like(input)
    if var.shape != input.shape and input.shape[:-1] == var.shape:
        var = var.unsqueeze(-1)
    return GAUSSIAN_NLL(input, target, var, full, eps, reduction)


def _bce_with_logits(
    input: torch.Tensor,  # noqa: A002 - torch's names
    target: torch.Tensor,
    weight: torch.Tensor | None = None,
    size_average: bool | None = None,  # noqa: FBT001
    reduce: bool | None = None,  # noqa: FBT001
    reduction: str = "mean",
    pos_weight: torch.Tensor | None = None,
) -> torch.Tensor:
    """Whole: torch writes the loss out where positives have a weight."""
    legacy = size_average is not None or reduce is not None
    if legacy or reduction not in REDUCTIONS or target.shape != input.shape:
        given = (input, target, weight, size_average, reduce, reduction, pos_weight)
        return functional.binary_cross_entropy_with_logits(*given)
    return BCE_WITH_LOGITS(input, target, weight, pos_weight, REDUCTIONS.index(reduction))


def _tensor_split(
    x: torch.Tensor, indices_or_sections: Any = None, dim: int = 0, **given: Any
) -> Any:
    """By the numbers of this run, which torch takes out of a tensor itself."""
    (at,) = [v for v in (indices_or_sections, *given.values()) if v is not None]
    if isinstance(at, torch.Tensor):
        at = _seen(at).tolist()
    return torch.tensor_split(x, at, dim=dim)


#: Functions of torch's that are kept whole, or called in another way.
_WHOLE = {
    functional.binary_cross_entropy_with_logits: _bce_with_logits,
    functional.ctc_loss: _ctc,
    functional.gaussian_nll_loss: _gaussian_nll,
    torch.tensor_split: _tensor_split,
    torch.Tensor.tensor_split: _tensor_split,
}

#: By which numbers leave torch, other than one by one.
_LEAVING = frozenset({"numpy", "__array__", "tolist"})

#: By which a tensor is looked at otherwise, and written through.
_VIEWS = frozenset(
    {"view", "reshape", "__getitem__", "select", "narrow", "transpose", "permute", "t", "flatten"}
    | {"squeeze", "unsqueeze", "expand", "unbind", "chunk", "split", "diagonal", "view_as"}
    | {"swapaxes", "movedim", "unflatten", "detach"}
)


def _seen(x: torch.Tensor) -> torch.Tensor:
    """The tensor within one that functionalize has wrapped."""
    if not torch._is_functional_tensor(x):  # pyright: ignore[reportPrivateImportUsage]
        return x
    torch._sync(x)  # pyright: ignore[reportPrivateImportUsage]
    return torch._from_functional_tensor(x)  # pyright: ignore[reportPrivateImportUsage]


def _refused(message: str) -> Unsupported:
    """What cannot be captured, with its place."""
    place = str(place_of("", frames_here()))
    return Unsupported(f"{place}: {message}" if place else message)


def _name(func: Any) -> str:
    return getattr(func, "__name__", "")


def _moves(x: Any) -> bool:
    return isinstance(x, torch.Tensor) and (x.is_floating_point() or x.is_complex())


def _in_place(func: Any, kwargs: dict[str, Any]) -> bool:
    """Whether a call writes into one of its arguments."""
    name = _name(func)
    plain = name.endswith("_") and not name.endswith("__")
    added = name.startswith("__i") and name.endswith("__") and name != "__invert__"
    written = kwargs.get("out") is not None or kwargs.get("inplace") is True
    return plain or added or written or name == "__setitem__"
