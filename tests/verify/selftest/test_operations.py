"""The suite catches what is planted; every operation of the table under the slow marker."""

import json

import pytest

from gradparity.refimpl.ops import TABLE
from gradparity.refimpl.optimizers import RULES
from gradparity.verify.commands.selftest import selftest as command
from gradparity.verify.selftest.operations import LATE, RAISED, SMALLEST, selftest
from gradparity.verify.selftest.planting import planted
from gradparity.verify.selftest.report import blamed
from gradparity.verify.selftest.rules import selftest_rules

from ...turns import in_turn


def check(findings):
    """Nothing that changes a number is missed, and the blame falls where it belongs."""
    assert [f for f in findings if f.outcome == "missed"] == []
    for found in findings:
        if found.caught and found.fault != LATE and found.blamed != RAISED:
            assert found.blame_is_right, found
        if found.fault == SMALLEST and found.outcome not in ("equivalent", "absent"):
            assert int(found.outcome) <= 1000, found


@pytest.mark.thinned(5)
@pytest.mark.parametrize("operation", ["multiply", "matmul", "softmax", "sum", "cross_entropy"])
def test_faults_in_an_operation_are_caught_and_blamed(operation):
    findings = list(selftest([operation], ["float64"]))
    assert sum(found.caught for found in findings) >= 8
    check(findings)


@pytest.mark.parametrize("operation", ["angle", "imag"])
def test_a_complex_operation_is_spoiled_on_complex_numbers_too(operation):
    """Of a real number these are constant: nothing that is planted there is a fault."""
    findings = [f for f in selftest([operation], ["float64"]) if f.fault != SMALLEST]
    check(findings)
    caught = {found.fault for found in findings if found.caught}
    assert {"zero", "sign flipped", "doubled", "scaled by 1 + 1000 eps", LATE} <= caught


@pytest.mark.slow
def test_faults_in_an_update_rule_are_caught_and_blamed():
    findings = list(selftest_rules(["adamw"], ["float64"]))
    assert [f for f in findings if f.outcome == "missed"] == []
    assert [f for f in blamed(findings) if not f.blame_is_right] == []
    caught = {found.fault for found in findings if found.caught}
    assert {"eps under the root", "no correction of bias", "decay without the rate"} <= caught
    assert {"decay in the gradient", "slot forgotten", "another hyperparameter"} <= caught


def test_the_command_prints_json_of_operations_and_rules(capsys):
    with pytest.raises(SystemExit) as ended:
        command(["negative", "sign_sgd"], dtypes="float64", form="json")
    assert ended.value.code == 0
    held = json.loads(capsys.readouterr().out)
    assert {found["operation"] for found in held["findings"]} == {"negative", "sign_sgd"}
    assert held["summary"]["missed"] == 0
    assert held["summary"]["caught"] == held["summary"]["planted"] > 10


@pytest.mark.slow
def test_workers_find_the_same_in_the_same_order():
    pairs = [("negative", "float64"), ("sign_sgd", "float32"), ("negative", "float32")]
    assert list(planted(pairs, 2)) == list(planted(pairs)) != []


#: Seen in the parameters after many steps, but at no single step above the rule's own noise.
UNBLAMED = {("adadelta", "rate scaled by 1 + 1000 eps")}


#: Each operation and rule is planted into in one of them, the next one in the other; all in both
#: is rare.
DTYPES = ("float64", "float32")


@pytest.mark.slow
@pytest.mark.parametrize(("rule", "dtype"), in_turn(RULES, DTYPES))
def test_faults_in_every_update_rule_are_caught_and_blamed(rule, dtype):
    findings = list(selftest_rules([rule], [dtype]))
    assert [f for f in findings if f.outcome == "missed"] == []
    wrongly = {(f.operation, f.fault) for f in blamed(findings) if not f.blame_is_right}
    assert wrongly <= UNBLAMED


@pytest.mark.slow
@pytest.mark.parametrize(("operation", "dtype"), in_turn(TABLE, DTYPES))
def test_faults_in_every_operation_are_caught_and_blamed(operation, dtype):
    check(list(selftest([operation], [dtype])))
