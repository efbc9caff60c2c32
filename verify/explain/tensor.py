"""The derivation of a case with tensors: each operation's rule, then the pass backwards.

Every operation has a line, sub-expressions too, which are called u1, u2, …; numbers are shown
as far as people read them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from ...cases.program import Const, Instruction, Program, Ref
from ...refimpl.ops import TABLE
from .formulas import POWER, PRODUCT, Term, array, product, shape, substitute, term, total
from .parts import Equation, Section
from .scalar import arguments, free, fresh, specialised

_G = "g"
_SUBSCRIPTS = "₀₁₂₃₄₅₆₇₈₉"


def _found_in_turn(i: Instruction) -> bool:
    """Whether it is a parameter of a loop's body, which has a name in the text."""
    return bool(i.turns) and i.turns[-1].role in ("in", "slice")


class TensorDerivation:
    """Forward values, rules and the backward pass of a program on arrays.

    Parameters
    ----------
    program
        The reference's text.
    values
        Of every variable, inputs and parameters included.
    grads
        ∂L/∂variable, of those among ``ways`` that are one array.
    ways
        The variables on a differentiable way from a parameter to the output, in program order.
    params
        The parameters.
    contracted
        Whether the output is no scalar and is contracted with a drawn or given cotangent.
    """

    def __init__(
        self,
        program: Program,
        values: Mapping[str, Any],
        grads: Mapping[str, Any],
        ways: Sequence[str],
        params: list[str],
        *,
        contracted: bool,
    ) -> None:
        self.program, self.values, self.grads = program, values, grads
        self.ways = set(ways)
        self.params, self.contracted = params, contracted
        taken = {*values, *(i.target for i in program.instructions)}
        self.labels = {
            i.target: i.target if i.named or _found_in_turn(i) else fresh(taken)
            for i in program.instructions
        }
        #: The parts taken of each variable that has several: index → label.
        self.parts: dict[str, dict[int, str]] = {}
        for i in program.instructions:
            if i.operation == "select":
                parts = self.parts.setdefault(i.refs[0], {})
                parts[i.attributes["index"]] = i.target
        self.weights, scalar = (free(letter, taken) for letter in "cL")
        self.objective = scalar if contracted else self.labels[program.output]

    def forward(self) -> Section:
        """Each operation as a formula, with its result."""
        lines = [
            Equation(
                self.labels[i.target],
                self._formula(i),
                result="" if i.target in self.parts else array(self.values[i.target]),
                note=self._said(i),
            )
            for i in self.program.instructions
        ]
        return Section("Forward pass", "Each operation in turn, with its result.", (*lines,))

    def local(self) -> Section:
        """The rule of each operation: how a cotangent of its result becomes its arguments'."""
        lines = [
            Equation(
                f"from {self.labels[i.target]} to {self._label(given.name)}", text.text, sign=":"
            )
            for i in self.program.instructions
            for position, given in self._differentiated(i)
            for text in [self._rule(i, position, Term(_G))]
        ]
        prose = (
            "What each operation makes of g, the gradient with respect to its result, for each "
            "of its arguments."
        )
        return Section("Local derivatives", prose, (*lines,))

    def chain(self) -> Section:
        """The gradient of each variable, from the output back to the parameters."""
        prose = (
            "From the output back: a variable's gradient is the sum of what the operations it "
            "went into hand back to it."
        )
        return Section("Chain rule", prose, (*self._backwards(),))

    def _backwards(self) -> Iterator[Equation]:
        output = self.program.output
        if self.contracted:
            yield Equation(
                self._d(output),
                self.weights,
                result=array(self.grads[output]),
                note=f"{self.objective} = Σ {self.weights}·{self.labels[output]}",
            )
        order = [i.target for i in self.program.instructions if i.target in self.ways]
        for name in (*reversed(order), *(p for p in self.params if p in self.ways)):
            uses = list(self._uses(name))
            if uses and self.grads.get(name) is not None:
                yield Equation(self._d(name), total(uses).text, result=array(self.grads[name]))

    def _uses(self, name: str) -> Iterator[Term]:
        """What each operation that a variable went into hands back to it."""
        for i in self.program.instructions:
            for position, given in self._differentiated(i):
                if given.name == name:
                    plain = i.target == self.program.output and not self.contracted
                    yield self._rule(i, position, Term("1") if plain else self._slope(i.target))

    def _differentiated(self, i: Instruction) -> list[tuple[int, Ref]]:
        """The arguments that a gradient flows to, with their places; parts are taken silently."""
        if i.target not in self.ways or i.operation == "select":
            return []
        return [
            (position, given)
            for position, given in enumerate(i.arguments)
            if isinstance(given, Ref)
            and given.name in self.ways
            and TABLE[i.operation].differentiable(position)
        ]

    def _cotangents(self, i: Instruction, g: Term) -> dict[str, Term]:
        """What ``g`` stands for in a rule, or g₀, g₁, … where there are several results."""
        if i.target not in self.parts:
            return {_G: g}
        if g.text == _G:
            return {}
        parts = self.parts[i.target]
        flowing = {k: name for k, name in parts.items() if name in self.ways}
        return {
            _G + digit: self._slope(flowing[k]) if k in flowing else Term("0")
            for k, digit in enumerate(_SUBSCRIPTS)
        }

    def _rule(self, i: Instruction, position: int, g: Term) -> Term:
        """The rule for one argument, with names in it."""
        row = TABLE[i.operation]
        text = row.derivatives[min(position, len(row.derivatives) - 1)]
        assert text is not None, "an argument that a gradient flows to has a rule"
        special = specialised(text, i)
        rule = term(substitute(special, self._terms(i) | self._cotangents(i, g)))
        if i.target in self.parts or special != substitute(special, {_G: Term("")}):
            return rule  # a whole rule, which mentions g
        rule = product([g, rule])
        given = i.arguments[position]
        assert isinstance(given, Ref)
        there, here = self.values[given.name], self.values[i.target]
        if np.size(there) < np.size(here):
            return Term(f"{rule.after('', PRODUCT)} summed to {shape(there)}")
        if np.shape(there) != np.shape(here) and rule == g:
            return Term(f"{g.text} spread over {shape(there)}")
        return rule

    def _formula(self, i: Instruction) -> str:
        if i.operation == "select":
            (whole,) = i.refs
            return f"part {i.attributes['index']} of {self._label(whole)}"
        formula = TABLE[i.operation].formula
        if not formula:
            names = ", ".join(self._term(given).text for _, given in arguments(i))
            return f"{i.operation}({names})"
        return substitute(specialised(formula, i), self._terms(i))

    def _said(self, i: Instruction) -> str:
        """The operation and its attributes, which a formula does not always show."""
        turn = str(i.turns[-1]) if i.turns else ""
        if i.operation == "select":
            return turn
        said = ", ".join(f"{key}={value}" for key, value in i.attributes.items())
        said = f"{i.operation}: {said}" if said else i.operation
        return f"{said}; {turn}" if turn else said

    def _terms(self, i: Instruction) -> dict[str, Term]:
        row = TABLE[i.operation]
        terms = {"y": Term(self.labels[i.target])}
        if row.variadic:
            return terms | {
                row.arguments[0]: Term(", ".join(self._term(given).text for given in i.arguments))
            }
        return terms | {
            argument: self._term(given)
            for argument, given in arguments(i)
            if not isinstance(given, Const)
        }

    def _term(self, given: Ref | Const | None) -> Term:
        if isinstance(given, Ref):
            return Term(self._label(given.name))
        return Term("none" if given is None else str(given.value))

    def _label(self, name: str) -> str:
        return self.labels.get(name, name)

    def _slope(self, name: str) -> Term:
        """∂L/∂name, which takes brackets where something is raised over it."""
        return Term(self._d(name), POWER)

    def _d(self, name: str) -> str:
        return f"∂{self.objective}/∂{self._label(name)}"
