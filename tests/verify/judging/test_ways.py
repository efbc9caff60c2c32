"""The checks jvp, hvp and vmap: right ones agree, wrong ones differ, and who is to blame."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gradparity.adapters.numpy_reference import NumpyAdapter
from gradparity.cases import load_text
from gradparity.refimpl.errors import AdapterFailed, Unsupported
from gradparity.refimpl.ops import TABLE
from gradparity.verify import Runner
from gradparity.verify.selftest.operation_faults import spoiled

NET = """
case: net
about: A layer and a loss.
inputs: {x: {normal: [4, 3]}}
params: {W: {normal: [3, 2]}, b: {normal: [2]}}
program: |
  z = x @ W + b
  a = tanh(z)
  loss = mean(a ** 2)
checks: [value, grad, jvp, hvp, vmap]
"""

RECORD = """
divergences:
  - adapters: [numpy]
    check: {check}
    tensor: {tensor}
    kind: bug
    because: planted
    {what}
"""


class Changed(NumpyAdapter):
    """The reference, with one answer changed."""

    def __init__(self, way, name, change, rows=TABLE):
        super().__init__(rows)
        self._way, self._name, self._change = way, name, change

    def _made(self, way, found):
        if way == self._way:
            found[self._name] = self._change(found[self._name])
        return found

    def jvp(self, task):
        return self._made("jvp", super().jvp(task))

    def hvp(self, task):
        return self._made("hvp", super().hvp(task))

    def vmap(self, task, batched):
        found = super().vmap(task, batched)
        return self._made("vmap", found) if batched == "all arguments" else found


class Failing(NumpyAdapter):
    def __init__(self, failure):
        super().__init__()
        self._failure = failure

    def hvp(self, task):
        assert "hvp" in task.checks
        raise self._failure


def rows_of(adapter, text=NET, dtype="float64"):
    cases, faults = load_text(text, Path("made-up.yaml"))
    assert not faults, faults
    return Runner([adapter]).rows(cases[0].tasks([dtype])[0])


def failing(rows):
    return [r for r in rows if r["verdict"] not in ("agree", "known")]


@pytest.mark.thinned(4)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("adapter", ["numpy", "torch", "jax"])
def test_right_ones_agree(adapter, dtype):
    rows = rows_of(adapter, dtype=dtype)
    assert {r["verdict"] for r in rows} == {"agree"}
    made = {(r["check"], r["tensor"]) for r in rows if r["check"] in ("jvp", "hvp", "vmap")}
    batches = ("x", "W", "b", "the cotangent", "all arguments")
    assert made == {
        *(("jvp", name) for name in ("z", "a", "loss")),
        *(("hvp", name) for name in ("W", "b")),
        *(("vmap", f"{name} over {b}") for name in ("W", "b", "loss") for b in batches),
    }


CHANGES = {
    "zero": np.zeros_like,
    "sign": np.negative,
    "a part in a million": lambda x: x * (1 + 1e-6),
    "NaN": lambda x: np.full_like(x, np.nan),
    "None": lambda _: None,
    "dtype": lambda x: x.astype(np.float32),
    "shape": lambda x: x[None],
}


@pytest.mark.thinned(6)
@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize(
    ("way", "name", "tensor"),
    [("jvp", "a", "a"), ("hvp", "W", "W"), ("vmap", "b", "b over all arguments")],
)
def test_wrong_ones_differ(way, name, tensor, change):
    (row,) = failing(rows_of(Changed(way, name, CHANGES[change])))
    assert (row["verdict"], row["check"], row["tensor"]) == ("differs", way, tensor)


@pytest.mark.parametrize(
    ("failure", "verdict"), [(Unsupported("none"), "unsupported"), (AdapterFailed("no"), "error")]
)
def test_a_way_that_fails_costs_its_own_row(failure, verdict):
    (row,) = failing(rows_of(Failing(failure)))
    assert (row["check"], row["verdict"], row["reason"]) == ("hvp", verdict, str(failure))


def test_a_wrong_answer_can_be_recorded_and_goes_stale():
    what = "value: 0.0"
    text = NET + RECORD.format(check="jvp", tensor="loss", what=what)
    spoilt = Changed("jvp", "loss", np.zeros_like)
    rows = rows_of(spoilt, text)
    assert [r["tensor"] for r in rows if r["verdict"] == "known"] == ["loss"]
    assert not failing(rows)
    (row,) = failing(rows_of(NumpyAdapter(), text))
    assert row["verdict"] == "stale"


def test_an_error_of_a_way_can_be_recorded_and_goes_stale():
    text = NET + RECORD.format(check="hvp", tensor="W", what="raises: no such")
    rows = rows_of(Failing(AdapterFailed("there is no such rule")), text)
    assert [(r["check"], r["verdict"]) for r in rows if r["verdict"] != "agree"] == [
        ("hvp", "known")
    ]
    (row,) = failing(rows_of(NumpyAdapter(), text))
    assert (row["check"], row["verdict"]) == ("hvp", "stale")


class OneWay(NumpyAdapter):
    """Right gradients, and another way that is computed with a wrong rule."""

    def __init__(self, way, wrong):
        super().__init__()
        wronged = NumpyAdapter({**TABLE, wrong.name: wrong})
        setattr(self, way, getattr(wronged, way))


@pytest.mark.parametrize("way", ["jvp", "hvp", "vmap"])
def test_the_operation_that_is_off_in_a_way_is_blamed(way):
    wrong = spoiled(TABLE["tanh"], 0, lambda c, *_: c * 1.01)
    rows = failing(rows_of(OneWay(way, wrong)))
    assert {r["check"] for r in rows} == {way}
    assert {r["blame"] for r in rows} == {"a"}
    assert f"the {way} of tanh in `tanh(z)`" in rows[0]["reason"]
    assert {(r["operation"], r["direction"], r["own_kind"]) for r in rows} == {
        ("tanh", way, "error")
    }


class OffAtLarge(NumpyAdapter):
    """Its second derivatives of exp lose digits where what flows back is large."""

    def hvp(self, task):
        found = super().hvp(task)
        operations = {i.operation for i in task.programs["*"].instructions}
        g = task.given_cotangent
        alone_at_large = operations == {"exp"} and g is not None and np.max(np.abs(g)) > 100
        if alone_at_large or len(operations) > 1:
            return {name: x * (1 + 1e-9) for name, x in found.items()}
        return found


@pytest.mark.parametrize(
    ("program", "blamed"),
    [
        ("y = sum(exp(x) * 1000)", "the hvp of exp"),
        ("y = sum(square(exp(x) * 40 - 66))", "the hvp of exp"),
        ("y = sum(exp(x) * 10)", "no operation is off in it by itself"),
    ],
)
def test_the_operation_that_is_off_at_what_flows_back_in_the_whole_is_blamed(program, blamed):
    text = f"""
case: large
about: What flows back is large in the whole, or what changes it is.
params: {{x: [0.5, 0.5]}}
tangents: {{x: 1.0}}
program: "{program}"
checks: [value, grad, hvp]
"""
    (row,) = failing(rows_of(OffAtLarge(), text))
    assert row["check"] == "hvp"
    assert blamed in row["reason"]


def test_a_reference_whose_rule_has_no_right_derivative_is_not_believed():
    """The slope of x + x²/2 written as 1 at zero is right there, and has a wrong derivative."""

    def bent(g, y, x):
        return g * np.where(x == 0, 1, 1 + x)

    text = """
case: bent
about: Second derivatives at a place where the rule turns aside.
params: {x: [0.0, 0.5]}
program: |
  y = exp(x)
checks: [hvp]
dtypes: [float64]
"""
    cases, _ = load_text(text, Path("made-up.yaml"))
    (task,) = cases[0].tasks(["float64"])
    rows = {**TABLE, "exp": replace(TABLE["exp"], forward=lambda x: x + x * x / 2, vjps=(bent,))}
    (row,) = Runner(["numpy"], rows=rows).rows(task)
    assert row["verdict"] == "error"
    assert "by differences of its gradients" in row["reason"]


@pytest.mark.thinned(6)
@pytest.mark.parametrize("adapter", ["torch", "jax"])
@pytest.mark.parametrize(
    "text",
    [
        "y = softmax(a * 20)",
        "y = log_softmax(a * 20) * 0.1",
        "y = scaled_dot_product_attention(a * 9, a, a, scale=0.5)",
    ],
)
def test_a_textbook_s_loss_is_let_pass_in_second_derivatives_too(text, adapter):
    case = f"""
case: saturated
about: A saturated function, whose rule others compute as a difference.
params: {{a: {{normal: [4, 5]}}}}
program: |
  {text}
  loss = sum(y * y * sin(y + 0.3))
checks: [jvp, hvp]
"""
    dtype = "float32" if "attention" in text else "float64"  # JAX's softmax there is in float32
    rows = rows_of(adapter, case, dtype)
    assert {r["check"] for r in rows} >= {"jvp", "hvp"}
    assert not [r for r in rows if r["verdict"] == "differs"]
