"""``gradparity compare``: a module beside its port, each named as ``package.module:name``."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from ruamel.yaml import YAML, YAMLError

from ...refimpl.errors import BadUsage
from ..own.comparing import compare as compare_sides
from .common import emit

Torch = Annotated[
    str, typer.Argument(metavar="MODULE:NAME", help="A PyTorch module, or what makes one.")
]
Jax = Annotated[
    str, typer.Argument(metavar="MODULE:NAME", help="The port: a function of parameters.")
]
Params = Annotated[
    str,
    typer.Option(
        "--params", metavar="MODULE:NAME", help="What makes the port's parameters; or auto."
    ),
]
Inputs = Annotated[
    str,
    typer.Option(
        "--inputs",
        metavar="TEXT",
        help="Tensors as a case has them, as '{x: {normal: [2, 5]}}'; or a file with them.",
    ),
]
Held = Annotated[
    str | None,
    typer.Option(
        "--jax-params", metavar="MODULE:NAME", help="Parameters of the port, for their names."
    ),
]
Draws = Annotated[int, typer.Option("--draws", min=1, help="How often inputs are drawn.")]
Allow = Annotated[
    bool,
    typer.Option("--allow-imports", help="Import and run the code that is named; needed."),
]
Save = Annotated[
    Path | None, typer.Option("--html", metavar="FILE", help="Write the report as a page.")
]
Form = Annotated[bool, typer.Option("--json", help="Print the rows as JSON.")]


def compare(
    torch_side: Torch,
    jax_side: Jax,
    *,
    params: Params = "auto",
    inputs: Inputs,
    jax_params: Held = None,
    draws: Draws = 1,
    allow_imports: Allow = False,
    html: Save = None,
    as_json: Form = False,
) -> None:
    """Say whether a PyTorch module and its JAX port are the same mathematics."""
    if not allow_imports:
        raise BadUsage(
            "compare imports and runs the code that it is given: say so with --allow-imports"
        )
    report = compare_sides(
        _made(_named(torch_side)),
        _named(jax_side) if jax_params is None else (_named(jax_side), _named(jax_params)),
        _inputs(inputs),
        params if params == "auto" else _named(params),
        draws=draws,
    )
    if html is not None:
        report.save(html)
    emit(json.dumps(list(report.rows), indent=1) if as_json else str(report))
    raise typer.Exit(0 if report.verdict == "same" else 1)


def _named(text: str) -> Any:
    """What ``package.module:name`` names; modules beside the caller are found."""
    home, _, name = text.partition(":")
    if not home or not name:
        raise BadUsage(f"{text!r}, expected MODULE:NAME as in mine.net:Block")
    if "" not in sys.path:
        sys.path.insert(0, "")
    try:
        found: Any = importlib.import_module(home)
        for part in name.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError) as error:
        raise BadUsage(f"{text}: {error}") from error
    return found


def _made(code: Any) -> Any:
    """A module of a class that needs nothing; all else as it is."""
    if isinstance(code, type):
        try:
            return code()
        except Exception as error:
            message = f"{code.__name__}() raised {type(error).__name__}: {error}"
            raise BadUsage(f"{message}; name a module, not its class") from error
    return code


def _inputs(text: str) -> Any:
    path = Path(text)
    if text.endswith((".yaml", ".yml", ".json")):
        try:
            text = path.read_text(encoding="utf-8")
        except OSError as error:
            raise BadUsage(f"--inputs: {error.strerror}: {path}") from error
    try:
        found = YAML(typ="safe").load(text)
    except YAMLError as error:
        raise BadUsage(f"--inputs is no YAML: {' '.join(str(error).split())}") from error
    if not isinstance(found, dict):
        raise BadUsage("--inputs, expected tensors by name as in '{x: {normal: [2, 5]}}'")
    return found
