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


COND = (
    "case: a\nabout: b\ninputs: {s: 1.0}\nparams: {x: {normal: [3]}, A: {normal: [2, 2]}}\n"
    "program: |\n  def f(a):\n      return {true}\n  def g(a):\n      return {false}\n"
    "  y = cond({guard}, f, g, x)\n  loss = sum(y) + sum(A ** 2)\n"
)


@pytest.mark.parametrize(
    ("true", "false", "guard", "place", "said"),
    [
        (
            "a * 2",
            "sum(a)",
            "s > 0",
            "10:7",
            "f or g makes numbers of the shape [3] or numbers of the shape [], expected the same",
        ),
        ("a * 2", "a > 0", "s > 0", "10:7", "or booleans of the shape [3], expected the same"),
        ("a @ A", "a * 2", "s < 0", "7:14", "the first is 3 long, the last but one of the second"),
        ("a * 2", "a", "x * s > 0", "10:7", "booleans of the shape [3] decide between branches"),
        ("a * 2", "a", "s", "10:7", "numbers of the shape [] decide between branches"),
    ],
)
def test_branches_that_do_not_go_together(true, false, guard, place, said, tmp_path):
    text = COND
    for word, given in (("{true}", true), ("{false}", false), ("{guard}", guard)):
        text = text.replace(word, given)
    _, (fault,) = examined(text.encode(), tmp_path / "t.yaml", None)

    assert said in str(fault)
    assert f"t.yaml:{place}: " in str(fault)


def test_a_branch_that_has_no_number_here_is_no_fault(tmp_path):
    text = COND.replace("{true}", "a * sum(linalg.cholesky(-A @ A.T))").replace("{false}", "a")
    (_,), faults = examined(text.replace("{guard}", "s < 0").encode(), tmp_path / "t.yaml", None)

    assert not faults
