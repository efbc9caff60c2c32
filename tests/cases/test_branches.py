"""Conds and bounded whiles in the text: what they become, and what is at fault in them."""

import pytest

from gradparity.cases.program import Ref

HEAD = (
    "case: a\nabout: b\ninputs: {s: 1.0, xs: {normal: [4, 3]}}\n"
    "params: {x: {normal: [3]}, w: {normal: [3]}}\nprogram: |\n"
)
TWO = "def up(a):\n    t = sqrt(a)\n    return t * w\ndef down(a):\n    return a * a\n"
END = "\nloss = sum(y * w) + sum(x) + s + sum(xs)"
WHILE = "def large(v):\n    return sum(v) > s\ndef halved(v):\n    h = v / 2\n    return h * w\n"


def written(text):
    return HEAD + "".join(f"  {line}\n" for line in text.split("\n"))


def read(case, text):
    return case(written(text + END)).programs[0]["*"]


def test_both_branches_stand_in_the_program_and_hang_on_one_variable(case):
    program = read(case, TWO + "y = cond(s > 0, up, down, x)")
    made = {i.target: i for i in program.instructions}

    assert program.branches
    assert program.named[:4] == ("up/t", "up/return:0", "down/return:0", "y")
    assert made["y.1"].operation == "greater"
    assert made["up/:given0"].refs == ("x",)
    assert made["up/a"].refs == made["down/a"].refs == ("up/:given0",)
    assert (made["y"].operation, made["y"].refs) == ("where", ("y.1", "up/:out0", "down/:out0"))
    assert {t.guard for i in program.instructions for t in i.turns} == {"y.1"}
    assert str(made["up/t"].turns[0]) == "the true branch of up or down"
    assert str(made["down/a"].turns[0]) == "the false branch of up or down"
    assert str(made["y"].turns[0]) == "after the branches of up or down"
    assert made["up/t"].line == 7


@pytest.mark.parametrize(("chosen", "there", "gone"), [(True, "up", "down"), (False, "down", "up")])
def test_a_program_as_it_was_taken_has_one_branch(chosen, there, gone, case):
    program = read(case, TWO + "y = cond(s > 0, up, down, x)")
    taken = program.taken({"y.1": chosen})
    made = {i.target: i for i in taken.instructions}

    assert not taken.branches
    assert made["y"].operation == "identity"
    assert made["y"].arguments == (Ref(f"{there}/:out0"),)
    assert f"{there}/a" in made
    assert f"{gone}/a" not in made
    assert f"{gone}/:out0" not in made
    assert program.taken({}) == program


def test_what_stands_in_a_branch_that_is_not_taken_is_never_asked(case):
    text = (
        TWO + "def inner(a):\n    z = cond(a[0] > 0, up, down, a)\n    return z\n"
        "def outer(a):\n    return a\ny = cond(s > 0, inner, outer, x)"
    )
    program = read(case, text)

    def decided(name):
        assert name == "y.1"  # the inner one's is not there
        return False

    left = program.settled(decided)
    assert not any("inner" in i.target and "given" not in i.target for i in left.instructions)
    inner = next(i for i in program.instructions if i.target == "inner/up/t")
    assert [t.guard for t in inner.turns] == ["y.1", "inner/z.2"]


def test_a_cond_of_several_results_and_none_of_operands(case):
    text = (
        "def one():\n    return x, (w, x * w)\ndef other():\n    return w, (x, x)\n"
        "a, (b, c) = cond(s > 0, one, other)\ny = a + b + c"
    )
    program = read(case, text)
    made = {i.target: i for i in program.instructions}

    assert [made[k].refs[1:] for k in "abc"] == [
        (f"one/:out{k}", f"other/:out{k}") for k in range(3)
    ]


def test_one_function_may_be_both_branches_and_be_called_twice(case):
    text = TWO + "z = cond(s > 0, up, up, x)\ny = cond(s > 1, down, up, z)"
    program = read(case, text)

    assert {"up/t", "up:2/t", "up:3/t", "down/return:0"} <= set(program.named)


def test_a_while_is_a_cond_in_every_turn(case):
    program = read(case, WHILE + "y = while_loop(large, halved, x, max=3)")
    made = {i.target: i for i in program.instructions}

    assert [k for k in program.named if k.startswith("halved/h")] == [
        f"halved/h[{k}]" for k in range(3)
    ]
    assert made["halved/:next0[1]"].refs == (
        "halved/large/return:0[1]",
        "halved/:out0[1]",
        "halved/stay/:out0[1]",
    )
    assert made["halved/stay/:out0[1]"].refs == ("halved/:given0[1]",)
    assert made["halved/:held0[2]"].refs == ("halved/:carry0[2]",)
    assert made["y"].refs == ("halved/:carry0[3]",)
    turn, branch = made["halved/h[2]"].turns
    assert str(turn) == "turn 3 of 3 of halved"
    assert branch.guard == "halved/large/return:0[2]"


def test_a_scan_goes_over_what_a_branch_is_given(case):
    text = (
        "def step(h, v):\n    h2 = h + v * w\n    return h2, h2\n"
        "def over(v):\n    last, hs = scan(step, x, v)\n    return last, hs\n"
        "def not_over(v):\n    return x, v\n"
        "y, ys = cond(s > 0, over, not_over, xs)\n"
        "last, zs = scan(step, y, ys)"
    )
    program = read(case, text + "\nu = last + sum(zs)")

    assert "over/step/h2[3]" in program.named
    assert "step/h2[3]" in program.named


FAULTS = {
    "no functions": ("y = cond(s > 0, up)", 11, 7, "cond is given 2 things, expected cond(x > 0,"),
    "a constant": (
        "y = cond(True, up, down, x)",
        11,
        12,
        "true decides, expected what is computed",
    ),
    "a misspelt function": ("y = cond(s > 0, up, dwn, x)", 11, 23, "did you mean 'down'?"),
    "an array": ("y = cond(s > 0, up, x, x)", 11, 23, "unknown function 'x'"),
    "no name": ("y = cond(s > 0, up, 2, x)", 11, 23, "no function's name there in cond"),
    "too many": ("y = cond(s > 0, up, down, x, w)", 11, 19, "up takes 1 things, expected 2"),
    "too few": ("y = cond(s > 0, up, down)", 11, 19, "up takes 1 things, expected 0"),
    "a number": ("y = cond(s > 0, up, down, 2.0)", 11, 29, "2.0 given to cond, expected an array"),
    "an option": ("y = cond(s > 0, up, down, x, max=2)", 11, 32, "unknown option of cond 'max'"),
    "inside": ("y = 2 * cond(s > 0, up, down, x)", 11, 11, "cond inside an expression"),
    "names": ("y, z = cond(s > 0, up, down, x)", 11, 3, "2 names for an array"),
    "a branch's variable": ("y = cond(s > 0, up, down, x) + t", 11, 7, "cond inside"),
    "one used": (
        "y = cond(s > 0, up, up, x)",
        9,
        3,
        "the function down is not used, expected it in",
    ),
}
TREES = {
    "another tree": ("return a, a", 10, 7, "up returns an array and down (an array, an array)"),
    "a constant": ("return 1.0", 10, 14, "1.0 returned by down, expected arrays"),
    "an unknown name": ("return a * ww", 10, 18, "did you mean 'w'?"),
    "itself": ("return cond(a > 0, up, down, a)", 10, 14, "cond inside an expression"),
}
WHILES = {
    "no end": ("y = while_loop(large, halved, x)", 11, 7, "while_loop without an end"),
    "a computed end": (
        "y = while_loop(large, halved, x, max=s)",
        11,
        40,
        "max that is no constant",
    ),
    "no turn": ("y = while_loop(large, halved, x, max=0)", 11, 7, "while_loop of 0 turns"),
    "another option": ("y = while_loop(large, halved, x, mx=3)", 11, 36, "did you mean 'max'?"),
    "nothing": ("y = while_loop(large, halved, None, max=3)", 11, 33, "while_loop carries nothing"),
    "two things": ("y = while_loop(large, halved, max=3)", 11, 7, "while_loop is given 2 things"),
    "two arrays": ("y, z = while_loop(large, halved, x, max=3)", 11, 3, "2 names for an array"),
    "too many turns": ("y = while_loop(large, halved, x, max=1000000)", 11, 7, "at most 50000"),
    "another tree": (
        "def two(v):\n    return v, v\ny = while_loop(large, two, x, max=3)",
        12,
        7,
        "two carries on (an array, an array) and is given an array",
    ),
    "no truth value": (
        "def two(v):\n    return v, v\ny = while_loop(two, halved, x, max=3)",
        12,
        7,
        "two returns (an array, an array), expected one truth value",
    ),
}


def refused(faults, text, line, column, message):
    found = faults(written(text + END))
    assert any(one.startswith(f"t.yaml:{line}:{column}: ") and message in one for one in found), (
        found
    )
    return found


@pytest.mark.parametrize("name", FAULTS)
def test_a_faulty_cond_is_refused_at_its_place(name, faults):
    text, line, column, message = FAULTS[name]
    refused(faults, TWO + text, line, column, message)


@pytest.mark.parametrize("name", TREES)
def test_a_faulty_branch_is_refused_once_at_its_place(name, faults):
    returned, line, column, message = TREES[name]
    text = TWO.replace("return a * a", returned) + "y = cond(s > 0, up, down, x)"

    assert len(refused(faults, text, line, column, message)) == 1


@pytest.mark.parametrize("name", WHILES)
def test_a_faulty_while_is_refused_at_its_place(name, faults):
    text, line, column, message = WHILES[name]
    refused(faults, WHILE + text, line, column, message)


def test_a_function_does_not_call_itself_by_a_cond(faults):
    text = TWO.replace("return a * a", "b = cond(a[0] > 0, up, down, a)\n    return b")

    refused(faults, text + "y = cond(s > 0, up, down, x)", 10, 11, "down calls itself, expected")


def test_what_joins_two_branches_is_called_a_cond(case):
    program = read(case, TWO + "y = cond(s > 0, up, down, x)")

    assert [i.target for i in program.instructions if i.called == "cond"] == ["y"]
    assert "where" not in {i.called for i in program.instructions}
