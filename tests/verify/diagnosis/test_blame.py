from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gradparity.adapters.numpy_reference import NumpyAdapter
from gradparity.cases import load_text
from gradparity.refimpl.ops import TABLE
from gradparity.reports.columns import frame
from gradparity.reports.markdown import as_markdown
from gradparity.reports.plain import failures_table
from gradparity.verify import Runner
from gradparity.verify.diagnosis.blame import blame
from gradparity.verify.diagnosis.paths import path_to_parameter, way
from gradparity.verify.explain.derivation import explain
from gradparity.verify.explain.render import plain
from gradparity.verify.local.cut import set_apart
from gradparity.verify.selftest.operation_faults import spoiled

CHAIN = """
case: chain
about: A value that is used twice, and an operation on each way.
inputs: {x: {normal: [4, 3]}}
params: {W: {normal: [3, 3]}, b: {normal: [3]}}
program: |
  z = x @ W + b
  a = tanh(z)
  s = sigmoid(z)
  loss = sum(a * s)
"""


def task(text=CHAIN):
    cases, faults = load_text(text, Path("made-up.yaml"))
    assert not faults
    return cases[0].tasks(["float64"])[0]


def planted(name, row):
    return NumpyAdapter({**TABLE, name: row})


@pytest.mark.parametrize(
    ("operation", "variable"), [("tanh", "a"), ("sigmoid", "s"), ("sum", "loss")]
)
def test_a_wrong_vjp_is_blamed_though_its_input_is_used_elsewhere_too(operation, variable):
    wrong = spoiled(TABLE[operation], 0, lambda c, *_: c * 1.001)
    found = blame(task(), planted(operation, wrong))
    assert found is not None
    assert (found.operation, found.direction, found.variable) == (operation, "backward", variable)


def test_a_loss_that_ignores_its_cotangent_is_blamed():
    """With a cotangent of 1 nothing is off: it is asked again with the one that shows it."""
    ignoring = spoiled(TABLE["sum"], 0, lambda c, *_: np.ones_like(c))
    rows = [r for r in Runner([planted("sum", ignoring)]).rows(task()) if r["verdict"] != "agree"]
    assert {row["check"] for row in rows} == {"vjp"}
    assert {row["blame"] for row in rows} == {"loss"}
    assert all("blamed: the VJP of sum" in row["reason"] for row in rows)
    assert {(row["operation"], row["direction"]) for row in rows} == {("sum", "backward")}


@pytest.mark.parametrize(
    ("made", "own"),
    [(lambda c, *_: c * 1.01, "error"), (lambda c, *_: c * np.nan, "non-finite")],
)
def test_rows_say_what_is_off_of_the_blamed_operation_itself(made, own):
    adapter = planted("tanh", spoiled(TABLE["tanh"], 0, made))
    (row,) = [r for r in Runner([adapter]).rows(task()) if r["check"] == "grad" and r["blame"]][:1]
    told = (row["operation"], row["direction"], row["own_kind"])
    assert told == ("tanh", "backward", own)
    assert row["own_over"] > 1e6 if own == "error" else np.isnan(row["own_over"])


def test_an_operation_that_rounds_a_little_worse_is_not_blamed_for_what_another_does():
    """tanh comes first, forwards, and is off by some of its noise; what is seen is sigmoid's."""
    rounds = replace(TABLE["tanh"], forward=lambda x: np.tanh(x) * (1 + 2e-13))
    wrong = spoiled(TABLE["sigmoid"], 0, lambda c, *_: c * 1.01)
    adapter = NumpyAdapter({**TABLE, "tanh": rounds, "sigmoid": wrong})
    small = blame(task(), adapter)
    assert small is not None
    assert small.operation == "tanh"
    rows = Runner([adapter]).rows(task())
    off = [row for row in rows if row["verdict"] == "differs"]
    assert {row["blame"] for row in off if row["check"] == "grad"} == {"s"}
    assert {row["blame"] for row in off if row["check"] == "value"} <= {""}  # not a VJP's


def test_what_is_as_far_off_as_the_result_is_blamed_before_what_comes_first():
    """tanh's error is a hundredth of sigmoid's, in multiples of their noise."""
    first = replace(TABLE["tanh"], forward=lambda x: np.tanh(x) * (1 + 1e-12))
    wrong = replace(TABLE["sigmoid"], forward=lambda x: TABLE["sigmoid"].forward(x) * (1 + 1e-10))
    rows = Runner([NumpyAdapter({**TABLE, "tanh": first, "sigmoid": wrong})]).rows(task())
    loss = [row for row in rows if (row["check"], row["tensor"]) == ("value", "loss")]
    assert {row["blame"] for row in loss} == {"s"}


def test_a_sub_expression_is_blamed_by_the_variable_it_is_part_of():
    wrong = spoiled(TABLE["matmul"], 1, lambda c, *_: -c)
    found = blame(task(), planted("matmul", wrong))
    assert found is not None
    assert (found.operation, found.variable, found.line) == ("matmul", "z", 1)


class Composing(NumpyAdapter):
    """The reference as a framework that has no tanh."""

    def has(self, operation):
        return "composed" if operation == "tanh" else super().has(operation)


@pytest.mark.parametrize(("operation", "said"), [("tanh", True), ("sigmoid", False)])
def test_a_composition_is_said_to_be_one(operation, said):
    wrong = spoiled(TABLE[operation], 0, lambda c, *_: c * 1.01)
    found = blame(task(), Composing({**TABLE, operation: wrong}))
    assert ("numpy has no tanh: it is composed here of what it has" in str(found)) is said


def test_nothing_is_blamed_where_nothing_is_off():
    assert blame(task(), NumpyAdapter()) is None


def test_the_rows_that_are_off_name_the_variable():
    wrong = spoiled(TABLE["tanh"], 0, lambda c, *_: np.zeros_like(c))
    rows = Runner([planted("tanh", wrong)]).rows(task())
    failing = [row for row in rows if row["verdict"] == "differs"]
    assert {row["tensor"] for row in failing} == {"z", "W", "b"}
    assert {row["blame"] for row in failing} == {"a"}


def test_the_path_leads_from_the_blamed_variable_to_a_parameter():
    program = task().programs["*"]
    assert path_to_parameter(program, "a", ("W", "b"))[0] == "a"
    assert path_to_parameter(program, "a", ("W", "b"))[-1] in {"W", "b"}


def test_the_path_of_a_row_leads_to_its_tensor_by_the_output_where_it_must():
    program = task().programs["*"]
    assert way(program, "a", "W") == ("a", "z", "W")
    assert way(program, "a", "s") == ("a", "loss", "s")
    assert way(program, "z", "loss", forward=True) == ("z", "a", "loss")
    assert way(program, "a", "z", forward=True) == ()


def test_explain_pytest_and_the_reports_show_the_way_from_the_operation_to_the_parameter():
    runner = Runner([planted("tanh", spoiled(TABLE["tanh"], 0, lambda c, *_: -c))])
    derived = plain(explain(task(), runner))
    results = frame(runner.rows(task()))
    shown = {
        "explain": derived,
        "pytest": failures_table(results),
        "markdown": as_markdown(results).replace("\\", ""),
    }
    for where, text in shown.items():
        assert "a → z → W" in text, where
        assert "the VJP of tanh in `tanh(z)`, line 2 of the program" in text, where


def test_setting_uses_apart_leaves_single_uses_alone():
    program = task().programs["*"]
    apart = set_apart(program, ["W", "b"])
    copies = [i for i in apart.instructions if i.operation == "identity"]
    assert [i.refs for i in copies] == [("z",), ("z",)]


def test_no_vjp_is_blamed_for_a_value(failing):
    """The value is another text's; what flows back beside it meets an overflow."""
    text = (
        "case: both\nabout: A number, and what overflows.\nparams: {x: [2.0, 800.0]}\n"
        "program:\n  numpy: |\n    y = exp(x)\n    loss = y[0] * 3\n"
        "  torch: |\n    y = exp(x)\n    loss = y[0] * 4\n"
    )
    rows = failing(text, "torch")
    assert {row["check"] for row in rows} == {"value", "grad"}
    (value,) = (row for row in rows if row["check"] == "value")
    assert "VJP" not in value["reason"]
    assert value["blame"] != "y"
