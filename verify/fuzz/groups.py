"""Alarms sorted: by whom they blame and why, what is recorded apart, and the new ones shrunk."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ...cases.loading import load_files
from ...refimpl.errors import AdapterFailed, BadUsage, GradparityError
from ..engine.apart import apart
from ..engine.work import LONG
from .alarms import Alarm
from .corpus import Found
from .drawing import Drawn
from .records import Records
from .shrinking import Shrinker
from .telling import Told, told

#: The folder of what is written, in that of the run.
FOUND = "found"


@dataclass(frozen=True)
class Group:
    """Alarms of one fault: those that blame the same, of the same kind, for the same proved cause.

    ``recorded`` is the case that explains them; ``smallest`` is the smallest program found.
    """

    alarms: tuple[Found, ...]
    recorded: str = ""
    smallest: Found | None = None

    @property
    def first(self) -> Found:
        """The one that is shrunk: of the shortest programs the first."""
        return min(self.alarms, key=lambda f: (len(f.made.program.lines), f.number))

    @property
    def shown(self) -> Found:
        """The smallest there is."""
        return self.smallest or self.first

    @property
    def name(self) -> str:
        """A name for files, of what the smallest blames."""
        alarm = self.shown.alarm
        parts = [alarm.adapter, alarm.operation or f"program-{self.shown.number}"]
        parts += [alarm.direction or "run", alarm.kind, alarm.dtype]
        return re.sub(r"[^a-z0-9]+", "-", "-".join(parts).lower()).strip("-")


def grouped(found: Iterable[Found]) -> list[Group]:
    """Alarms by what they have in common, in the order of the programs."""
    held: dict[tuple[str, ...], list[Found]] = {}
    for each in found:
        held.setdefault(each.alarm.group, []).append(each)
    return [Group(tuple(each)) for each in held.values()]


def explained(groups: Iterable[Group], records: Records) -> Iterator[Group]:
    """The groups, those that a record explains with its name; others in parts where it is some."""
    for group in groups:
        by: dict[str, list[Found]] = {}
        for found in group.alarms:
            by.setdefault(_recorded(found, records), []).append(found)
        yield from (Group(tuple(part), name) for name, part in by.items())


def shrunk(
    groups: Iterable[Group], shrinker: Shrinker, records: Records, known: Iterable[str]
) -> Iterator[Group]:
    """Each group that is new with its smallest program, which a record may explain after all.

    One of a name that is there already, or that came of a group before, is left as it is.
    """
    names = set(known)
    for group in groups:
        if group.recorded or group.name in names:
            yield group
            continue
        first = group.first
        smallest = shrinker.smallest(first.made, first.alarm)
        if smallest is None:
            yield group
            continue
        made, alarm = smallest
        found = replace(group, smallest=Found(first.number, made, alarm))
        names.add(found.name)
        yield replace(found, recorded=_recorded(found.shown, records))


def _recorded(found: Found, records: Records) -> str:
    """The case that explains an alarm, of what its program uses; empty where none does."""
    used = {line.operation for line in found.made.program.lines}
    return records.explaining(found.alarm, used | {*found.made.optimizer})


class Writer:
    """Writes what was found into a folder, as it is found: what is there is left alone."""

    def __init__(
        self, folder: Path, adapters: Sequence[str] | None, say: Callable[[str], None]
    ) -> None:
        self._folder, self._adapters, self._say = folder / FOUND, adapters, say

    @property
    def names(self) -> set[str]:
        """What is there already."""
        return {path.stem for path in self._folder.glob("*.yaml")}

    def size(self, group: Group) -> int:
        """How many operations a group's program has: the written one's, where there is one."""
        path = self._folder / f"{group.name}.yaml"
        if group.smallest is None and path.exists():
            cases, _ = load_files([path])
            if cases:
                return len(cases[0].programs[0]["*"].instructions)
        return len(group.shown.made.program.lines)

    def write(self, group: Group) -> Path:
        """Write a group's case, its snippets and its draft; the case's path."""
        path = self._folder / f"{group.name}.yaml"
        if path.exists():
            return path
        made = replace(group.shown.made, name=group.name)
        texts = self._told(made, group.shown.alarm)
        files = {path.name: texts.case}
        files |= {f"{group.name}-{who}.py": code + "\n" for who, code in texts.snippets.items()}
        if texts.draft:
            files[f"{group.name}.md"] = texts.draft
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            for name, text in files.items():
                (self._folder / name).write_text(text, encoding="utf-8")
        except OSError as fault:
            raise BadUsage(f"{self._folder} cannot be written: {fault.strerror}") from fault
        return path

    def _told(self, made: Drawn, alarm: Alarm) -> Told:
        """What is written, run in a process of its own; the case alone where that ends."""
        text = made.text(flat=True)
        try:
            return apart(told, self._adapters, text, alarm, seconds=LONG)
        except (AdapterFailed, GradparityError) as fault:
            self._say(f"gradparity: no draft of {made.name}: {fault}")
            return Told(text)
