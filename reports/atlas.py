"""The atlas: where frameworks disagree, entry by entry, in Markdown and as a page."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from . import atlas_history
from .atlas_history import RIGHT, History
from .atlas_matrix import matrix
from .html import template
from .markdown import escaped, markdown_table
from .sections import Head, Table
from .wording import counted, safe

#: Significant digits of a number: as many as every processor computes alike.
DIGITS = 6

#: A tensor with more numbers than this is cut.
MOST = 24

#: Beside a number of size one, a smaller one than this is what rounding left of zero.
NOTHING = 1e-13

#: Class → what it means, and what is said of those who are off.
CLASSES = {
    "bug": ("Wrong, and no convention excuses it.", "is wrong"),
    "singular": (
        "At a singular point the limit exists, or infinity is right; something else is returned.",
        "is off at a singular point",
    ),
    "precision": ("Right in principle, and off by far more than rounding.", "loses precision"),
    "kink": (
        "There is no derivative; each takes one of the values that are possible.",
        "takes another value than the reference",
    ),
    "convention": (
        "Both are right, by conventions of their own.",
        "holds another convention than the reference",
    ),
    "default": ("The same name with another default.", "has another default"),
    "unsupported": ("One can do it, the other cannot.", "cannot do it"),
    "agree": ("A difference would be expected here, and there is none.", ""),
}


#: How what a framework did begins, where it cannot do it.
CANNOT = "cannot:"


@dataclass(frozen=True)
class Result:
    """One tensor of one framework: nested lists of numbers, None where it gave none."""

    value: Any
    verdict: str = ""
    digits: int = DIGITS

    @property
    def text(self) -> str:
        """As it is shown."""
        return "None" if self.value is None else numbers(self.value, self.digits)

    @property
    def off(self) -> bool:
        """Whether it is not the truth: one that none can see is not said to be."""
        return self.verdict not in ("agree", "blind", "")


@dataclass(frozen=True)
class Side:
    """One framework's part: a snippet that prints the results, or raises what it failed with."""

    adapter: str
    snippet: str
    results: tuple[Result, ...]
    failure: str = ""
    #: Of the results, where they are not all that the entry tells.
    labels: tuple[str, ...] = ()

    @property
    def says(self) -> str:
        """What goes before the failure."""
        return "raises" if self.snippet else CANNOT


@dataclass(frozen=True)
class Entry:
    """One divergence; ``labels``, ``truth`` and each side's results go together."""

    name: str
    about: str
    kind: str
    kinds: tuple[str, ...]
    area: str
    operations: tuple[str, ...]
    dtype: str
    point: str
    inputs: Mapping[str, Any]
    labels: tuple[str, ...]
    truth: tuple[Any, ...]
    sides: tuple[Side, ...]
    off: tuple[str, ...] = ()
    because: tuple[str, ...] = ()
    agree_by: tuple[str, ...] = ()
    #: What is off at further points and dtypes: where, tensor, truth, framework, result.
    elsewhere: tuple[tuple[str, ...], ...] = ()
    #: The spellings that agree with the truth, each as it was run.
    agreeing: tuple[Side, ...] = ()
    see: tuple[str, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
    #: Whether the run was not as recorded.
    failed: bool = False
    where: str = ""
    #: The reference's functions that it is about.
    functions: tuple[str, ...] = ()
    #: Framework → the classes it is off by at any point and dtype; none where it is right.
    found: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    #: Frameworks that cannot do it.
    unable: tuple[str, ...] = ()
    #: Whether it shows on some processors alone.
    some_processors: bool = False
    #: What frameworks did by version, a line each of which several are known.
    history: tuple[str, ...] = ()

    @property
    def verdict(self) -> str:
        """Who is off, in a sentence."""
        if not self.off:
            return "None is off."
        said = CLASSES[self.kind][1]
        said = said if len(self.off) == 1 else _plural(said)
        where = " on some processors" if self.some_processors else ""
        return f"{' and '.join(self.off)} {said}{where}."

    @property
    def facts(self) -> str:
        """Class, area, dtype, point and versions on one line."""
        parts = [", ".join(self.kinds), self.area, self.dtype, self.point]
        parts.append(", ".join(f"{k} {v}" for k, v in self.versions.items()))
        return " · ".join(part for part in parts if part)

    @property
    def given(self) -> str:
        """The input."""
        return ", ".join(f"{k} = {numbers(v, 17, exact=True)}" for k, v in self.inputs.items())

    @property
    def table(self) -> Table:
        """Truth and results side by side."""
        told = [side for side in self.sides if not side.failure]
        heads = (Head("", "code"), Head("truth"), *(Head(side.adapter) for side in told))
        truths = [x if isinstance(x, str) else numbers(x) for x in self.truth]
        rows = [
            (label, truth, *(side.results[at].text for side in told))
            for at, (label, truth) in enumerate(zip(self.labels, truths, strict=True))
        ]
        return Table("", heads, tuple(rows))

    @property
    def further(self) -> Table:
        """What is off at further points and dtypes."""
        heads = ("also at", "tensor", "truth", "framework", "result")
        return Table("", tuple(Head(name) for name in heads), self.elsewhere)

    def did(self, side: Side) -> str:
        """What one of its sides did, at every point that it tells, in a line."""
        if side.failure:
            return f"{side.says} {side.failure}"
        labels = side.labels or self.labels
        told = zip(labels, side.results, strict=True)
        off = [f"{label} = {result.text}" for label, result in told if result.off]
        off += [
            f"{where}: {f'{tensor} = ' if tensor else ''}{result}"
            for where, tensor, _, adapter, result in self.elsewhere
            if adapter == side.adapter
        ]
        return f"off: {'; '.join(off)}" if off else RIGHT

    def off_at(self, side: int, at: int) -> bool:
        """Whether a result of the table, of the side and the label at these places, is off."""
        told = [side for side in self.sides if not side.failure]
        return told[side].results[at].off


def _plural(said: str) -> str:
    first, _, rest = said.partition(" ")
    verb = {"is": "are", "has": "have", "cannot": "cannot"}.get(first, first.removesuffix("s"))
    return f"{verb} {rest}"


def numbers(value: Any, digits: int = DIGITS, *, exact: bool = False) -> str:
    """Nested lists of numbers, each to so many digits; a long one is cut.

    What rounding may have left of zero is written as zero, unless the numbers are ``exact``.
    """
    flat = list(_flat(value))
    sizes = (abs(x) for x in flat if not (exact or isinstance(x, bool)) and _finite(x))
    size = max(sizes, default=0.0)
    shown = _nested(value, digits, size, [MOST])
    return shown if len(flat) <= MOST else f"{shown} ({len(flat)} numbers)"


def _flat(value: Any) -> Iterable[Any]:
    if isinstance(value, list):
        for item in value:
            yield from _flat(item)
    else:
        yield value


def _finite(x: complex) -> bool:
    return math.isfinite(x.real) and math.isfinite(x.imag)


def _nested(value: Any, digits: int, size: float, left: list[int]) -> str:
    if not isinstance(value, list):
        left[0] -= 1
        return _number(value, digits, size)
    parts = []
    for item in value:
        if left[0] <= 0:
            parts.append("…")
            break
        parts.append(_nested(item, digits, size, left))
    return f"[{', '.join(parts)}]"


def _number(x: Any, digits: int, size: float) -> str:
    if isinstance(x, bool | int):
        return str(x)
    if isinstance(x, complex):
        # Python's own text of a complex number does not keep the signs of its zeros when read back.
        real, imag = (_number(part + 0.0, digits, size) for part in (x.real, x.imag))
        return f"{real}{'' if imag.startswith('-') else '+'}{imag}j"
    if math.isfinite(x) and abs(x) < NOTHING * size:
        return "0"
    return f"{x:.{digits}g}"


def sentence(entries: Sequence[Entry]) -> str:
    """How many divergences there are, and whether all are as recorded."""
    found = [entry for entry in entries if entry.off]
    failed = [entry.name for entry in entries if entry.failed]
    told = (
        f"{counted(len(found), 'recorded divergence')} and "
        f"{counted(len(entries) - len(found), 'place')} where one would be expected and there is "
        "none, each as it was run."
    )
    return f"{told} Not as recorded: {', '.join(failed)}." if failed else told


def versions(entries: Iterable[Entry]) -> str:
    """The frameworks' versions."""
    found = {f"{k} {v}": None for entry in entries for k, v in entry.versions.items()}
    return ", ".join(found)


def ordered(entries: Iterable[Entry]) -> list[Entry]:
    """By class in the order of ``CLASSES``, area and name."""
    rank = {kind: at for at, kind in enumerate(CLASSES)}
    return sorted(entries, key=lambda entry: (rank[entry.kind], entry.area, entry.name))


def by_operation(entries: Iterable[Entry]) -> dict[str, list[Entry]]:
    """A function's name → the entries whose texts call it."""
    found: dict[str, list[Entry]] = {}
    for entry in entries:
        for name in entry.operations:
            found.setdefault(name, []).append(entry)
    return dict(sorted(found.items(), key=lambda item: item[0].lower()))


def by_class(entries: Sequence[Entry]) -> dict[str, list[Entry]]:
    """Class → its entries; classes without one are left out."""
    held = {kind: [e for e in entries if e.kind == kind] for kind in CLASSES}
    return {kind: found for kind, found in held.items() if found}


def history(entries: Iterable[Entry]) -> History:
    """What each entry came to, in the versions that it was run in."""
    return {
        entry.name: {
            side.adapter: {entry.versions[side.adapter]: entry.did(side)}
            for side in entry.sides
            if side.adapter in entry.versions
        }
        for entry in entries
    }


def as_files(entries: Iterable[Entry], before: History | None = None) -> dict[str, str]:
    """The atlas as files: ``README.md``, one file a class, ``index.html``, ``history.json``.

    ``before`` is the history that is known already; what is of no entry any more is left out.
    """
    found = ordered(entries)
    now = history(found)
    held = atlas_history.merged({k: v for k, v in (before or {}).items() if k in now}, now)
    found = [_known(entry, held.get(entry.name, {})) for entry in found]
    files = {"README.md": _readme(found), "index.html": as_html(found)}
    files[atlas_history.NAME] = atlas_history.as_json(held)
    for kind, held in by_class(found).items():
        files[f"{kind}.md"] = _chapter(kind, held)
    return files


def _known(entry: Entry, held: Mapping[str, Mapping[str, str]]) -> Entry:
    """With its history: by version, and of frameworks that were not run now what they last did.

    Where one was off then, what is recorded of it says so already.
    """
    last = {
        name: atlas_history.last(versions)
        for name, versions in held.items()
        if name not in entry.versions and name not in entry.found
    }
    right = {name: () for name, did in last.items() if did == RIGHT}
    unable = [name for name, did in last.items() if did.startswith(CANNOT)]
    return replace(
        entry,
        history=tuple(atlas_history.lines(held)),
        found={**entry.found, **right},
        unable=tuple(dict.fromkeys((*entry.unable, *unable))),
    )


def as_html(entries: Sequence[Entry]) -> str:
    """The atlas as one page that needs nothing else."""
    return template("atlas.html").render(
        sentence=sentence(entries),
        versions=versions(entries),
        classes=by_class(entries),
        meanings={kind: meaning for kind, (meaning, _) in CLASSES.items()},
        operations=by_operation(entries),
        matrix=matrix(entries),
        failed=any(entry.failed for entry in entries),
    )


def _readme(entries: Sequence[Entry]) -> str:
    lines = ["# The divergence atlas", "", escaped(sentence(entries)), ""]
    lines += [escaped(versions(entries)) + ".", "", "Written by `gradparity atlas`.", ""]
    areas = Counter((entry.area, entry.kind) for entry in entries)
    kinds = list(by_class(entries))
    heads = (Head("area"), *(Head(kind, "number") for kind in kinds))
    rows = [
        (area, *(str(areas[area, kind] or "") for kind in kinds))
        for area in sorted({entry.area for entry in entries})
    ]
    total = Counter(entry.kind for entry in entries)
    rows.append(("all", *(str(total[kind]) for kind in kinds)))
    lines += [*markdown_table(Table("", heads, tuple(rows))), ""]
    for kind, held in by_class(entries).items():
        lines += [f"## [{kind}]({kind}.md)", "", CLASSES[kind][0], ""]
        lines += [f"- {_link(entry)}: {escaped(safe(entry.about))}" for entry in held] + [""]
    told = matrix(entries)
    if told:
        lines += [f"## {told.title}", "", *markdown_table(told), ""]
    lines += ["## By function", ""]
    for name, held in by_operation(entries).items():
        lines.append(f"- `{name}`: {', '.join(map(_link, held))}")
    return "\n".join(lines) + "\n"


def _link(entry: Entry) -> str:
    return f"[{entry.name}]({entry.kind}.md#{entry.name})"


def _chapter(kind: str, entries: Sequence[Entry]) -> str:
    lines = [f"# {kind}", "", CLASSES[kind][0], "", "[All classes](README.md)", ""]
    for entry in entries:
        lines += _entry(entry)
    return "\n".join(lines).rstrip("\n") + "\n"


def _entry(entry: Entry) -> list[str]:
    lines = [f"## {entry.name}", "", escaped(safe(entry.about)), ""]
    lines += [f"*{escaped(safe(entry.facts))}*", "", f"Input: `{entry.given}`", ""]
    if entry.labels:
        lines += [*markdown_table(entry.table), ""]
    lines += [f"{s.adapter} {s.says} `{safe(s.failure)}`\n" for s in entry.sides if s.failure]
    lines += [*markdown_table(entry.further), ""] if entry.elsewhere else []
    lines += [f"**{escaped(entry.verdict)}**", ""]
    lines += [text + "\n" for text in map(escaped, map(safe, entry.because))]
    lines += [f"To agree: {escaped(safe(text))}\n" for text in entry.agree_by]
    for side in entry.agreeing:
        lines += [f"{side.adapter} agrees by", "", f"```python\n{side.snippet}\n```", ""]
    lines += [f"See <{url}>\n" for url in entry.see]
    lines += [f"By version: {escaped(safe(text))}\n" for text in entry.history]
    for side in entry.sides:
        lines += [f"```python\n{side.snippet}\n```", ""] if side.snippet else []
    return [*lines, f"`{entry.where}`", ""]
