"""The commands, their arguments and options, of the command line's own parser."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import typer

from gradparity.verify.cli import COMMANDS, app

from .writing import code, fence, plain, table


def pages() -> Mapping[str, str]:
    """A section a command."""
    return {"parts/commands.md": "\n".join(_sections())}


def _sections() -> Iterator[str]:
    group: Any = typer.main.get_command(app)
    for name, about in COMMANDS.items():
        command = group.get_command(typer.Context(group), name)
        context = typer.Context(command, info_name=f"gradparity {name}")
        yield f"## `{name}`\n"
        yield f"{plain(about)}\n"
        parameters = command.get_params(context)
        arguments = [x.metavar for x in parameters if x.param_type_name == "argument"]
        yield fence(" ".join([context.command_path, *arguments, "[OPTIONS]"]))
        rows = [_row(parameter, context) for parameter in parameters]
        yield table(("argument or option", "what it does", "without it"), rows)


def _row(parameter: Any, context: Any) -> tuple[str, str, str]:
    if parameter.param_type_name == "argument":
        return code(parameter.metavar), plain(parameter.help or ""), ""
    named, told = parameter.get_help_record(context)
    default = parameter.get_default(context)
    told = told.partition("  [default")[0].partition("  [required")[0]
    return code(named), plain(told), code(str(default)) if default not in (None, False) else ""
