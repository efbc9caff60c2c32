"""A derivation as a LaTeX document of plain ASCII, its equations in ``align*``."""

# ruff: noqa: RUF001 - mathematical signs are meant

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from .parts import Derivation, Equation, Section, Table

_HEAD = r"""\documentclass{article}
\usepackage{amsmath,amssymb,longtable}
\usepackage[a4paper,landscape,margin=15mm]{geometry}
\allowdisplaybreaks
\begin{document}"""

#: A sign → how it is written in mathematics.
_SIGNS = {
    "∂": r"\partial ", "·": r"\cdot ", "−": "-", "–": "-", "×": r"\times ", "±": r"\pm ",
    "Σ": r"\sum ", "Π": r"\prod ", "√": r"\surd ", "∛": r"\sqrt[3]{\,}", "∇": r"\nabla ",
    "←": r"\leftarrow ", "→": r"\rightarrow ", "∞": r"\infty ", "…": r"\ldots ",
    "≤": r"\le ", "≥": r"\ge ", "≠": r"\ne ", "≈": r"\approx ", "∫": r"\int ", "⊙": r"\odot ",
    "⁻¹": "^{-1}", "ᵀ": r"^{\top}", "ᴴ": "^{H}", "ᵗ": "^{t}", "ᵢ": "_{i}", "ⱼ": "_{j}",
    "ₖ": "_{k}", "₊": "_{+}",
    "π": r"\pi ", "σ": r"\sigma ", "φ": r"\varphi ", "Φ": r"\Phi ", "θ": r"\theta ",
    "λ": r"\lambda ",
    "α": r"\alpha ", "β": r"\beta ", "γ": r"\gamma ", "δ": r"\delta ", "ε": r"\varepsilon ",
    "η": r"\eta ", "μ": r"\mu ", "ρ": r"\rho ", "τ": r"\tau ", "Γ": r"\Gamma ", "ψ": r"\psi ",
    "ζ": r"\zeta ", "|": r"\vert ", "‖": r"\Vert ", "%": r"\%", "#": r"\#", "&": r"\&", "$": r"\$",
    "{": r"\{", "}": r"\}", "^": r"\hat{}", "~": r"\sim ", "\\": r"\backslash ", "@": r"\,@\,",
    "∧": r"\wedge ", "∨": r"\vee ", "¬": r"\neg ", "⌊": r"\lfloor ", "⌋": r"\rfloor ",
    "⌈": r"\lceil ", "⌉": r"\rceil ", "∈": r"\in ", "∘": r"\circ ", "*": r"\ast ",
    "½": r"\tfrac12 ",
}  # fmt: skip

#: The same in prose, of those that have a meaning there.
_IN_PROSE = {
    "%": r"\%", "#": r"\#", "&": r"\&", "$": r"\$", "{": r"\{", "}": r"\}", "_": r"\_",
    "^": r"\^{}", "~": r"\~{}", "\\": r"\textbackslash{}", "–": "--", "…": r"\ldots{}",
}  # fmt: skip

#: The mark that stands after what has a hat.
_HAT = "\u0302"

_RAISED = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-", strict=True))
_LOWERED = dict(zip("₀₁₂₃₄₅₆₇₈₉", "0123456789", strict=True))
#: A name: Latin letters and Greek ones, with hats; what is raised or lowered is none of it.
_NAME = "[A-Za-z_\u0370-\u03ff][A-Za-z0-9_.\u0302]*"
_SLOPE = re.compile(f"∂({_NAME})/∂({_NAME})")
_TOKEN = re.compile(
    rf"[{''.join(_RAISED)}]+|[{''.join(_LOWERED)}]+|{_NAME}|\d[\d.]*(?:e[+−-]?\d+)?|\s+|.",
    re.DOTALL,
)


def latex(derivation: Derivation) -> str:
    """A whole document, for any LaTeX."""
    return "\n".join(_document(derivation)) + "\n"


def _document(derivation: Derivation) -> Iterator[str]:
    yield _HEAD
    yield rf"\section*{{{prose(derivation.title)}}}"
    yield prose(derivation.about)
    for section in derivation.sections:
        yield from _section(section)
    yield r"\end{document}"


def _section(section: Section) -> Iterator[str]:
    yield rf"\subsection*{{{prose(section.title)}}}"
    yield prose(section.prose)
    said = [line for line in section.lines if line.sign == "–"]
    shown = [line for line in section.lines if line.sign != "–"]
    if shown:
        yield r"\begin{align*}"
        yield " \\\\\n".join(map(_equation, shown))
        yield r"\end{align*}"
    for line in said:
        yield rf"\par\noindent {prose(str(line))}"
    if section.table is not None and section.table.rows:
        yield from _table(section.table)


def _equation(line: Equation) -> str:
    parts: list[str] = []
    for part in (line.symbols, line.numbers, line.result):
        if part and part != (parts[-1] if parts else line.left):
            parts.append(part)
    sign = {":": ":", "←": r"\leftarrow "}.get(line.sign, "=")
    text = mathematics(line.left)
    if parts:
        text += f" &{sign} {' = '.join(map(mathematics, parts))}"
    return text + (rf" && \text{{({prose(line.note)})}}" if line.note else "")


def _table(table: Table) -> Iterator[str]:
    yield rf"\begin{{longtable}}{{{'l' * len(table.header)}}}"
    yield " & ".join(map(_cell, table.header)) + r" \\ \hline"
    for row in table.rows:
        yield " & ".join(map(_cell, row)) + r" \\"
    yield r"\end{longtable}"


def _cell(text: str) -> str:
    return rf"\({mathematics(text)}\)" if text else ""


def mathematics(text: str) -> str:
    """A formula's text as LaTeX's mathematics, in ASCII."""
    parts, at = [], 0
    text = unicodedata.normalize("NFD", text)
    for found in _SLOPE.finditer(text):
        parts.append(_tokens(text[at : found.start()]))
        above, below = (_word(found[k]) for k in (1, 2))
        parts.append(rf"\frac{{\partial {above}}}{{\partial {below}}}")
        at = found.end()
    return "".join([*parts, _tokens(text[at:])])


def _tokens(text: str) -> str:
    return "".join(map(_token, _TOKEN.findall(text)))


def _token(token: str) -> str:
    if token[0] in _RAISED:
        return f"^{{{''.join(_RAISED[c] for c in token)}}}"
    if token[0] in _LOWERED:
        return f"_{{{''.join(_LOWERED[c] for c in token)}}}"
    if token in _SIGNS:
        return _SIGNS[token]
    if token.isspace():
        return r"\ "
    if token[0].isdigit():
        number, _, power = token.partition("e")
        power = power.replace("−", "-").lstrip("+")
        return rf"{number}\cdot 10^{{{power}}}" if power else number
    return _word(token) if token[0].isalpha() or token[0] == "_" else _plain(token)


def _word(token: str) -> str:
    """A name: one letter in italics, a longer one upright; a hat over what has one."""
    bare = token.replace(_HAT, "")
    if bare in _SIGNS:
        text = _SIGNS[bare].strip()
    else:
        plain = "".join(_SIGNS.get(c, _plain(c)) if not c.isascii() else c for c in bare)
        plain = plain.replace("_", r"\_")
        text = plain if len(bare) == 1 else rf"\mathrm{{{plain}}}"
    return rf"\hat{{{text}}}" if bare != token else text


def _plain(text: str) -> str:
    """ASCII; what has no sign of its own by its name in Unicode."""
    return "".join(
        c if c.isascii() else rf"\text{{[{unicodedata.name(c, 'sign').lower()}]}}" for c in text
    )


def prose(text: str) -> str:
    """Words as LaTeX writes them, mathematical signs among them as mathematics."""
    made = []
    for c in text:
        if c in _IN_PROSE:
            made.append(_IN_PROSE[c])
        elif c.isascii():
            made.append(c)
        else:
            made.append(rf"\({_token(c)}\)")
    return "".join(made)
