"""What no comparison sees: variables that only some texts name, what own optimizers remember."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..refimpl.optimizers import RULES
from .program import Program


def uncompared(programs: Mapping[str, Program]) -> dict[str, tuple[str, ...]]:
    """Variable → the texts that name it, for each that others do not name, in the texts' order.

    An output is compared with the others' whatever each text calls it, so it is not among them.

    Parameters
    ----------
    programs
        A case's texts at one point, under the adapters' names; one for all is compared wholly.
    """
    named = {text: frozenset(program.named) for text, program in programs.items()}
    every = dict.fromkeys(name for program in programs.values() for name in program.named)
    found = {name: tuple(text for text in programs if name in named[text]) for name in every}
    return {
        name: texts
        for name, texts in found.items()
        if len(texts) < len(programs) and any(programs[text].output != name for text in texts)
    }


def remembered(rule: str, adapters: Iterable[str]) -> str:
    """What optimizers of the frameworks' own remember, in words; empty where that is nothing.

    Their states have names and forms of their own: parameters alone are compared.
    """
    whose = " and ".join(f"{name}'s" for name in adapters)
    if not whose or not RULES[rule].slots:
        return ""
    return f"what {whose} own optimizer remembers ({', '.join(RULES[rule].slots)})"


def in_words(found: Mapping[str, tuple[str, ...]]) -> str:
    """``h, k (only numpy's text names them); s (only the texts of torch and jax name it)``."""
    together: dict[tuple[str, ...], list[str]] = {}
    for name, texts in found.items():
        together.setdefault(texts, []).append(name)
    return "; ".join(
        f"{', '.join(names)} (only {_whose(texts, 'it' if len(names) == 1 else 'them')})"
        for texts, names in together.items()
    )


def _whose(texts: tuple[str, ...], them: str) -> str:
    if len(texts) == 1:
        return f"{texts[0]}'s text names {them}"
    return f"the texts of {', '.join(texts[:-1])} and {texts[-1]} name {them}"
