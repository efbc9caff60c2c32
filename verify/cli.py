"""The command line.

Each command is a module of ``commands``, loaded when it is asked for: ``--help`` and ``lint``
start fast and import no framework. Exit status: 0 all is well, 1 something differs, 2 a bad case
file or bad usage, 3 an adapter failed, 130 interrupted.
"""

from __future__ import annotations

import codecs
import difflib
import importlib
import io
import os
import sys
from importlib import metadata
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from ..cases.garbage import uncollected
from ..refimpl.errors import AdapterFailed, GradparityError, printable
from .interrupts import heed

BAD_USAGE, ADAPTER_FAILED, INTERRUPTED = 2, 3, 130

#: command → what it does. Its module in ``commands`` has its name, and a function of that name.
COMMANDS = {
    "demo": "Show in a minute what this is: an example, a port with a mistake, a report.",
    "run": "Run cases over the adapters and judge every tensor.",
    "compare": "Say whether a PyTorch module and its JAX port are the same, and where they part.",
    "explain": "Derive a case's gradients by hand, every framework beside it.",
    "lint": "Check case files without running a framework.",
    "list": "List the cases that have some words, with what they use.",
    "new": "Write a commented case to start from.",
    "ops": "List the operations, and which adapter has which; or tell all of one.",
    "optimizers": "Translate optimizers between PyTorch and optax, each line verified.",
    "atlas": "Write the atlas of divergences: who is off, why, and how to agree.",
    "upstream": "Write drafts of reports to frameworks' developers, of the atlas' entries.",
    "diff": "Say what changed between two runs.",
    "report": "Write a run's results as annotations, SARIF, JUnit or Markdown.",
    "schema": "Print the JSON Schema of a case, for editors.",
    "fuzz": "Draw random programs, and write down the faults of frameworks that they show.",
    "selftest": "Plant faults and redraw cases: is what is wrong caught, and only that?",
    "doctor": "Say what is installed, and what is missing.",
}

#: What to try first, and what comes of it.
FIRST = [
    ("gradparity demo", "an example, a port with a mistake, and the report"),
    ("gradparity explain one-layer", "every number of the chain rule"),
    ("gradparity run one-layer", "the same, judged in every framework"),
    ("gradparity new mine", "a commented case of your own to start from"),
    ("gradparity compare m:net m:port", "a PyTorch module beside its JAX port"),
]


class Commands(TyperGroup):
    """The table of commands, each loaded when it is called."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002  typer's
        """Every command's name."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Load one command; a misspelt one is answered with the nearest."""
        if cmd_name not in COMMANDS:
            near = difflib.get_close_matches(cmd_name, COMMANDS, n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            ctx.fail(f"no command is called {cmd_name!r}{hint}")
        with uncollected():
            module = importlib.import_module(f".commands.{cmd_name}", __package__)
        single = typer.Typer(add_completion=False, rich_markup_mode=None)
        single.command(cmd_name, help=COMMANDS[cmd_name])(getattr(module, cmd_name))
        return typer.main.get_command(single)

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002  typer's
        """The table itself, so that help loads no command."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))
        with formatter.section("First steps"):
            formatter.write_dl(FIRST)


app = typer.Typer(
    cls=Commands,
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(asked: bool) -> None:  # noqa: FBT001  typer calls it so
    if asked:
        typer.echo(f"gradparity {metadata.version('gradparity')}")
        raise typer.Exit


@app.callback()
def _gradparity(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say the version.")
    ] = False,
) -> None:
    """Compare the gradients and updates of PyTorch, JAX and a NumPy reference."""


def _occupy() -> None:
    """Let nothing that is opened later be taken for a standard stream that is closed."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest number that is free
    if sys.stderr is None:
        sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115  to the end


def _writes_all(stream: Any) -> None:
    """Let a stream write any character: as UTF-8 where the locale knows ASCII alone, else escaped.

    A file's name may be no text, which not even UTF-8 writes.
    """
    if isinstance(stream, io.TextIOWrapper):
        plain = codecs.lookup(stream.encoding).name == "ascii"
        stream.reconfigure(encoding="utf-8" if plain else None, errors="backslashreplace")


def main() -> None:
    """Run the command line; errors of ours are said in a line, without a traceback."""
    _occupy()
    _writes_all(sys.stdout)
    _writes_all(sys.stderr)
    heed()
    try:
        app(prog_name="gradparity")
    except GradparityError as error:
        print(printable(f"gradparity: {error}"), file=sys.stderr)  # noqa: T201  the command line speaks
        sys.exit(ADAPTER_FAILED if isinstance(error, AdapterFailed) else BAD_USAGE)
    except OSError as error:  # of typer's own words, as its help
        print(printable(f"gradparity: {error}"), file=sys.stderr)  # noqa: T201  the command line speaks
        sys.exit(BAD_USAGE)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


if __name__ == "__main__":
    main()
