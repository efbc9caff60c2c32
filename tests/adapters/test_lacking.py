"""What an adapter has no way to do is written down with its reason; anything else is an error."""

import numpy as np
import pytest
import torch

from gradparity.adapters import jax_lowerings, torch_lowerings
from gradparity.adapters.jax_lowerings import optimizers as of_optax
from gradparity.adapters.jax_lowerings import schedules as jax_schedules
from gradparity.adapters.jax_lowerings import unsupported as jax_lacks
from gradparity.adapters.lowering import Lowerings
from gradparity.adapters.registry import make
from gradparity.adapters.torch_lowerings import optimizers as of_torch
from gradparity.adapters.torch_lowerings import schedules as torch_schedules
from gradparity.adapters.torch_lowerings import unsupported as torch_lacks
from gradparity.cases.native_training import Chosen
from gradparity.cases.task import Update
from gradparity.refimpl.errors import AdapterFailed, Unsupported
from gradparity.refimpl.ops import TABLE
from gradparity.refimpl.optimizers import RULES
from gradparity.refimpl.optimizers.clipping import CLIPS
from gradparity.refimpl.optimizers.schedules import SCHEDULES

from .programs import line, one_layer, task

#: What, all there are of it, what each framework spells, and what it has no way to do.
PARTS = {
    "rules of torch": (RULES, of_torch.OPTIMIZERS, torch_lacks.RULES),
    "rules of jax": (RULES, of_optax.OPTIMIZERS, jax_lacks.RULES),
    "schedules of torch": (SCHEDULES, torch_schedules.SCHEDULES, torch_lacks.SCHEDULES),
    "schedules of jax": (
        SCHEDULES,
        {**jax_schedules.SCHEDULES, jax_schedules.PLATEAU: None},
        jax_lacks.SCHEDULES,
    ),
    "clips of torch": (CLIPS, torch_schedules.CLIPS, torch_lacks.CLIPS),
    "clips of jax": (CLIPS, jax_schedules.CLIPS, jax_lacks.CLIPS),
}


@pytest.mark.parametrize("name", ["numpy", "torch", "jax"])
def test_every_operation_is_spelled_or_written_down_as_unsupported(name):
    adapter = make(name)
    told = {operation: (adapter.has(operation), adapter.lacks(operation)) for operation in TABLE}
    assert {op: said for op, said in told.items() if bool(said[0]) == bool(said[1])} == {}


@pytest.mark.parametrize("lacks", [torch_lacks, jax_lacks])
def test_what_is_unsupported_is_of_the_table(lacks):
    assert set(lacks.OPERATIONS) <= set(TABLE)


@pytest.mark.parametrize("part", PARTS)
def test_every_part_of_an_update_is_spelled_or_written_down_as_unsupported(part):
    rows, spelled, unsupported = PARTS[part]
    assert set(spelled) | set(unsupported) == set(rows)
    assert not set(spelled) & set(unsupported)
    assert all(reason.strip() for reason in unsupported.values())


#: What updates a step has, and the tables of each framework that a lost spelling is lost from.
UPDATES = {
    "rule": (Update("adam", {"lr": 0.1}), "adam", of_torch.OPTIMIZERS, of_optax.OPTIMIZERS),
    "schedule": (
        Update("sgd", {"lr": 0.1}, schedule=Chosen("exponential", {"factor": 0.5})),
        "exponential",
        torch_schedules.SCHEDULES,
        jax_schedules.SCHEDULES,
    ),
    "clip": (
        Update("sgd", {"lr": 0.1}, clip=Chosen("value", {"max": 0.5})),
        "value",
        torch_schedules.CLIPS,
        jax_schedules.CLIPS,
    ),
}


@pytest.mark.parametrize("name", ["torch", "jax"])
@pytest.mark.parametrize("part", UPDATES)
def test_a_part_of_an_update_that_is_lost_is_an_error(monkeypatch, part, name):
    update, lost, of_torch_s, of_jax_s = UPDATES[part]
    wanted = one_layer(update=update, steps=2)
    make(name).run(wanted)
    monkeypatch.delitem({"torch": of_torch_s, "jax": of_jax_s}[name], lost)
    with pytest.raises(AdapterFailed, match=f"has no {lost} any more"):
        make(name).run(wanted)
    if part == "rule":
        with pytest.raises(AdapterFailed, match="any more"):
            make(name).spelled(wanted)


@pytest.mark.parametrize(
    ("name", "update", "reason"),
    [
        ("torch", Update("sign_sgd", {"lr": 0.1}), "torch.optim has no sign_sgd: no class"),
        ("jax", Update("asgd", {"lr": 0.1}), "optax has no asgd: no rule of it averages"),
        (
            "torch",
            Update("sgd", {"lr": 0.1}, clip=Chosen("adaptive", {"max": 0.1})),
            "torch.nn.utils has no adaptive: ",
        ),
    ],
)
def test_what_is_written_down_is_unsupported_with_its_reason(name, update, reason):
    with pytest.raises(Unsupported, match=reason):
        make(name).run(one_layer(update=update))


@pytest.mark.parametrize(
    ("name", "lowerings"), [("torch", torch_lowerings.LOWERINGS), ("jax", jax_lowerings.LOWERINGS)]
)
def test_an_operation_that_is_lost_is_an_error(monkeypatch, name, lowerings):
    wanted = task(line("y", "tanh", "w"), params={"w": [0.5, 1.0]})
    make(name).run(wanted)
    find = lowerings.find
    monkeypatch.setattr(lowerings, "find", lambda op: None if op == "tanh" else find(op))
    with pytest.raises(AdapterFailed, match=f"{name} has no tanh any more"):
        make(name).run(wanted)


#: What neither of the frameworks, or one alone, computes of numbers of 16 bits.
NOT_HALF = {
    "quantile": (line("y", "quantile", "w", q=0.5), ["torch"]),
    "ndtri": (line("y", "ndtri", "w"), ["torch"]),
    "fft.rfft": (line("y", "fft.rfft", "w"), ["torch", "jax"]),
    "erfcinv": (line("y", "erfcinv", "w"), ["torch", "jax"]),
}


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("operation", NOT_HALF)
def test_what_is_refused_of_halves_is_unsupported(operation, dtype):
    program, names = NOT_HALF[operation]
    wanted = task(program, params={"w": [0.25, 0.5, 0.75, 0.5]}, dtype=dtype)
    for name in names:
        with pytest.raises(Unsupported, match=f"{name} refuses it: |not implemented"):
            make(name).run(wanted)


class TestLowerings:
    def test_what_is_unsupported_is_not_looked_for(self):
        lowerings = Lowerings("torch", (torch,), ("torch",), (), lacking={"tanh": "it is tired"})
        assert (lowerings.has("tanh"), lowerings.lacks("tanh")) == ("", "it is tired")
        with pytest.raises(Unsupported, match=r"^torch has no tanh: it is tired$"):
            lowerings["tanh"]
        with pytest.raises(Unsupported, match="it is tired"):
            lowerings.spelling("tanh")

    def test_what_is_neither_spelled_nor_written_down_is_an_error(self):
        lowerings = Lowerings("torch", (torch,), ("torch",), ())
        assert (lowerings.has("gelu"), lowerings.lacks("gelu")) == ("", "")
        with pytest.raises(AdapterFailed, match="torch has no gelu any more"):
            lowerings["gelu"]
        with pytest.raises(AdapterFailed, match="torch has no gelu any more"):
            lowerings.spelling("gelu")

    def test_what_is_in_no_table_is_unsupported(self):
        lowerings = Lowerings("torch", (torch,), ("torch",), ())
        with pytest.raises(Unsupported, match="no operation is called nonesuch"):
            lowerings["nonesuch"]

    def test_nothing_is_both(self):
        with pytest.raises(TypeError, match="tanh"):
            Lowerings("torch", (torch,), (), ({"tanh": "torch.tanh"},), lacking={"tanh": "no"})

    def test_a_function_that_a_release_has_no_longer_is_an_error(self, monkeypatch):
        monkeypatch.delattr(torch.nn.functional, "silu")
        with pytest.raises(AdapterFailed, match="this release of torch has no "):
            Lowerings("torch", (torch,), (), ()).native("torch.nn.functional.silu")


@pytest.mark.parametrize(
    ("name", "operation", "attributes"),
    [("torch", "cdist", {"p": -1.0}), ("torch", "soft_margin", {}), ("jax", "erf", {})],
)
def test_arguments_that_a_framework_refuses_are_unsupported(name, operation, attributes):
    a = np.array([[0.5, -1.0]]) + (1j if operation == "erf" else 0)
    given = {"a": a} if operation == "erf" else {"a": a, "b": a + 1}
    row = line("y", operation, *given, **attributes)
    with pytest.raises(Unsupported, match=f"{name} refuses it: "):
        make(name).run(
            task(row, params=given, dtype="complex128" if operation == "erf" else "float64")
        )


def test_another_error_of_a_lowering_is_no_refusal():
    spelled = Lowerings("torch", (torch,), ("torch",), (), refuses=("no such words",))
    with pytest.raises(RuntimeError):
        spelled["matmul"](torch.zeros(2, 3), torch.zeros(2, 3))
