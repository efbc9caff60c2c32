"""Formulas as text: names put into an operation's formula, numbers put in their place.

An operation's row says ``a·b`` and ``b·a^(b − 1)``; a program says ``(a - y) ** 2``. Putting the
one into the other needs no algebra, only care for brackets, which is what stands here, and the
few simplifications that a teacher makes without a word: a factor of one, an exponent of one.
"""

# ruff: noqa: RUF001, RUF002, RUF003 - mathematical signs are meant

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

#: How tightly an expression holds together, from a list of things to a single name.
LOOSE, SUM, PRODUCT, SIGN, POWER, ATOM = range(6)

#: Elements of a tensor that is written out.
SHOWN = 12

MINUS = "−"
_BINDING = {"+": SUM, MINUS: SUM, "·": PRODUCT, "/": PRODUCT, "@": PRODUCT, "^": POWER}
_DIGITS = "⁰¹²³⁴⁵⁶⁷⁸⁹"
_LETTERS = "ᵃᵇⁱʲᵏⁿᵗˣʸ"
_LOWERED = str.maketrans(_DIGITS + "⁻⁺" + _LETTERS, "0123456789−+abijkntxy")
_RAISED = frozenset([*map(chr, _LOWERED), "ᵀ", "ᴴ"])
_NO_LETTER = f"(?![{''.join(_RAISED)}½¼⅓])"
_NAME = re.compile(rf"{_NO_LETTER}[^\W\d](?:{_NO_LETTER}\w)*")
#: What takes the one thing that follows; so does a function's name before a space: ln x.
_PREFIXES = ("^", "√", "∛", "Σ", "Π", "¬")
_APPLIED = re.compile(r"\b(?:a?(?:sin|cos|tan)h?|ln|log\d*|exp|sign|sgn|erfc?) ")
_NUMBER = r"\d+(?:\.\d+)?"


@dataclass(frozen=True)
class Term:
    """An expression's text and how tightly it holds together."""

    text: str
    binding: int = ATOM

    def after(self, left: str, needed: int) -> str:
        """The text as it stands after the character ``left``: in brackets where it must be."""
        signed = self.text.startswith(MINUS) and left in _BINDING
        return f"({self.text})" if signed or self.binding < needed else self.text


def term(text: str) -> Term:
    """Read off an expression's text how tightly it holds together."""
    return Term(text, _binding(text))


def number(value: Any, digits: int = 6) -> str:
    """A number as people write it: ``0.5``, ``−1``, ``1.2e−5``, ``0.5 + 2i``."""
    value = np.asarray(value)[()]
    if isinstance(value, bool | np.bool_):
        return str(bool(value))
    if np.iscomplexobj(value):
        sign = MINUS if np.signbit(value.imag) else "+"
        return f"{number(value.real, digits)} {sign} {number(abs(value.imag), digits)}i"
    if isinstance(value, int | np.integer):
        return str(int(value)).replace("-", MINUS)
    mantissa, e, exponent = f"{float(value):.{digits}g}".partition("e")
    text = f"{mantissa}e{int(exponent)}" if e else mantissa
    return text.removeprefix("-") if text == "-0" else text.replace("-", MINUS)


def numeral(value: Any) -> Term:
    """A number as part of an expression."""
    text = number(value)
    if np.iscomplexobj(value):
        return Term(text, SUM)
    return Term(text, SIGN if text.startswith(MINUS) else ATOM)


def array(value: Any, digits: int = 4, shown: int = SHOWN) -> str:
    """A tensor as people can read it: all of a small one, a little of a large one.

    That is its first numbers, its shape, and its norm where there is room.
    """
    value = np.asarray(value)
    if value.ndim == 0:
        return number(value)
    if value.size and value.size <= shown:
        return _nested(value, digits)
    kept = [number(x, digits) for x in value.ravel()[: min(shown // 2, 3)]]
    size = f", norm {norm(value)}" if shown >= SHOWN and value.size else ""
    return f"[{', '.join([*kept, '…'] if kept else [])}] ({shape(value)}{size})"


def norm(value: Any) -> str:
    """The root of the sum of squares, which tells large tensors apart that begin alike."""
    value = np.asarray(value)
    wide = value if value.dtype.kind in "fc" else value.astype(np.float64)
    return number(np.sqrt(np.sum(np.abs(wide) ** 2)), 4)


def shape(value: Any) -> str:
    """``3×4`` for a matrix, ``3`` for a vector."""
    return "×".join(map(str, np.shape(value))) or "scalar"


def substitute(template: str, values: Mapping[str, Term]) -> str:
    """Put terms in the place of names, with the brackets that they need there.

    A name that is called, as in ``exp(x)``, is a function's and stays, as does one with a hat.
    """
    parts, end = [], 0
    for match in _NAME.finditer(template):
        put, following = values.get(match.group()), template[match.end() :][:1]
        if put is None or following == "(" or unicodedata.combining(following or " "):
            continue
        left = template[: match.start()].rstrip()[-1:]
        parts += [
            template[end : match.start()],
            put.after(left, _needed(left, template[match.end() :])),
        ]
        end = match.end()
    return "".join([*parts, template[end:]])


def specialise(template: str, constants: Mapping[str, Any]) -> str:
    """Put constants into a formula and simplify what becomes simple.

    Examples
    --------
    >>> specialise("b·a^(b − 1)", {"b": 2})
    '2·a'
    """
    filled = substitute(
        lowered(template), {key: _constant(value) for key, value in constants.items()}
    )
    before = ""
    while filled != before:
        before = filled
        for pattern, replacement in _OBVIOUS:
            filled = re.sub(pattern, replacement, filled)
    return filled


def lowered(template: str) -> str:
    """Write raised letters on the line, where they can be substituted: ``aᵇ⁻¹`` is a^(b−1).

    Raised digits alone stay, and so does what a raised T follows.
    """

    def line(match: re.Match[str]) -> str:
        if not set(match[0]) & set(_LETTERS):
            return match[0]
        text = match[0].translate(_LOWERED)
        return f"^{text}" if len(text) == 1 else f"^({text})"

    return re.sub(rf"[{''.join(map(chr, _LOWERED))}]+(?![ᵀᴴ])", line, template)


def product(factors: Sequence[Term]) -> Term:
    """``a·b·c``: ones are left out, and a factor of minus one becomes a sign."""
    kept = [factor for factor in factors if factor.text not in ("1", MINUS + "1")]
    negative = sum(factor.text == MINUS + "1" for factor in factors) % 2 == 1
    if not kept:
        return Term(MINUS + "1", SIGN) if negative else Term("1")
    if negative and kept[0].text.startswith(MINUS) and kept[0].binding >= PRODUCT:
        kept[0], negative = term(kept[0].text[1:]), False
    if len(kept) == 1 and not negative:
        return kept[0]
    sign = MINUS if negative else ""
    divides = kept[0].binding == PRODUCT and "/" in _without_brackets(kept[0].text)
    text = kept[0].after(sign, POWER if divides and len(kept) > 1 else PRODUCT)
    for factor in kept[1:]:
        text += f"·{factor.after('·', PRODUCT)}".replace("·1 / ", " / ", 1)
    return Term(sign + text, PRODUCT if len(kept) > 1 else SIGN)


def total(terms: Sequence[Term]) -> Term:
    """``a + b − c``."""
    if len(terms) == 1:
        return terms[0]
    text = ""
    for t in terms:
        if not text:
            text = t.after("", SUM)
        elif t.text.startswith(MINUS) and t.binding > SUM:
            text += f" {MINUS} {t.text[1:]}"
        else:
            text += f" + {t.after('', SUM)}"
    return Term(text or "0", SUM if text else ATOM)


def _folded(match: re.Match[str]) -> str:
    a, b = float(match[1].replace(MINUS, "-")), float(match[3])
    folded = number(a - b if match[2] == MINUS else a + b)
    return f"({folded})" if folded.startswith(MINUS) else folded


def _superscript(match: re.Match[str]) -> str:
    return _DIGITS[int(match[1])]


#: What goes without saying: (2 − 1), x^(2), x^1, 1·x but not 1/1·x, x·1, x^2.
_OBVIOUS: tuple[tuple[str, Any], ...] = (
    (rf"\((−?{_NUMBER}) ?([−+]) ?({_NUMBER})\)", _folded),
    (rf"\^\(({_NUMBER}|[^\W\d]\w*)\)", r"^\1"),
    (r"\^1(?![\w.^])", ""),
    (r"(?<![\w.^/·])(?<!/ )1·(?=[\w(])", ""),
    (r"·1(?![\w.^])", ""),
    (r"\^([0-9])(?![\w.^])", _superscript),
)


def _constant(value: Any) -> Term:
    if isinstance(value, int | float | complex | np.number):
        return numeral(value)
    if isinstance(value, tuple | list):
        return Term(f"({', '.join(_constant(v).text for v in value)})")
    return Term(str(value))


def _nested(value: np.ndarray, digits: int) -> str:
    if value.ndim == 0:
        return number(value, digits)
    return "[" + ", ".join(_nested(x, digits) for x in value) + "]"


def _needed(left: str, after: str) -> int:
    """How tightly an expression must hold between ``left`` and what comes after."""
    right = after.lstrip()[:1]
    if left in _PREFIXES or left.isalpha() or right == "^" or (after and after[0] in _RAISED):
        return ATOM
    if left in ("/", "@"):
        return POWER
    if left in (MINUS, "·") or right in ("·", "/", "@"):
        return PRODUCT
    return SUM if left == "+" or right in ("+", MINUS) else LOOSE


def _binding(text: str) -> int:
    """The loosest operator outside all brackets."""
    applied = bool(_APPLIED.search(text)) or "Σ" in text or "Π" in text
    flat = _APPLIED.sub("", _without_brackets(text)).replace("Σ ", "Σ").replace("Π ", "Π")
    if re.search(r"[<>=≥≤≠,;]", flat):
        return LOOSE
    spaced = re.sub(r"\s*[+−·/@^]\s*", "·", flat).strip()
    if " " in spaced:  # words, as in `a where b`
        return LOOSE
    flat = re.sub(r"(?<=\de)−", "", flat.replace(" ", ""))
    found = [_BINDING[c] for c in re.sub(r"(^|(?<=[·/@^+−]))−", "", flat) if c in _BINDING]
    if flat.startswith(MINUS):
        found.append(SIGN)
    if any(c in _RAISED for c in flat):
        found.append(POWER)
    if applied:
        found.append(PRODUCT)
    return min(found, default=ATOM)


def _without_brackets(text: str) -> str:
    depth, kept = 0, ""
    for character in text:
        depth -= character in ")]}"
        kept += character if not depth else ""
        depth += character in "([{"
    return kept
