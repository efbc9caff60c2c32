"""Sets, recorded values and recorded failures: held strictly, each shown what it must refuse."""

from pathlib import Path

import numpy as np
import pytest

from gradparity.adapters.numpy_reference import NumpyAdapter
from gradparity.cases import load_text
from gradparity.refimpl.errors import Unsupported
from gradparity.verify import Runner
from gradparity.verify.judging.expectation import same_as

from ...adapters import wrong

TIES = """
case: ties
about: A maximum of ties.
params: {x: [1.0, 1.0, 0.0]}
program: y = max(x)
dtypes: [float64]
"""


def verdicts(rest, adapter=None, text=TIES):
    cases, faults = load_text(text + rest, Path("made-up.yaml"))
    assert not faults, faults[0]
    found = Runner([adapter or NumpyAdapter()]).rows(cases[0].tasks()[0])
    return {(row["check"], row["tensor"]): (row["verdict"], row["kind"]) for row in found}


def gives(*gradient):
    return wrong.Wrong(NumpyAdapter(), wrong.gradient("x", lambda _: np.array(gradient)))


@pytest.mark.parametrize(
    ("gradient", "verdict"),
    [
        ((0.5, 0.5, 0.0), "agree"),
        ((1.0, 0.0, 0.0), "agree"),
        ((1.0, 1.0, 0.0), "differs"),
        ((1.5, -0.5, 0.0), "differs"),
        ((0.5, 0.5, 1e-9), "differs"),
        ((np.nan, 1.0, 0.0), "differs"),
        ((np.inf, 0.0, 0.0), "differs"),
    ],
)
def test_a_set_takes_what_is_in_it_and_nothing_else(gradient, verdict):
    rest = "expect: {grad: {x: {between: [0, [1, 1, 0]], total: 1}}}"
    assert verdicts(rest, gives(*gradient))["grad", "x"][0] == verdict


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        (wrong.no_gradient("x"), "missing"),
        (wrong.wrong_dtype("x"), "dtype"),
        (wrong.wrong_shape("x"), "shape"),
    ],
)
def test_what_is_no_gradient_is_in_no_set(change, kind):
    found = verdicts(
        "expect: {grad: {x: {between: [-.inf, .inf]}}}", wrong.Wrong(NumpyAdapter(), change)
    )
    assert found["grad", "x"] == ("differs", kind)


def record(**keys):
    given = ", ".join(f"{key}: {value}" for key, value in keys.items())
    return f"divergences: [{{adapters: [numpy], kind: bug, because: planted, {given}}}]"


def of_x(value, **keys):
    return record(check="grad", tensor="x", value=value, **keys)


def test_a_recorded_nan_is_held_as_such():
    nan = gives(np.nan, 0.5, 0.0)
    assert verdicts(of_x("[.nan, 0.5, 0.0]"), nan)["grad", "x"] == ("known", "bug")
    assert verdicts(of_x("[.nan, 0.5, 0.1]"), nan)["grad", "x"] == ("stale", "bug")
    assert verdicts(of_x("[0.5, .nan, 0.0]"), nan)["grad", "x"] == ("stale", "bug")


def test_a_recorded_infinity_has_a_sign():
    infinite = gives(np.inf, 0.5, 0.0)
    assert verdicts(of_x("[.inf, 0.5, 0.0]"), infinite)["grad", "x"] == ("known", "bug")
    assert verdicts(of_x("[-.inf, 0.5, 0.0]"), infinite)["grad", "x"] == ("stale", "bug")


def test_a_rounded_record_holds_within_its_rounding():
    rounded = of_x("{is: [0.7, 0.3, 0.0], within: 0.01}")
    assert verdicts(rounded, gives(0.705, 0.295, 0.0))["grad", "x"] == ("known", "bug")
    assert verdicts(rounded, gives(0.72, 0.28, 0.0))["grad", "x"] == ("stale", "bug")


def test_nan_is_no_divergence_from_a_truth_that_is_nan():
    text = "case: c\nabout: d\nparams: {x: [-1.0]}\nprogram: y = sum(sqrt(x))\ndtypes: [float64]\n"
    assert verdicts("", text=text)["value", "y"] == ("differs", "non-finite")
    expected = "expect: {value: {y: .nan}, grad: {x: [.nan]}}"
    assert verdicts(expected, text=text)["value", "y"] == ("agree", "")
    recorded = "divergences: [{adapters: [numpy], kind: bug, because: c, check: value, tensor: y"
    assert verdicts(f"{recorded}, value: .nan}}]", text=text)["value", "y"] == ("stale", "bug")


def test_a_missing_gradient_is_recorded_without_a_value():
    missing = wrong.Wrong(NumpyAdapter(), wrong.no_gradient("x"))
    rest = "divergences: [{adapters: [numpy], kind: unsupported, because: c, check: grad, tensor: x"
    assert verdicts(f"{rest}}}]", missing)["grad", "x"] == ("known", "unsupported")
    assert verdicts(f"{rest}}}]", gives(1.0, 0.0, 0.0))["grad", "x"] == ("stale", "unsupported")
    assert verdicts(f"{rest}, value: [1.0, 0.0, 0.0]}}]", missing)["grad", "x"][0] == "stale"


class Lacks(NumpyAdapter):
    def run(self, task):  # noqa: ARG002  as every adapter's
        raise Unsupported("there is no such function")


def test_what_an_adapter_lacks_can_be_recorded_too():
    assert verdicts("", Lacks()) == {("run", ""): ("unsupported", "")}
    lacking = "check: grad, tensor: x, kind: unsupported, because: c, raises: no such function"
    recorded = f"divergences: [{{adapters: [numpy], {lacking}}}]"
    assert verdicts(recorded, Lacks()) == {("run", ""): ("known", "unsupported")}


def test_a_stale_record_says_with_which_version_it_was_made():
    cases, _ = load_text(TIES + of_x("[1.0, 0.0, 0.0]") + "\nversions: {numpy: 1.99}\n", Path("m"))
    assert not cases  # 1.99 is a number
    text = TIES + of_x("[1.0, 0.0, 0.0]") + "\nversions: {numpy: '1.99'}\n"
    (case,), _ = load_text(text, Path("m"))
    (reason,) = {r["reason"] for r in Runner(["numpy"]).rows(case.tasks()[0]) if r["kind"]}
    assert "as of numpy 1.99" in reason


def test_parts_of_complex_numbers_are_held_one_by_one():
    got = np.array([complex(np.nan, 1.0), complex(2.0, np.inf)])
    assert same_as(got, got, 4, 0)
    assert not same_as(got, np.array([complex(np.nan, 2.0), complex(2.0, np.inf)]), 4, 0)
    assert not same_as(got, np.array([complex(1.0, np.nan), complex(2.0, np.inf)]), 4, 0)
    assert same_as(np.array([1 + 1e-20j]), np.array([1 + 2e-20j]), 4, 0)


def test_whole_numbers_are_held_exactly():
    assert same_as(np.array([1, 4]), np.array([1, 4]), 4, 0)
    assert not same_as(np.array([1, 4]), np.array([1, 3]), 4, 0)
    text = "case: c\nabout: d\nparams: {x: [1.0, 3.0]}\nprogram: |\n  i = argmax(x, axis=0)\n"
    text += "  y = sum(x)\ndtypes: [float64]\n"
    given = wrong.Wrong(NumpyAdapter(), wrong.value("i", lambda x: x - 1))
    recorded = "divergences: [{adapters: [numpy], kind: bug, because: c, check: value, tensor: i"
    assert verdicts(f"{recorded}, value: 0}}]", given, text)["value", "i"] == ("known", "bug")
    assert verdicts(f"{recorded}, value: 2}}]", given, text)["value", "i"] == ("stale", "bug")
    allowed = "expect: {value: {i: {between: [0, 1]}}}"
    assert verdicts(allowed, given, text)["value", "i"] == ("agree", "")
    assert verdicts("expect: {value: {i: {between: [1, 2]}}}", given, text)["value", "i"][0] == (
        "differs"
    )


MODES = {
    "conjugate": (
        """
params: {z: {complex: {re: 1.0, im: 2.0}}}
program: loss = real(z * z)
dtypes: [complex128]
""",
        "jax",
        {"complex": {"re": 2.0, "im": 4.0}},
    ),
    "eager": (
        "params: {z: 3.0}\nprogram: loss = z * z\ndtypes: [float64]\n",
        "jax",
        None,
    ),
    "create-graph": (
        """
params: {z: [[1.0, 2.0], [2.0, 4.0]]}
program:
  numpy: loss = z[0, 0] * z[1, 1] - z[0, 1] * z[1, 0]
  torch: loss = torch.linalg.det(z)
dtypes: [float64]
""",
        "torch",
        None,
    ),
}


@pytest.mark.parametrize("mode", MODES)
def test_a_case_is_run_in_its_mode(mode):
    body, adapter, recorded = MODES[mode]
    head = f"case: c\nabout: d\n{body}"
    keys = f"modes: {{{adapter}: {mode}}}\n"
    if recorded:
        keys += (
            f"divergences: [{{adapters: [{adapter}], check: grad, tensor: z, kind: convention, "
            f"because: c, value: {recorded}}}]\n".replace("'", "")
        )
    (case,), faults = load_text(head + keys, Path("made-up.yaml"))
    assert not faults
    found = Runner([adapter]).rows(case.tasks()[0])
    # a determinant of terms that cancel to zero is labelled
    told = {row["verdict"] for row in found if row["verdict"] != "blind" or row["want"] != 0}
    assert told == ({"agree", "known"} if recorded else {"agree"})


def test_torch_takes_another_way_without_create_graph():
    (case,), _ = load_text(f"case: c\nabout: d\n{MODES['create-graph'][0]}", Path("made-up.yaml"))
    found = Runner(["torch"]).rows(case.tasks()[0])
    assert {row["verdict"] for row in found if row["check"] == "grad"} == {"agree", "differs"}
