"""What lets no gradient in is blamed, and not the last operation that has none for it."""

import numpy as np
import pytest

from gradparity.adapters.numpy_reference import NumpyAdapter
from gradparity.verify import Runner

from ...adapters.wrong import Wrong
from .conftest import one_task

CASE = """
case: severed
about: The tape ends at one operation.
params: {{x: [0.5, 0.25]}}
program: |
{text}
dtypes: [float64]
"""


class Severed(Wrong):
    """As a framework whose operation of that name records nothing, so that the tape ends there."""

    def __init__(self, operation):
        super().__init__(NumpyAdapter(), lambda _: None, "severed")
        self.operation = operation

    def run(self, task):
        trace = super().run(task)
        if any(i.operation == self.operation for i in task.programs["*"].instructions):
            for step in trace.steps:
                step.grads.update(dict.fromkeys(step.grads))
        return trace


def reasons(text, operation):
    lines = "\n".join(f"  {line}" for line in text.split("; "))
    task = one_task(CASE.format(text=lines))
    rows = Runner([NumpyAdapter(), Severed(operation)]).rows(task)
    failing = [row for row in rows if row["verdict"] == "differs"]
    assert failing
    assert {row["adapter"] for row in failing} == {"severed"}
    return {row["reason"].partition("blamed: ")[2] for row in failing}


@pytest.mark.parametrize(
    "text",
    [
        "y = sum(diag_embed(x))",
        "a = diag_embed(x); b = exp(a) * a; y = sum(b[0])",
        "a, b = split(diag_embed(x), sections=2); y = sum(a) * sum(b)",
    ],
)
def test_the_operation_that_ends_the_tape_is_blamed(text):
    for reason in reasons(text, "diag_embed"):
        assert reason.startswith("the VJP of diag_embed in `diag_embed(x)`, line 1"), reason
        assert "gave no gradient (None), in the cotangent of x" in reason


def test_the_last_one_is_blamed_where_it_is_that_one():
    for reason in reasons("a = exp(x); y = sum(diag_embed(a))", "sum"):
        assert reason.startswith("the VJP of sum in `sum(diag_embed(a))`"), reason


def test_of_an_operation_with_several_results_as_well():
    for reason in reasons("a, b = split(x * 2, sections=2); y = sum(exp(a))", "split"):
        assert reason.startswith("the VJP of split in "), reason


def test_what_has_a_gradient_by_itself_is_passed_over_where_nothing_is_silent():
    """An adapter that forgets a gradient only in company: the last operation is all there is."""

    class Forgetful(Severed):
        def run(self, task):
            trace = Wrong.run(self, task)
            if len(task.programs["*"].instructions) > 1:
                for step in trace.steps:
                    step.grads.update(dict.fromkeys(step.grads))
            return trace

    lines = "  a = exp(x)\n  y = sum(a)"
    rows = Runner([NumpyAdapter(), Forgetful("")]).rows(one_task(CASE.format(text=lines)))
    failing = [row["reason"] for row in rows if row["verdict"] == "differs"]
    assert failing
    assert all("the VJP of sum in `sum(a)`" in reason for reason in failing)


def test_the_adapter_that_severs_is_right_otherwise():
    task = one_task(CASE.format(text="  y = sum(exp(x))"))
    step = Severed("diag_embed").run(task).steps[0]
    assert np.allclose(step.grads["x"], np.exp([0.5, 0.25]))
