"""Cases of real layers, at real sizes, run to the end: minutes for each, and gigabytes."""

from dataclasses import replace

import pytest

from gradparity.adapters.torch import TorchAdapter
from gradparity.cases.folders import large
from gradparity.cases.loading import load_files
from gradparity.cases.program import Program
from gradparity.verify import run

CASES, FAULTS = load_files([large()])
ADAPTERS = ["numpy", "torch", "jax"]


#: The others are of the same layers, and take longer.
OFTEN = {"gpt2-small-layer", "resnet50-first-stage"}


class OfAnotherEps(TorchAdapter):
    """PyTorch, where what normalises adds a thousandth to the variance."""

    def run(self, task):
        program = task.programs["*"]
        off = tuple(
            replace(i, attributes={**i.attributes, "eps": 1e-3}) if "eps" in i.attributes else i
            for i in program.instructions
        )
        return super().run(replace(task, programs={"*": Program(off, program.output)}))


def test_they_are_sound_and_say_that_they_are_large():
    assert FAULTS == []
    assert {case.path.name for case in CASES} == {"gpt2.yaml", "resnet50.yaml", "unet.yaml"}
    assert all("large" in case.tags for case in CASES)


@pytest.mark.slow
@pytest.mark.parametrize(
    "case",
    [
        pytest.param(case, id=case.name, marks=[] if case.name in OFTEN else pytest.mark.rare)
        for case in CASES
    ],
)
def test_the_frameworks_agree_on_it(case):
    rows = run([case], adapters=ADAPTERS)

    assert set(rows["adapter"]) == set(ADAPTERS)
    assert set(rows["verdict"]) <= {"agree", "blind"}
    assert set(case.model.params) <= set(rows.loc[rows["check"] == "grad", "tensor"])
    # What is blind everywhere would show nothing: behind a relu the bounds are wide.
    sizes = {name: x.size for name, x in next(iter(case.tasks())).params.items()}
    own = rows[(rows["check"] == "grad") & rows["tensor"].isin(sizes)]
    assert (own["blind"] < own["tensor"].map(sizes) / 2).all()


@pytest.mark.slow
@pytest.mark.rare
def test_another_constant_is_seen_and_blamed():
    (case,) = [case for case in CASES if case.name == "resnet50-fourth-stage"]
    rows = run([case], adapters=[OfAnotherEps()])

    off = rows[rows["verdict"] == "differs"]
    assert {"a", "b", "y"} <= set(off.loc[off["check"] == "value", "tensor"])
    assert set(case.model.params) <= set(off.loc[off["check"] == "grad", "tensor"])
    assert off["reason"].str.contains("batch_norm").any()
