"""Drawings of a case's random tensors: which cases have several, and what holds at each."""

from pathlib import Path

import numpy as np
import pytest

from gradparity.cases import load_text
from gradparity.cases.task import Divergence

HEAD = "case: a\nabout: b\ndtypes: [float64]\n"
PARTS = """
params: {x: {complex: {re: {normal: [2]}, im: [0.0, 1.0]}}}
program: y = sum(real(x))
"""
ANY = "params: {x: {normal: [3]}}\nprogram: y = sum(x)\n"


def case(text):
    (found,), faults = load_text(HEAD + text, Path("t.yaml"))
    assert not faults, faults[0]
    return found


def task(found, number, at=0):
    return found.redrawn(number).tasks()[at]


@pytest.mark.parametrize(
    ("text", "draws"),
    [
        (ANY, True),
        (ANY.replace("[3]", "[3], seed: 5"), False),
        (ANY.replace("{normal: [3]}", "[1.0, 2.0]"), False),
        (ANY.replace("{normal: [3]}", "{linspace: [0, 1, 3]}"), False),
        (ANY.replace("[3]", "[0]"), False),
        (ANY.replace("[3]", "[n]") + "sweep: {n: [0, 2]}\n", True),
        (PARTS, True),
        (PARTS.replace("1.0]}", "1.0]}, seed: 3"), False),
        (ANY + "expect: {grad: {x: [.nan, 1, 1]}}\n", False),
        (ANY + "expect: {value: {y: {is: .nan, within: 0}}}\n", False),
        (ANY + "expect: {grad: {x: 1.0}}\n", True),
    ],
)
def test_a_case_draws_where_another_drawing_has_other_numbers(text, draws):
    found = case(text)
    assert found.draws == draws
    assert [each.draw for each in found.drawings(3)] == ([1, 2, 3] if draws else [1])
    first, second = (
        b"".join(x.tobytes() for t in found.redrawn(n).tasks() for x in t.params.values())
        for n in (1, 2)
    )
    if "expect" not in text:
        assert (first != second) == draws


def test_a_drawing_has_its_own_name_and_the_same_numbers_every_time():
    found = case(
        "params: {x: {normal: [3]}, w: {normal: [2], seed: 4}}\nprogram: y = concat(x, w, axis=0)\n"
    )
    first, second, again = (task(found, n) for n in (1, 2, 2))
    assert (first.id, first.name, first.draw) == ("a[float64]", "a", 1)
    assert (second.id, second.name, second.draw) == ("a#2[float64]", "a", 2)
    assert [undrawn.id for undrawn in found.redrawn(2).undrawn()] == [second.id]
    assert second.params["x"].tolist() == again.params["x"].tolist()
    assert not np.any(first.params["x"] == second.params["x"])
    assert first.params["w"].tolist() == second.params["w"].tolist()
    assert not np.any(first.cotangent((5,)) == second.cotangent((5,)))


TRUTHS = """
inputs: {c: [1.0, 2.0]}
params: {x: {normal: [2]}, w: [3.0, 4.0]}
program: |
  k = w * c
  h = k * x
  y = sum(h)
expect:
  value: {k: [3.0, 8.0], h: 1.0}
  grad: {w: 1.0, k: 1.0}
divergences:
  - {adapters: [jax], check: value, tensor: k, kind: bug, because: c, value: 1.0}
  - {adapters: [jax], check: value, tensor: h, kind: bug, because: c, value: 1.0}
  - {adapters: [jax], check: grad, tensor: w, kind: bug, because: c, value: 1.0}
avoid: 0.01
"""


def test_what_hangs_on_a_drawn_tensor_is_of_the_first_drawing():
    found = case(TRUTHS)
    first, second = task(found, 1), task(found, 2)
    assert {check: set(truths) for check, truths in first.expect.items()} == {
        "value": {"k", "h"},
        "grad": {"w", "k"},
    }
    assert {check: set(truths) for check, truths in second.expect.items()} == {"value": {"k"}}
    assert [d.elsewhere for d in first.divergences] == [False] * 3
    assert [d.elsewhere for d in second.divergences] == [False, True, True]
    assert (first.avoid, second.avoid) == (0.01, 0.0)


def test_a_record_is_of_its_own_numbers_unless_it_is_said():
    assert not Divergence(("a",), "grad", "w", "bug", "c").elsewhere
