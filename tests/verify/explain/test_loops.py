"""A loop worked through: every turn is told, in the text and in the graph."""

from pathlib import Path

from gradparity.adapters.numpy_reference import NumpyAdapter
from gradparity.cases import load_text
from gradparity.verify import Runner
from gradparity.verify.explain.derivation import explain
from gradparity.verify.explain.graph import mermaid
from gradparity.verify.explain.render import plain

TEXT = """
case: product
about: A product that is carried.
params: {p0: 2.0, x: [3.0, -1.0]}
program: |
  def times(p, x):
      return p * x, p
  last, before = scan(times, p0, x)
  loss = last + sum(before)
"""


def test_every_turn_is_told():
    cases, faults = load_text(TEXT, Path("made-up.yaml"))
    assert not faults
    made = explain(cases[0].tasks(["float64"])[0], Runner({"numpy": NumpyAdapter()}))
    text, graph = plain(made), mermaid(made.graph)

    assert "times/return:0[1] = times/p[1]·times/x[1] = " in text
    assert "(multiply; turn 2 of 2 of times)" in text
    assert "∂loss/∂times/p[1]" in text
    assert [line.strip() for line in graph.split("\n") if "subgraph" in line] == [
        'subgraph t1["turn 1 of 2 of times"]',
        'subgraph t2["turn 2 of 2 of times"]',
    ]
    assert graph.count("\n    end\n") == 2
