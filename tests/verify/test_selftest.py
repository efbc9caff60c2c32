"""The suite catches what is planted; every operation of the table under the slow marker."""

import pytest

from gradparity.refimpl.ops import TABLE
from gradparity.verify.selftest import LATE, RAISED, SMALLEST, selftest


def check(findings):
    """Nothing that changes a number is missed, and the blame falls where it belongs."""
    assert [f for f in findings if f.outcome == "missed"] == []
    for found in findings:
        if found.caught and found.fault != LATE and found.blamed != RAISED:
            assert found.blame_is_right, found
        if found.fault == SMALLEST and found.outcome not in ("equivalent", "absent"):
            assert int(found.outcome) <= 1000, found


@pytest.mark.parametrize("operation", ["multiply", "matmul", "softmax", "sum", "cross_entropy"])
def test_faults_in_an_operation_are_caught_and_blamed(operation):
    findings = list(selftest([operation], ["float64"]))
    assert sum(found.caught for found in findings) >= 8
    check(findings)


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("operation", sorted(TABLE))
def test_faults_in_every_operation_are_caught_and_blamed(operation, dtype):
    check(list(selftest([operation], [dtype])))
