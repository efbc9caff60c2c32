"""The names of a program: single assignment, families of variables, constants."""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from .constants import NUMBERS, WORDS
from .faults import shown, unknown
from .native import ROOTS
from .program import Ref
from .syntax import Fault, Source

#: Names that no tensor, variable or sweep may have.
RESERVED = frozenset((*NUMBERS, *WORDS, *ROOTS, "range", "numpy", "jnp"))


@dataclass(frozen=True, eq=False)
class Function:
    """A function of the program: its text, and the scope that it is written in."""

    node: ast.FunctionDef
    scope: Scope


class Scope:
    """What every name means so far.

    Parameters
    ----------
    source
        The text, for the places of first assignments.
    arrays
        Inputs and parameters.
    constants
        The sweep's names, with the point's values.
    around
        Of a function's body, the scope that the function is written in.
    called
        What a variable of a function's body is called in the program.
    given
        The function's parameters, which are among the constants.
    """

    def __init__(
        self,
        source: Source,
        arrays: Collection[str],
        constants: Mapping[str, Any],
        around: Scope | None = None,
        called: Callable[[str], str] = str,
        given: Collection[str] = (),
    ) -> None:
        self._source, self._around = source, around
        #: What a variable is called in the program, by its name in the text.
        self.called = called
        self._functions: dict[str, Function] = {}
        self._used: set[str] = set()
        self._given = frozenset(given)
        #: Everything that is a constant: the sweep's names, loop variables, named constants.
        self.constants = dict(constants)
        self._loops: dict[str, None] = {}
        #: Array → the node that assigned it; None for inputs and parameters.
        self._arrays: dict[str, Any] = dict.fromkeys(arrays)
        #: Constant that the text named → the node that did.
        self._named: dict[str, Any] = {}
        #: Family → its members' names.
        self._families: dict[str, list[str]] = {}
        #: What statements at fault would have assigned: used without another fault.
        self._lost: set[str] = set()

    def value(self, name: str, node: Any) -> Any:
        """What a name means: a ``Ref`` or a constant.

        Raises
        ------
        Fault
            Where it means nothing; without a message where an earlier fault is why.
        """
        if name in self._arrays:
            return Ref(self.called(name))
        if name in self.constants:
            return self.constants[name]
        if name in self._lost:
            raise Fault("", node)
        if self._around is not None and self._around.outer(name):
            return self._around.value(name, node)
        if name in NUMBERS:
            return NUMBERS[name]
        if name in WORDS:
            return WORDS[name]
        if name in self._functions:
            raise Fault(
                f"{name} is a function, expected an array (a function is for scan(…), map(…), "
                "cond(…) and while_loop(…))",
                node,
            )
        if name in self._families:
            members = ", ".join(self._families[name][:4])
            raise Fault(f"{name} is a family, expected one of its members ({members})", node)
        raise Fault(unknown("variable", name, self.known()), node)

    def known(self) -> list[str]:
        """The names of variables and constants, here and around."""
        around = self._around.known() if self._around else []
        return list(dict.fromkeys([*self._arrays, *self.constants, *around]))

    def is_array(self, name: str) -> bool:
        """Whether a name is an input's, a parameter's or a variable's."""
        if name in self._arrays or isinstance(self.constants.get(name), Ref):
            return True
        return self._around is not None and self._around.is_array(name)

    def is_family(self, name: str) -> bool:
        """Whether ``name[…]`` are variables, rather than elements of an array."""
        if name in self._families:
            return True
        return self._around is not None and not self._own(name) and self._around.is_family(name)

    def member(self, family: str, index: Any, node: Any) -> Ref:
        """A member of a family.

        Raises
        ------
        Fault
            Where it is not assigned yet.
        """
        if family not in self._families and self._around is not None:
            return self._around.member(family, index, node)
        name = member_name(family, index)
        if name in self._arrays:
            return Ref(self.called(name))
        if family in self._lost:
            raise Fault("", node)
        members = ", ".join(self._families[family][:8])
        what = name or f"this member of {family}"
        raise Fault(f"{what} is not assigned, expected one of {members}", node)

    def new(self, name: str, node: Any) -> str:
        """A plain name that is about to be assigned.

        Raises
        ------
        Fault
            Where it is taken, or no name to give.
        """
        self.check_name(name, node)
        if name in self._families:
            raise Fault(f"{name} is a family ({name}[…]), expected another name", node)
        return self._unassigned(name, node)

    def new_member(self, family: str, index: Any, node: Any) -> str:
        """A member of a family that is about to be assigned; faults as in ``new``."""
        self.check_name(family, node)
        if family in self._arrays or family in self.constants:
            raise Fault(
                f"{family} is no family of variables, and an array's elements cannot be "
                "assigned, expected a new name",
                node,
            )
        name = member_name(family, index)
        if not name:
            raise Fault(f"the index of {family}, expected whole numbers from 0 up", node.slice)
        return self._unassigned(name, node)

    def declare(self, name: str, node: Any) -> None:
        """A variable is assigned."""
        self._arrays[name] = node
        family, bracket, _ = name.partition("[")
        if bracket:
            self._families.setdefault(family, []).append(name)

    def declare_constant(self, name: str, value: Any, node: Any) -> None:
        """A name is given to a constant, or to several arrays."""
        self.constants[name] = value
        self._named[name] = node

    def lose(self, name: str) -> None:
        """The statement that would have assigned a name is at fault."""
        self._lost.add(name)

    def open_loop(self, name: str, node: Any) -> None:
        """A name becomes a loop's variable; faults as in ``new``."""
        self.check_name(name, node)
        if name in self._arrays or name in self._families or name in self.constants:
            raise Fault(f"{name} has a meaning already, expected another name", node)
        self._loops[name] = None

    def turn(self, name: str, value: int) -> None:
        """The loop's variable has its next value."""
        self.constants[name] = value

    def close_loop(self, name: str) -> None:
        """The loop's variable is forgotten."""
        self._loops.pop(name, None)
        self.constants.pop(name, None)

    @staticmethod
    def check_name(name: str, node: Any) -> None:
        """Refuse what is no name to give."""
        if not name.isascii() or not name[0].isalpha() or len(name) > 100:
            raise Fault(
                f"the name {shown(name)}, expected an ASCII letter, then letters, digits and _",
                node,
            )
        if name in RESERVED:
            raise Fault(f"the name {name} is reserved, expected another", node)

    def outer(self, name: str) -> bool:
        """Whether a name means something here or around: a variable, a constant or a function."""
        return self._own(name) or (self._around is not None and self._around.outer(name))

    def _own(self, name: str) -> bool:
        mine: tuple[Collection[str], ...]
        mine = (self._arrays, self.constants, self._families, self._functions, self._lost)
        return any(name in names for names in mine)

    # Functions

    def define(self, node: ast.FunctionDef) -> None:
        """A function is written; faults as in ``new``."""
        self.new(node.name, node)
        self._functions[node.name] = Function(node, self)

    def function(self, name: str) -> Function | None:
        """The function that a name means; it counts as used."""
        found = self._functions.get(name)
        if found is None:
            return None if self._around is None else self._around.function(name)
        self._used.add(name)
        return found

    def is_lost(self, name: str) -> bool:
        """Whether what would have made a name is at fault, here or around."""
        return name in self._lost or (self._around is not None and self._around.is_lost(name))

    @property
    def functions(self) -> list[str]:
        """The names of functions here and around."""
        return [*self._functions, *(self._around.functions if self._around else ())]

    @property
    def unused(self) -> list[Function]:
        """The functions that were written and never used."""
        return [f for name, f in self._functions.items() if name not in self._used]

    @staticmethod
    def body(function: Function, given: Mapping[str, Any], called: Callable[[str], str]) -> Scope:
        """The scope of a function's body, in which its parameters are what is given."""
        home = function.scope
        return Scope(home._source, (), {**home.constants, **given}, home, called, given)  # noqa: SLF001

    def _unassigned(self, name: str, node: Any) -> str:
        """Single assignment."""
        if name in self._functions:
            line = self._source.place(self._functions[name].node).line
            raise Fault(f"{name} is the function of line {line}, expected another name", node)
        if self._around is not None and not self._own(name) and self._around.outer(name):
            raise Fault(
                f"{name} has a meaning outside of the function, expected another name", node
            )
        first = self._arrays.get(name) or self._named.get(name)
        if first is not None:
            line, again = self._source.place(first).line, self._source.place(node).line
            raise Fault(self._again(name, line, again), node)
        what = ""
        if name in self._arrays:
            what = "an input or a parameter"
        elif name in self._given:
            what = "what the function is given"
        elif name in self.constants:
            what = "the loop's variable" if name in self._loops else "the sweep's name"
        if what:
            raise Fault(f"{name} is {what}, expected another name", node)
        return name

    def _again(self, name: str, line: int, again: int) -> str:
        """That a name is assigned a second time, by a loop's next turn or by another line."""
        loops = ", ".join(f"{loop} = {self.constants[loop]}" for loop in self._loops)
        if loops and line == again:
            (*_, loop) = self._loops
            return (
                f"{name} is assigned again by the loop's next turn ({loops}), expected a name of "
                f"its own for each turn: {name}[{loop}] = …"
            )
        twice = f"{name} is assigned at line {line} and again at line {again}"
        if not loops:
            return f"{twice}, expected one assignment"
        (*_, loop) = self._loops
        return (
            f"{twice}, by a loop, expected a name of its own for each turn: {name}[0] = … before "
            f"the loop, {name}[{loop} + 1] = … of {name}[{loop}] in it"
        )


def member_name(family: str, index: Any) -> str:
    """``h[2]`` or ``h[2, 0]``; empty where the index is not made of whole numbers."""
    parts = index if isinstance(index, tuple) else (index,)
    if parts and all(type(part) is int and part >= 0 for part in parts):
        return f"{family}[{', '.join(map(str, parts))}]"
    return ""
