"""What failed, one failure a cause."""

from __future__ import annotations

from gradparity.reports.columns import frame
from gradparity.reports.failures import causes, failures, told
from gradparity.reports.plain import failures_table

GELU = "jax computed gelu(approximate='tanh'), the reference gelu(approximate='none')"
AGREE = "in jax, `a = jax.nn.gelu(z, False)`"
WRONG = "the case's expectation is off: it expects 0.7 of grad W, the reference computes 1.5"


def test_tensors_and_dtypes_of_one_cause_are_one_failure(failing):
    made = frame(
        failing(tensor=tensor, dtype=dtype, cause=GELU, remedy=AGREE)
        for dtype in ("float64", "float32")
        for tensor in ("a", "W")
    )
    (failure,) = failures(made)
    assert failure.tensors == 2
    assert list(failure.lines()) == [
        (
            "softmax: jax differs in grad a by 0.0015 at (0, 3), bound 1e-12, and 1 more tensor "
            "(float64, float32)"
        ),
        f"  cause: {GELU}",
        f"  to agree: {AGREE}",
        "  at cases/softmax.yaml:1",
    ]


def test_what_has_no_cause_has_its_reason_and_is_a_failure_of_its_own(failing):
    made = frame([failing(tensor="a", cause=GELU, remedy=AGREE), failing(tensor="b")])
    first, second = failures(made)
    assert (first.cause, second.cause) == (GELU, "")
    assert "  no cause is proved: error 0.0015 exceeds 1e-12 at (0, 3)" in list(second.lines())


def test_an_expectation_that_is_off_is_said_once_for_all_adapters(failing):
    made = frame(
        failing(adapter=who, kind="expect", cause=f"{WRONG}, as does {who}", remedy="expect 1.5")
        for who in ("numpy", "torch", "jax")
    )
    lines = told(made)
    assert lines[0] == (
        "softmax: the case's expectation of grad W is off, where numpy, torch, jax and the "
        "reference agree"
    )
    assert lines[1] == f"  cause: {WRONG}"
    assert len(failures(made)) == 1


def test_an_expectation_that_a_framework_does_not_share_is_not_said_to_be_agreed_on(failing):
    made = frame([failing(kind="expect", cause=WRONG, remedy="expect 1.5")])
    assert told(made)[0] == "softmax: the case's expectation of grad W is off"


def test_many_failures_are_counted(failing):
    lines = told(frame(failing(f"case-{k}", cause=f"cause {k}") for k in range(13)), most=10)
    assert lines[-1] == (
        "and 3 more failures, told whole in a report (--out DIR): case-10, case-11, case-12"
    )


def test_nothing_failed_nothing_is_told(agreeing):
    assert told(agreeing) == []
    assert not causes(agreeing)


def test_a_table_has_those_whose_cause_is_proved(failing):
    made = frame([failing(cause=GELU, remedy=AGREE), failing("other")])
    (row,) = causes(made).rows
    assert row[:2] == ("softmax", "jax")
    assert GELU in row
    assert AGREE in row


def test_a_tests_message_begins_with_what_parted_and_why(failing):
    made = frame([failing(tensor="a", cause=GELU, remedy=AGREE, snippet="import jax")])
    text = failures_table(made)
    first, second, *_ = text.splitlines()
    assert first == f"grad a by 0.0015 at (0, 3), bound 1e-12: {GELU}"
    assert second == f"to agree: {AGREE}"
    assert text.endswith("to see it:\nimport jax")


def test_what_is_blamed_is_said_once(failing):
    reason = "error 0.0015 exceeds 1e-12; blamed: `a = gelu(z)`: its value does not agree"
    made = frame([failing(tensor="a", reason=reason), failing(tensor="b", reason=f"b: {reason}")])
    assert failures_table(made).count("its value does not agree") <= 2
