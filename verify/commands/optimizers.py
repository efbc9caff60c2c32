"""``gradparity optimizers``: how PyTorch's optimizers are written in optax, and back."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import Annotated, Any, Literal

import typer

from ...refimpl.errors import BadUsage
from ...refimpl.optimizers import RULES
from ...refimpl.optimizers.clipping import CLIPS
from ...refimpl.optimizers.schedules import SCHEDULES
from ...reports import files, translation
from ..atlas.translation import lines
from ..engine.runner import Runner
from ..selection.choices import adapters_of
from .common import Adapters, emit, say

Name = Annotated[
    str | None,
    typer.Argument(
        metavar="[NAME]",
        help="A rule, schedule or clip, or a constructor's name: adamw, AdamW; all if none.",
        show_default=False,
    ),
]
Format = Annotated[
    Literal["table", "json", "markdown", "html"], typer.Option("--format", help="How to print it.")
]
Out = Annotated[
    str | None,
    typer.Option("--out", metavar="DIR", help="Write optimizers.md and optimizers.html there."),
]

FAILED = 1


def optimizers(
    name: Name = None, *, adapters: Adapters = None, form: Format = "table", out: Out = None
) -> None:
    """Print the translation table; status 1 where a line is not as it says."""
    runner = Runner(adapters_of(adapters))
    for why in runner.missing.values():
        say(f"gradparity: {why}")
    found = list(lines(runner, name, _tell))
    if form == "table" and name is not None:
        emit(_rule(name))
    emit(_WRITERS[form](found))
    if out is not None:
        pages = {f"optimizers.{k}": _WRITERS[v](found).encode() for k, v in _PAGES.items()}
        try:
            written = files.put(out, pages)
        except OSError as fault:
            raise BadUsage(f"the table cannot be written: {fault}") from fault
        say("\n".join(map(str, written)))
    if any(line.failed for line in found):
        raise SystemExit(FAILED)


def _tell(case: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\x1b[Krunning {case}", end="", file=sys.stderr, flush=True)  # noqa: T201  progress


def _rule(name: str) -> str:
    """The formula of a rule, a schedule or a clip of that name; nothing for another name."""
    name = name.rpartition(".")[2]
    rule = RULES.get(name.lower())
    if rule is not None:
        return f"{rule.name}\n\n{rule.formula}\n\n{rule.source}\n"
    row: Any = SCHEDULES.get(name) or CLIPS.get(name)
    return f"{row.name}: {row.formula}\n" if row is not None else ""


def _json(found: list[translation.Line]) -> str:
    # JSON has no NaN.
    rows = [asdict(line) for line in found]
    for row in rows:
        for side in row["spellings"]:
            side["error"] = side["error"] if side["error"] == side["error"] else None
    return json.dumps(rows, indent=1, ensure_ascii=False)


_WRITERS = {
    "table": translation.as_text,
    "json": _json,
    "markdown": translation.as_markdown,
    "html": translation.as_html,
}
#: A file's ending → the format of what is in it.
_PAGES = {"md": "markdown", "html": "html"}
