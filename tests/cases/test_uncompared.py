"""Variables that only some texts of a case name, and how that is said."""

from pathlib import Path

import pytest

from gradparity.cases import load_text
from gradparity.cases.uncompared import in_words

HEAD = "case: a\nabout: b\nparams: {x: [1.0, 2.0]}\n"


def case(program, rest=""):
    (found,), faults = load_text(f"{HEAD}program:{program}\n{rest}", Path("t.yaml"))
    assert not faults
    return found


APART = """
  numpy: |
    h = exp(x)
    k = h + 1.0
    y = sum(k * h)
  torch: |
    k = torch.exp(x) + 1.0
    y = torch.sum(k * (k - 1.0))
  jax: |
    k = jax.numpy.exp(x) + 1.0
    s = k - 1.0
    y = jax.numpy.sum(k * s)
"""


def test_a_variable_is_compared_where_every_text_names_it():
    assert case(APART).uncompared() == {"h": ("numpy",), "s": ("jax",)}


def test_one_text_for_all_is_compared_wholly():
    assert case(" y = sum(exp(x))").uncompared() == {}


def test_an_output_is_compared_whatever_each_text_calls_it():
    other = "\n  numpy: y = sum(exp(x))\n  torch: out = torch.sum(torch.exp(x))\n"
    assert case(other).uncompared() == {}
    beside = other + "  jax: |\n    y = jax.numpy.exp(x)\n    z = jax.numpy.sum(y)\n"
    assert case(beside).uncompared() == {"y": ("numpy", "jax")}


def test_every_point_of_a_sweep_counts():
    layers = """
  numpy: |
    for i in range(n):
      h[i] = x * i
    y = sum(x)
  torch: y = torch.sum(x)
"""
    found = case(layers, "sweep: {n: [1, 2]}\n").uncompared()
    assert found == {"h[0]": ("numpy",), "h[1]": ("numpy",)}


@pytest.mark.parametrize(
    ("found", "words"),
    [
        ({}, ""),
        ({"h": ("numpy",)}, "h (only numpy's text names it)"),
        (
            {"h": ("numpy",), "s": ("torch", "jax"), "k": ("numpy",)},
            "h, k (only numpy's text names them); s (only the texts of torch and jax name it)",
        ),
    ],
)
def test_they_are_told_by_the_texts_that_name_them(found, words):
    assert in_words(found) == words
