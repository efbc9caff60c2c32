"""The update rules with their formulas, and the translation table, each line of it run."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from typing import Any

from gradparity.refimpl.optimizers import RULES
from gradparity.refimpl.optimizers.clipping import CLIPS
from gradparity.refimpl.optimizers.schedules import SCHEDULES
from gradparity.reports.translation import LACKS, Line, sentence
from gradparity.reports.wording import number
from gradparity.verify import Runner
from gradparity.verify.atlas.translation import lines

from .writing import code, fence, plain, table


def rules() -> Mapping[str, str]:
    """The formulas of the rules, schedules and clips."""
    return {"parts/rules.md": "\n".join(_rules())}


def translation() -> Mapping[str, str]:
    """The table, which takes a minute to run."""
    found = [*lines(Runner(["numpy", "torch", "jax"]))]
    return {"parts/translation.md": "\n".join(_translated(found))}


def _rules() -> Iterator[str]:
    for name, rule in RULES.items():
        yield f"## `{name}`\n"
        yield fence(rule.formula)
        yield f"{plain(rule.source)}.\n"
        given = ", ".join(_given(k, v) for k, v in rule.hyperparameters.items())
        yield f"Hyperparameters: {given}.\n"
    for title, rows in (("Schedules", SCHEDULES), ("Clipping", CLIPS)):
        yield f"## {title}\n"
        yield table(("name", "formula"), [(code(k), code(row.formula)) for k, row in rows.items()])


def _given(name: str, default: Any) -> str:
    return code(name if default is inspect.Parameter.empty else f"{name}={default}")


def _translated(found: list[Line]) -> Iterator[str]:
    yield f"{sentence(found)}\n"
    for group in dict.fromkeys(line.group for line in found):
        yield f"## {group}\n"
        for line in (line for line in found if line.group == group):
            yield f"### {line.task.partition('[')[0]}\n"
            yield f"{plain(line.about)} ({code(line.name)}, verified by {code(line.task)})\n"
            for side in line.spellings:
                if side.text:
                    off = f", off by {number(side.error, 2)}" if number(side.error) else ""
                    yield f"{side.adapter}{off}:\n"
                    yield fence(side.text, "python")
                else:
                    yield f"{side.adapter}: {plain(side.reason or LACKS)}.\n"
            yield from (f"{plain(note)}\n" for note in line.notes)
