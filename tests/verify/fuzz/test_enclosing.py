"""Random programs with a branch or a loop: the same numbers, by another way."""

from collections import Counter
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gradparity.adapters.jax import JaxAdapter
from gradparity.adapters.numpy_reference import NumpyAdapter
from gradparity.verify import Runner
from gradparity.verify.fuzz.drawing import KINDS, Drawn, drawn
from gradparity.verify.fuzz.enclosing import Enclosed, parted
from gradparity.verify.fuzz.programs import Grown, Line
from gradparity.verify.fuzz.simpler import asked_less, cost, shorter
from gradparity.verify.fuzz.writing import case_in

AT, EVERY = KINDS.index("enclosed"), len(KINDS)
LINES = [
    Line(("v0",), "sin", ("p0",)),
    Line(("v1",), "multiply", ("v0", "p1")),
    Line(("v2",), "exp", ("v1",)),
    Line(("v3",), "add", ("v2", "v0")),
]
PARAMS = {"p0": np.array([0.5, 1.5]), "p1": np.array([1.0, -2.0])}


def program():
    v0 = np.sin(PARAMS["p0"])
    v1 = v0 * PARAMS["p1"]
    values = {**PARAMS, "v0": v0, "v1": v1, "v2": np.exp(v1), "v3": np.exp(v1) + v0}
    return Grown(LINES, PARAMS, {}, values)


def step_of(made):
    (task,) = case_in(made.text()).tasks()
    return task, NumpyAdapter().run(task).steps[0]


@pytest.mark.parametrize("chosen", [0, 1])
@pytest.mark.parametrize("start", range(4))
@pytest.mark.parametrize("kind", ["cond", "scan"])
def test_what_is_enclosed_comes_to_the_same(kind, start, chosen):
    plain = Drawn("plain", program())
    made = replace(plain, enclosed=Enclosed(kind, start, chosen))
    (_, want), (task, got) = step_of(plain), step_of(made)

    np.testing.assert_array_equal(got.values["v3"], want.values["v3"])
    for name in PARAMS:
        assert np.abs(want.grads[name]).min() > 0
        np.testing.assert_allclose(got.grads[name], want.grads[name], rtol=1e-12)
    instructions = task.program("numpy").instructions
    assert bool(task.program("numpy").branches) == (kind == "cond")
    assert any(i.turns for i in instructions)
    assert ("taken" in {t.loop[:5] for i in instructions for t in i.turns}) == (
        kind == "cond" and chosen == 1
    )


def test_the_branch_that_is_not_taken_makes_nothing_but_nans():
    made = Drawn("made", program(), enclosed=Enclosed("cond", 1, 1))
    text = made.text().replace("cond(sum(p0) > ", "cond(sum(p0) < ")
    (task,) = case_in(text).tasks()
    values = NumpyAdapter().run(task).steps[0].values

    assert np.isnan(values["v3"]).all()


def test_parts_stay_parts_of_what_a_program_shrinks_to():
    for lines in (LINES, LINES[:2], LINES[:1]):
        before, inside, after = parted(Grown(lines, PARAMS), Enclosed("cond", 2, 1))
        assert [*before, *inside, *after] == lines
        assert inside


def test_a_smaller_program_is_tried_without_what_encloses_it():
    made = Drawn("made", program(), enclosed=Enclosed("scan", 1, 0))
    first = next(iter(asked_less(made)))

    assert first.enclosed is None
    assert cost(first) < cost(made)
    for smaller in shorter(made):
        assert step_of(smaller)[1].values


def test_a_sixteenth_of_the_programs_is_enclosed_in_either_way():
    held = [drawn(3, AT + EVERY * k)[0].enclosed for k in range(12)]

    assert EVERY == 16
    assert set(Counter(one.kind for one in held)) == {"cond", "scan"}
    assert drawn(3, AT - 1)[0].enclosed is None


def selects(pred, one, other, *operands):
    """Both branches are run, and a where picks: the slope of the other one is multiplied by 0."""
    pairs = zip(one(*operands), other(*operands), strict=True)
    return [jax.tree.map(lambda a, b: jnp.where(pred, a, b), *pair) for pair in pairs]


@pytest.mark.slow
def test_a_cond_that_runs_both_branches_is_found(monkeypatch):
    made = Drawn("made", program(), enclosed=Enclosed("cond", 1, 1))
    (task,) = case_in(made.text()).tasks()
    assert {row["verdict"] for row in Runner([JaxAdapter()]).rows(task)} == {"agree"}
    monkeypatch.setattr(jax.lax, "cond", selects)
    rows = Runner([JaxAdapter()]).rows(task)

    assert {row["tensor"] for row in rows if row["verdict"] == "differs"} >= {"p0", "p1"}
