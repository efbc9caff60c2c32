"""Walks a program once, in any framework.

What a framework has to say for itself stands in its ``Dialect``; the walk is the same for all.
"""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from types import MappingProxyType
from typing import Any

import numpy as np

from ..cases.program import Const, Instruction, Program, Ref
from ..refimpl.errors import AdapterFailed, GradparityError, Unsupported, described
from .rolling import Branched, Rolled, rolled
from .values import constant, rounded

#: Where an error has the instruction that it was raised at.
_AT = "_gradparity_instruction"


class Dialect(ABC):
    """How a framework computes one instruction."""

    @abstractmethod
    def lower(self, operation: str) -> Callable[..., Any]:
        """The function for an operation of the table.

        Raises
        ------
        Unsupported
            Where the framework has none.
        """

    def native(self, name: str) -> Callable[..., Any]:
        """The framework's own function of that dotted name.

        Raises
        ------
        Unsupported
            Where the framework has none, or none that a case may call.
        """
        raise Unsupported(f"{name} is another framework's")

    @abstractmethod
    def kind(self, value: Any) -> str:
        """What an array holds: ``b``, ``i``, ``f`` or ``c``."""

    @abstractmethod
    def array(self, x: np.ndarray) -> Any:
        """The framework's array of the same bits."""

    def begin(self, instruction: Instruction, arguments: list[Any]) -> None:  # noqa: B027  for those who count
        """Be told of an operation of the table before it is computed."""

    def select(self, results: Any, index: int) -> Any:
        """One result of several."""
        return results[index]

    #: Whether it has loops of its own, for those that a program unrolls.
    rolls = False

    def loop(self, loop: Rolled, scope: dict[str, Any], walk: Walk, depth: int) -> dict[str, Any]:
        """Every variable of a loop's turns and of what stands round them; for those with loops."""
        raise NotImplementedError

    def branch(
        self, branched: Branched, scope: dict[str, Any], walk: Walk, depth: int
    ) -> dict[str, Any]:
        """Every variable of a cond's two branches and of what joins them; for those with conds."""
        raise NotImplementedError

    def truth(self, value: Any) -> bool:
        """What an array is that decides between branches; for those that run one of them."""
        return bool(value)

    def tap(self, name: str, value: Any) -> Any:  # noqa: ARG002  for those who watch variables
        """See every variable as it is assigned; what is returned is what is assigned."""
        return value


def interpret(
    program: Program,
    leaves: dict[str, Any],
    dialect: Dialect,
    dtype: str,
    dtypes: Mapping[str, str] = MappingProxyType({}),
) -> dict[str, Any]:
    """Run a program: every variable it assigns, by name.

    Parameters
    ----------
    program
        The instructions.
    leaves
        Inputs and parameters, as the framework's arrays.
    dialect
        The framework.
    dtype
        The task's, which floating constants are rounded to.
    dtypes
        Of variables that have another one: a constant takes that of what is computed with it.

    What the framework raises at an instruction is raised as it is, for an adapter may know what it
    means; ``failures`` finds the instruction in it.
    """
    walk = Walk(dialect, dtype, dtypes)
    scope = dict(leaves)
    return walk.through(program.instructions, scope)


class Walk:
    """Evaluates instructions in a framework, in order or as the loops that they are turns of."""

    def __init__(self, dialect: Dialect, dtype: str, dtypes: Mapping[str, str]) -> None:
        self.dialect, self._dtype, self._dtypes = dialect, dtype, dtypes

    def within(self, dialect: Dialect) -> Walk:
        """The same in another dialect."""
        return Walk(dialect, self._dtype, self._dtypes)

    def through(
        self, instructions: Sequence[Instruction], scope: dict[str, Any], depth: int = 0
    ) -> dict[str, Any]:
        """Every variable that instructions assign; each goes into the scope as well.

        ``depth`` is how many loops are gone into already.
        """
        assigned: dict[str, Any] = {}
        if not self.dialect.rolls:
            for i in self._run(instructions, scope):
                assigned[i.target] = self.one(i, scope)
            return assigned
        for item in rolled(instructions, depth, scope):
            if isinstance(item, Instruction):
                assigned[item.target] = self.one(item, scope)
                continue
            with marked(item.first):
                if isinstance(item, Rolled):
                    assigned |= self.dialect.loop(item, scope, self, depth + 1)
                else:
                    assigned |= self.dialect.branch(item, scope, self, depth + 1)
        return assigned

    def _run(
        self, instructions: Sequence[Instruction], scope: Mapping[str, Any]
    ) -> Iterator[Instruction]:
        """The instructions that are not in a branch that is not taken, each when it is its turn."""
        known: dict[str, bool] = {}

        def decided(name: str) -> bool | None:
            if name not in scope:
                return None  # what is asked by itself is run
            if name not in known:
                known[name] = self.dialect.truth(scope[name])
            return known[name]

        for i in instructions:
            if not i.turns:
                yield i
                continue
            with marked(i):
                run = i.settled(decided)
            if run is not None:
                yield run

    def one(self, instruction: Instruction, scope: dict[str, Any]) -> Any:
        """What an instruction assigns, which goes into the scope."""
        with marked(instruction):
            own = self._dtypes.get(instruction.target, self._dtype)
            result = _evaluate(instruction, scope, self.dialect, own)
        return self.assign(instruction.target, result, scope)

    def assign(self, target: str, result: Any, scope: dict[str, Any]) -> Any:
        """A result as it is assigned."""
        if not isinstance(result, tuple | list):
            result = self.dialect.tap(target, result)
        scope[target] = result
        return result


@contextmanager
def marked(instruction: Instruction) -> Iterator[None]:
    """What a framework raises has the instruction that it was raised at, the first one of all."""
    try:
        yield
    except GradparityError:
        raise
    except Exception as error:
        with suppress(AttributeError):  # a class may allow no attributes
            if not hasattr(error, _AT):
                setattr(error, _AT, instruction)
        raise


def _evaluate(instruction: Instruction, scope: dict[str, Any], dialect: Dialect, dtype: str) -> Any:
    if instruction.operation == "select" and not instruction.native:
        (whole,) = instruction.refs
        return dialect.select(scope[whole], instruction.attributes["index"])
    arguments = [scope[a.name] if isinstance(a, Ref) else a for a in instruction.arguments]
    if any(isinstance(a, Const) for a in arguments):
        met = {dialect.kind(scope[name]) for name in instruction.refs}
        arguments = [
            _constant(a, met, dialect, dtype, native=instruction.native)
            if isinstance(a, Const)
            else a
            for a in arguments
        ]
    if instruction.native:
        plain, by_keyword = instruction.passed(arguments)
        function = dialect.native(instruction.operation)
        return function(*plain, **by_keyword, **instruction.attributes)
    attributes = {
        key: tuple(value) if isinstance(value, list) else value
        for key, value in instruction.attributes.items()
    }
    dialect.begin(instruction, arguments)
    return dialect.lower(instruction.operation)(*arguments, **attributes)


def _constant(number: Const, met: set[str], dialect: Dialect, dtype: str, *, native: bool) -> Any:
    """A number that takes the dtype of the arrays it meets; an array of the task's if it must."""
    value = number.value
    if not isinstance(value, int | float | complex):
        return value  # a native call's own business
    value = rounded(value, dtype)
    if native or met & {"f", "c"} or isinstance(value, bool):
        return value
    if isinstance(value, int) and "i" in met:
        return value
    return dialect.array(constant(value, dtype))


def arrays_of(variables: dict[str, Any]) -> dict[str, Any]:
    """The variables that are arrays: what has several results has no value of its own."""
    return {k: v for k, v in variables.items() if not isinstance(v, tuple | list)}


#: Characters of an operation's text that a message quotes.
_QUOTED = 80


def situated(failure: Exception) -> str:
    """What an adapter failed at: its message, and the operation with its line, as far as known."""
    at = getattr(failure, "at", None)
    if not isinstance(at, Instruction) or not at.text:
        return str(failure)
    text = at.text if len(at.text) <= _QUOTED else f"{at.text[: _QUOTED - 1]}…"
    return f"{failure} (in `{text}`{f' at line {at.line}' if at.line else ''})"


@contextmanager
def failures() -> Iterator[None]:
    """Give what a framework raises our own type, and silence its warnings; our own errors pass.

    Raises
    ------
    AdapterFailed
        ``ErrorType: message``, with the framework's error as its cause.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # results are judged, not what is said of them
            yield
    except GradparityError:
        raise
    except Exception as error:
        raise AdapterFailed(described(error), getattr(error, _AT, None)) from error
