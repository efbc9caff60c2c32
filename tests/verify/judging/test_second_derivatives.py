"""Second derivatives where a rule turns aside: at zeros, at ties, past what is held constant."""

from dataclasses import replace

import numpy as np
import pytest

import gradparity as gp
from gradparity.cases.program import Instruction, Program, Ref
from gradparity.refimpl.errors import GradparityError
from gradparity.refimpl.ops import TABLE
from gradparity.verify import Runner
from gradparity.verify.selftest.operations import tasks_of
from gradparity.verify.truth.established import established

from ...turns import in_turn

CASE = """
case: second
about: A second derivative.
inputs: {{{inputs}}}
params: {{{params}}}
program: |
  {program}
tangents: {{{tangents}}}
checks: [value, grad, hvp]
dtypes: [float64]
{expect}
"""

#: Text, inputs, parameters, the direction, and the product on paper where it is short.
SPOTS = {
    "a square at zero": ("loss = sum(x ** 2)", "", "x: [0.0, 1.0]", "x: [1.0, 0.0]", "[2.0, 0.0]"),
    "a power of zero": (
        "loss = sum(x ** v)",
        "v: [2.0, 2.0]",
        "x: [0.0, 1.0]",
        "x: [1.0, 0.0]",
        "[2.0, 0.0]",
    ),
    "equal terms": (
        "loss = logsumexp(x)",
        "",
        "x: [0.0, 0.0]",
        "x: [1.0, 0.0]",
        "[0.25, -0.25]",
    ),
    "equal terms of a mean": (
        "loss = logmeanexp(x)",
        "",
        "x: [2.0, 2.0]",
        "x: [1.0, 0.0]",
        "[0.25, -0.25]",
    ),
    "equal logits": (
        "loss = sum(w * log_softmax(x))",
        "w: [1.0, 2.0]",
        "x: [0.5, 0.5]",
        "x: [1.0, 0.0]",
        "[-0.75, 0.75]",
    ),
    "a classifier of zeros": (
        "loss = cross_entropy(a @ x, t)",
        "a: {normal: [4, 3]}, t: [0, 1, 2, 1]",
        "x: {zeros: [3, 3]}",
        "",
        "",
    ),
    "two equal numbers": (
        "loss = sum(logaddexp2(x, b))",
        "b: [1.0]",
        "x: [1.0]",
        "x: [1.0]",
        f"[{float(np.log(2)) / 4!r}]",
    ),
    "what is held constant": (
        "loss = sum(stop_gradient(x) * x * x)",
        "",
        "x: [1.0, -3.0]",
        "x: [1.0, 1.0]",
        "[2.0, -6.0]",
    ),
    "a table of whole numbers": (
        "y = interp(x, xp, fp)\n  loss = sum(y * y)",
        "xp: [-2, -0.5, 0.5, 2], fp: [0, 1, -1, 3]",
        "x: [0.25, 1.0]",
        "x: [1.0, 0.0]",
        "[8.0, 0.0]",
    ),
    "an even target": (
        "loss = focal(x, t, alpha=0.25)",
        "",
        "x: [0.3, -1.2], t: [0.5, 0.5]",
        "",
        "",
    ),
}


def judged(text, adapters=("numpy", "torch", "jax")):
    return gp.run(gp.load_cases(text), adapters=list(adapters))


@pytest.mark.thinned(6)
@pytest.mark.parametrize("spot", SPOTS)
def test_a_second_derivative_agrees_where_a_rule_turns_aside(spot):
    program, inputs, params, tangents, product = SPOTS[spot]
    expect = f"expect: {{hvp: {{x: {product}}}}}" if product else ""
    text = CASE.format(
        program=program, inputs=inputs, params=params, tangents=tangents, expect=expect
    )
    frame = judged(text)
    assert set(frame[frame.check == "hvp"].adapter) == {"numpy", "torch", "jax"}
    assert set(frame.verdict) == {"agree"}, frame[frame.verdict != "agree"].reason.tolist()


def test_a_gradient_that_turns_has_a_second_derivative_on_either_side():
    """Central differences would have their mean."""
    text = CASE.format(
        program="loss = sum(huber(x, t, delta=1.0))",
        inputs="t: [0.0]",
        params="x: [1.0]",
        tangents="x: [1.0]",
        expect="",
    )
    assert set(judged(text, ["numpy"]).verdict) == {"agree"}


class Unknown:
    """A rule that dual numbers cannot follow."""

    def __call__(self, g, _y, x):
        return np.array([float(v) for v in x]) * g


def test_a_rule_that_cannot_be_differentiated_costs_its_own_case():
    one = CASE.format(
        program="loss = sum(square(x))", inputs="", params="x: [1.0]", tangents="", expect=""
    )
    (asked,), (plain,) = (
        [case.tasks()[0] for case in gp.load_cases(text)]
        for text in (one, one.replace("square(x)", "x * x").replace(", hvp", ""))
    )
    rows = TABLE | {"square": replace(TABLE["square"], vjps=(Unknown(),))}
    runner = Runner(["numpy"], rows=rows)
    assert {row["verdict"] for row in runner.rows(plain)} == {"agree"}
    (row,) = runner.rows(asked)
    assert row["verdict"] == "error"
    assert "the reference cannot run this case" in row["reason"]


FILLS = {"zeros": 0.0, "halves": 0.5}

#: On a kink of their own there; ``near`` tells, and a case says which side it wants. Of the
#: determinant of a singular matrix the reference has no second derivative, and says so.
KINKED = frozenset({"deform_conv", "margin_ranking", "linalg.det"})


def squared(task):
    """With the square of its output added: the slope of the result counts as well."""
    (program,) = task.programs.values()
    out = Ref(program.output)
    square = Instruction("square", "multiply", (out, out))
    whole = Instruction("whole", "add", (out, Ref("square")))
    longer = Program((*program.instructions, square, whole), "whole")
    return replace(task, programs={"*": longer}, checks=frozenset({"value", "grad", "hvp"}))


def said_of(task):
    """Why there is no truth of a task; nothing where there is one."""
    try:
        established(task)
    except GradparityError as fault:
        return str(fault)
    return ""


#: Each operation at one of the numbers, the next at the other; zeta at zeros takes minutes.
IN_TURN = [*in_turn(TABLE.keys() - KINKED - {"zeta"}, list(FILLS)), ("zeta", "halves")]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "fill"), IN_TURN)
def test_differences_do_not_contradict_any_rule_at_equal_numbers(name, fill):
    for task in tasks_of(TABLE[name], "float64")[:2]:
        params = {
            k: np.full_like(x, FILLS[fill]) if x.dtype.kind == "f" else x
            for k, x in task.params.items()
        }
        asked = squared(replace(task, params=params, steps=1, update=None))
        assert "the second derivative" not in said_of(asked)
