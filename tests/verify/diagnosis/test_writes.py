"""A forward pass that writes to what it is given is blamed itself; and nothing else is changed."""

from dataclasses import replace

import numpy as np

from gradparity.adapters import registry
from gradparity.adapters.attempt import attempt
from gradparity.adapters.numpy_reference import NumpyAdapter
from gradparity.refimpl.ops import TABLE
from gradparity.verify import Runner
from gradparity.verify.diagnosis.blame import blame

from .conftest import one_task

NORMED = """
case: normed
about: A batch norm in training mode writes to its running statistics.
inputs: {{x: {{normal: [4, 2]}}, rm: {{normal: [2]}}, rv: {{ones: [2]}}}}
params: {{g: {{ones: [2]}}, b: {{zeros: [2]}}}}
program:
  numpy: |
    {before}
    z = batch_norm(x, g, b, eps=1e-5)
    {after}
    loss = sum(z ** 2) + sum(t * g)
  torch: |
    {before}
    z = torch.nn.functional.batch_norm(x, {mean}, rv, g, b, True, 0.1, 1e-5)
    {after}
    loss = torch.sum(z ** 2) + torch.sum(t * g)
dtypes: [float64]
"""


def test_what_writes_is_blamed_and_not_what_made_the_array(failing):
    rows = failing(NORMED.format(before="s = rm * 1.0", after="t = s * 1.0", mean="s"), "torch")
    assert {"s", "t"} <= {row["tensor"] for row in rows if row["check"] == "value"}
    for row in rows:
        assert row["blame"] == "z"
        assert (
            "`z = torch.nn.functional.batch_norm(x, s, rv, g, b, True, 0.1, 1e-5)`, line 2 of "
            "torch's text: it writes to its argument s"
        ) in row["reason"]


def test_what_writes_to_an_input_is_blamed_and_not_what_uses_that_later(failing):
    rows = failing(NORMED.format(before="s = rm * 1.0", after="t = rm * 3.0", mean="rm"), "torch")
    assert "t" in {row["tensor"] for row in rows}
    assert {row["blame"] for row in rows} == {"z"}
    assert all("it writes to its argument rm" in row["reason"] for row in rows)


def test_native_calls_around_what_writes_are_not_blamed_for_it(failing):
    text = NORMED.format(before="s = rm * 1.0", after="t = s * 3.0", mean="s")
    head, sep, own = text.partition("  torch: |")
    own = own.replace("rm * 1.0", "torch.mul(rm, 1.0)").replace("s * 3.0", "torch.mul(s, 3.0)")
    rows = failing(head + sep + own, "torch")
    assert {row["blame"] for row in rows} == {"z"}


def test_a_pass_that_writes_where_nobody_looks_is_no_failure(failing):
    assert not failing(
        NORMED.format(before="s = rm * 1.0", after="t = s * 2.0", mean="rm"), "torch"
    )


PLAIN = """
case: plain
about: An input that is used twice.
inputs: {x: [1.0, -2.0, 3.0]}
params: {W: [0.5, 0.25, 2.0]}
program: |
  a = abs(x) * W
  b = x * W
  loss = sum(a * b)
dtypes: [float64]
"""


def in_place():
    def forward(x):
        x[...] = np.abs(x)
        return x.copy()

    return NumpyAdapter({**TABLE, "abs": replace(TABLE["abs"], forward=forward)})


def test_a_row_that_works_in_place_is_blamed_itself():
    found = blame(one_task(PLAIN), in_place())
    assert found is not None
    assert (found.operation, found.line) == ("abs", 1)
    assert "it writes to its argument x" in str(found)


def test_what_an_adapter_writes_to_its_arrays_is_its_own():
    task = one_task(PLAIN)
    kept = {name: x.copy() for name, x in {**task.inputs, **task.params}.items()}
    rows = Runner([in_place()]).rows(task)
    again = Runner([in_place()]).rows(task)
    assert [r["reason"] for r in rows] == [r["reason"] for r in again]
    assert any(row["verdict"] == "differs" for row in rows)
    for name, x in {**task.inputs, **task.params}.items():
        np.testing.assert_array_equal(x, kept[name])


def test_the_same_task_asked_twice_gives_the_same():
    task = one_task(NORMED.format(before="s = rm * 1.0", after="t = rm * 3.0", mean="rm"))
    torch = registry.make("torch")
    first, second = (attempt(torch, task).steps[0].values for _ in range(2))
    for name, value in first.items():
        np.testing.assert_array_equal(value, second[name])
