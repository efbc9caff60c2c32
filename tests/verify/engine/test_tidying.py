"""A worker lets go of what frameworks keep before it is too large."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from gradparity.adapters.numpy_reference import NumpyAdapter
from gradparity.verify import Runner, load_cases
from gradparity.verify.engine.allocator import hand_back
from gradparity.verify.engine.memory import GROWTH, Tidying, resident

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")


@LINUX
@pytest.mark.slow
def test_it_lets_go_above_the_bound_and_then_only_where_it_has_grown():
    held, calls = [], []

    def forget():
        calls.append(len(held))
        held.clear()

    hand_back()
    tidying = Tidying(forget, most=resident() + GROWTH // 2)
    tidying.after_a_task()
    assert calls == []
    # written to, so that it is there, beside what the process itself lets go of meanwhile
    held.append(np.ones(GROWTH // 8 * 6))
    tidying.after_a_task()
    assert calls == [1]
    tidying.after_a_task()
    assert calls == [1]


@LINUX
def test_what_stays_is_no_reason_to_do_so_after_every_task():
    calls = []
    tidying = Tidying(lambda: calls.append(1), most=1)
    tidying.after_a_task()
    tidying.after_a_task()
    assert len(calls) == 1


def test_an_adapter_that_cannot_let_go_ends_nothing():
    class Stubborn(NumpyAdapter):
        def forget(self):
            raise RuntimeError("no")

    Runner([Stubborn()]).forget()


def test_jax_drops_what_it_compiled_and_runs_on(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("case: mine\nabout: One.\nparams: {a: 0.5}\nprogram: y = exp(a)\n")
    (case,) = load_cases(path)
    runner = Runner(["jax"])
    first = [runner.rows(task) for task in case.tasks()]
    adapter = runner.adapters["jax"]
    assert len(adapter._held) == 2
    runner.forget()
    assert len(adapter._held) == 0
    again = [runner.rows(task) for task in case.tasks()]
    assert [[row["max_abs"] for row in rows] for rows in again] == [
        [row["max_abs"] for row in rows] for rows in first
    ]
