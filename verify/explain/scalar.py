"""The derivation of a case whose every variable is a number: the chain rule as a product.

The variables that the text names are the stations; a sub-expression is written out inside the
variable it is part of, unless it is used twice or grows long, when it gets a line of its own.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np

from ...cases.program import Const, Instruction, Program, Ref
from ...refimpl.ops import TABLE
from .formulas import Term, numeral, product, specialise, substitute, term, total
from .parts import Equation, Section

#: A sub-expression longer than this stands on a line of its own.
LONG = 40

#: More ways than this from a parameter to the output are summed variable by variable.
WAYS = 4


#: Where an attribute's name is a word of a sentence, in whose place no value can stand.
_PROSE = re.compile(
    r"(?:\b(?:an?|along|another|its|last|new|other|the)|\w's(?: other)?) (axis|axes|shape)\b"
)


@dataclass(frozen=True)
class Slope:
    """A derivative: as symbols, with numbers put in, and its value."""

    symbols: Term
    numbers: Term
    value: Any


class ScalarDerivation:
    """Forward values, local derivatives and the chain rule of a program on numbers.

    Parameters
    ----------
    program
        The reference's text.
    values
        Of every variable, inputs and parameters included.
    ways
        The variables on a differentiable way from a parameter to the output, in program order.
    params
        The parameters among them.
    seed
        What the output's gradient starts from; one, unless the case gives a cotangent.
    """

    def __init__(
        self,
        program: Program,
        values: Mapping[str, Any],
        ways: list[str],
        params: list[str],
        seed: Any = 1.0,
    ) -> None:
        self.program, self.values, self.ways = program, values, set(ways)
        self.params, self.seed = params, np.asarray(seed)[()]
        self.made = {i.target: i for i in program.instructions}
        self.labels = self._labels()
        taken = {*values, *self.made}
        plain = self.seed == 1
        self.objective = self.labels[program.output] if plain else free("L", taken)
        self.lines = [i.target for i in program.instructions if i.target in self.labels]
        self.slopes = {
            (target, source): slope
            for target in self.lines
            if target in self.ways
            for source, slope in self._slopes(target)
        }
        self.onward: dict[str, list[str]] = {}
        for target, source in self.slopes:
            self.onward.setdefault(source, []).append(target)

    def forward(self) -> Section:
        """Each variable as a formula, with names and with numbers."""
        lines = [
            Equation(
                self.labels[target],
                self._expression(target, self._name).text,
                self._expression(target, self._number).text,
                numeral(self.values[target]).text,
            )
            for target in self.lines
        ]
        return Section(
            "Forward pass", "Each variable in turn, with names and with numbers.", (*lines,)
        )

    def local(self) -> Section:
        """How much each variable moves with those it is made of."""
        lines = [
            Equation(
                self._d(self.labels[target], source),
                slope.symbols.text,
                slope.numbers.text,
                numeral(slope.value).text,
            )
            for (target, source), slope in self.slopes.items()
        ]
        return Section(
            "Local derivatives", "How each variable moves with those it is made of.", (*lines,)
        )

    def chain(self) -> Section:
        """The gradient of each parameter, as products along the ways to the output."""
        ways = self._ways()
        if any(len(found) > WAYS for found in ways.values()):
            prose = (
                "From the output back: a variable's gradient is the sum, over the variables made "
                "of it, of their gradient times the local derivative."
            )
            return Section("Chain rule", prose, (*self._backwards(),))
        lines: list[Equation] = []
        for name, found in ways.items():
            if len(found) == 1:
                lines.append(self._product(self._d(self.objective, name), found[0]))
                continue
            values = []
            for way in found:
                route = " → ".join(self.label(station) for station in way)
                lines.append(self._product(f"along {route}", way, sign=":"))
                values.append(numeral(self._along(way)))
            left = self._d(self.objective, name)
            result = numeral(sum(self._along(way) for way in found)).text
            lines.append(
                Equation(left, f"the sum over its {len(found)} ways", total(values).text, result)
            )
        prose = "For each parameter, the product of the local derivatives on its way to "
        prose += self.labels[self.program.output]
        several = any(len(found) > 1 for found in ways.values())
        prose += ", summed where there are several ways." if several else "."
        return Section("Chain rule", prose, (*lines,))

    def _labels(self) -> dict[str, str]:
        """What each variable with a line of its own is called."""
        uses = Counter(name for i in self.program.instructions for name in i.refs)
        taken, labels = {*self.values, *self.made}, {}
        self.labels = labels
        for i in self.program.instructions:
            own = i.named or uses[i.target] > 1 or i.target == self.program.output
            if not own:
                own = len(self._expression(i.target, self._name).text) > LONG
            if own:
                labels[i.target] = i.target if i.named else fresh(taken)
        return labels

    def label(self, name: str) -> str:
        """What a variable is called."""
        return self.labels.get(name, name)

    def _name(self, name: str) -> Term:
        return Term(self.label(name))

    def _number(self, name: str) -> Term:
        return numeral(self.values[name])

    def _d(self, target: str, source: str) -> str:
        return f"∂{target}/∂{self.label(source)}"

    def derivative(self, target: str, source: str) -> str:
        """What the local derivative of one line by another is called."""
        return self._d(self.label(target), source)

    def _leaf(self, name: str, write: Callable[[str], Term]) -> Term:
        """A variable inside an expression: itself, or written out where it has no line."""
        if name in self.labels or name not in self.made:
            return write(name)
        return self._expression(name, write)

    def _expression(self, target: str, write: Callable[[str], Term]) -> Term:
        instruction = self.made[target]
        return self._filled(TABLE[instruction.operation].formula, instruction, write)

    def _filled(
        self, template: str, instruction: Instruction, write: Callable[[str], Term]
    ) -> Term:
        special = specialised(template, instruction)
        terms = {
            argument: self._leaf(given.name, write)
            for argument, given in arguments(instruction)
            if isinstance(given, Ref)
        }
        terms.setdefault(
            "y", self._leaf(instruction.target, write) if "y" in special else Term("y")
        )
        return term(substitute(special, terms))

    def _slopes(self, target: str) -> Iterator[tuple[str, Slope]]:
        """The derivative of a line's variable with respect to each line it is made of."""
        found: dict[str, list[tuple[list[Term], list[Term], Any]]] = {}
        for source, symbols, numbers, value in self._unfold(target):
            found.setdefault(source, []).append((symbols, numbers, value))
        for source, uses in found.items():
            yield (
                source,
                Slope(
                    total([product(symbols) for symbols, _, _ in uses]),
                    total([product(numbers) for _, numbers, _ in uses]),
                    sum(value for _, _, value in uses),
                ),
            )

    def _unfold(self, target: str) -> Iterator[tuple[str, list[Term], list[Term], Any]]:
        """Each use of another line inside a line's expression, with the factors on the way."""
        instruction = self.made[target]
        texts = TABLE[instruction.operation].derivatives
        for position, given in enumerate(instruction.arguments):
            if not isinstance(given, Ref) or given.name not in self.ways:
                continue
            text = texts[min(position, len(texts) - 1)]
            if text is None:
                continue
            text = specialise(text, {"g": 1})  # a whole rule, of a cotangent of one
            symbols = self._filled(text, instruction, self._name)
            numbers = self._filled(text, instruction, self._number)
            value = self._local(instruction, position)
            if given.name in self.labels or given.name not in self.made:
                yield given.name, [symbols], [numbers], value
                continue
            for source, inner, inner_numbers, inner_value in self._unfold(given.name):
                yield source, [symbols, *inner], [numbers, *inner_numbers], value * inner_value

    def _local(self, instruction: Instruction, position: int) -> Any:
        """An operation's VJP with a cotangent of one: for numbers, the local derivative."""
        row = TABLE[instruction.operation]
        y = np.asarray(self.values[instruction.target])
        inputs = [self._value(given) for given in instruction.arguments]
        one = np.ones_like(y)
        with np.errstate(all="ignore"):
            if row.joint is not None:
                part = row.joint(one, y, *inputs, **instruction.attributes)[position]
            else:
                vjp = row.vjps[position]
                assert vjp is not None, "an argument without a text has no rule"
                part = vjp(one, y, *inputs, **instruction.attributes)
        return np.asarray(part)[()]

    def _value(self, given: Ref | Const | None) -> Any:
        if isinstance(given, Ref):
            return np.asarray(self.values[given.name])
        return given if given is None else given.value

    def _ways(self) -> dict[str, list[tuple[str, ...]]]:
        """The ways from each parameter to the output, line by line; one more than are shown."""
        ways: dict[str, list[tuple[str, ...]]] = {self.program.output: [(self.program.output,)]}
        for name in (*reversed(self.lines), *self.params):
            onward = self.onward.get(name, [])
            found = ((name, *way) for target in onward for way in ways.get(target, ()))
            ways.setdefault(name, list(islice(found, WAYS + 1)))
        return {name: ways[name] for name in self.params if ways[name]}

    def _pairs(self, way: tuple[str, ...]) -> list[tuple[str, str]]:
        """(target, source) from the output down to the parameter."""
        return [(way[k + 1], way[k]) for k in reversed(range(len(way) - 1))]

    def _along(self, way: tuple[str, ...]) -> Any:
        return self.seed * np.prod([self.slopes[pair].value for pair in self._pairs(way)])

    def _product(self, left: str, way: tuple[str, ...], sign: str = "=") -> Equation:
        pairs = self._pairs(way)
        symbols = [self._d(self.label(target), source) for target, source in pairs]
        values = [numeral(self.slopes[pair].value) for pair in pairs]
        if self.seed != 1:
            symbols.insert(0, self._d(self.objective, self.program.output))
            values.insert(0, numeral(self.seed))
        numbers = [values[0].text, *(v.after("·", 0) for v in values[1:])] if values else ["1"]
        return Equation(
            left,
            " · ".join(symbols),
            " · ".join(numbers),
            numeral(self._along(way)).text,
            sign=sign,
        )

    def _backwards(self) -> Iterator[Equation]:
        """Every variable's gradient from those of the variables made of it."""
        grads: dict[str, Any] = {self.program.output: self.seed}
        if self.seed != 1:
            yield Equation(
                self._d(self.objective, self.program.output), "", "", numeral(self.seed).text
            )
        for name in (*reversed(self.lines), *self.params):
            uses = [target for target in self.onward.get(name, []) if target in grads]
            if not uses:
                continue
            symbols, numbers = [], []
            for target in uses:
                slope = numeral(self.slopes[target, name].value).after("·", 0)
                onward = self._d(self.label(target), name)
                if target == self.program.output and self.seed == 1:
                    symbols.append(onward)
                    numbers.append(numeral(self.slopes[target, name].value))
                else:
                    symbols.append(f"{self._d(self.objective, target)}·{onward}")
                    numbers.append(term(f"{numeral(grads[target]).text}·{slope}"))
            grads[name] = sum(grads[t] * self.slopes[t, name].value for t in uses)
            yield Equation(
                self._d(self.objective, name),
                " + ".join(symbols),
                total(numbers).text,
                numeral(grads[name]).text,
            )


def arguments(instruction: Instruction) -> list[tuple[str, Ref | Const | None]]:
    """An operation's argument names with what they are given."""
    row = TABLE[instruction.operation]
    if row.variadic:
        return [(row.arguments[0], given) for given in instruction.arguments]
    return list(zip(row.arguments, instruction.arguments, strict=False))


def specialised(template: str, instruction: Instruction) -> str:
    """A formula of the operation's row with this call's constants and attributes in it."""
    constants = {
        key: value
        for key, value in TABLE[instruction.operation].attributes.items()
        if isinstance(value, int | float | str)
    }
    constants |= instruction.attributes
    words = {found[1] for found in _PROSE.finditer(template)}
    constants = {key: value for key, value in constants.items() if key not in words}
    constants |= {
        argument: given.value
        for argument, given in arguments(instruction)
        if isinstance(given, Const)
    }
    return specialise(template, constants)


def free(letter: str, taken: set[str]) -> str:
    """A letter that no variable has, if need be with primes."""
    while letter in taken:
        letter += "′"  # noqa: RUF001  a prime is meant
    return letter


def fresh(taken: set[str]) -> str:
    """A name for a sub-expression: the next of u1, u2, … that is free."""
    number = 1
    while f"u{number}" in taken:
        number += 1
    taken.add(f"u{number}")
    return f"u{number}"
