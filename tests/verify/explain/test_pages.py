"""A derivation as a page, as LaTeX and as a graph."""

# ruff: noqa: RUF001 - mathematical signs are meant

import re
from xml.etree import ElementTree as ET

import pytest

from gradparity.verify.engine.runner import Runner
from gradparity.verify.explain.derivation import explain
from gradparity.verify.explain.graph import graph_of, mermaid, svg
from gradparity.verify.explain.parts import Graph
from gradparity.verify.explain.render import markdown, page
from gradparity.verify.explain.tex import latex, mathematics, prose

from ...whole import whole

NAMES = ("one-layer", "scaled-loss", "max-along-an-axis-ties", "half-matmul", "matched-adam")
CASES = {case.name: case for case in whole()[0] if case.name in NAMES}


@pytest.fixture(scope="module")
def worked():
    runner = Runner(["numpy"])
    return {name: explain(CASES[name].tasks()[0], runner, CASES[name].about) for name in NAMES}


@pytest.mark.parametrize("name", NAMES)
def test_latex_is_ascii_and_whole(worked, name):
    text = latex(worked[name])
    assert text.isascii()
    bare = re.sub(r"\\[{}\\]", "", text)
    assert bare.count("{") == bare.count("}")
    assert bare.count(r"\begin{") == bare.count(r"\end{")
    assert not re.search(r"(?<!\\)[#%$]", text)


def test_formulas_are_written_as_mathematics():
    assert mathematics("W − lr·∂loss/∂W") == (
        r"W\ -\ \mathrm{lr}\cdot \frac{\partial \mathrm{loss}}{\partial W}"
    )
    assert mathematics("m̂/(√v̂ + eps)") == r"\hat{m}/(\surd \hat{v}\ +\ \mathrm{eps})"
    assert mathematics("b1ᵗ = x² = 1e−8") == r"\mathrm{b1}^{t}\ =\ x^{2}\ =\ 1\cdot 10^{-8}"
    assert mathematics("new_mean") == r"\mathrm{new\_mean}"
    assert prose("50 % of a_b, ∂") == r"50 \% of a\_b, \(\partial \)"


@pytest.mark.parametrize("name", NAMES)
def test_the_graph_is_drawn(worked, name):
    graph = worked[name].graph
    root = ET.fromstring(svg(graph))  # noqa: S314  it is our own
    boxes = [g for g in root.iter() if g.tag.endswith("}rect")]
    places = {(box.get("x"), box.get("y")) for box in boxes}
    assert len(boxes) == len(places) == len(graph.nodes) > 1
    text = mermaid(graph)
    assert text.count("-->") == len(graph.edges)
    assert f"```mermaid\n{text}```" in markdown(worked[name])
    assert "<svg" in page(worked[name])


def test_nodes_have_values_and_cotangents(worked):
    text = mermaid(worked["one-layer"].graph)
    assert 'n2[["W<br/>0.5<br/>∂: 1"]]' in text
    assert '(("loss = pow(2)<br/>0.25<br/>∂: 1"))' in text
    assert "    n0 --> n4" in text


def test_what_a_text_calls_things_is_no_markup(worked):
    task = CASES["one-layer"].tasks()[0]
    labels = dict.fromkeys((i.target for i in task.programs["*"].instructions), '<b>"x"&')
    graph = graph_of(task.programs["*"], labels, {"W": 1}, {}, {"W": 1})
    assert "<b>" not in mermaid(graph)
    ET.fromstring(svg(graph))  # noqa: S314  it is our own
    assert svg(Graph())


def test_recorded_divergences_are_told_with_every_number(worked):
    section = worked["max-along-an-axis-ties"].section("Recorded divergences")
    assert section.table is not None
    assert section.table.header == ("", "truth", "numpy")
    assert section.table.rows[0][0] == "gradient of x"
    said = [str(line) for line in section.lines]
    assert said[0].startswith("torch (kink), gradient of x – torch.max(dim) is a gather")
    assert any(line.startswith("to agree – ") for line in said)
