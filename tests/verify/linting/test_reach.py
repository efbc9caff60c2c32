"""What a drawing does not reach is noted, and nothing that it does."""

from pathlib import Path

import pytest

from gradparity.cases import load_text
from gradparity.verify.linting.reach import unreached

HEAD = "case: embed\nabout: b\nparams: {E: {normal: [4, 3]}}\ndtypes: [float64]\n"
INDEX = "inputs: {i: {integers: [6], high: 4}}\n"
TAKE = "program: y = take(E, i, axis=0)\n"
PADDED = """
program:
  numpy: y = take(E, i, axis=0)
  torch: y = torch.nn.functional.embedding(i, E, padding_idx=%s)
"""
OR = "write its numbers out, or run with --draws"


def notes(text):
    (case,), faults = load_text(HEAD + text, Path("t.yaml"))
    assert not faults, faults[0]
    return list(unreached(case))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (INDEX + TAKE, [f"i has no 0, 1 of 0 to 3, and take indexes with it: {OR}"]),
        (
            INDEX + PADDED % 0,
            [f"i has no 0, the padding_idx of torch.nn.functional.embedding: {OR}"],
        ),
        (
            INDEX + PADDED % 4,
            [
                (
                    "i has no 4, the padding_idx of torch.nn.functional.embedding: its low and "
                    "high leave it out"
                )
            ],
        ),
        (INDEX + PADDED % 3, [f"i has no 0, 1 of 0 to 3, and take indexes with it: {OR}"]),
        (INDEX.replace("[6]", "[99]") + TAKE, []),
        (INDEX.replace("{integers: [6], high: 4}", "[1, 2]") + TAKE, []),
        (INDEX.replace("4", "2") + TAKE, [f"i has no 0 of 0 to 1, and take indexes with it: {OR}"]),
        (INDEX.replace("4", "n") + "sweep: {n: [1, 2]}\n" + TAKE, []),
        (INDEX.replace("[6]", "[0]") + TAKE, []),
        (INDEX.replace("[6]", "[4, 3]") + "program: y = E * i\n", []),
    ],
)
def test_what_a_drawing_lacks_is_noted_where_it_matters(text, expected):
    assert notes(text) == expected
