"""The edit that is proposed for stale records: minimal, and right when it is run again."""

from pathlib import Path

import numpy as np
import pytest

from gradparity.adapters.numpy_reference import NumpyAdapter
from gradparity.cases import load_files
from gradparity.refimpl.errors import AdapterFailed
from gradparity.verify import Runner
from gradparity.verify.atlas.accepting import proposals, rounded_up, yaml_text

from ...adapters import wrong

HEAD = """\
# The file's own comment.
case: other
about: Nothing to see here.
params: {w:   1.0}
program: loss = w
---
case: squares     # odd   spacing stays
about: "A quoted text."
params: {x: [1.0, 3.0]}
program: y = sum(x ** 2)
dtypes: [float64]
versions: {numpy: "1.0"}   # as of then
"""

BLOCK = """\
divergences:
  # Why it is.
  - adapters: [numpy]
    check: grad
    tensor: x
    kind: bug
    value: [9.0, 9.0]  # was measured
    because: planted
  - adapters: [numpy]
    check: value
    tensor: y
    kind: bug
    value: 11.0
    because: planted
# The end.
"""

DOUBLED = wrong.Wrong(NumpyAdapter(), wrong.gradient("x", lambda g: 2 * g))


@pytest.fixture
def proposed(tmp_path):
    def propose(rest, adapter):
        path = tmp_path / "t.yaml"
        path.write_text(HEAD + rest, "utf-8")
        cases, faults = load_files([path])
        assert not faults
        (proposal,) = proposals([adapter], [case for case in cases if case.name == "squares"])
        return proposal

    return propose


def verdicts(proposal, adapter):
    proposal.path.write_text(proposal.after, "utf-8")
    cases, faults = load_files([proposal.path])
    assert not faults
    (task,) = next(case for case in cases if case.name == "squares").tasks()
    return {row["verdict"] for row in Runner([adapter]).rows(task)}


def test_a_value_that_changed_is_replaced_and_one_that_is_gone_is_taken_out(proposed):
    found = proposed(BLOCK, DOUBLED)
    first, _, second = BLOCK.partition("  - adapters: [numpy]\n    check: value")
    expected = HEAD.replace('"1.0"', '"wrong on purpose"')
    expected += first.replace("[9.0, 9.0]", "[4.0, 12.0]") + second[second.index("# The end") :]
    assert found.after == expected
    assert "+    value: [4.0, 12.0]  # was measured\n" in found.diff
    assert found.by_hand == []
    assert verdicts(found, DOUBLED) == {"agree", "known"}


def test_where_no_record_is_left_the_key_goes_too(proposed):
    found = proposed(BLOCK, NumpyAdapter())
    assert "divergences" not in found.after
    assert found.after.endswith("# as of then\n# The end.\n")
    assert verdicts(found, NumpyAdapter()) == {"agree"}


FLOW = (
    "divergences: [{adapters: [numpy], check: value, tensor: y, kind: bug, value: 1.0, because: c},"
    " {adapters: [numpy], check: grad, tensor: x, kind: bug, value: {is: [9.0, 9.0], within: 1.0},"
    " because: c}]\n"
)


def test_records_in_flow_style_and_rounded_ones(proposed):
    found = proposed(FLOW, DOUBLED)
    assert "divergences: [{adapters: [numpy], check: grad" in found.after
    assert "value: {is: [4.0, 12.0], within: 1.0}" in found.after
    assert verdicts(found, DOUBLED) == {"agree", "known"}


def test_what_holds_is_left_alone(proposed):
    held = BLOCK.replace("[9.0, 9.0]", "[4.0, 12.0]").partition(
        "  - adapters: [numpy]\n    check: v"
    )
    found = proposed(held[0], DOUBLED)
    assert found.diff == ""
    assert found.by_hand == []


def off(share):
    return wrong.Wrong(NumpyAdapter(), wrong.gradient("x", lambda g: (1 + share) * g))


def test_a_bound_that_is_exceeded_takes_twice_what_was_measured(proposed):
    bounded = BLOCK.partition("  - adapters: [numpy]\n    check: v")[0]
    bounded = bounded.replace("value: [9.0, 9.0]", "bound: {rel: 1e-6, abs: 0}")
    found = proposed(bounded, off(3.1e-5))
    assert "+    bound: {rel: 7e-5}  # was measured\n" in found.diff
    assert verdicts(found, off(3.1e-5)) == {"agree", "known"}
    assert proposed(bounded, off(3.1e-7)).diff == ""
    some = proposed(bounded.replace("abs: 0", "steps: some"), off(3.1e-5))
    assert "+    bound: {rel: 7e-5, steps: some}  # was measured\n" in some.diff


def test_a_bound_that_would_let_a_zero_pass_becomes_a_value(proposed):
    bounded = BLOCK.partition("  - adapters: [numpy]\n    check: v")[0]
    bounded = bounded.replace("value: [9.0, 9.0]", "bound:\n      rel: 1e-6")
    found = proposed(bounded, DOUBLED)
    assert "+    value: [4.0, 12.0]" in found.diff
    assert verdicts(found, DOUBLED) == {"agree", "known"}


def test_a_set_that_is_left_becomes_a_value(proposed):
    flow = "divergences: [{adapters: [numpy], check: grad, tensor: x, kind: kink, because: c, "
    found = proposed(flow + "between: [0, 1]}]\n", DOUBLED)
    assert "because: c, value: [4.0, 12.0]}]" in found.after
    assert verdicts(found, DOUBLED) == {"agree", "known"}


@pytest.mark.parametrize(
    ("x", "text"),
    [(6.2e-5, "7e-5"), (1e-3, "1e-3"), (9.5e-8, "1e-7"), (0.0, ""), (np.inf, ""), (2.0, "2e0")],
)
def test_a_bound_is_rounded_up(x, text):
    assert rounded_up(x) == text
    if text:
        assert x <= float(text) <= 2 * x


class Raises(NumpyAdapter):
    def run(self, task):
        raise AdapterFailed(f'ValueError: "{task.case}" is not for me')


def test_an_error_that_changed_is_replaced(proposed):
    raising = "divergences: [{adapters: [numpy], check: grad, tensor: x, kind: unsupported, "
    found = proposed(raising + "raises: another, because: c}]\n", Raises())
    assert r'raises: "ValueError: \"squares\" is not for me"' in found.after
    assert '{numpy: "' not in found.after
    assert NumpyAdapter().version() in found.after


def test_a_record_that_covers_what_changed_differently_is_left_to_its_author(proposed):
    both = BLOCK.partition("  - adapters: [numpy]\n    check: v")[0]
    found = proposed(both, DOUBLED)
    swept = found.before.replace("sum(x ** 2)", "sum(x ** 2) * n") + "sweep: {n: [1, 2]}\n"
    Path(found.path).write_text(swept, "utf-8")
    cases, faults = load_files([found.path])
    assert not faults
    (again,) = proposals([DOUBLED], [case for case in cases if case.name == "squares"])
    assert again.diff.count("\n-") <= 2
    assert "split it" in again.by_hand[0]


@pytest.mark.parametrize(
    ("x", "text"),
    [
        (np.array([0.1, -np.inf, np.inf, np.nan]), "[0.1, -.inf, .inf, .nan]"),
        (np.array([[0.1], [1e-30]], np.float32), "[[0.1], [1e-30]]"),
        (np.array(1 + 2j), "{complex: {re: 1.0, im: 2.0}}"),
        (np.array([1, 2]), "[1, 2]"),
        (np.array([True]), "[true]"),
        (np.zeros(0), "[]"),
    ],
)
def test_arrays_are_written_as_case_files_have_them(x, text):
    assert yaml_text(x) == text
