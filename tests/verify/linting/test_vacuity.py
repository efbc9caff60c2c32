from pathlib import Path

import pytest

from gradparity.cases import load_text
from gradparity.verify.linting.vacuity import vacuous

CASE = """
case: made-up
about: A case.
params: {{x: [0.3, -1.2, 2.0]}}
program: {program}
output: y
{rest}
"""


def faults(program, rest=""):
    cases, bad = load_text(CASE.format(program=program, rest=rest), Path("made-up.yaml"))
    assert not bad
    return [str(fault) for fault in vacuous(cases[0])]


@pytest.mark.parametrize("program", ["y = sum(softmax(x, axis=0))", "y = sum(x * 0)"])
def test_a_gradient_that_is_zero_whatever_the_code_does_is_refused(program):
    (fault,) = faults(program)
    assert fault.startswith("made-up.yaml:2:")
    assert "vacuous" in fault


def test_a_zero_gradient_that_is_meant_passes():
    assert faults("y = sum(x * 0)", "expect: {grad: {x: [0, 0, 0]}}") == []


@pytest.mark.parametrize(
    "program",
    [
        "y = softmax(x, axis=0)",
        "y = sum(x * 1e-9)",
        "y = sum((x * 1e16 + x * 0.3 - x * 1e16) * 3e-16)",  # lost in float64 alone
    ],
)
def test_a_gradient_that_says_something_passes(program):
    assert faults(program) == []


@pytest.mark.parametrize("dtypes", ["[float64]", "[float32]", "[bfloat16, float32]"])
def test_a_program_that_cannot_run_is_a_fault_at_its_operation(dtypes):
    (fault,) = faults("y = sum(reshape(x, shape=[7]))", f"dtypes: {dtypes}")
    assert fault.startswith("made-up.yaml:5:18: case made-up cannot be run: in `reshape(x, shape")


def test_shapes_that_do_not_fit_are_told_in_the_words_of_the_text():
    (fault,) = faults("y = sum(x @ reshape(x, shape=[1, 3]))")
    assert fault.endswith(
        "the shapes are of x (3,) and `reshape(x, shape=[1, 3])` (1, 3): the last axis of the "
        "first is 3 long, the last but one of the second 1"
    )


@pytest.mark.parametrize(
    ("text", "count"), [("a, b = cummax(x, axis=0)", 1), ("a, _, b = linalg.qr(outer(x, x))", 2)]
)
def test_names_for_results_that_there_are_not_are_told(text, count):
    cases, _ = load_text(
        CASE.format(program=f"|\n  {text}\n  y = sum(b)", rest=""), Path("made-up.yaml")
    )
    (fault,) = map(str, vacuous(cases[0]))
    assert fault.endswith(f"several names for its results, of which there are {count}")


def test_where_no_gradient_is_compared_none_is_asked_for():
    assert faults("y = sum(x * 1e-40)", "dtypes: [float32]\nchecks: [value]") == []


def test_a_zero_at_float32_alone_is_seen():
    (fault,) = faults("y = sum(x * 0)", "dtypes: [float32]")
    assert "vacuous" in fault


def test_a_state_that_changes_its_shape_is_a_fault_of_the_case(gradparity, tmp_path):
    path = tmp_path / "t.yaml"
    path.write_text(
        "case: a\nabout: b\nparams: {w: [1.0, 2.0]}\nstate: {m: {from: {zeros: [2]}, next: n}}\n"
        "program: |\n  n = sum(m * w)\n  loss = n + sum(w)\n",
        "utf-8",
    )
    status, _, err = gradparity("lint", path)
    assert status == 2
    assert "the state m has the shape [2], and n, which it is at the next step, []" in err
