"""A draft of a report to a framework's developers, of one entry of the atlas."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from dataclasses import dataclass

from .atlas import Entry, Result, Side, numbers
from .markdown import escaped, markdown_table
from .sections import Head, Table
from .wording import safe

#: What is wrong in an entry of a class, for a title.
WRONG = {
    "bug": "wrong result",
    "singular": "wrong result at a singular point",
    "precision": "loss of precision",
    "kink": "derivative at a kink",
    "unsupported": "raises",
}

#: What a snippet calls that cannot be written in a call of the framework's own.
OURS = "LOWERINGS"

#: Where entries are about a divergence and nothing else.
ALONE = "/divergences/"


@dataclass(frozen=True)
class Draft:
    """What is reported: an entry, of which framework, and why the expected result is right.

    ``formulas`` are lines of mathematics: of each operation its value and its derivatives;
    ``because`` and ``agree_by`` are what is recorded of that framework, ``thread`` is where it is
    discussed upstream already, ``title`` what a reader sees first.
    """

    entry: Entry
    adapter: str
    formulas: Sequence[str] = ()
    because: Sequence[str] = ()
    agree_by: Sequence[str] = ()
    title: str = ""
    thread: str = ""

    @property
    def side(self) -> Side:
        """What the framework does."""
        return next(side for side in self.entry.sides if side.adapter == self.adapter)

    @property
    def heading(self) -> str:
        """The title, else what an entry that is about this alone says of itself."""
        entry = self.entry
        if self.title:
            return self.title
        if ALONE in entry.where or not entry.functions:
            return entry.about.rstrip(".")
        return f"{self.adapter}: {', '.join(entry.functions[:2])}: {self.wrong}"

    @property
    def wrong(self) -> str:
        """What is wrong, in a word or two."""
        return "raises" if self.side.failure else WRONG.get(self.entry.kind, self.entry.kind)


def as_markdown(draft: Draft) -> str:
    """The draft as a page: what happens, what should, why, and how to see it."""
    entry, side = draft.entry, draft.side
    version = entry.versions.get(draft.adapter, "")
    lines = [f"# {escaped(safe(draft.heading))}", ""]
    held = [f"{draft.adapter} {version}", entry.dtype, draft.wrong]
    lines += [f"*{escaped(' · '.join(part for part in held if part))}*", ""]
    if draft.thread:
        lines += [f"Reported already: <{draft.thread}>", ""]
    lines += ["## To reproduce", "", f"```python\n{side.snippet or '# no snippet'}\n```", ""]
    if OURS in side.snippet:
        lines += [f"`{OURS}` has gradparity's spelling of the operation in this framework.", ""]
    if side.failure:
        lines += [f"It raises `{safe(side.failure)}`.", ""]
    lines += ["## Expected and actual", "", *markdown_table(_compared(draft)), ""]
    lines += ["## Why the expected result is right", ""]
    lines += [f"- {line}" for line in _proofs(draft)] + [""]
    if draft.because:
        lines += ["## What seems to happen", "", *(f"{escaped(safe(t))}\n" for t in draft.because)]
    ways = [w for w in entry.agreeing if w.adapter == draft.adapter and w.snippet]
    if draft.agree_by or ways:
        lines += ["## What to write meanwhile", ""]
        lines += [f"{escaped(safe(text))}\n" for text in draft.agree_by]
        lines += [f"```python\n{way.snippet}\n```\n" for way in ways]
    lines += ["## Versions", ""]
    lines += [f"- {name} {told}" for name, told in entry.versions.items()]
    lines += [f"- on {platform.system()} {platform.machine()}, on the CPU", ""]
    lines += [f"Written by gradparity from `{entry.where}`, case `{entry.name}`.", ""]
    return "\n".join(lines)


def file_of(draft: Draft) -> str:
    """The name of a draft's file."""
    return f"{draft.adapter}-{draft.entry.name}.md"


def as_index(drafts: Sequence[Draft]) -> str:
    """The list of drafts, framework by framework, with where each is discussed already."""
    lines = ["# Drafts of reports", "", "Written by `gradparity upstream`.", ""]
    for adapter in dict.fromkeys(draft.adapter for draft in drafts):
        held = [draft for draft in drafts if draft.adapter == adapter]
        lines += [f"## {adapter}", ""]
        for draft in held:
            seen = f" ([thread]({draft.thread}))" if draft.thread else ""
            lines.append(f"- [{escaped(safe(draft.heading))}]({file_of(draft)}){seen}")
        lines.append("")
    return "\n".join(lines)


def _compared(draft: Draft) -> Table:
    """The truth beside what the framework returns; other frameworks stand with the proof."""
    entry, side = draft.entry, draft.side
    results = side.results or tuple(Result(None) for _ in entry.labels)
    rows = tuple(
        (
            label,
            truth if isinstance(truth, str) else numbers(truth),
            "nothing" if side.failure else result.text,
        )
        for label, truth, result in zip(entry.labels, entry.truth, results, strict=False)
    )
    return Table(
        "", (Head("tensor", "code"), Head("expected", "code"), Head("actual", "code")), rows
    )


def _proofs(draft: Draft) -> list[str]:
    """Why the truth is one: mathematics, wide precision, and who else returns it."""
    entry = draft.entry
    told = [f"`{safe(line)}`" for line in draft.formulas]
    told.append(f"Evaluated in wider precision than {entry.dtype}, by these formulas.")
    for side in entry.sides:
        right = side.results and not any(result.off for result in side.results)
        if side.adapter != draft.adapter and right:
            version = entry.versions.get(side.adapter, "")
            told.append(f"{side.adapter} {version} returns the expected result.")
    return told
