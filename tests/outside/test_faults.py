"""Faults planted into PyTorch, JAX and optax themselves, and whether the catalogue sees them."""

import json
import subprocess
import sys
from statistics import median

import pytest

from gradparity.cases.program import COND
from gradparity.refimpl.ops import TABLE
from gradparity.refimpl.optimizers import RULES
from gradparity.refimpl.optimizers.clipping import CLIPS
from gradparity.refimpl.optimizers.schedules import SCHEDULES

from . import running
from .fault import read

FAULTS = read()

#: Of each kind one, that short files of the catalogue show.
QUICK = [
    "torch.sin · forward",
    "torch.square · cut",
    "torch.optim.Adam · updates · 0 · zero",
    "aten.tanh_backward · kernel",
    "jax.numpy.exp · backward · 0 · scale 1.000001",
    "scale_by_adam · keyword · b2",
]

#: So many parts, each of which a worker of its own may take.
PARTS = 4

FILES = ["elementary", "activations", "chain-rule", "optimizers"]


def test_there_are_enough_of_every_kind():
    frameworks = [fault.framework for fault in FAULTS]
    assert len(FAULTS) >= 150
    assert min(map(frameworks.count, running.FRAMEWORKS)) >= 75
    blamed = {fault.blame for fault in FAULTS}
    for table, least in ((TABLE, 80), (RULES, 12), (SCHEDULES, 5), (CLIPS, 2)):
        assert len(blamed & table.keys()) >= least
    assert blamed <= {*TABLE, *RULES, *SCHEDULES, *CLIPS, COND}
    assert {"float64", "float32", "float16", "bfloat16", "complex128"} == {f.dtype for f in FAULTS}
    wanted = {"last element", "size", "negative", "broadcast", "non-contiguous", "call", "step"}
    wanted |= {"from step", "index 0", "tied", "keyword", "large", "dtype"}
    assert wanted <= {fault.when for fault in FAULTS}


@pytest.mark.slow
def test_a_few_are_caught_and_blamed():
    chosen = [next(f for f in FAULTS if part in f.id) for part in QUICK]
    paths = [str(running.ROOT / f"cases/catalogue/{name}.yaml") for name in FILES]
    found = list(running.outcomes(chosen, paths=paths))
    assert [one.fault for one in found] == [fault.id for fault in chosen]
    assert [running.line(one) for one in found if one.outcome != "caught"] == []
    assert [running.line(one) for one in found if one.due and not one.right] == []


@pytest.mark.thinned(2, "rare")
@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_the_catalogue_catches_them_and_blames_the_right_one(part):
    chosen = FAULTS[part::PARTS]
    found = list(running.outcomes(chosen))
    caught, faults, right, due = running.counts(found)
    told = running.table(found)
    said = {fault.id for fault in chosen if fault.equivalent}
    assert {one.fault for one in found if one.outcome == "equivalent"} == said
    assert caught >= 0.99 * faults, told
    assert right >= 0.98 * due, told


@pytest.mark.slow
def test_fuzz_alone_finds_one_again_and_shrinks_it():
    script = [sys.executable, "-m", "tests.outside.fuzzing", "--most", "1"]
    done = subprocess.run(  # noqa: S603  ours
        [*script, "-k", "torch.nn.functional.embedding zero"],
        cwd=running.ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(done.stdout)
    assert found["drawn"] >= found["shrunk"] == 1
    assert "embedding(" in found["text"]


@pytest.mark.slow
@pytest.mark.parametrize("most", [10, pytest.param(25, marks=pytest.mark.rare)])
@pytest.mark.parametrize("framework", running.FRAMEWORKS)
def test_fuzz_alone_finds_most_again(framework, most):
    script = [sys.executable, "-m", "tests.outside.fuzzing", "--framework", framework]
    done = subprocess.run(  # noqa: S603  ours
        [*script, "--most", str(most)], cwd=running.ROOT, capture_output=True, text=True, check=True
    )
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(found) == most
    assert sum(bool(one["drawn"]) for one in found) >= 0.8 * most
    assert median(one["shrunk"] for one in found if one["shrunk"]) <= 3
