"""Loops whose turns do not go together are told before anything is run."""

import pytest

from gradparity.verify.linting.soundness import examined

HEAD = (
    "case: a\nabout: b\ninputs: {{xs: {{normal: [4]}}, h0: {start}}}\n"
    "params: {{w: {{normal: [1]}}}}\nprogram: |\n"
)


@pytest.mark.parametrize(
    ("start", "body", "length", "said"),
    [
        ("{zeros: [1]}", "h * w + x", 3, "ys is 5 long and step has 3 turns, expected as many"),
        ("{zeros: [1]}", "h * w + x", 6, "ys is 5 long and step has 6 turns, expected as many"),
        ("{zeros: []}", "h * w + x", 5, "numbers of the shape [] and carries on numbers of the"),
        ("{zeros: [2]}", "concat(h, w) * x", 5, "of the shape [3] in turn 1, expected the same"),
        (
            "{integers: [1], low: 0, high: 3}",
            "h * w + x",
            5,
            "is given whole numbers of the shape [1] and carries on numbers",
        ),
    ],
)
def test_turns_that_do_not_go_together(start, body, length, said, tmp_path):
    text = HEAD.format(start=start) + (
        f"  def step(h, x):\n      h2 = {body}\n      return h2, sum(h2)\n"
        f"  ys = concat(xs, w)\n  last, hs = scan(step, h0, ys, length={length})\n"
        "  loss = sum(hs) + sum(last)\n"
    )
    _, (fault,) = examined(text.encode(), tmp_path / "t.yaml", None)

    assert said in str(fault)
    assert "t.yaml:10:14: " in str(fault)


def test_turns_that_do(tmp_path):
    text = HEAD.format(start="{zeros: [1]}") + (
        "  def step(h, x):\n      h2 = h * w + x\n      return h2, sum(h2)\n"
        "  ys = concat(xs, w)\n  last, hs = scan(step, h0, ys, length=5)\n"
        "  loss = sum(hs) + sum(last)\n"
    )
    (_,), faults = examined(text.encode(), tmp_path / "t.yaml", None)

    assert not faults
