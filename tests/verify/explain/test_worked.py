"""Formulas of update rules, worked out line by line: the rule itself says whether that is right."""

import inspect

import numpy as np
import pytest

from gradparity.refimpl.optimizers import RULES
from gradparity.verify.explain.worked import GRADIENT, PARAMETER, Wordy, worked

#: Rules with a line that is no arithmetic: what their slots hold is shown.
WORDY = {
    *("adagrad", "asgd", "rprop", "nadam", "nadamw", "radam", "radamw", "adan", "sm3"),
    *("adafactor", "muon", "amsgrad", "lars", "lbfgs"),
}


def given(rule, **others):
    defaults = {
        name: 0.1 if value is inspect.Parameter.empty else value
        for name, value in rule.hyperparameters.items()
    }
    return defaults | {"lr": 0.05} | others


def end(rule, hyper, theta, g):
    scope = {**hyper, **rule.init(theta), PARAMETER: theta, GRADIENT: g}
    return {name: value for name, _, _, value in worked(rule.formula, scope)}


@pytest.mark.parametrize("name", sorted(set(RULES) - WORDY))
def test_a_formula_leads_to_what_the_rule_computes(name):
    rule = RULES[name]
    theta, g = np.array([[0.5, -1.25], [2.0, 0.75]]), np.array([[0.3, -0.2], [1.5, -0.7]])
    hyper = given(rule)
    after, _ = rule.update(g, theta, rule.init(theta), 1, **hyper)
    assert np.allclose(end(rule, hyper, theta, g)[PARAMETER], after, rtol=1e-12)


@pytest.mark.parametrize("name", sorted(WORDY))
def test_what_is_more_than_arithmetic_is_told_so_or_is_right(name):
    rule = RULES[name]
    theta, g = np.array([0.5, -1.25]), np.array([0.3, -0.2])
    hyper = given(rule)
    try:
        found = end(rule, hyper, theta, g)
    except Wordy:
        return
    after, _ = rule.update(g, theta, rule.init(theta), 1, **hyper)
    assert np.allclose(found[PARAMETER], after, rtol=1e-12)


@pytest.mark.parametrize(
    ("name", "others"),
    [
        ("sgd", {"momentum": 0.9, "nesterov": True}),
        ("adagrad", {"eps_in_root": False}),
        ("rmsprop", {"centered": True}),
        ("adamw", {"weight_decay": 0.1}),
    ],
)
def test_alternatives_are_chosen_by_what_is_given(name, others):
    rule = RULES[name]
    theta, g = np.array([0.5, -1.25]), np.array([0.3, -0.2])
    hyper = given(rule, **others)
    after, _ = rule.update(g, theta, rule.init(theta), 1, **hyper)
    assert np.allclose(end(rule, hyper, theta, g)[PARAMETER], after, rtol=1e-12)


@pytest.mark.parametrize("text", ["θ ← __import__(θ)", "θ ← θ.real", "θ ← [θ]", "θ ← x", "θ plus"])
def test_nothing_else_is_computed(text):
    with pytest.raises(Wordy):
        list(worked(text, {PARAMETER: 1.0, GRADIENT: 2.0}))
