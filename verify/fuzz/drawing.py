"""A random program as it is asked for: its dtype, its checks, the optimizer that it trains with.

Programs are drawn by their number, not by hypothesis: program k of a seed is the same whichever
others are drawn, in whatever order and on whichever machine, which a corpus, a cluster and a
resumed run stand on; and a smaller program is found by asking the engine, many at a time, where
hypothesis would ask one after the other in this process.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from ...cases import Case
from ...refimpl.errors import BadCase
from ...refimpl.optimizers import RULES
from ...refimpl.optimizers.rule import UpdateRule
from .enclosing import Enclosed, enclosed
from .growing import BEGUN, Style, grown_by
from .programs import Grown, Refused
from .writing import case_in, text_of

#: Every so many programs one of another kind; the others have usual numbers and nothing besides.
EACH = ("plain", "edged", "plain", "varied", "plain", "ways", "edged", "trained")

#: The same twice, one of the plain ones having a branch or a loop.
KINDS = (*EACH, *EACH[:4], "enclosed", *EACH[5:])

#: Checks besides values and gradients.
WAYS = ("jvp", "hvp", "vmap")

#: What hyperparameters are drawn from; those that are not here stay at their defaults.
HYPERPARAMETERS = {
    "lr": (0.1, 0.03, 0.004),
    "momentum": (0.0, 0.5, 0.9),
    "weight_decay": (0.0, 0.01, 0.2),
    "b1": (0.9, 0.5),
    "b2": (0.999, 0.9),
    "decay": (0.9, 0.99),
    "rho": (0.9, 0.6),
    "eps": (1e-8, 1e-3),
    "initial_accumulator": (0.0, 0.1),
    "momentum_decay": (0.004, 0.1),
    "difference": (0.92, 0.5),
    "lr_decay": (0.0, 0.1),
}


@dataclass(frozen=True)
class Drawn:
    """A program and what is asked of it: ``ways`` besides values and gradients, or training.

    ``enclosed`` is how some of its lines stand in a branch or in a loop.
    """

    name: str
    program: Grown
    dtype: str = "float64"
    ways: tuple[str, ...] = ()
    optimizer: dict[str, dict[str, Any]] = field(default_factory=dict)
    steps: int = 1
    enclosed: Enclosed | None = None

    def text(self, *, flat: bool = False, without: Iterable[str] = ()) -> str:
        """A case file of one document.

        Parameters
        ----------
        flat
            With an operation a line.
        without
            Adapters that it is not run in.
        """
        more = []
        if self.ways:
            more.append(f"checks: [value, grad, {', '.join(self.ways)}]")
        for rule, given in self.optimizer.items():
            held = ", ".join(f"{k}: {_yaml(v)}" for k, v in given.items())
            more += [f"optimizer: {{{rule}: {{{held}}}}}", f"steps: {self.steps}"]
        skipped = ", ".join(f"{name}: not asked" for name in without)
        more += [f"skip: {{{skipped}}}"] if skipped else []
        return text_of(
            self.name, self.program, (self.dtype,), more, flat=flat, enclosed=self.enclosed
        )


def drawn(seed: int, number: int, operations: tuple[str, ...] = ()) -> tuple[Drawn, Case]:
    """The program of that number, with its case: the same for the same seed and operations.

    Every third is in float32, the others in float64.

    Raises
    ------
    Refused
        Where no program is made of these operations.
    """
    kind = KINDS[number % len(KINDS)]
    dtype = "float32" if number % 3 == 2 else "float64"
    style = Style(
        operations,
        edged=dtype if kind == "edged" else "",
        varied=0.5 if kind == "varied" else 0.0,
        scalar=kind == "trained",
    )
    least, most = (1 if operations else 2), 4 if kind == "edged" else 8
    name = f"fuzz-{seed}-{number}"
    for attempt in range(BEGUN):
        generator = np.random.default_rng([seed, number, attempt])
        try:
            program = grown_by(generator, least, most, style)
            if not _fits(program, dtype):
                continue
            made = DRESSED.get(kind, _plain)(Drawn(name, program, dtype), generator)
            return made, case_in(made.text())
        except (Refused, BadCase):
            continue
    raise Refused(f"no program is made of {', '.join(operations) or 'the table'}")


def _fits(program: Grown, dtype: str) -> bool:
    """Whether no number of a program is so small that it has few digits in that dtype, or none."""
    sizes = (np.abs(x) for x in program.values.values() if x.dtype.kind in "fc")
    return all(np.all((size == 0) | (size >= np.finfo(dtype).tiny)) for size in sizes)


def case_of(seed: int, number: int, path: Path | None = None) -> tuple[Case, str]:
    """The case of a program, and its text."""
    text = drawn(seed, number)[0].text()
    return case_in(text, path), text


def _plain(made: Drawn, generator: np.random.Generator) -> Drawn:  # noqa: ARG001  as the others
    return made


def _asked(made: Drawn, generator: np.random.Generator) -> Drawn:
    """With one of the other ways of differentiating; none of these is there for complex numbers."""
    if any(x.dtype.kind == "c" for x in made.program.values.values()):
        raise Refused
    return replace(made, ways=(WAYS[generator.integers(len(WAYS))],))


def _enclosed(made: Drawn, generator: np.random.Generator) -> Drawn:
    """With some of its lines in a branch or in a loop."""
    return replace(made, enclosed=enclosed(generator, len(made.program.lines)))


def _trained(made: Drawn, generator: np.random.Generator) -> Drawn:
    """With a few steps of an optimizer."""
    rules = [rule for rule in RULES.values() if _can_be_drawn(rule)]
    rule = rules[generator.integers(len(rules))]
    if any(x.ndim not in rule.axes for x in made.program.params.values()):
        raise Refused
    if not _used(made.program):
        raise Refused
    given: dict[str, Any] = {}
    for name in rule.hyperparameters:
        if name in rule.required or generator.random() < 0.5:
            choices = _choices(rule, name)
            if choices:
                given[name] = choices[generator.integers(len(choices))]
    if given.get("nesterov") and "dampening" in rule.hyperparameters:
        given |= {"momentum": 0.9, "dampening": 0.0}  # PyTorch refuses it without
    return replace(made, optimizer={rule.name: given}, steps=int(generator.integers(1, 4)))


#: Kind → what is made of a program of it.
DRESSED: dict[str, Callable[[Drawn, np.random.Generator], Drawn]] = {
    "enclosed": _enclosed,
    "ways": _asked,
    "trained": _trained,
}


def _used(program: Grown) -> bool:
    """Whether every result of every line is used.

    What a parameter gives to a result that is not used leaves it without a gradient in PyTorch,
    whose optimizers do not touch such a one: it does not even decay.
    """
    used = {program.output}.union(*(line.names for line in program.lines))
    return all(used.issuperset(line.targets) for line in program.lines)


def _can_be_drawn(rule: UpdateRule) -> bool:
    return all(_choices(rule, name) for name in rule.required)


def _choices(rule: UpdateRule, name: str) -> tuple[Any, ...]:
    return (False, True) if name in rule.switches else HYPERPARAMETERS.get(name, ())


def _yaml(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else repr(value)
