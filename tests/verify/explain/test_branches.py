"""A cond worked through: the branch that was taken, and what it hangs on."""

from pathlib import Path

import pytest

from gradparity.adapters.numpy_reference import NumpyAdapter
from gradparity.cases import load_text
from gradparity.verify import Runner
from gradparity.verify.explain.derivation import explain
from gradparity.verify.explain.graph import mermaid
from gradparity.verify.explain.render import plain

TEXT = """
case: branches
about: A root or a square.
inputs: {{s: {sign}}}
params: {{x: {value}}}
program: |
  z = x * s
  def root(a):
      return sqrt(a)
  def square(a):
      return a * a
  y = cond({guard} > 0, root, square, z)
  loss = sum(y)
"""


def explained(**given):
    cases, faults = load_text(TEXT.format(**given), Path("made-up.yaml"))
    assert not faults
    return explain(cases[0].tasks(["float64"])[0], Runner({"numpy": NumpyAdapter()}))


@pytest.mark.parametrize(
    ("sign", "said", "there", "gone"),
    [(1.0, "z > 0 is True", "root", "square"), (-1.0, "z > 0 is False", "square", "root")],
)
def test_numbers_are_those_of_the_branch_that_is_taken(sign, said, there, gone):
    text = plain(explained(sign=sign, value=2.25, guard="z"))

    assert f"Which branches are taken: {said}." in text
    assert f"y = {there}/return:0" in text
    assert f"{gone}/return" not in text


def test_an_array_has_the_branch_in_its_lines_and_in_its_graph():
    made = explained(sign=-1.0, value="[2.25, 1.5]", guard="s")
    text, graph = plain(made), mermaid(made.graph)

    assert "Which branches are taken: s > 0 is False." in text
    assert "(multiply; the false branch of root or square)" in text
    assert "(identity; after the branches of root or square)" in text
    assert [line.strip() for line in graph.split("\n") if "subgraph" in line] == [
        'subgraph t1["the false branch of root or square"]'
    ]
    assert "root/return" not in text + graph
