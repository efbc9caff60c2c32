from __future__ import annotations

import pytest

import gradparity as gp
from gradparity.verify.sheets.making import sheets

TWO = """\
# of a file with two
case: first
about: One unit.
inputs: {x: 1.0}
params: {W: 0.5}
program: |
  z = W * x + 1
  loss = z ** 2
expect: {grad: {W: 3.0}}
---
case: second
about: A tie.
params: {x: [1.0, 1.0]}
program: {numpy: "y = max(x)", jax: "y = jax.numpy.max(x)"}
dtypes: [float64]
expect: {grad: {x: {between: [0, 1], total: 1}}}
divergences:
  - adapters: [jax]
    check: value
    tensor: y
    kind: convention
    value: 2.0
    because: It is made up.
    agree-by: {say: "another function", jax: "y = jax.numpy.sum(x) / 2"}
    see: https://example.org/1
versions: {jax: 0.10.2}
"""


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "two.yaml"
    path.write_text(TWO, "utf-8")
    return path


def made(path, **said):
    cases = gp.load_cases(path)
    return sheets(cases, gp.run(cases, adapters=["numpy"]), **said)


def test_a_sheet_has_its_own_document_alone(path):
    found = made(path)
    lines = TWO.splitlines()
    first, second = found["first"], found["second"]
    assert (first.text.splitlines()[0], first.line) == ("case: first", 2)
    assert first.text == "\n".join(lines[1:9])
    assert second.text == "\n".join(lines[10:])


def test_the_graph_has_values_and_cotangents_of_the_truth(path):
    nodes = {node.name: node for node in made(path)["first"].nodes}
    assert [
        (n.role, n.value, n.cotangent) for n in (nodes[name] for name in ("x", "W", "z", "loss"))
    ] == [
        ("input", "1", ""),
        ("parameter", "0.5", "3"),
        ("operation", "1.5", "3"),
        ("output", "2.25", "1"),
    ]
    assert nodes["loss"].sources == ("z",)
    (inner,) = [n for n in nodes.values() if n.label]
    assert (inner.label, inner.operation, inner.sources) == ("W * x", "multiply", ("W", "x"))


def test_the_derivation_is_that_of_explain_without_the_results(path):
    found = made(path)["first"]
    titles = [part.title for part in found.derivation]
    assert titles == ["Given", "Forward pass", "Local derivatives", "Chain rule"]
    assert found.at == "float64"


def test_what_is_recorded_is_told_with_how_to_agree(path):
    (record,) = made(path)["second"].records
    assert (record.adapters, record.kind, record.because) == (
        ("jax",),
        "convention",
        "It is made up.",
    )
    assert record.agree_by == "another function\njax: y = jax.numpy.sum(x) / 2"
    assert record.see == "https://example.org/1"


def test_only_so_many_are_worked_through_and_those_that_fail_first(path):
    cases = gp.load_cases(path)
    results = gp.run(cases, adapters=["numpy"])
    results.loc[results["case"] == "second", "verdict"] = "differs"
    found = sheets(cases, results, worked=1)
    assert (found["first"].at, found["second"].at) == ("", "float64")
    assert found["first"].nodes


def test_a_file_that_has_gone_costs_its_text_alone(path):
    cases = gp.load_cases(path)
    results = gp.run(cases, adapters=["numpy"])
    path.unlink()
    found = sheets(cases, results)
    assert found["first"].text == ""
    assert found["first"].nodes


def test_a_case_of_a_mapping_has_no_text():
    given = {"case": "dict", "about": "x", "params": {"a": 1.0}, "program": "y = a * a"}
    cases = gp.load_cases(given)
    found = sheets(cases, gp.run(cases, adapters=["numpy"]))
    assert (found["dict"].text, found["dict"].line) == ("", 0)
    assert found["dict"].derivation
