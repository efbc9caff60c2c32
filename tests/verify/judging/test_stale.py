"""A record of the catalogue holds only while it is exactly so: of a value, and of a framework."""

from dataclasses import replace

import pytest
import torch

from gradparity.adapters.lowering import via
from gradparity.adapters.torch import LOWERINGS
from gradparity.verify import Runner, load_cases

CASE = "duplicate-indices-in-index-copy"


def verdict(task):
    rows = Runner(["torch"]).rows(task)
    (row,) = (row for row in rows if (row["check"], row["tensor"]) == ("grad", "u"))
    return row["verdict"], row["reason"]


@pytest.fixture
def task():
    return next(case for case in load_cases([CASE]) if case.name == CASE).tasks()[0]


def test_as_recorded_it_is_known(task):
    assert verdict(task)[0] == "known"


def test_another_recorded_value_is_stale(task):
    changed = tuple(replace(d, value=d.value + 1e-9) for d in task.divergences)
    found, reason = verdict(replace(task, divergences=changed))
    assert found == "stale"
    assert "no longer what was recorded" in reason
    assert "torch 2.13.0" in reason


def test_a_lowering_that_agrees_is_stale(task, monkeypatch):
    def last_stays(x, _indices, updates, *, axis):
        return torch.stack([updates[1], x[1]], axis)

    monkeypatch.setitem(LOWERINGS._found, "index_set", via("torch.index_copy", last_stays))
    found, reason = verdict(task)
    assert found == "stale"
    assert "the truth is returned" in reason
