"""``gradparity compare``: a module beside its port, both named as ``package.module:name``."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import BaseModel
from ruamel.yaml import YAML, YAMLError

from ...refimpl.errors import BadUsage
from ..own.comparing import compare as compare_sides
from ..own.documents import documents
from ..own.report import Report
from .common import emit

First = Annotated[
    str,
    typer.Argument(
        metavar="MODULE:NAME",
        help="A PyTorch module, or what makes one; or a YAML file that says all with own:.",
    ),
]
Second = Annotated[
    str | None,
    typer.Argument(metavar="[MODULE:NAME]", help="The port: a function of parameters."),
]
Params = Annotated[
    str,
    typer.Option(
        "--params", metavar="MODULE:NAME", help="What makes the port's parameters; or auto."
    ),
]
Inputs = Annotated[
    str | None,
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
    first: First,
    second: Second = None,
    *,
    params: Params = "auto",
    inputs: Inputs = None,
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
    if second is None:
        reports = _of_file(Path(first))
    elif inputs is None:
        raise BadUsage("--inputs is missing: tensors by name, as '{x: {normal: [2, 5]}}'")
    else:
        port = _named(second) if jax_params is None else (_named(second), _named(jax_params))
        given = params if params == "auto" else _named(params)
        reports = {
            "": compare_sides(_made(_named(first)), port, _inputs(inputs), given, draws=draws)
        }
    if html is not None:
        if len(reports) > 1:
            raise BadUsage("--html writes one report, and the file has several documents")
        next(iter(reports.values())).save(html)
    if as_json:
        rows = [{"case": name, **row} for name, r in reports.items() for row in r.rows]
        emit(json.dumps(rows if second is None else list(reports[""].rows), indent=1))
    else:
        emit("\n\n".join(f"{name}: {r}" if name else str(r) for name, r in reports.items()))
    raise typer.Exit(0 if all(r.verdict == "same" for r in reports.values()) else 1)


def _of_file(path: Path) -> dict[str, Report]:
    """The reports of a file's documents, by their names."""
    if path.suffix not in (".yaml", ".yml"):
        raise BadUsage(f"{path}: give the port as well, as MODULE:NAME, or a YAML file alone")
    found, faults = documents(path)
    if faults:
        raise BadUsage("\n".join(map(str, faults)))
    reports = {}
    for one in found:
        own = one.model.own
        port = _named(own.jax)
        reports[one.model.case] = compare_sides(
            _made(_named(own.torch)),
            port if own.jax_params is None else (port, _named(own.jax_params)),
            {
                k: x.model_dump(exclude_unset=True) if isinstance(x, BaseModel) else x
                for k, x in one.model.inputs.items()
            },
            own.params if own.params == "auto" else _named(own.params),
            loss=None if own.loss is None else _named(own.loss),
            draws=one.model.draws,
            state=one.model.state,
        )
    return reports


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
