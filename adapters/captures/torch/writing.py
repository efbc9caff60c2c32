"""Aten operations, one by one, as instructions of the reference."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch.utils import _pytree as pytree

from ....cases.program import Instruction
from ....refimpl.errors import GradparityError, Randomness
from ...torch import array
from ..captured import Builder, Gap, Place
from .lowerings import NAMELESS, NotCaptured, Value, lowering_of

#: What a draw of random numbers is answered with; see ``capture``.
Draws = Callable[["Draw"], Any]


@dataclass(frozen=True)
class Draw:
    """A call that draws random numbers: aten's name for it, what it yields, and where.

    Of dropout, the mask is asked for: 1 where an element is kept, else 0.
    """

    operation: str
    shape: tuple[int, ...]
    dtype: torch.dtype
    place: Place


@dataclass(frozen=True)
class Missing:
    """Stands for a result that could not be captured, or that needs such a one."""

    gaps: frozenset[Gap]


#: Exact: a float of what is none is the number itself.
_CASTS = frozenset({"_to_copy", "to", "type_as", "where", "_local_scalar_dense", "clone", "alias"})

#: They tell nothing of their argument but its shape.
_LIKE = frozenset(
    {"zeros_like", "ones_like", "full_like", "empty_like", "new_zeros", "new_ones", "new_full"}
    | {"new_empty", "new_empty_strided"}
)

#: What they yield is whatever the memory held.
_UNWRITTEN = frozenset(
    {"empty", "empty_like", "empty_strided", "empty_permuted", "new_empty", "new_empty_strided"}
)


class Writer:
    """Writes operations down, folding those that move with no floating leaf.

    A value is a ``Value``, or ``Missing``. A result that reaches no parameter and no floating
    input is known while the capture runs; where it is whole numbers or booleans, or floats that
    are made of none, it becomes a constant. Floats made of floats stay instructions, so that the
    reference can compute them in wider precision.

    Parameters
    ----------
    taken
        Names of parameters and inputs.
    draws
        Answers random draws; None refuses them.
    """

    def __init__(self, taken: Iterable[str], draws: Draws | None) -> None:
        self.builder = Builder(taken)
        #: Variable → the dtype that the user's code has it in, of those that are results.
        self.dtypes: dict[str, str] = {}
        self._draws = draws
        #: What the operation that is being written yields, for its shapes and dtypes.
        self._like: Any = None

    # -- what lowerings use

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the (first) result of the operation that is being written."""
        return self.shape_of(0)

    @property
    def dtype(self) -> torch.dtype:
        """Its dtype."""
        return _first(self._like, 0).dtype

    def shape_of(self, number: int) -> tuple[int, ...]:
        """The shape of one of several results."""
        return tuple(map(int, _first(self._like, number).shape))

    @property
    def count(self) -> int:
        """How many results it has."""
        return len(self._like) if isinstance(self._like, tuple | list) else 1

    @property
    def ran(self) -> bool:
        """Whether the operation that is being written has run, and is not exported."""
        return _ran(_first(self._like, 0))

    def decided(self, number: int) -> torch.Tensor:
        """One of several results that moves with nothing, of this run."""
        made = _first(self._like, number)
        if not _ran(made) or _inexact(made.dtype):
            raise NotCaptured("whole numbers that data decides")
        return made

    def ran_as(self, number: int) -> torch.Tensor:
        """One of several results as this run has it, of which it may decide what moves not."""
        made = _first(self._like, number)
        if not _ran(made):
            raise NotCaptured("an order that data decides")
        return made

    def emit(self, operation: str, *arguments: Any, **attributes: Any) -> str:
        """An instruction, of values, variables, numbers and None; its variable."""
        names = [x.name if isinstance(x, Value) else x for x in arguments]
        return self.builder.emit(operation, *names, **attributes)

    def constant(self, x: torch.Tensor | np.ndarray) -> str:
        """An array that moves with nothing."""
        with torch._C.DisableTorchFunction():  # what we read is not what the user's code reads
            return self.builder.constant(array(x) if isinstance(x, torch.Tensor) else x)

    def floating(self, x: Any) -> Any:
        """A value as floats of the present result's dtype, for arithmetic; others as they are."""
        if not isinstance(x, Value):
            return self._whole(x)
        if _inexact(x.dtype) or not _inexact(self.dtype):
            return x
        if x.held is not None:
            return self.constant(x.held.to(self.dtype))
        if x.dtype == torch.bool:
            return self.emit("where", x, 1.0, 0.0)
        return self.emit("multiply", x, 1.0)

    def _whole(self, x: Any) -> Any:
        """A number, whole where the result is: beside booleans alone it would become a float."""
        if isinstance(x, bool) or not isinstance(x, int | float) or self.dtype == torch.bool:
            return x
        return x if _inexact(self.dtype) else self.constant(torch.tensor(x, dtype=self.dtype))

    def draw(self, operation: str, shape: tuple[int, ...]) -> str:
        """The mask that answers a dropout of this shape.

        Raises
        ------
        Randomness
            Where there is nobody to answer.
        """
        return self.constant(self.drawn(operation, torch.empty(shape, dtype=torch.bool)))

    def maker(self, name: str) -> Instruction | None:
        """The instruction that a variable is the result of, but for identities."""
        for made in reversed(self.builder.instructions):
            if made.target == name:
                return self.maker(made.refs[0]) if made.operation == "identity" else made
        return None

    def drawn(self, operation: str, like: torch.Tensor) -> torch.Tensor:
        """The answer to a random draw."""
        place = self.builder.place
        if self._draws is None:
            message = f"{operation} draws random numbers, which two sides never share"
            raise Randomness(f"{message}: capture in evaluation, or say what is drawn", str(place))
        asked = Draw(operation, tuple(map(int, like.shape)), like.dtype, place)
        drawn = torch.as_tensor(np.asarray(self._draws(asked))).to(like.dtype)
        return drawn.broadcast_to(asked.shape).clone()

    # -- what captures use

    def apply(self, target: Any, args: Any, kwargs: Any, like: Any) -> Any:
        """Write an operation down.

        Parameters
        ----------
        target
            The aten operation (an overload).
        args, kwargs
            Its arguments, values in place of tensors.
        like
            Its results or tensors that stand for them.

        Returns
        -------
        A value for each tensor of ``like``, in a tree of its shape.
        """
        self._like = like
        given = pytree.tree_leaves((args, kwargs), is_leaf=_value)
        lost = [x for x in given if isinstance(x, Missing)]
        if lost:
            return _each(like, lambda _: Missing(frozenset().union(*(x.gaps for x in lost))))
        name = target.name().removeprefix("aten::").split(".")[0].removesuffix("_copy")
        values = [x for x in given if isinstance(x, Value)]
        lowering = lowering_of(target)
        random = torch.Tag.nondeterministic_seeded in target.tags
        if random and lowering is None:
            drawn = self.drawn(str(target), _first(like, 0))
            return _each(like, lambda _: self._known(drawn))
        held = None
        if name in _LIKE or (not random and all(x.held is not None for x in values)):
            held = self._run(name, target, args, kwargs)
        if held is not None and (name in _LIKE or _folds(name, values, held)):
            return pytree.tree_map(self._known, held)
        return self._lowered(target, lowering, args, kwargs, held)

    def leaf(self, name: str, x: torch.Tensor, *, held: bool) -> Value:
        """A parameter or an input under its name."""
        return Value(name, tuple(x.shape), x.dtype, x if held else None)

    def known(self, x: torch.Tensor) -> Value:
        """A tensor that is a constant."""
        return self._known(x)

    # -- within

    def _lowered(self, target: Any, lowering: Any, args: Any, kwargs: Any, held: Any) -> Any:
        if lowering is None:
            return self._missing(target, "the reference has no counterpart")
        try:
            made = lowering(self, *arguments_of(target, args, kwargs))
        except NotCaptured as reason:
            return self._missing(target, str(reason))
        except GradparityError:
            raise
        except Exception as error:  # noqa: BLE001 - a call that its row does not foresee
            return self._missing(target, f"called in an unforeseen way: {error!r}")
        return self._named(target, made, held)

    def _missing(self, target: Any, reason: str) -> Any:
        gap = Gap(str(target), reason, self.builder.place)
        return _each(self._like, lambda _: Missing(frozenset({gap})))

    def _run(self, name: str, target: Any, args: Any, kwargs: Any) -> Any:
        """What an operation of known arguments yields."""

        def tensor(x: Any) -> Any:
            if not isinstance(x, Value):
                return x
            return torch.zeros(x.shape, dtype=x.dtype) if x.held is None else x.held

        with torch.no_grad():
            a, k = pytree.tree_map(tensor, (args, kwargs), is_leaf=_value)
            made = target(*a, **k)
            if name in _UNWRITTEN:
                made.zero_()
        return made

    def _known(self, x: Any) -> Any:
        if not isinstance(x, torch.Tensor):
            return x
        x = x.detach().clone()
        return Value(self.constant(x), tuple(x.shape), x.dtype, x)

    def _named(self, target: Any, made: Any, held: Any) -> Any:
        """What a lowering made, with the shapes, the dtypes and what is known of it."""
        if isinstance(made, Value):
            made = made.name
        if isinstance(made, str):
            return self._result(made, self._like, _first(held, 0))
        results = []
        for k, x in enumerate(self._like):
            name = made[k] if k < len(made) else None
            if name is None and _ran(x) and not _inexact(x.dtype):
                results.append(self._known(x))  # whole numbers, which data has decided
            elif name is None:
                gap = Gap(str(target), f"result {k} has no counterpart", self.builder.place)
                results.append(Missing(frozenset({gap})))
            else:
                name = name.name if isinstance(name, Value) else name
                results.append(self._result(name, x, None if held is None else held[k]))
        return results

    def _result(self, name: str, like: Any, held: Any) -> Value:
        if name in self.builder.places and name not in self.builder.constants:
            self.dtypes[name] = str(like.dtype).removeprefix("torch.")
        return Value(name, tuple(map(int, like.shape)), like.dtype, held)


def arguments_of(target: Any, args: Any, kwargs: Any) -> list[Any]:
    """All arguments in the order of the schema, defaults filled in, dtypes and devices left out."""
    given = list(args)
    bound = []
    for number, one in enumerate(target._schema.arguments):
        if number < len(given):
            value = given[number]
        elif one.name in kwargs:
            value = kwargs[one.name]
        else:
            value = one.default_value if one.has_default_value() else None
        if one.name not in NAMELESS:
            bound.append(value)
    return bound


def _value(x: Any) -> bool:
    return isinstance(x, Value | Missing)


def _first(like: Any, number: int) -> Any:
    return like[number] if isinstance(like, tuple | list) else like


def _each(like: Any, make: Callable[[Any], Any]) -> Any:
    if isinstance(like, tuple | list):
        return [make(x) for x in like]
    return make(like)


def _inexact(dtype: torch.dtype) -> bool:
    return dtype.is_floating_point or dtype.is_complex


def _ran(x: Any) -> bool:
    """Whether a result is of a run, and not what stands for one."""
    return type(x) is torch.Tensor and x.device.type != "meta"


def _folds(name: str, values: list[Value], held: Any) -> bool:
    """Whether a known result is a constant, and not to be computed in wider precision."""
    tensors = [x for x in pytree.tree_leaves(held) if isinstance(x, torch.Tensor)]
    if not any(_inexact(x.dtype) for x in tensors):
        return True
    exact = name in _CASTS and not any(_inexact(x.dtype) for x in values)
    return not values or exact
