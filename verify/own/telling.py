"""What is said of a finding: by the user's own names and lines, in the user's framework."""

from __future__ import annotations

from ...adapters.captures.captured import Place
from .causes import Proof
from .evaluating import Evaluated
from .seemly import dropped, source

#: What edits call an operand whose name is one that a capture gave.
ONE_TERM = "one term"


def named(said: str, first: Evaluated, second: Evaluated, *, turned: bool = False) -> str:
    """An edit's words with the two sides in them: of the first, or, ``turned``, of the second."""
    here, there = names(first, second)[:: -1 if turned else 1]
    return said.format(here=here, there=there)


def cause(proof: Proof, first: Evaluated, second: Evaluated, *, turned: bool = False) -> str:
    """Why the sides part, where the first was edited, or, ``turned``, the second."""
    said = named(proof.edit.says, first, second, turned=turned)
    if ONE_TERM in said:
        here = second if turned else first
        said = said.replace(ONE_TERM, _operand(here, left_out(here, proof)), 1)
    return said


def left_out(side: Evaluated, proof: Proof) -> str:
    """The operand of an instruction that an edit of it has not; nothing of another edit."""
    missing = dropped(side.made[proof.target], proof.edit)
    return missing[0] if len(missing) == 1 else ""


def _operand(side: Evaluated, name: str) -> str:
    """A variable by the user's own words: a parameter's name, or the line that computes it."""
    known = source(side, name)
    if known:
        return f"`{known}`"
    place = side.captured.places.get(name, Place())
    return f"what {line(place)} computes" if place.line else ONE_TERM


def leaf(side: Evaluated, name: str) -> str:
    """What a variable is that nothing computes."""
    if name in side.captured.params:
        return f"parameter {name}"
    if name not in side.captured.places:
        return f"input {name}"
    return "constant" if name[:1] == "c" and name[1:].isdigit() else f"buffer {name}"


def line(place: Place) -> str:
    """As ``net.py:31: scores = q @ k.T``; the module where no line is known."""
    if not place.line:
        return place.module
    where = f"{place.file.rpartition('/')[2]}:{place.line}"
    return f"{where} `{place.code}`" if place.code else where


def remedy(proof: Proof, sides: tuple[Evaluated, Evaluated], places: tuple[Place, Place]) -> str:
    """How the second side comes to be as the first, which was edited; where each of them parts."""
    first, second = sides
    return (
        f"{_in(second, first, places[1])}{_agree(proof, first)}{_as_in(first, second, places[0])}"
    )


def turned(proof: Proof, sides: tuple[Evaluated, Evaluated], places: tuple[Place, Place]) -> str:
    """The same, where it was the second side that was edited."""
    first, second = sides
    called = names(first, second)
    other = f"; or, in {called[0]}: {_agree(proof, second)}"
    done = f"what {called[0]} does" + (f" at {line(places[0])}" if line(places[0]) else "")
    return f"{_in(second, first, places[1])}{done}{other}"


def gradient(said: str, sides: tuple[Evaluated, Evaluated], places: tuple[Place, Place]) -> str:
    """What the second side is to do for its gradients to be the first's."""
    first, second = sides
    return f"{_in(second, first, places[1])}{said}{_as_in(first, second, places[0])}"


def within(said: str, side: Evaluated, other: Evaluated, place: Place) -> str:
    """What one of two sides is to do by itself, at a place."""
    return f"{_in(side, other, place)}{said}"


def _agree(proof: Proof, here: Evaluated) -> str:
    said = proof.edit.agree
    if ONE_TERM in said:
        said = said.replace(ONE_TERM, _operand(here, left_out(here, proof)), 1)
    return said


def names(first: Evaluated, second: Evaluated) -> tuple[str, str]:
    """What two sides are called, which may be of one framework."""
    if first.framework != second.framework:
        return first.framework, second.framework
    return f"the first ({first.framework})", f"the second ({second.framework})"


def _in(side: Evaluated, other: Evaluated, place: Place) -> str:
    name = names(other, side)[1]
    where = f", {place.file.rpartition('/')[2]}:{place.line}" if place.line else ""
    return f"in {name}{where}: "


def _as_in(side: Evaluated, other: Evaluated, place: Place) -> str:
    name = names(side, other)[0]
    return f", as in {name} at {line(place)}" if line(place) else ""
