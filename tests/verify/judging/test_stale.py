"""A record of the catalogue holds only while it is exactly so: of a value, and of a framework."""

from dataclasses import replace

import pytest
import torch

from gradparity.adapters.lowering import via
from gradparity.adapters.torch import LOWERINGS
from gradparity.verify import Runner, load_cases
from gradparity.verify.judging.records import raised

CASE = "duplicate-indices-in-index-copy"


def last_stays(x, _indices, updates, *, axis):
    return torch.stack([updates[1], x[1]], axis)


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
    monkeypatch.setitem(LOWERINGS._found, "index_set", via("torch.index_copy", last_stays))
    found, reason = verdict(task)
    assert found == "stale"
    assert "the truth is returned" in reason


def test_the_truth_is_no_sign_of_change_where_some_processors_give_it(task, monkeypatch):
    some = tuple(replace(d, some_processors=True) for d in task.divergences)
    here = replace(task, divergences=some)
    assert verdict(here)[0] == "known"
    changed = tuple(replace(d, value=d.value + 1e-9) for d in some)
    assert verdict(replace(task, divergences=changed))[0] == "stale"
    monkeypatch.setitem(LOWERINGS._found, "index_set", via("torch.index_copy", last_stays))
    assert verdict(here) == ("agree", "")


def test_an_error_of_some_processors_may_not_be_raised(task):
    raising = replace(task.divergences[0], value=None, raises="no such thing")
    some = replace(raising, some_processors=True)
    assert raised(replace(task, divergences=(raising,)), "torch", "")[0] == "stale"
    assert raised(replace(task, divergences=(some,)), "torch", "") is None
    assert raised(replace(task, divergences=(some,)), "torch", "another")[0] == "stale"
