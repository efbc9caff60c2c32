"""Faults planted into tangents, Hessian-vector products and batches are caught."""

from collections import Counter

import pytest

from gradparity.refimpl.ops import TABLE
from gradparity.verify.selftest.operations import plantable
from gradparity.verify.selftest.ways import examine_ways

#: The operations are in so many parts, each of which a worker of its own may take.
PARTS = 8


def outcomes(names, dtype="float64"):
    found = [f for name in names for f in examine_ways(TABLE[name], dtype)]
    return Counter(f.outcome for f in found), [f for f in found if f.outcome == "missed"]


def test_faults_of_a_few_operations_are_caught():
    counts, missed = outcomes(["tanh", "matmul", "softmax"])
    assert not missed
    assert counts["caught"] > 50


def test_a_linear_operation_has_no_curvature_to_spoil():
    found = {f.fault: f.outcome for f in examine_ways(TABLE["negative"], "float64")}
    assert found["hvp: sign flipped"] == "equivalent"
    assert found["jvp: sign flipped"] == "caught"


@pytest.mark.thinned(4, "rare")
@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_nearly_all_faults_are_caught(part):
    names = [name for name, row in TABLE.items() if plantable(row)]
    counts, missed = outcomes(names[part::PARTS])
    assert counts["caught"] >= 0.99 * (counts["caught"] + counts["missed"]), missed
