"""An adapter in another interpreter: the same results, and what ends it costs one task."""

import gc
import os
import subprocess
import sys
import time

import numpy as np
import pytest

from gradparity.adapters import registry
from gradparity.adapters.elsewhere import Elsewhere
from gradparity.adapters.numpy_reference import NumpyAdapter
from gradparity.refimpl.errors import (
    AdapterFailed,
    BadUsage,
    MissingFramework,
    Poisoned,
    Unsupported,
)
from gradparity.verify import Runner, load_cases
from gradparity.verify.engine.workers import Workers
from gradparity.verify.selection.choices import adapters_of
from gradparity.verify.storage.keys import keys

from .programs import one_layer

HERE = sys.executable

MINE = """
import os, signal, time
from gradparity.adapters.numpy_reference import NumpyAdapter
from gradparity.refimpl.errors import Unsupported

class Mine(NumpyAdapter):
    name = "mine"
    poisoned = False

    def version(self):
        print("hello", flush=True)  # to a pipe of pickles it would be noise
        return f"1 of {os.getpid()}"

    def facts(self):
        print("long", flush=True)
        time.sleep(1000)

    def run(self, task):
        end = task.program("*").output
        if end == "kill":
            os.kill(os.getpid(), signal.SIGSEGV)
        if end == "divide":
            os.kill(os.getpid(), signal.SIGFPE)
        if end == "lacks":
            raise Unsupported("mine lacks it")
        if end == "raises":
            raise ValueError("mine raised it")
        if end == "poison":
            Mine.poisoned = True
        if Mine.poisoned:
            raise RuntimeError("CUDA error: an illegal memory access was encountered")
        return super().run(task)
"""


@pytest.fixture
def mine(tmp_path, monkeypatch):
    """An adapter of a distribution that another process finds by its path."""
    (tmp_path / "mine.py").write_text(MINE, "utf-8")
    info = tmp_path / "mine-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: mine\nVersion: 1\n", "utf-8")
    (info / "entry_points.txt").write_text("[gradparity.adapters]\nmine = mine:Mine\n", "utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.syspath_prepend(str(tmp_path))
    return f"mine@{HERE}"


def called(output):
    """A task whose output has that name."""
    task = one_layer()
    program = task.program("*")
    *before, last = program.instructions
    renamed = type(last)(output, last.operation, last.arguments, last.attributes, named=True)
    task.programs["*"] = type(program)((*before, renamed), output)
    return task


def test_what_runs_there_gives_the_same_bits():
    here, there = NumpyAdapter().run(one_layer()), registry.make(f"numpy@{HERE}").run(one_layer())
    for kept in ("values", "grads"):
        one, other = getattr(here.steps[0], kept), getattr(there.steps[0], kept)
        assert one.keys() == other.keys()
        for key, x in one.items():
            np.testing.assert_array_equal(x, other[key])


def test_what_it_says_of_itself_is_the_adapter_s_own():
    here, there = NumpyAdapter(), registry.make(f"numpy@{HERE}")
    assert there.name == here.name
    assert there.version() == here.version()
    assert there.able == here.able
    assert there.has("tanh") == here.has("tanh")
    assert there.facts()["python"] == HERE


def test_its_errors_are_typed_and_its_process_goes_on(mine):
    there = registry.make(mine)
    with pytest.raises(Unsupported, match="mine lacks it"):
        there.run(called("lacks"))
    with pytest.raises(AdapterFailed, match="ValueError: mine raised it"):
        there.run(called("raises"))
    there.run(called("plain"))


@pytest.mark.parametrize(("output", "signal"), [("kill", "SIGSEGV"), ("divide", "SIGFPE")])
def test_what_ends_its_process_costs_one_task(mine, output, signal):
    there = registry.make(mine)
    with pytest.raises(AdapterFailed, match=f"ended while mine was at work: killed by {signal}"):
        there.run(called(output))
    there.run(called("plain"))


def test_a_process_that_computes_nothing_any_more_costs_one_task(mine):
    there = registry.make(mine)
    with pytest.raises(AdapterFailed, match="illegal memory access") as failure:
        there.run(called("poison"))
    assert not isinstance(failure.value, Poisoned)  # what asks can go on
    there.run(called("plain"))


@pytest.mark.slow
def test_its_process_ends_when_it_is_let_go(mine):
    there = registry.make(mine)
    process = int(there.version().rpartition(" ")[2])
    os.kill(process, 0)
    del there
    gc.collect()
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)


def test_a_process_that_computes_ends_with_the_one_that_asked(mine):
    ask = f"from gradparity.adapters import registry; registry.make({mine!r}).facts()"
    command = [HERE, "-c", ask]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as asking:  # noqa: S603  our own
        assert asking.stderr is not None
        assert [asking.stderr.readline() for _ in range(2)] == ["hello\n", "long\n"]
        asking.kill()
        began = time.monotonic()
        asking.stderr.read()  # which both have open: it ends when they have
        assert time.monotonic() < began + 60


def test_runs_take_it_under_its_own_name(mine):
    with pytest.raises(BadUsage, match="two adapters are called numpy"):
        Runner(["numpy", f"numpy@{HERE}"])
    runner = Runner([f"numpy@{HERE}"])
    assert {(row["adapter"], row["verdict"]) for row in runner.rows(one_layer())} == {
        ("numpy", "agree")
    }


@pytest.mark.slow
def test_workers_take_it(undrawn_layer):
    with Workers([f"numpy@{HERE}", "torch"], 1) as workers:
        ((_, rows),) = workers.run([(0, undrawn_layer)])
    assert {row["adapter"] for row in rows} == {"numpy", "torch"}
    assert {row["verdict"] for row in rows} == {"agree"}


@pytest.fixture
def undrawn_layer():
    return next(load_cases("one-layer")[0].undrawn(["float64"]))


@pytest.mark.slow
def test_keys_hang_on_what_is_installed_there(undrawn_layer, mine, tmp_path):
    def key(name):
        return next(keys([undrawn_layer], [name]))

    assert key(f"numpy@{HERE}") != key("numpy")
    assert key(mine) != key(f"numpy@{HERE}")


def test_a_program_that_is_none_is_said():
    with pytest.raises(BadUsage, match="numpy@/no/such: there is no program '/no/such'"):
        adapters_of("numpy@/no/such")
    with pytest.raises(BadUsage, match="no adapter is called 'nump'; did you mean numpy"):
        adapters_of(f"nump@{HERE}")


def test_an_interpreter_without_this_project_is_said(tmp_path):
    bare = tmp_path / "python"
    bare.write_text(f'#!/bin/sh\nexec {HERE} -S "$@"\n', "utf-8")
    bare.chmod(0o755)
    began = time.monotonic()
    with pytest.raises(MissingFramework, match=r"needs gradparity in .* No module named"):
        Elsewhere("numpy", str(bare))
    assert time.monotonic() < began + 60


def test_all_is_what_is_installed():
    assert adapters_of("all") == registry.installed()
    assert "numpy" in registry.installed()
    others = [name for name in registry.installed() if name != "numpy"]
    assert adapters_of(f"all,numpy@{HERE}") == [*others, f"numpy@{HERE}"]
