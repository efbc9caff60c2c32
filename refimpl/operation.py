"""What one operation is: a row of the reference's table.

Names are the same in every row: ``g`` is the incoming cotangent (the gradient of the
differentiated scalar with respect to the result), ``y`` the result, then the array
arguments under their own names, then the attributes as keywords. A rule for one argument is
``vjp(g, y, *arrays, **attributes) -> cotangent of that argument``; it may leave the cotangent
broadcast, for the tape sums it back to the argument's shape.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from .kinks import Near

#: Draws one array argument for a check: ``sampler(generator, shape) -> array`` of float64.
Sampler = Callable[[Any, tuple[int, ...]], Any]


@dataclass(frozen=True)
class Example:
    """One call at which an operation is checked against finite differences.

    ``shapes`` has one entry an array argument: its shape, or None for an argument left out.
    """

    shapes: tuple[tuple[int, ...] | None, ...]
    attributes: dict[str, Any] = field(default_factory=dict)


#: Annotation of an attribute → the types of its values, and what they are called.
SIMPLE: dict[Any, tuple[tuple[type, ...], str]] = {
    "bool": ((bool,), "true or false"),
    "int": ((int,), "a whole number"),
    "int | None": ((int,), "a whole number or None"),
    "float": ((int, float), "a number"),
    "float | None": ((int, float), "a number or None"),
    "str": ((str,), "a word"),
}


def ex(*shapes: tuple[int, ...] | None, **attributes: Any) -> Example:
    """Short for ``Example``: the shapes of the arrays, then the attributes."""
    return Example(shapes, attributes)


@dataclass(frozen=True, eq=False)
class Operation:
    """A row: an operation, its forward function and its VJPs side by side.

    Parameters
    ----------
    name
        The array API standard's name, else ONNX's or torch.nn.functional's in snake case.
    forward
        ``forward(*arrays, **attributes) -> array``, or a tuple of arrays. Its signature is the
        operation's: positional parameters are arrays (``=None`` where one may be left out,
        ``*xs`` where there may be any number), keyword-only parameters are attributes.
    vjps
        One rule an array argument, None where the operation is not differentiable in it.
    joint
        Instead of ``vjps``, one rule that returns a tuple with every argument's cotangent, for
        operations whose cotangents share their work or that take any number of arrays.
    formula
        The forward pass as a reader would write it, in the arguments' names: ``"a·b"``.
    derivatives
        One text an array argument (one for all where there may be any number), None where it
        is not differentiable. A local derivative (``"b"``), to be multiplied by ``g``; or, where
        that is not how it works, the whole rule, which then mentions ``g`` (``"g @ bᵀ"``).
    examples
        Calls to check it at; the first also serves as documentation.
    domain
        Where to sample it, and nothing else: one sampler for all arguments, or one each.
    kinks
        Where the derivative is a convention, in words; empty where there is no such place.
    near
        How far from there: ``near(y, *arrays, **attributes) -> distances`` (see ``kinks``).
    ulps
        How many units in the last place an elementwise result may be off in a good maths
        library; only for operations whose forward is not made of NumPy's own functions.
    analytic
        Whether it is complex-differentiable in all differentiable arguments.
    complex_too
        Whether its rules are right for complex arrays as well; the tape refuses them otherwise.
        None stands for what follows from the row: where it is analytic, or has no derivative.
    stops
        Where what flows back is chosen and is no derivative of ``forward``, in words: finite
        differences have nothing to say there. Empty where the rules are derivatives throughout.
    stops_with
        The attribute that turns this on, by being given; empty where it is always on.
    apart
        Whether each of several results is made of the argument at its own position alone.
    held_wider
        Where the result hangs on the dtype's own places: ``held_wider(dtype) -> forward``, the
        forward function of numbers of that dtype that are held in a wider one.
    """

    name: str
    forward: Callable[..., Any]
    vjps: tuple[Callable[..., Any] | None, ...] = ()
    joint: Callable[..., tuple[Any, ...]] | None = None
    formula: str = ""
    derivatives: tuple[str | None, ...] = ()
    examples: tuple[Example, ...] = ()
    domain: Sampler | tuple[Sampler | None, ...] | None = None
    kinks: str = ""
    near: Near | None = None
    ulps: float = 0.0
    analytic: bool = False
    complex_too: bool | None = None
    stops: str = ""
    stops_with: str = ""
    apart: bool = False
    held_wider: Callable[[np.dtype[Any]], Callable[..., Any]] | None = None
    #: Derived from the signature of ``forward``.
    arguments: tuple[str, ...] = field(init=False)
    optional: frozenset[str] = field(init=False)
    variadic: bool = field(init=False)
    attributes: dict[str, Any] = field(init=False)
    #: Attribute → the simple kind of value that its annotation says, of those that have one.
    kinds: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        parameters = inspect.signature(self.forward).parameters.values()
        arrays = [p for p in parameters if p.kind not in (p.KEYWORD_ONLY, p.VAR_KEYWORD)]
        own = object.__setattr__
        own(self, "arguments", tuple(p.name for p in arrays))
        own(self, "optional", frozenset(p.name for p in arrays if p.default is not p.empty))
        own(self, "variadic", any(p.kind is p.VAR_POSITIONAL for p in arrays))
        own(
            self,
            "attributes",
            {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY},
        )
        own(
            self,
            "kinds",
            {
                p.name: p.annotation
                for p in parameters
                if p.kind is p.KEYWORD_ONLY and p.annotation in SIMPLE
            },
        )
        if self.complex_too is None:
            own(self, "complex_too", self.analytic or not any(self.derivatives))
        self._check()

    def _check(self) -> None:
        """Refuse a row that contradicts itself."""
        count = len(self.arguments)
        if bool(self.vjps) == bool(self.joint):
            raise TypeError(f"{self.name}: give either one VJP an argument, or a joint one")
        if self.variadic and (count != 1 or self.joint is None):
            raise TypeError(f"{self.name}: any number of arrays goes with a joint VJP alone")
        if self.vjps and len(self.vjps) != count:
            raise TypeError(f"{self.name}: {count} arguments, {len(self.vjps)} VJPs")
        if len(self.derivatives) != count:
            raise TypeError(f"{self.name}: {count} arguments, {len(self.derivatives)} derivatives")
        for argument, vjp, text in zip(self.arguments, self.vjps, self.derivatives, strict=False):
            if (vjp is None) != (text is None):
                raise TypeError(f"{self.name}: VJP and derivative of {argument} disagree")
        if bool(self.kinks) != bool(self.near):
            raise TypeError(f"{self.name}: kinks go with the distance to them")
        if self.stops_with and not (self.stops and self.stops_with in self.attributes):
            raise TypeError(f"{self.name}: what {self.stops_with} stops is not said")
        if not self.examples:
            raise TypeError(f"{self.name}: an operation needs an example to be checked at")

    def of_dtype(self, dtype: np.dtype[Any], held: np.dtype[Any]) -> Operation:
        """The row for numbers of one dtype that are held in another, as in wide precision."""
        if self.held_wider is None or dtype == held:
            return self
        return replace(self, forward=self.held_wider(dtype))

    def unfit(self, attribute: str, value: Any) -> str:
        """What is expected of an attribute in place of a value of another kind; else nothing."""
        kind = self.kinds.get(attribute, "")
        if not kind or (value is None and kind.endswith("None")):
            return ""
        types, expected = SIMPLE[kind]
        fits = isinstance(value, types) and (bool in types or not isinstance(value, bool))
        return "" if fits else expected

    @property
    def required(self) -> tuple[str, ...]:
        """The attributes a case has to give."""
        return tuple(k for k, v in self.attributes.items() if v is inspect.Parameter.empty)

    def differentiable(self, position: int) -> bool:
        """Whether a cotangent flows to the array argument at this position."""
        return self.derivatives[0 if self.variadic else position] is not None

    def stopped(self, **attributes: Any) -> bool:
        """Whether what flows back in a call with these attributes is chosen: see ``stops``."""
        return bool(self.stops) and (
            not self.stops_with or attributes.get(self.stops_with) is not None
        )

    @property
    def signature(self) -> str:
        """As in Python: ``sum(x, *, axis=None, keepdims=False)``."""
        whole = inspect.signature(self.forward)
        bare = [p.replace(annotation=p.empty) for p in whole.parameters.values()]
        return f"{self.name}{whole.replace(parameters=bare, return_annotation=whole.empty)}"
