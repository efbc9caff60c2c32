from pathlib import Path

import pytest

from gradparity.cases import load_text
from gradparity.verify.linting.looseness import loose

CASE = """
case: made-up
about: A case.
params: {{x: [2.0, 1.0]}}
program: y = sum(x * x)
dtypes: [float64]
optimizer: {{sgd: {{lr: 0.001}}}}
divergences:
  - {{adapters: [torch], check: {check}, tensor: x, kind: precision, because: some, {what}}}
"""


def faults(what, check="grad"):
    cases, bad = load_text(CASE.format(what=what, check=check), Path("made-up.yaml"))
    assert not bad
    return [str(fault) for fault in loose(cases[0])]


@pytest.mark.parametrize(
    ("what", "check"),
    [
        ("between: [-10, 10]", "grad"),
        ("between: [[3.9, 1.9], [4.1, 2.1]]", "grad"),
        ("between: [0, 10]", "update"),
        ("between: [-1000, 1.9]", "grad"),
        ("value: {is: [4.0, 2.1], within: 10}", "grad"),
        ("value: {is: [4.0, 2.1], within: 2.0}", "grad"),
    ],
)
def test_a_record_that_the_truth_or_a_zero_passes_is_a_fault(what, check):
    (fault,) = faults(what, check)
    assert fault.startswith("made-up.yaml:2:")
    assert "divergences.0" in fault
    assert "expected" in fault


@pytest.mark.parametrize(
    ("what", "check"),
    [
        ("between: [[4.5, 2.5], [5, 3]]", "grad"),
        ("between: [-1, -0.5]", "update"),
        ("value: {is: [4.0, 2.1], within: 0.01}", "grad"),
        ("value: [0, 0]", "grad"),
        ("bound: {rel: 1.0e-3}", "grad"),
    ],
)
def test_a_record_that_tells_something_passes(what, check):
    assert faults(what, check) == []


def test_a_message_of_a_letter_is_in_any():
    _, bad = load_text(CASE.format(what="raises: e", check="grad"), Path("made-up.yaml"))
    assert "divergences.0.raises: 'e', expected a part of the message" in str(bad[0])
