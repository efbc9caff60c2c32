"""Worker processes: the same results as here, and a fault costs its own task alone."""

import importlib
import os
import sys

import numpy as np
import pandas as pd
import pytest

from gradparity.adapters.numpy_reference import NumpyAdapter
from gradparity.refimpl.errors import BadUsage
from gradparity.verify import load_cases, run
from gradparity.verify.engine.work import cores, workers_for

from . import faulty

FINE = ("before", "between", "after")
BROKEN = {
    "segfaults": ("crashed", "killed by SIGSEGV"),
    "divides": ("crashed", "killed by SIGFPE"),
    "is-killed": ("crashed", "killed by SIGKILL"),
    "exits": ("crashed", "exit status 7"),
    "exits-quietly": ("crashed", "exit status 0"),
    "hangs": ("timeout", "stopped after 4 seconds"),
    "raises": ("raised", "it fell over"),
}


@pytest.mark.slow
@pytest.mark.usefixtures("faulty_adapters")
def test_a_fault_costs_its_own_task_in_its_own_adapter_alone(tmp_path):
    before, between, after = FINE
    names = [before, *list(BROKEN)[:3], between, *list(BROKEN)[3:], after]
    told = []
    frame = run(
        faulty.cases(tmp_path, *names),
        adapters=["faulty", "numpy"],
        jobs=2,
        timeout=4,
        progress=lambda _done, total, task: told.append((total, task.id)),
    )
    assert list(dict.fromkeys(frame.case)) == names
    assert told == [(len(names), f"{name}[float64]") for name in names]
    assert set(frame[frame.adapter == "numpy"].verdict) == {"agree"}
    assert set(frame[frame.case.isin(FINE)].verdict) == {"agree"}
    for name, (kind, reason) in BROKEN.items():
        (row,) = frame[(frame.case == name) & (frame.adapter == "faulty")].to_dict("records")
        assert (row["verdict"], row["check"], row["kind"]) == ("error", "run", kind)
        assert reason in row["reason"]
        if kind != "raised":
            assert "while faulty was at work" in row["reason"]


ENDS = """
case: {name}
about: "A framework's own function that ends the process it runs in."
params: {{x: {{zeros: [{shape}]}}}}
program:
  mlx: y = mlx.core.trace(x, axis1=-2, axis2=-1)
  numpy: y = trace(x)
dtypes: [float32]
"""


def test_a_framework_that_divides_by_zero_costs_one_row(tmp_path):
    """MLX 0.32.4 does so in the derivative of the trace of no matrix."""
    pytest.importorskip("mlx.core")
    path = tmp_path / "ends.yaml"
    named = [("before", "2, 2, 2"), ("none", "0, 2, 2"), ("after", "1, 2, 2")]
    path.write_text("---\n".join(ENDS.format(name=name, shape=shape) for name, shape in named))
    frame = run(path, adapters=["numpy", "mlx"], jobs=1)

    lost = frame[~frame.verdict.isin(["agree"])]
    assert list(zip(lost.case, lost.adapter, lost.verdict, lost.check, strict=True)) == [
        ("none", "mlx", "error", "run")
    ]
    assert lost.reason.item() == "the process ended while mlx was at work: killed by SIGFPE"
    for name in ("before", "after"):
        assert set(frame[frame.case == name].adapter) == {"numpy", "mlx"}


def test_workers_give_the_same_bits_as_this_process_whatever_their_number(tmp_path):
    cases = load_cases(faulty.cases(tmp_path, "one", "two", "three", dtypes="float64, float32"))
    here, one, two = (run(cases, adapters=["numpy"], jobs=jobs) for jobs in (0, 1, 2))
    for frame in (one, two):
        pd.testing.assert_frame_equal(
            here.drop(columns="seconds"), frame.drop(columns="seconds"), check_exact=True
        )


@pytest.mark.slow
def test_every_framework_gives_the_same_bits_in_workers():
    cases = load_cases(["one-layer", "lenet", "softmax-by-hand", "conv-two-layers"])
    here, two = (run(cases, jobs=jobs) for jobs in (0, 2))
    pd.testing.assert_frame_equal(
        here.drop(columns="seconds"), two.drop(columns="seconds"), check_exact=True
    )


@pytest.mark.usefixtures("faulty_adapters")
@pytest.mark.parametrize("jobs", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_a_process_in_which_nothing_can_be_computed_any_more_costs_one_row(tmp_path, jobs):
    names = ["before", "poisons", "between", "poisons-in-jvp", "after", "last"]
    path = faulty.cases(tmp_path, *names)
    frame = run(path, adapters=["faulty", "beside", "numpy"], jobs=jobs)

    lost = frame[frame.verdict != "agree"]
    assert list(zip(lost.case, lost.adapter, lost.verdict, lost.check, strict=True)) == [
        (name, "faulty", "error", "run") for name in ("poisons", "poisons-in-jvp")
    ]
    assert set(lost.kind) == {"raised"}
    assert lost.reason.str.contains("CUDA error: device-side assert triggered").all()
    for name in names:
        assert set(frame[frame.case == name].adapter) == {"faulty", "beside", "numpy"}


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
@pytest.mark.usefixtures("faulty_adapters")
def test_a_process_that_has_grown_for_good_is_replaced_and_costs_no_row(tmp_path, monkeypatch):
    monkeypatch.setenv("FAULTY_GO", str(tmp_path / "go"))
    frame = run(faulty.cases(tmp_path, "grows", "tells"), adapters=["faulty"], jobs=1, timeout=60)
    assert set(frame.case) == {"grows", "tells"}
    assert set(frame.verdict) == {"agree"}
    processes = (tmp_path / "go.pids").read_text().split()
    assert processes[0] != processes[-1]


@pytest.mark.usefixtures("faulty_adapters")
def test_an_adapter_that_ends_its_process_as_it_is_loaded_costs_its_own_rows(tmp_path):
    frame = run(faulty.cases(tmp_path, "fine"), adapters=["unloadable", "numpy"], jobs=1)
    assert set(frame[frame.adapter == "numpy"].verdict) == {"agree"}
    (row,) = frame[frame.adapter == "unloadable"].to_dict("records")
    assert (row["verdict"], row["check"]) == ("error", "run")
    assert "ended as it started, while unloadable was loaded" in row["reason"]


def test_an_unknown_adapter_is_bad_usage_in_workers_too():
    with pytest.raises(BadUsage, match="no adapter is called 'numpi'; did you mean numpy"):
        run("one-layer", adapters=["numpi"], jobs=1)


def test_an_adapter_that_cannot_be_sent_is_bad_usage():
    class Local(NumpyAdapter):
        name = "local"

    with pytest.raises(BadUsage, match="the adapters local cannot be sent to a worker process"):
        run("one-layer", adapters=[Local()], jobs=1)


@pytest.mark.usefixtures("faulty_adapters")
def test_an_adapter_itself_may_be_sent():
    plain = importlib.import_module("faulty_adapters").Plain()
    frame = run("one-layer", adapters=[plain], dtypes=["float64"], jobs=1)
    assert set(frame.verdict) == {"agree"}


@pytest.mark.parametrize(
    ("jobs", "tasks", "timeout", "count"),
    [
        (None, 3, None, 0),
        (None, 1000, None, cores()),
        (None, 1, 5.0, 1),
        ("auto", 1000, None, cores()),
        (0, 1000, None, 0),
        (3, 1000, None, 3),
        (3, 2, None, 2),
    ],
)
def test_how_many_workers_are_taken(jobs, tasks, timeout, count):
    assert workers_for(jobs, tasks, timeout) == count


@pytest.mark.parametrize(
    ("jobs", "timeout", "message"),
    [
        (-1, None, "-1 workers"),
        (0, 5.0, "a timeout needs a worker"),
        (2, 0.0, "more than 0"),
        (2, np.nan, "more than 0"),
    ],
)
def test_what_cannot_be_is_bad_usage(jobs, timeout, message):
    with pytest.raises(BadUsage, match=message):
        run("one-layer", adapters=["numpy"], jobs=jobs, timeout=timeout)


def test_a_run_leaves_threads_and_environment_as_they_were():
    before = dict(os.environ)
    run("one-layer", adapters=["numpy"])
    assert dict(os.environ) == before
