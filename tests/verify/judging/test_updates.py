"""A wrong update is caught: its epsilon, its slots, its schedule, its groups, its clipping."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gradparity.adapters.numpy_reference import NumpyAdapter
from gradparity.cases import load_text
from gradparity.cases.loading import catalogue, load_files
from gradparity.refimpl.errors import BadUsage
from gradparity.refimpl.optimizers import RULES
from gradparity.refimpl.optimizers.rule import UpdateRule
from gradparity.verify.commands.optimizers import optimizers
from gradparity.verify.engine.runner import Runner
from gradparity.verify.truth.baseline import baseline

CASES = {
    case.name: case for case in load_files([catalogue() / "optimizers"])[0]
}  # the folder's files, read once


def _misplaced(power):
    """Adam with eps to a power under the root."""

    def update(
        gradient,
        param,
        state,
        step,
        *,
        lr,
        b1=0.9,
        b2=0.999,
        eps=1e-8,
        weight_decay=0.0,
        maximize=False,
    ):
        assert not weight_decay
        assert not maximize
        m = b1 * state["m"] + (1 - b1) * gradient
        v = b2 * state["v"] + (1 - b2) * gradient**2
        m_hat, v_hat = m / (1 - b1**step), v / (1 - b2**step)
        return param - lr * m_hat / np.sqrt(v_hat + eps**power), {"m": m, "v": v}

    return update


class Planted(NumpyAdapter):
    """The reference with another rule for one, or another update for the case's."""

    def __init__(self, *, rule=None, change=None):
        super().__init__()
        self._rule, self._change = rule, change

    def run(self, task):
        if self._change:
            task = replace(task, update=self._change(task.update))
        if self._rule is None:
            return super().run(task)
        before = RULES["adam"]
        RULES["adam"] = UpdateRule("adam", before.init, self._rule, "", "")
        try:
            return super().run(task)
        finally:
            RULES["adam"] = before


def judged(case, **planted):
    """The rows of an adapter with a fault, of a case's last point in float64."""
    return Runner([Planted(**planted)]).rows(CASES[case].tasks(["float64"])[-1])


def off(rows):
    return [row for row in rows if row["verdict"] == "differs"]


def hyper(**given):
    return lambda update: replace(update, hyperparameters={**update.hyperparameters, **given})


@pytest.mark.parametrize("power", [1, 2])
def test_an_epsilon_in_the_wrong_place_is_caught_with_small_gradients(power):
    rows = off(judged("matched-adam-tiny-gradients", rule=_misplaced(power)))
    assert {(row["tensor"], row["blame"]) for row in rows if row["step"] == 0} == {("W", "adam")}


def test_the_same_is_hardly_seen_with_gradients_of_one():
    rows = judged("matched-adam-tiny-gradients", rule=_misplaced(2))
    small = max(row["max_abs"] for row in rows)
    case = CASES["defaults-adam"].tasks()[0]
    planted = Planted(rule=_misplaced(2)).run(case)
    right = NumpyAdapter().run(case)
    large = np.abs(planted.steps[-1].params["W"] - right.steps[-1].params["W"]).max()
    assert large < 1e-6
    assert small > 1e-3


@pytest.mark.parametrize(
    ("case", "change", "tensor"),
    [
        ("defaults-rmsprop-eps", hyper(eps_in_root=True), "W"),
        ("defaults-adagrad-eps", hyper(eps_in_root=True), "W"),
        ("defaults-adamw", hyper(weight_decay=1e-4), "W"),
        ("matched-radam-eps", hyper(eps_corrected=True), "W"),
        ("matched-amsgrad-raw", hyper(max_corrected=True), "W.v_max"),
        ("matched-groups", lambda update: replace(update, groups={}), "V"),
        ("schedule-cosine", lambda update: replace(update, schedule=None), "W"),
        ("clip-global-norm-added", lambda update: replace(update, clip=None), "W"),
    ],
)
def test_a_wrong_update_is_caught(case, change, tensor):
    assert tensor in {row["tensor"] for row in off(judged(case, change=change))}


def test_amsgrads_two_maxima_part_at_the_second_step_in_the_parameters():
    rows = off(judged("defaults-amsgrad", change=hyper(max_corrected=True)))
    assert min(row["step"] for row in rows if row["tensor"] == "W") == 1


def test_slots_are_compared_beside_the_parameters():
    rows = off(judged("matched-adam", change=hyper(maximize=True, weight_decay=0.1)))
    assert {row["tensor"] for row in rows} == {"W", "V", "W.m", "V.m", "W.v", "V.v"}


def test_the_reference_itself_agrees():
    assert off(judged("matched-adam")) == []


def test_a_divergence_that_begins_too_early_is_not_taken_for_the_recorded_one():
    rows = Runner(["jax"]).rows(CASES["defaults-amsgrad"].tasks()[0])
    recorded = [row["step"] for row in rows if row["verdict"] == "known"]
    assert recorded == list(range(1, 20))
    task = CASES["defaults-amsgrad"].tasks()[0]
    late = replace(task, divergences=tuple(replace(d, since=3) for d in task.divergences))
    verdicts = [row["verdict"] for row in Runner(["jax"]).rows(late)]
    assert verdicts[:3] == ["agree", "differs", "known"]
    early = replace(task, divergences=tuple(replace(d, since=1) for d in task.divergences))
    assert Runner(["jax"]).rows(early)[0]["verdict"] == "stale"


def test_a_divergence_of_another_size_is_stale_at_the_last_step():
    task = CASES["defaults-amsgrad"].tasks()[0]
    other = tuple(replace(d, value=d.value + 1e-9) for d in task.divergences)
    rows = Runner(["jax"]).rows(replace(task, divergences=other))
    assert [row["step"] for row in rows if row["verdict"] == "stale"] == [19]


CURVED = """
case: matched-lbfgs-sum
about: Along its twelfth step the curvature is about the least that is remembered, in float32.
inputs: {A: {normal: [24, 5]}, t: {normal: [24], scale: 3.0}}
params: {w: {normal: [5]}, b: 0.1}
program: |
  loss = mse(tanh(A @ w + b), t, reduction="mean")
optimizer: {lbfgs: {lr: 0.5, memory: 10, capped_by: 1, least_curvature: 1e-10}}
steps: 20
checks: [update]
"""


@pytest.mark.slow
def test_where_rounding_decides_what_is_remembered_nothing_is_known_of_it():
    (case,), _ = load_text(CURVED, Path("made-up.yaml"))
    (task,) = case.redrawn(26).tasks(["float32"])
    base = baseline(task)
    held = [step for check, name, step in base.truth if (check, name) == ("update", "w.s")]
    assert held == list(range(held[0], 20))
    key = ("update", "w.s", 11)
    assert base.noise[key].max() > np.abs(base.truth[key]).max() / 4


@pytest.mark.slow
def test_the_command_translates_a_rule_by_either_name(capsys):
    for name in ("rmsprop", "RMSprop"):
        optimizers(name, adapters="torch", form="table")
        out = capsys.readouterr().out
        assert "torch.optim.RMSprop(params, lr=0.05)  # off by" in out
        assert "verified by matched-rmsprop[" in out
    assert "(torch.optim adds eps outside the root)" in out


def test_the_command_names_the_nearest_of_what_it_does_not_know():
    with pytest.raises(BadUsage, match="did you mean"):
        optimizers("adamww", adapters="torch")


def test_the_command_writes_json_without_nan(capsys):
    optimizers("lion", adapters="torch", form="json")
    found = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)
    assert {line["name"] for line in found} == {"lion"}
    assert found[0]["spellings"][0]["error"] is None
    assert found[0]["spellings"][0]["reason"].startswith("torch.optim has no lion: ")


def test_the_command_writes_its_pages(tmp_path, capsys):
    optimizers("lion", adapters="torch", form="json", out=str(tmp_path / "new"))
    json.loads(capsys.readouterr().out)
    assert "lion" in (tmp_path / "new" / "optimizers.md").read_text()
    assert "</html>" in (tmp_path / "new" / "optimizers.html").read_text()
    (tmp_path / "file").touch()
    with pytest.raises(BadUsage, match="cannot be written"):
        optimizers("lion", adapters="torch", out=str(tmp_path / "file"))


UNDERFLOWS = """\
case: underflows
about: Squares of the gradient that float16 has not.
params: {x: [-0.0002, 0.0005, -0.0008]}
program: loss = sum(x * x) * 1.0e-2
optimizer: {adam: {lr: 0.01}}
steps: 4
dtypes: [float16]
"""


@pytest.fixture(scope="module")
def underflown():
    (case,), _ = load_text(UNDERFLOWS, Path("underflows.yaml"))
    (task,) = case.tasks()
    return Runner(["numpy", "torch"]).rows(task)


def test_what_few_runs_leave_finite_is_no_measure(underflown):
    """The reference's own steps differ by what underflows; no bound is small there."""
    own = [row for row in underflown if row["adapter"] == "numpy"]
    assert {row["verdict"] for row in own} == {"agree", "blind"}


def test_an_update_to_infinity_that_its_rule_explains_not_is_told_as_it_is(underflown):
    off = [row for row in underflown if row["verdict"] == "differs"]
    first = next(row for row in off if row["tensor"] == "x")
    assert (first["adapter"], first["check"], first["step"]) == ("torch", "update", 0)
    assert np.isinf([first["max_abs"], first["got"]]).all()
