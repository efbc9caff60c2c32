"""The computation graph of a case: its operations, with values and cotangents on them.

Each node is a variable of the reference's text, sub-expressions included, in the layer that its
longest way from an input has. Mermaid draws it in Markdown; the SVG needs nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import groupby
from typing import Any

from ...cases.program import Const, Instruction, Program
from ...reports.html import template
from .formulas import array
from .parts import Graph, Node

#: So many characters of a line stand in a node.
WIDEST = 34

#: How far apart nodes are drawn, and how large, in SVG's units.
COLUMN, ROW, WIDTH, HEIGHT, MARGIN = 290, 92, 240, 62, 24


def graph_of(
    program: Program,
    labels: Mapping[str, str],
    values: Mapping[str, Any],
    grads: Mapping[str, Any],
    params: Mapping[str, Any],
) -> Graph:
    """The graph of a program.

    Parameters
    ----------
    program
        The reference's text.
    labels
        What sub-expressions are called; a variable without one is called by its name.
    values, grads
        Of every variable, inputs and parameters included; what has none has no cotangent.
    params
        The parameters, of the arguments.
    """
    made = [i for i in program.instructions if i.operation != "select" or i.target in values]
    used = {name for i in made for name in i.refs}
    targets = {i.target for i in made}
    numbers: dict[str, str] = {}
    nodes: list[Node] = []
    for name in (name for name in values if name in used and name not in targets):
        role = "parameter" if name in params else "input"
        nodes.append(_node(numbers, name, name, role, values, grads))
    for i in made:
        role = "output" if i.target == program.output else "operation"
        label = labels.get(i.target, i.target)
        node = _node(numbers, i.target, f"{label} = {_called(i)}", role, values, grads)
        inside = [t for t in i.turns if 0 <= t.number < t.of]
        nodes.append(replace(node, turn=str(inside[-1]) if inside else ""))
    edges = tuple(
        (numbers[name], numbers[i.target])
        for i in made
        for name in dict.fromkeys(i.refs)
        if name in numbers
    )
    return Graph(tuple(nodes), edges)


def _node(
    numbers: dict[str, str],
    name: str,
    title: str,
    role: str,
    values: Mapping[str, Any],
    grads: Mapping[str, Any],
) -> Node:
    numbers[name] = f"n{len(numbers)}"
    value, g = values.get(name), grads.get(name)
    return Node(
        numbers[name],
        role,
        _short(title),
        "" if value is None or isinstance(value, tuple) else _short(array(value, shown=3)),
        "" if g is None else _short(array(g, shown=3)),
    )


def _called(i: Instruction) -> str:
    """The operation with its constants, which have no node of their own."""
    given = [str(a.value) for a in i.arguments if isinstance(a, Const)]
    given += [f"{key}={value}" for key, value in i.attributes.items()]
    return f"{i.operation}({', '.join(given)})" if given else i.operation


def _short(text: str) -> str:
    return text if len(text) <= WIDEST else f"{text[: WIDEST - 1]}…"


#: A node's role → the shape that Mermaid draws it in.
_SHAPES = {
    "input": ('(["', '"])'),
    "parameter": ('[["', '"]]'),
    "operation": ('["', '"]'),
    "output": ('(("', '"))'),
}


def mermaid(graph: Graph) -> str:
    """The graph as Mermaid's flowchart, which Markdown on many sites draws."""
    return "\n".join(["flowchart LR", *_statements(graph)]) + "\n"


def _statements(graph: Graph) -> Iterator[str]:
    for number, (turn, nodes) in enumerate(groupby(graph.nodes, lambda node: node.turn)):
        if turn:
            yield f'    subgraph t{number}["{_quoted(turn)}"]'
        for node in nodes:
            left, right = _SHAPES[node.role]
            yield f"    {node.number}{left}{'<br/>'.join(map(_quoted, _lines(node)))}{right}"
        if turn:
            yield "    end"
    for start, end in graph.edges:
        yield f"    {start} --> {end}"


def _lines(node: Node) -> list[str]:
    """What stands in a node: its name, its value, its cotangent."""
    lines = [node.title]
    lines += [node.value] if node.value else []
    return [*lines, f"∂: {node.cotangent}"] if node.cotangent else lines


def _quoted(text: str) -> str:
    """A text that ends no string of Mermaid's and begins no tag of HTML's."""
    entities = {"#": "#35;", "&": "#amp;", '"': "#quot;", "<": "#lt;", ">": "#gt;"}
    return "".join(entities.get(c, c) for c in text)


def svg(graph: Graph) -> str:
    """The graph as SVG, from left to right: an arrow for each use of a variable."""
    places = _places(graph)
    width = max((x for x, _ in places.values()), default=0) + WIDTH + MARGIN
    height = max((y for _, y in places.values()), default=0) + HEIGHT + MARGIN
    boxes = [(node, *places[node.number], _lines(node)) for node in graph.nodes]
    arrows = []
    for start, end in graph.edges:
        (x1, y1), (x2, y2) = places[start], places[end]
        arrows.append((x1 + WIDTH, y1 + HEIGHT / 2, x2, y2 + HEIGHT / 2))
    return template("graph.svg").render(
        width=width, height=height, box=(WIDTH, HEIGHT), boxes=boxes, arrows=arrows
    )


def _places(graph: Graph) -> dict[str, tuple[float, float]]:
    """Each node's upper left corner: layer by layer, as near to its arguments as there is room."""
    before: dict[str, list[str]] = {node.number: [] for node in graph.nodes}
    after: dict[str, list[str]] = {node.number: [] for node in graph.nodes}
    for start, end in graph.edges:
        before[end].append(start)
        after[start].append(end)
    layer: dict[str, int] = {}
    for node in graph.nodes:  # arguments stand before what uses them
        layer[node.number] = max((layer[k] + 1 for k in before[node.number]), default=0)
    for node in reversed(graph.nodes):  # what is given stands just before where it is used
        if not before[node.number] and after[node.number]:
            layer[node.number] = min(layer[k] for k in after[node.number]) - 1
    rows: dict[str, float] = {}
    for depth in range(max(layer.values(), default=-1) + 1):
        there = [node.number for node in graph.nodes if layer[node.number] == depth]
        wanted = {k: _middle([rows[b] for b in before[k]]) for k in there}
        taken = -1.0
        for k in sorted(there, key=lambda k: wanted[k]):
            rows[k] = max(wanted[k], taken + 1)
            taken = rows[k]
    return {k: (MARGIN + layer[k] * COLUMN, MARGIN + row * ROW) for k, row in sorted(rows.items())}


def _middle(rows: list[float]) -> float:
    return sum(rows) / len(rows) if rows else 0.0
