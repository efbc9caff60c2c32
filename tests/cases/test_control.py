"""Loops over functions of the text: what they become, and what is at fault in them."""

from collections import Counter

import pytest

from gradparity.cases.program import Const, Ref

HEAD = (
    "case: a\nabout: b\ninputs: {xs: {normal: [4, 3]}, h0: {zeros: [3]}, s: 1.0}\n"
    "params: {w: {normal: [3]}, v: {normal: [5, 3]}}\nprogram: |\n"
)
STEP = "def step(h, x):\n    h2 = h * w + x\n    return h2, h2\n"
END = "\nloss = sum(hs) + sum(v) + s"


def written(text):
    return HEAD + "".join(f"  {line}\n" for line in text.split("\n"))


def scanned(case, text=STEP + "last, hs = scan(step, h0, xs)"):
    return case(written(text + END)).programs[0]["*"]


def test_a_scan_is_unrolled_and_every_instruction_knows_its_turn(case):
    program = scanned(case)
    made = {i.target: i for i in program.instructions}

    assert program.named[:6] == (*(f"step/h2[{k}]" for k in range(4)), "last", "hs")
    assert made["step/h2[2]"].refs == ("step/h2[2].1", "step/x[2]")
    assert made["step/h2[2].1"].refs == ("step/h[2]", "w")
    assert made["step/h2[2]"].line == 7
    assert str(made["step/h2[2]"].turns[0]) == "turn 3 of 4 of step"
    assert made["step/:carry0[3]"].refs == ("step/h2[2]",)
    assert made["last"].refs == ("step/:carry0[4]",)
    assert made["hs"].refs == tuple(f"step/:out0[{k}]" for k in range(4))
    roles = Counter(i.turns[0].role for i in program.instructions if i.turns)
    assert roles == {
        "each": 1,
        "start": 1,
        "in": 4,
        "slice": 4,
        "": 8,
        "carry": 4,
        "out": 4,
        "last": 1,
        "stack": 1,
    }


def test_a_reverse_scan_goes_from_the_last_slice_to_the_first(case):
    program = scanned(case, STEP + "last, hs = scan(step, h0, xs, reverse=True)")
    made = {i.target: i for i in program.instructions}

    assert [made[f"step/x[{k}]"].attributes["index"] for k in range(4)] == [3, 2, 1, 0]
    assert made["hs"].refs == tuple(f"step/:out0[{k}]" for k in (3, 2, 1, 0))


def test_what_a_loop_left_can_be_gone_over_again(case):
    text = STEP + "_, h1 = scan(step, h0, xs)\nlast, hs = scan(step, h0, h1)"
    program = scanned(case, text)

    assert "step:2/h2[3]" in program.named
    assert "last" in program.named


def test_names_of_bodies_are_their_own(case):
    text = STEP + "last, hs = scan(step, h0, xs)\nh2 = last * 2\nx = h2"
    program = scanned(case, text)

    assert {"h2", "x", "step/h2[0]"} <= set(program.named)


def test_a_parameter_of_a_function_hides_what_is_outside(case):
    text = "def step(w, v):\n    z = w * v\n    return z, z\nlast, hs = scan(step, h0, xs)"
    program = case(written(text + "\nloss = sum(hs * w) + sum(v) + s")).programs[0]["*"]
    made = {i.target: i for i in program.instructions}

    assert made["step/z[1]"].refs == ("step/w[1]", "step/v[1]")


def test_a_loop_of_constant_bounds_and_a_family_stand_in_a_body(case):
    text = (
        "def step(h, x):\n    a[0] = h\n    for i in range(2):\n        a[i + 1] = a[i] * w + x\n"
        "    return a[2], a[1]\nlast, hs = scan(step, h0, xs)"
    )
    program = scanned(case, text)
    made = {i.target: i for i in program.instructions}

    assert made["step/a[2][3]"].refs[0].startswith("step/a[2][3].")


def test_a_batch_has_its_own_length(case):
    text = (
        "case: a\nabout: b\ninputs: {xs: {normal: [6]}, h0: 0.0}\nparams: {w: 1.0}\nprogram: |\n"
        "  def step(h, x):\n      h2 = h * w + x\n      return h2, None\n"
        "  loss, _ = scan(step, h0, xs)\n"
        "batch: {size: 2}\noptimizer: {sgd: {lr: 0.1}}\nsteps: 3\n"
    )
    program = case(text).programs[0]["*"]

    assert [n for n in program.named if "/" in n] == ["step/h2[0]", "step/h2[1]"]


FAULTS = {
    "one name": ("hs = scan(step, h0, xs)", 9, 8, "scan for one name, expected two"),
    "a misspelt function": ("last, hs = scan(stp, h0, xs)", 9, 19, "did you mean 'step'?"),
    "too few": ("last, hs = scan(step, h0)", 9, 14, "scan is given 2 things"),
    "a number": ("last, hs = scan(step, 0.0, xs)", 9, 25, "0.0 given to scan, expected an array"),
    "no axis": ("last, hs = scan(step, h0, s)", 9, 14, "scan over s, a single number"),
    "other length": ("last, hs = scan(step, h0, xs, length=5)", 9, 14, "xs is 4 long and length 5"),
    "lengths": ("last, hs = scan(step, h0, (xs, v))", 9, 14, "v is 5 long and xs is 4"),
    "unknown length": ("y = xs * w\nlast, hs = scan(step, h0, y)", 10, 14, "expected it said"),
    "no turns": ("last, hs = scan(step, h0, None, length=0)", 9, 14, "scan of 0 turns"),
    "twice": ("last, hs = scan(step, h0, xs, length=4, length=4)", 9, 43, "length is given twice"),
    "an option": ("last, hs = scan(step, h0, xs, lenght=4)", 9, 33, "did you mean 'length'?"),
    "never used": ("hs = xs * w", 6, 3, "the function step is not used"),
    "called": ("hs = step(h0, xs)", 9, 8, "a call of the function step"),
    "a value": ("hs = step * w", 9, 8, "step is a function, expected an array"),
    "inside": ("hs = sum(scan(step, h0, xs))", 9, 12, "scan inside an expression"),
    "its name": ("step = w", 9, 3, "step is the function of line 6"),
    "a local": ("last, hs = scan(step, h0, xs)\nz = h2", 10, 7, "unknown variable 'h2'"),
    "unpacked": ("(a, b), hs = scan(step, h0, xs)", 9, 3, "2 names for an array"),
}
BODIES = {
    "one result": ("h2 = h * w", "h2", 8, 7, "step returns an array, expected two"),
    "three": ("h2 = h * w", "h2, h2, h2", 8, 7, "expected two"),
    "a constant": ("h2 = h * w", "h2, 1.0", 8, 18, "1.0 returned by step"),
    "another tree": ("h2 = h * w", "(h2, h2), h2", 8, 7, "carries on (an array, an array)"),
    "an unknown name": ("h2 = h * ww", "h2, h2", 7, 16, "did you mean 'w'?"),
    "an outer name": ("w = h * 2", "w, w", 7, 7, "w has a meaning outside of the function"),
    "a parameter": ("h = h * w", "h, h", 7, 7, "h is what the function is given"),
    "itself": ("_, h2 = scan(step, h, xs)", "h, h2", 7, 15, "step scans itself"),
    "an if": ("if h: y = h", "h, h", 7, 7, "an if, expected"),
    "an unused function": ("def f(a): return a", "h, h", 7, 7, "the function f is not used"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_faulty_loop_is_refused_at_its_place(name, faults):
    text, line, column, message = FAULTS[name]
    found = faults(written(STEP + text + END))

    assert found[0].startswith(f"t.yaml:{line}:{column}: ")
    assert message in found[0]


@pytest.mark.parametrize("name", BODIES)
def test_a_faulty_body_is_refused_once_at_its_place(name, faults):
    text, returned, line, column, message = BODIES[name]
    body = f"def step(h, x):\n    {text}\n    return {returned}\nlast, hs = scan(step, h0, xs)"
    (found,) = faults(written(body + END))

    assert found.startswith(f"t.yaml:{line}:{column}: ")
    assert message in found


@pytest.mark.parametrize(
    "parameters", ["h, *x", "h, x=1", "h, /, x", "h, x: int", "*, h, x", "h, h"]
)
def test_a_function_takes_plain_names(parameters, faults):
    text = STEP.replace("h, x", parameters) + "last, hs = scan(step, h0, xs)"

    assert "t.yaml:6:" in faults(written(text + END))[0]


def test_a_function_ends_in_a_return(faults):
    text = STEP.replace("return h2, h2", "h3 = h2") + "last, hs = scan(step, h0, xs)"

    assert "t.yaml:8:7: def step does not end in a return" in faults(written(text + END))[0]


@pytest.mark.thinned(2)
@pytest.mark.parametrize("length", [10**9, 40_000])
def test_a_loop_costs_what_it_unrolls_to(length, faults):
    text = f"y = xs * w\nlast, hs = scan(step, h0, y, length={length})"
    (found,) = faults(written(STEP + text + END))

    assert "expected at most" in found


def test_loops_within_loops_share_the_budget(faults):
    text = (
        "def a(h, x):\n    h2 = h * w\n    return h2, None\n"
        "def b(h, x):\n    h2, _ = scan(a, h, None, length=400)\n    return h2, h2\n"
        "last, hs = scan(b, h0, None, length=400)"
    )
    (found,) = faults(written(text + END))

    assert "come to more than 50000 instructions" in found


def test_a_map_gives_each_result_a_name(case):
    text = "def f(x):\n    return x * w, sum(x)\nhs, t = map(f, xs)"
    program = case(written(text + END + " + sum(t) + sum(h0)")).programs[0]["*"]
    made = {i.target: i for i in program.instructions}

    assert made["hs"].operation == made["t"].operation == "stack"
    assert made["f/return:0[1]"].arguments == (Ref("f/x[1]"), Ref("w"))
    assert Const(0) not in made["hs"].arguments
    assert not any(i.turns and i.turns[0].role == "carry" for i in program.instructions)
