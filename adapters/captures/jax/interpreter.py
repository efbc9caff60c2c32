"""A jaxpr is gone through once: equations become instructions, calls and loops are unrolled.

Where no input moves with a floating leaf, an equation is folded: its result is a constant. So is a
whole number that moves with one (an index, a place in an order): it has no derivative.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.core import ClosedJaxpr, Jaxpr, Literal

from ....refimpl.errors import Unsupported
from ..captured import Custom, Gap, Place
from .folding import computed
from .places import place_of, within_jax
from .primitives import COMPOSITES, PRIMITIVES
from .values import Value, put_off
from .writing import Equation, Writer, Written

#: Calls of a jaxpr, which are gone into.
CALLS = frozenset(
    (
        *("jit", "pjit", "closed_call", "core_call", "checkpoint", "remat", "remat2"),
        *("custom_jvp_call", "custom_vjp_call"),
    )
)

#: Those whose derivative somebody wrote.
CUSTOM = frozenset({"custom_jvp_call", "custom_vjp_call"})

#: They compute nothing.
EFFECTS = frozenset({"debug_callback", "debug_print"})

#: They make random numbers out of keys.
DRAWS = frozenset(
    ["random_bits", "random_gamma", "threefry2x32", "rng_bit_generator", "rng_uniform"],
)

#: A loop that asks before each turn whether there is another is unrolled to so many: one whose end
#: hangs on a number may go round for hours.
MOST_TURNS = 1000

#: A constant of no axes still is one after these.
_REPEATS = frozenset({"broadcast_in_dim", "convert_element_type", "reshape", "copy", "copy_p"})


class Interpreter:
    """Goes through jaxprs and writes down what they compute."""

    def __init__(self, writer: Writer, root: str = "") -> None:
        self.writer, self.root = writer, root
        self.custom: list[Custom] = []
        #: Variable → the dtype that the user's code computes it in.
        self.dtypes: dict[str, str] = {}
        #: The constant that stands for what was not captured → what that was.
        self.gaps: dict[str, Gap] = {}

    def run(
        self,
        jaxpr: Jaxpr | ClosedJaxpr,
        inputs: Sequence[Value],
        outer: Place = Place(),  # noqa: B008  frozen
        path: tuple[str, ...] = (),
        *,
        users: bool = True,
    ) -> list[Value]:
        """The results of a jaxpr.

        ``outer`` and ``path`` are the place and the names of the call around it, ``users`` whether
        the lines of its equations are its user's own: JAX keeps the lines at which it first saw
        one of its own functions.
        """
        consts: Sequence[Any] = ()
        if isinstance(jaxpr, ClosedJaxpr):
            consts, jaxpr = jaxpr.consts, jaxpr.jaxpr
        scope: dict[Any, Value] = dict(zip(jaxpr.constvars, map(Value.of, consts), strict=True))
        scope.update(zip(jaxpr.invars, inputs, strict=True))

        def read(atom: Any) -> Value:
            return Value.of(np.asarray(atom.val)) if isinstance(atom, Literal) else scope[atom]

        for equation in jaxpr.eqns:
            given = [read(x) for x in equation.invars]
            place = place_of(equation, outer, path)
            if not users:
                place = replace(outer, module=place.module)
            if self.root and not path:
                place = replace(place, module=_below(self.root, place.module))
            scope.update(zip(equation.outvars, self._equation(equation, given, place), strict=True))
        return [read(x) for x in jaxpr.outvars]

    def _equation(self, equation: Any, inputs: list[Value], place: Place) -> list[Value]:
        name = equation.primitive.name
        if name in EFFECTS:
            return []
        shapes = [x.aval for x in equation.outvars]
        run = partial(computed, equation)
        if all(x.name is None for x in inputs):
            return _folded(equation, run, inputs, shapes, place)
        if name in CALLS:
            return self._call(equation, inputs, place)
        one = Equation(name, equation.params, inputs, shapes, run)
        if name in ("scan", "while", "cond"):
            return self._unrolled(one, place)
        if all(Value(s.shape, s.dtype).kind in "ik" for s in shapes):
            return put_off(run, inputs, shapes)
        return self._written(PRIMITIVES.get(name, _unknown), one, place)

    def _unrolled(self, one: Equation, place: Place) -> list[Value]:
        unroll = {"scan": self._scan, "while": self._while, "cond": self._cond}[one.name]
        # Names of a loop's own are taken from the equations in it.
        path = tuple(place.module.split(".")) if place.module else ()
        before = len(self.writer.builder.instructions)
        try:
            return unroll(one.params, one.inputs, place, path)
        except Unsupported as why:
            return self._missing(one, before, why, place)

    def _written(
        self, rule: Callable[[Writer, Equation], Written], one: Equation, place: Place
    ) -> list[Value]:
        """What a rule makes of an equation; constants and a gap, where it cannot."""
        builder = self.writer.builder
        builder.place = place
        before = len(builder.instructions)
        try:
            written = rule(self.writer, one)
        except Unsupported as why:
            return self._missing(one, before, why, place)
        values = put_off(one.run, one.inputs, one.outputs)
        names = [written] if isinstance(written, str) else written
        for value, name in zip(values, names, strict=True):
            if value.kind in "fcb":
                value.name = name
        for instruction in builder.instructions[before:]:
            self.dtypes[instruction.target] = np.dtype(values[0].dtype).name
        self.dtypes |= {v.name: np.dtype(v.dtype).name for v in values if v.name is not None}
        return values

    def _missing(self, one: Equation, before: int, why: Unsupported, place: Place) -> list[Value]:
        """Constants and a gap in the place of an equation, and of what was written for it."""
        builder = self.writer.builder
        del builder.instructions[before:]
        builder.place = place
        gap = Gap(one.name, str(why), place)
        values = put_off(one.run, one.inputs, one.outputs)
        for value in values:
            if value.kind in "fcb":
                value.name = builder.constant(value.numpy)
                self.gaps[value.name] = gap
        return values

    def _call(self, equation: Any, inputs: list[Value], place: Place) -> list[Value]:
        params = equation.params
        inner = params.get("jaxpr") or params.get("call_jaxpr")
        info = inner.jaxpr.debug_info if isinstance(inner, ClosedJaxpr) else inner.debug_info
        known = within_jax(info.func_src_info or "")
        composite = COMPOSITES.get(known)
        if composite is not None:
            shapes = [x.aval for x in equation.outvars]
            one = Equation(known, params, inputs, shapes, partial(computed, equation))
            if composite.fits(one):
                return self._written(composite.write, one, place)
        if equation.primitive.name in CUSTOM and not known:
            self.custom.append(Custom(info.func_name or "", place))
        path = tuple(place.module.split(".")) if place.module else ()
        return self.run(inner, inputs, place, path, users=not known)

    def _scan(
        self, params: dict[str, Any], inputs: list[Value], place: Place, path: tuple[str, ...]
    ) -> list[Value]:
        count, carried = params["num_consts"], params["num_carry"]
        consts, rest = inputs[:count], inputs[count:]
        carry, rows = rest[:carried], rest[carried:]
        length = params["length"]
        results: list[list[Value]] = [[]] * length
        for step in reversed(range(length)) if params["reverse"] else range(length):
            given = [self._row(x, step, place) for x in rows]
            made = self.run(params["jaxpr"], [*consts, *carry, *given], place, path)
            carry, results[step] = made[:carried], made[carried:]
        shapes = [v.aval for v in params["jaxpr"].jaxpr.outvars[carried:]]
        stacked = [
            self._stacked([row[k] for row in results], shape, place)
            for k, shape in enumerate(shapes)
        ]
        return [*carry, *stacked]

    def _row(self, x: Value, step: int, place: Place) -> Value:
        shape = jax.ShapeDtypeStruct(x.shape[1:], x.dtype)
        (row,) = put_off(lambda x: [x[step]], [x], [shape])
        if x.name is not None:
            self.writer.builder.place = place
            row.name = self.writer.emit("getitem", x, index=(step,))
            self.dtypes[row.name] = np.dtype(x.dtype).name
        return row

    def _stacked(self, rows: list[Value], shape: Any, place: Place) -> Value:
        whole = jax.ShapeDtypeStruct((len(rows), *shape.shape), shape.dtype)
        if not rows:
            return Value.of(jnp.zeros(whole.shape, whole.dtype))
        (value,) = put_off(lambda *xs: [jnp.stack(xs)], rows, [whole])
        if any(x.name is not None for x in rows):
            self.writer.builder.place = place
            value.name = self.writer.emit("stack", *rows, axis=0)
            self.dtypes[value.name] = np.dtype(value.dtype).name
        return value

    def _while(
        self, params: dict[str, Any], inputs: list[Value], place: Place, path: tuple[str, ...]
    ) -> list[Value]:
        asked, done = params["cond_nconsts"], params["body_nconsts"]
        for_condition, rest = inputs[:asked], inputs[asked:]
        for_body, carry = rest[:done], rest[done:]
        for _ in range(MOST_TURNS):
            (again,) = self.run(params["cond_jaxpr"], [*for_condition, *carry], place, path)
            if not again.numpy.any():
                return carry
            made = self.run(params["body_jaxpr"], [*for_body, *carry], place, path)
            carry = made if again.numpy.all() else self._where(again, made, carry, place, path)
        raise Unsupported(f"goes round more than {MOST_TURNS} times")

    def _where(
        self,
        going: Value,
        made: list[Value],
        carry: list[Value],
        place: Place,
        path: tuple[str, ...],
    ) -> list[Value]:
        """What a loop over a batch carries on: what it made for the elements that still go on."""

        def kept(going: Any, made: list[Any], carry: list[Any]) -> list[Any]:
            return [
                jnp.where(jnp.expand_dims(going, range(going.ndim, new.ndim)), new, old)
                for new, old in zip(made, carry, strict=True)
            ]

        shapes = [[jax.ShapeDtypeStruct(x.shape, x.dtype) for x in xs] for xs in (made, carry)]
        jaxpr = jax.make_jaxpr(kept)(jax.ShapeDtypeStruct(going.shape, going.dtype), *shapes)
        return self.run(jaxpr, [going, *made, *carry], place, path)

    def _cond(
        self, params: dict[str, Any], inputs: list[Value], place: Place, path: tuple[str, ...]
    ) -> list[Value]:
        branches = params["branches"]
        chosen = int(np.clip(int(inputs[0].numpy), 0, len(branches) - 1))
        return self.run(branches[chosen], inputs[1:], place, path)


def _below(root: str, module: str) -> str:
    """A module's path without its root."""
    return "" if module == root else module.removeprefix(f"{root}.")


def _unknown(w: Writer, e: Equation) -> Written:  # noqa: ARG001  as every rule
    raise Unsupported("the reference has no counterpart")


def _folded(
    equation: Any, run: Callable[..., Any], inputs: list[Value], shapes: Any, place: Place
) -> list[Value]:
    """Constants; random ones, if a key that the function is given was drawn from."""
    given = any(x.leaf for x in inputs)
    drawn = place if given and _draws(equation) else None
    values = put_off(run, inputs, shapes, drawn)
    if equation.primitive.name in _REPEATS:
        values[0].uniform_of = _uniform(equation, inputs[0], values[0])
    return values


def _uniform(equation: Any, x: Value, value: Value) -> Value | None:
    scalar = x.uniform_of or (x if x.shape == () else None)
    if scalar is None or value.drawn:
        return None
    if equation.primitive.name != "convert_element_type":
        return scalar
    shape = jax.ShapeDtypeStruct((), value.dtype)
    return put_off(lambda x: [x.astype(value.dtype)], [scalar], [shape])[0]


def _draws(equation: Any) -> bool:
    """Whether random numbers are drawn in an equation or in a jaxpr within it."""
    if equation.primitive.name in DRAWS:
        return True
    return any(_draws(inner) for j in _jaxprs(equation.params) for inner in j.eqns)


def _jaxprs(params: dict[str, Any]) -> Iterator[Jaxpr]:
    for value in params.values():
        for part in value if isinstance(value, tuple) else (value,):
            if isinstance(part, ClosedJaxpr):
                yield part.jaxpr
            elif isinstance(part, Jaxpr):
                yield part
