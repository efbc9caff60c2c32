"""``gradparity compare``: a module beside its port, both named as ``package.module:name``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from ruamel.yaml import YAML, YAMLError

from ...refimpl.errors import BadUsage
from ..own.comparing import compare as compare_sides
from ..own.naming import made, named, report_of
from ..own.report import Report
from ..selection.documents import documents
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
    if html is not None and not html.absolute().parent.is_dir():
        raise BadUsage(f"--html: no folder {html.parent}")
    if second is None:
        reports = _of_file(Path(first))
    elif inputs is None:
        raise BadUsage("--inputs is missing: tensors by name, as '{x: {normal: [2, 5]}}'")
    else:
        port = made(named(second))
        port = port if jax_params is None else (port, named(jax_params))
        given = params if params == "auto" else named(params)
        reports = {"": compare_sides(made(named(first)), port, _inputs(inputs), given, draws=draws)}
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
    return {one.model.case: report_of(one) for one in found}


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
