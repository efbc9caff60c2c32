from __future__ import annotations

import pytest

from gradparity.reports.pages.lines import line_in

TEXT = """\
case: two
about: z is not what is meant.
params: {W: 1.0, b: 0.0}
program: |
  z = W * 2 + b
  h, c = pair(z)
  loss = (z - 1) ** 2
optimizer: {sgd: {lr: 0.1}}
expect:
  value: {z: 2.0}
  grad: {W: 4.0}
divergences:
  - {adapters: [jax], check: grad, tensor: b, kind: kink, because: no}
"""

APART = """\
case: port
program:
  numpy: |
    h = exp(x)
    y = h + 1
  jax: |
    h = jax.numpy.exp(x)
    y = h + 2
"""


def row(**said):
    plain = {"kind": "error", "verdict": "differs", "check": "grad", "tensor": "W", "blame": ""}
    return plain | {"adapter": "jax"} | said


@pytest.mark.parametrize(
    ("said", "line"),
    [
        ({"blame": "z"}, 5),
        ({"blame": "c"}, 6),
        ({"blame": "loss"}, 7),
        ({"check": "update"}, 8),
        ({"check": "update", "blame": "z"}, 5),
        ({"kind": "expect", "tensor": "z"}, 10),
        ({"kind": "expect", "tensor": "W"}, 11),
        ({"kind": "expect", "tensor": "gone"}, 9),
        ({"verdict": "stale", "tensor": "b"}, 13),
        ({"check": "run", "tensor": ""}, 4),
        ({"tensor": "nowhere", "blame": "z.1"}, 4),
    ],
)
def test_the_line_is_that_which_a_row_speaks_of(said, line):
    assert line_in(TEXT, row(**said)) == line


def test_of_several_texts_it_is_the_adapters_own():
    assert line_in(APART, row(blame="y")) == 8
    assert line_in(APART, row(blame="y", adapter="numpy")) == 5
    assert line_in(APART, row(blame="y", adapter="torch")) == 5


def test_an_empty_text_has_its_head():
    assert line_in("", row(blame="z")) == 1
