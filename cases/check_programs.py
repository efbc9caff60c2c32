"""The program's texts, read at every point, and what of the case they use."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from typing import Any

from ..refimpl.ops import TABLE
from .casting import CAST, WIDTHS
from .context import Context, adapter_names, point_text
from .faults import Place, shown, unknown
from .language import read_program
from .models import RULE, SAY
from .places import locator
from .program import Instruction, Program, Ref
from .syntax import DOLLAR, Source, parse
from .tensors import Layout
from .ways import WAYS
from .yaml_nodes import Scalar, find


def read_sources(case: Context) -> dict[str, Source]:
    """Framework (``"*"`` for all) → its parsed text; empty where one cannot be read."""
    given = case.model.program
    texts = given if isinstance(given, dict) else {"*": given}
    sources: dict[str, Source] = {}
    for name, text in texts.items():
        path = ("program",) if name == "*" else ("program", name)
        if name != "*" and not case.adapter(name, case.key(*path)):
            continue
        node = find(case.document, path)
        assert isinstance(node, Scalar)
        source = parse(text, locator(node, case.lines), case.faults)
        if source is not None:
            sources[name] = source
            names = {n.id for n in ast.walk(source.tree) if isinstance(n, ast.Name)}
            case.used |= {n.removeprefix(DOLLAR) for n in names}
    if "*" not in texts and "numpy" not in texts:
        _unreferenced(case, list(texts))
    if len(texts) < 2 and "*" not in texts and "numpy" not in texts:
        return {}
    return sources if len(sources) == len(texts) else {}


def read_maps(case: Context) -> None:
    """The expressions that stand before a framework's own text; faults are added."""
    texts = case.model.program
    for adapter, given in case.model.maps.items():
        if not isinstance(texts, dict) or adapter not in texts:
            case.faults.add(
                f"maps for {adapter}, which has no text of its own, expected one: program: "
                f"{{{adapter}: …}}",
                case.key("maps", adapter),
            )
            continue
        for name in given:
            path = ("maps", adapter, name)
            node = find(case.document, path)
            assert isinstance(node, Scalar)
            source = parse(given[name], locator(node, case.lines), case.faults)
            if source is None:
                continue
            body = source.tree.body
            if len(body) != 1 or not isinstance(body[0], ast.Expr):
                case.faults.add(
                    f"maps.{adapter}.{name}: no expression, expected one such as W.T",
                    case.at(*path),
                )
                continue
            case.maps.setdefault(adapter, {})[name] = source
            names = {n.id for n in ast.walk(source.tree) if isinstance(n, ast.Name)}
            case.used |= {n.removeprefix(DOLLAR) for n in names}


def _unreferenced(case: Context, texts: list[str]) -> None:
    """What a case without a text for the reference needs, and cannot have."""
    if len(texts) < 2:
        case.faults.add(
            f"no text for numpy, which is the reference's, expected one beside {', '.join(texts)}"
            ", or one for another framework to hold it against"
            if texts
            else f"no text at all, expected one for each of {', '.join(adapter_names())}",
            case.key("program"),
        )
    for key in ("expect", "divergences", "tolerance", "avoid"):
        if getattr(case.model, key):
            case.faults.add(
                f"{key} in a case without a text for numpy, which is the reference's, expected "
                "such a text: without it frameworks are held against each other alone",
                case.key(key),
            )


def read_spellings(case: Context) -> dict[str, Source]:
    """Adapter → the parsed text by which it agrees, from the records that name it."""
    sources: dict[str, Source] = {}
    for k, record in enumerate(case.model.divergences):
        for name, text in record.spellings.items():
            path = ("divergences", k, "agree-by", name)
            if name not in record.adapters:
                case.faults.add(
                    unknown("adapter of this record", name, (*record.adapters, SAY)),
                    case.key(*path),
                )
                continue
            if case.model.optimizer is not None:
                if text != RULE or name not in case.model.native:
                    case.faults.add(
                        f"{shown(text)} for {name} in a case that trains, expected {RULE}, where "
                        "native gives that adapter something else",
                        case.at(*path),
                    )
                continue
            node = find(case.document, path)
            assert isinstance(node, Scalar)
            source = parse(text, locator(node, case.lines), case.faults)
            if source is None:
                continue
            if name in sources:
                case.faults.add(
                    f"a second spelling for {name}, expected one in a case", case.key(*path)
                )
            sources[name] = source
    return sources


def read_programs(
    case: Context,
    sources: dict[str, Source],
    point: dict[str, Any],
    layouts: Mapping[str, Layout],
) -> dict[str, Program]:
    """The programs at a point; empty where one is at fault."""
    model = case.model
    lengths = {name: layout.shape[0] if layout.shape else -1 for name, layout in layouts.items()}
    if model.batch is not None:
        rows = {k for k in model.inputs if lengths.get(k, -1) >= 0}
        lengths |= dict.fromkeys(rows, model.batch.size)
    arrays = [*model.inputs, *model.params, *model.state]
    programs: dict[str, Program] = {}
    for framework, source in sources.items():
        program = read_program(
            source,
            framework=None if framework == "*" else framework,
            arrays=arrays,
            constants=point,
            output=model.output,
            budget=case.budget,
            faults=case.faults,
            before=case.maps.get(framework),
            lengths=lengths,
        )
        if program is None:
            continue
        if program.output in program.named:
            programs[framework] = program
            _cast(case, program)
            _carried(case, program, "" if framework == "*" else framework)
            continue
        of = "" if framework == "*" else f" of the text for {framework}"
        case.faults.add(unknown(f"output{of}", program.output, program.named), case.at("output"))
    return programs if len(programs) == len(sources) else {}


def _cast(case: Context, program: Program) -> None:
    """No cast is to a wider dtype than the case's, in which truth could not be told."""
    asked = [check for check in case.model.all_checks if check in WAYS]
    for i in program.instructions:
        if i.operation != CAST or i.native:
            continue
        place, to = Place(i.line, i.column), i.attributes["dtype"]
        for dtype in case.model.dtypes:
            if dtype not in WIDTHS:
                case.faults.add(f"astype in a case of {dtype}, expected real dtypes", place)
            elif WIDTHS[dtype] < WIDTHS[to] and to == "float64":
                case.faults.add(
                    f"astype to {to} in a case of {dtype}, whose truth is computed in {to}, "
                    f"expected dtypes: [{to}]",
                    place,
                )
        if asked:
            case.faults.add(
                f"astype in a case with the check {asked[0]}, expected value, grad and update "
                "alone: the reference has no tangents in several dtypes",
                place,
            )


def _carried(case: Context, program: Program, framework: str) -> None:
    """What is carried to the next step is assigned, in every text."""
    of = f" of the text for {framework}" if framework else ""
    for name, state in case.model.state.items():
        if state.next not in program.named:
            said = unknown(f"variable{of}", state.next, program.named)
            case.faults.add(f"next of {name}: {said}", case.at("state", name, "next"))


def check_parameters(case: Context, program: Program, point: dict[str, Any]) -> set[str]:
    """The names on a differentiable way from a parameter to the output, where all ought to be."""
    way = on_path(program, case.model.params)
    for name in case.model.params:
        if name in way:
            continue
        if any(name in i.refs for i in program.instructions):
            message = (
                f"the parameter {name} does not reach {program.output}{point_text(point)}, "
                "expected a differentiable way to it"
            )
        else:
            message = (
                f"the parameter {name} is not used{point_text(point)}, expected the program to "
                "use it"
            )
        case.faults.add(message, case.key("params", name))
    return way


def check_unused(case: Context, programs: Iterable[Program]) -> None:
    """Inputs and sweep names that nothing uses."""
    used = {name for program in programs for i in program.instructions for name in i.refs}
    for name in case.model.inputs:
        if name not in used:
            case.faults.add(
                f"the input {name} is not used, expected the program to use it",
                case.key("inputs", name),
            )
    for name in case.model.state:
        if name not in used:
            case.faults.add(
                f"the state {name} is not used, expected the program to use it",
                case.key("state", name),
            )
    for name in case.model.sweep:
        if name not in case.used:
            case.faults.add(
                f"the sweep's {name} is not used, expected the program or a tensor to use it",
                case.key("sweep", name),
            )


def on_path(program: Program, params: Iterable[str]) -> set[str]:
    """The names on a differentiable way from a parameter to the output."""
    tracked = set(params)
    for i in program.instructions:
        if any(name in tracked for name in _differentiated(i)):
            tracked.add(i.target)
    reached = {program.output} & tracked
    for i in reversed(program.instructions):
        if i.target in reached:
            reached.update(name for name in _differentiated(i) if name in tracked)
    return reached


def _differentiated(instruction: Instruction) -> list[str]:
    """The variables that a cotangent of the result flows to."""
    every = instruction.native or instruction.operation == "select"
    row = None if every else TABLE[instruction.operation]
    return [
        argument.name
        for position, argument in enumerate(instruction.arguments)
        if isinstance(argument, Ref) and (row is None or row.differentiable(position))
    ]
