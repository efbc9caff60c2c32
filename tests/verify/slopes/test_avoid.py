"""Cases keep as far from kinks as they say; and one that stands on a kink in silence is told."""

import pytest

from gradparity.cases.loading import load_text
from gradparity.verify import Runner
from gradparity.verify.linting.soundness import examined

CASE = """\
case: near
about: A case.
params: {{x: {x}}}
inputs: {{w: [2.0, 3.0]}}
dtypes: [float64]
{keys}
program: |
{program}
"""


def text(tmp_path, program, x="[0.02, 1.0]", keys="avoid: 0.05"):
    indented = "\n".join(f"  {line}" for line in program.splitlines())
    return CASE.format(x=x, keys=keys, program=indented).encode(), tmp_path / "near.yaml"


def faults(tmp_path, *given, **keys):
    raw, path = text(tmp_path, *given, **keys)
    return [str(fault) for fault in examined(raw, path, None)[1]]


def rows(tmp_path, *given, **keys):
    (case,), bad = load_text(*text(tmp_path, *given, **keys))
    assert not bad
    return Runner(["numpy"]).rows(case.tasks()[0])


def test_an_intermediate_value_that_comes_too_near_is_told_with_its_place(tmp_path):
    program = "a = x * w\ny = sum(relu(a) * w)"
    (fault,) = faults(tmp_path, program)
    assert fault == (
        f"{tmp_path}/near.yaml:9:11: case near at near[float64]: relu(a): x = 0.04 at (0,) is "
        "0.04 from a kink of relu (x = 0), expected 0.05 or more away"
    )
    (row,) = rows(tmp_path, program)
    assert (row["verdict"], row["kind"]) == ("error", "case")
    assert "x = 0.04 at (0,) is 0.04 from a kink of relu" in row["reason"]


@pytest.mark.parametrize(
    ("program", "x"),
    [
        ("y = sum(relu(x * w) * w)", "[0.2, 1.0]"),
        ("y = sum(x * relu(w - 2.01))", "[0.2, 1.0]"),  # what stands still is no danger
        ("y = sum(max(relu(-x * w)) + x)", "[0.2, 1.0]"),  # nothing moves out of the tie
        ("y = sum(where(x > 0.5, x, 2 * x) * w)", "[0.2, 1.0]"),
    ],
)
def test_what_keeps_away_is_sound(tmp_path, program, x):
    assert faults(tmp_path, program, x) == []
    assert {row["verdict"] for row in rows(tmp_path, program, x)} == {"agree"}


@pytest.mark.parametrize(
    ("program", "x"),
    [
        ("y = max(x * w) + sum(x)", "[0.3, 0.21]"),
        ("y = sum(where(x > 0.5, x, 2 * x) * w)", "[0.49, 1.0]"),
        ("y = linalg.vector_norm(x * w) + sum(x)", "[0.01, 0.01]"),
        ("y = sum(clip(x, -1, 1) * w)", "[0.3, 0.97]"),
    ],
)
def test_what_comes_near_is_at_fault(tmp_path, program, x):
    (fault,) = faults(tmp_path, program, x)
    assert "a kink of" in fault


def test_a_later_step_may_come_too_near_as_well(tmp_path):
    program = "loss = sum(abs(x) * w)"
    keys = "avoid: 0.05\noptimizer: {sgd: {lr: 0.1}}\nsteps: {steps}"
    assert faults(tmp_path, program, "[0.41, 9.0]", keys.replace("{steps}", "2")) == []
    (fault,) = faults(tmp_path, program, "[0.41, 9.0]", keys.replace("{steps}", "3"))
    assert "x = 0.01 at (0,) is 0.01 from a kink of abs (x = 0) at step 3" in fault


def test_redrawn_numbers_need_not_keep_away(tmp_path):
    raw, path = text(tmp_path, "y = sum(abs(x) * w)", "{normal: [2], loc: 5}")
    (case,), _ = load_text(raw, path)
    assert case.tasks()[0].avoid == 0.05
    assert case.redrawn(2).tasks()[0].avoid == 0.0


@pytest.mark.parametrize("given", ["0", "-1", ".nan", "far"])
def test_a_margin_is_a_positive_number(tmp_path, given):
    assert faults(tmp_path, "y = sum(abs(x) * w)", keys=f"avoid: {given}")


def kinks(tmp_path, program, x, keys=""):
    return {row["tensor"]: row["kink"] for row in rows(tmp_path, program, x, keys) if row["kink"]}


def test_a_kink_that_is_not_labelled_is_told_at_its_parameter_and_still_agrees(tmp_path):
    found = kinks(tmp_path, "y = sum(relu(x) * w)", "[0.0, 1.0]")
    assert list(found) == ["x"]
    assert found["x"].startswith("relu(x): x = 0 at (0,) is on a kink of relu (x = 0)")
    judged = rows(tmp_path, "y = sum(relu(x) * w)", "[0.0, 1.0]", "")
    assert {row["verdict"] for row in judged} == {"agree"}


@pytest.mark.parametrize(
    ("program", "x", "keys"),
    [
        ("y = sum(relu(x) * w)", "[0.0, 1.0]", "expect: {grad: {x: {between: [0, 3]}}}"),
        ("y = sum(relu(x) * w)", "[1e-9, 1.0]", ""),
        ("y = sum(relu(x) * relu(x) + w * x)", "[0.0, 1.0]", ""),  # smooth after all
        ("y = sum(max(relu(-x * w)) + x)", "[0.2, 1.0]", ""),
        ("y = sum(maximum(x, x) * w)", "[0.2, 1.0]", ""),
    ],
)
def test_a_kink_that_is_labelled_or_is_none_is_not_told(tmp_path, program, x, keys):
    assert kinks(tmp_path, program, x, keys) == {}
