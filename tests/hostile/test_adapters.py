"""Whatever an adapter does costs its own row, in this process and in workers."""

import importlib

import numpy as np
import pandas as pd
import pytest

from gradparity.adapters.attempt import attempt
from gradparity.adapters.numpy_reference import NumpyAdapter
from gradparity.verify import load_cases, run

from . import adapters

HOSTILE = {}
exec(adapters.MODULE, HOSTILE)  # noqa: S102  for its names
FAULTS = [name for name in HOSTILE["FAULTS"] if name != "interrupt"]

#: What is within the interface after all: the judge sees nothing wrong, or has nothing to compare.
HARMLESS = {
    "right",
    "closes",
    "steps-tuple",
    "slot-nothing",  # as the next three: what an optimizer remembers is its own affair
    "slots-empty",
    "slots-more",
    "values-more",
    "grads-more",
    "params-more",
}
#: These are well formed, and wrong: the judge's to tell.
WRONG = {"nan", "infinite", "integers", "complex", "bfloat16", "longdouble", "swapped", "empty"}
WRONG |= {"wide", "deep", "bools", "negative", "float8", "int4"}


def expected(name):
    if name in HARMLESS - {"slot-nothing"}:
        return {"agree"}
    if name == "raises-mute-unsupported":
        return {"unsupported"}
    part, _, what = name.partition("-")
    if part in ("value", "inner", "grad", "param", "slot") or name.startswith("output-grad"):
        what = name.removeprefix("output-grad-").removeprefix(f"{part}-")
        if what in WRONG:
            return {"differs", "agree"}
        if what == "nothing" and "grad" in name:
            return {"differs", "agree"}
    if name in ("values-empty", "grads-empty", "params-empty", "steps-twice"):
        return {"differs", "agree"}
    return {"error"}


@pytest.fixture(scope="module")
def found(hostile_adapters, tmp_path_factory):
    """Every fault in one run of this process; the reference runs beside."""
    path = adapters.cases(tmp_path_factory.mktemp("cases"), FAULTS)
    hostile = importlib.import_module("hostile_adapters").Hostile()
    with np.errstate(all="ignore"):
        frame = run(path, adapters=[hostile, "numpy"])
        assert set(np.geterr().values()) == {"ignore"}
    return frame


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_costs_its_own_row(found, name):
    rows = found[(found.case == name) & (found.adapter == "hostile")]
    assert set(rows.verdict) == expected(name)
    if expected(name) == {"error"}:
        (row,) = rows.to_dict("records")
        assert row["check"] == "run"
        assert row["kind"] == "raised"
        assert row["reason"]
        assert len(row["reason"]) < 10_000


def test_the_others_run_on(found):
    others = found[found.adapter == "numpy"]
    assert list(dict.fromkeys(others.case)) == FAULTS
    assert set(others.verdict) == {"agree"}


@pytest.mark.slow
def test_workers_answer_alike(found, hostile_adapters, tmp_path):
    path = adapters.cases(tmp_path, [*FAULTS, "interrupt"])
    frame = run(path, adapters=["hostile", "numpy"], jobs=2, timeout=60)
    (row,) = frame[(frame.case == "interrupt") & (frame.adapter == "hostile")].to_dict("records")
    assert (row["verdict"], row["reason"]) == ("error", "the adapter raised KeyboardInterrupt")
    frame = frame[frame.case != "interrupt"]
    own = ["seconds", "where"]
    pd.testing.assert_frame_equal(frame.drop(columns=own), found.drop(columns=own))


UNMADE = [*adapters.UNMADE, *adapters.BROKEN_MODULES]


@pytest.mark.thinned(2)
@pytest.mark.parametrize("jobs", [0, 1])
def test_an_adapter_that_cannot_be_made_costs_its_own_rows(hostile_adapters, tmp_path, jobs):
    path = adapters.cases(tmp_path, ["right"])
    frame = run(path, adapters=[*UNMADE, "bad-threads", "numpy"], jobs=jobs)
    for name in ("bad-threads", "numpy"):
        assert set(frame[frame.adapter == name].verdict) == {"agree"}
    for name in UNMADE:
        rows = frame[frame.adapter == name]
        (row,) = rows.to_dict("records")
        assert (row["verdict"], row["check"]) == ("error", "run")
        assert name in row["reason"]


def test_who_writes_to_its_arrays_falsifies_nobody_else(hostile_adapters, tmp_path):
    path = adapters.cases(tmp_path, ["right"])
    frame = run(path, adapters=["writes", "numpy", "hostile"])
    assert set(frame[frame.adapter == "writes"].verdict) >= {"differs"}
    for name in ("numpy", "hostile"):
        assert set(frame[frame.adapter == name].verdict) == {"agree"}


def test_a_task_is_as_it_was_after_an_attempt(hostile_adapters, tmp_path):
    (case,) = load_cases(adapters.cases(tmp_path, ["right"]))
    (task,) = case.tasks()
    before = repr(task)
    attempt(importlib.import_module("hostile_adapters").Writes(), task)
    assert repr(task) == before


def test_ctrl_c_is_the_users(tmp_path):
    class Interrupted(NumpyAdapter):
        name = "interrupted"

        def run(self, task):  # noqa: ARG002  the interface's
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(adapters.cases(tmp_path, ["right"]), adapters=[Interrupted()])
