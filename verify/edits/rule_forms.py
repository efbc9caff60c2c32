"""Edits of a rule's form: what else is known by its name.

Some of them the self-test plants as faults (``rules``); others are what a library has by default,
or means by the same name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from ...refimpl.optimizers.rule import UpdateRule
from .rules import (
    coupled_decay,
    decoupled_decay,
    eps_in_root,
    late,
    rewritten,
    sign,
    uncorrected,
    unscaled_decay,
)
from .setups import Given, Setup, UpdateEdit


def _row(rule: UpdateRule, change: Any) -> Callable[[Setup], Setup]:
    def changed(setup: Setup) -> Setup:
        return replace(setup, rule=rewritten(setup.rule or rule, change))

    return changed


def form_edits(rule: UpdateRule, given: Given) -> Iterator[UpdateEdit]:
    """The forms that a rule may have."""
    decays = bool(given.hyperparameters.get("weight_decay", 0))
    for needed, said, agree, change in _FORMS:
        has = needed <= {*rule.hyperparameters, *rule.slots}
        if has and (decays or "weight_decay" not in needed):
            yield UpdateEdit(said, agree, "form", _row(rule, change))
    if "v" in rule.slots or "sum" in rule.slots:
        slot = "v" if "v" in rule.slots else "sum"
        for start in dict.fromkeys((1.0, 0.1, *given.numbers)):
            said = f"the squares begin at {start:g} in {{there}}, at 0 in {{here}}"
            yield UpdateEdit(said, "squares from 0", "start", _started(rule, slot, start))


def _started(rule: UpdateRule, slot: str, start: float) -> Callable[[Setup], Setup]:
    def changed(setup: Setup) -> Setup:
        held = setup.rule or rule

        def init(param: Any) -> dict[str, Any]:
            return {**held.init(param), slot: np.full_like(param, start)}

        made = replace(rule, init=init)
        object.__setattr__(made, "update", held.update)
        return replace(setup, rule=made)

    return changed


def _epsilon_hat(update: Any, g: Any, param: Any, state: Any, step: int, **h: Any) -> Any:
    """lr·√(1 - b2ᵗ)/(1 - b1ᵗ)·m/(√v + eps): the paper's ε̂, before its section 2.1's reordering."""
    root = np.sqrt(1 - h["b2"] ** step)
    return update(g, param, state, step, **{**h, "eps": h["eps"] / root})


def _eps_hat_in_root(update: Any, g: Any, param: Any, state: Any, step: int, **h: Any) -> Any:
    """√(v + eps) before the correction of bias."""
    _, after = update(g, param, state, step, **h)
    correction = 1 - h["b2"] ** step
    v = after["v"]
    eps = (np.sqrt(v + h["eps"]) - np.sqrt(v)) / np.sqrt(correction)
    return update(g, param, state, step, **{**h, "eps": eps})


def _rate_in_buffer(update: Any, g: Any, param: Any, state: Any, step: int, **h: Any) -> Any:
    """M ← momentum·m + lr·g, θ ← θ - m: the buffer holds the rate of its time."""
    decay = h.get("weight_decay", 0)
    g = h["lr"] * (g + decay * param)
    return update(g, param, state, step, **{**h, "lr": 0 * h["lr"] + 1, "weight_decay": 0 * decay})


def _rate_in_root_buffer(update: Any, g: Any, param: Any, state: Any, step: int, **h: Any) -> Any:
    """The same of RMSprop, whose buffer takes the scaled gradients."""
    moved, after = update(g, param, {**state}, step, **{**h, "momentum": 0})
    m = h["momentum"] * state["m"] + (param - moved)
    return param - m, {**after, "m": m}


def _damped_from_the_first(update: Any, g: Any, param: Any, state: Any, step: int, **h: Any) -> Any:
    return update(g, param, state, step + 1, **h)


def _running_mean(update: Any, g: Any, param: Any, state: Any, step: int, **h: Any) -> Any:
    """M ← momentum·m + (1 - momentum)·g, from 0."""
    return update(g, param, state, step + 1, **{**h, "dampening": h["momentum"]})


def _debiased_mean(_update: Any, g: Any, param: Any, state: Any, step: int, **h: Any) -> Any:
    """The same divided by 1 - momentumᵗ."""
    mu, decay = h["momentum"], h.get("weight_decay", 0)
    m = mu * state["m"] + (1 - mu) * (g + decay * param)
    return param - h["lr"] * m / (1 - mu**step), {"m": m}


def _own_nesterov(_update: Any, g: Any, param: Any, state: Any, _step: int, **h: Any) -> Any:
    """As Sutskever's form looks ahead: θ ← θ - lr·(momentum·m - momentum·m' + …), from m' alone."""
    mu, decay = h["momentum"], h.get("weight_decay", 0)
    g = g + decay * param
    m = mu * state["m"] + (1 - mu) * g
    return param - h["lr"] * (mu * m + (1 - mu) * g), {"m": m}


def _nesterov_adam(update: Any, g: Any, param: Any, state: Any, step: int, **h: Any) -> Any:
    """Adam's step with b1·m/(1 - b1ᵗ⁺¹) + (1 - b1)·g/(1 - b1ᵗ) for m̂, as optax.nadam has it."""
    _, after = update(g, param, state, step, **h)
    b1, b2 = h["b1"], h["b2"]
    ahead = b1 * after["m"] / (1 - b1 ** (step + 1)) + (1 - b1) * g / (1 - b1**step)
    moved = param - h["lr"] * ahead / (np.sqrt(after["v"] / (1 - b2**step)) + h["eps"])
    return moved, after


def _decayed_after(update: Any, g: Any, param: Any, state: Any, step: int, **h: Any) -> Any:
    """The decay of the parameter after the step, not before it."""
    moved, after = update(g, param, state, step, **{**h, "weight_decay": 0 * h["weight_decay"]})
    return moved * (1 - h["lr"] * h["weight_decay"]), after


def _uncorrected_first(update: Any, g: Any, param: Any, state: Any, step: int, **h: Any) -> Any:
    """Only the second moment is corrected."""
    moved, after = update(g, param, state, step, **h)
    return param + (moved - param) * (1 - h["b1"] ** step), after


def _uncorrected_second(update: Any, g: Any, param: Any, state: Any, step: int, **h: Any) -> Any:
    """Only the first moment is corrected; eps is beside the uncorrected root."""
    root = np.sqrt(1 - h["b2"] ** step)
    moved, after = update(g, param, state, step, **{**h, "eps": h["eps"] / root})
    return param + (moved - param) / root, after


#: What a rule must have; what is said; how to be as here; the change.
_FORMS: tuple[tuple[frozenset[str], str, str, Any], ...] = tuple(
    (frozenset(needed.split()), said, agree, change)
    for needed, said, agree, change in (
        (
            "b2",
            "{there} does not correct the moments' bias (no 1 - bᵗ)",
            "the moments divided by 1 - bᵗ",
            uncorrected,
        ),
        (
            "b2 eps v",
            "{there} adds eps inside the root, √(v̂ + eps)",
            "eps beside √v̂",
            eps_in_root,
        ),
        (
            "weight_decay lr",
            "the decay is a part of the gradient in {there} (L2), apart from it in {here}",
            "a decay apart from the gradient, as AdamW's",
            coupled_decay,
        ),
        (
            "weight_decay lr",
            (
                "the decay is apart from the gradient in {there} (decoupled), a part of it in "
                "{here} (L2)"
            ),
            "a decay that is added to the gradient",
            decoupled_decay,
        ),
        (
            "weight_decay lr",
            "{there} does not multiply the decay by the rate",
            "a decay of lr·weight_decay",
            unscaled_decay,
        ),
        ("lr", "{there} goes uphill", "the gradient's negative", sign),
        ("b2", "{there} counts its steps from 2", "steps from 1", late),
        (
            "b1 b2 eps m v",
            (
                "eps is added before the correction of bias in {there} (epsilon-hat: √v + eps), "
                "after it in {here} (√v̂ + eps)"
            ),
            "eps beside √v̂",
            _epsilon_hat,
        ),
        (
            "b1 b2 eps m v",
            "eps is added inside the root and before the correction of bias in {there}, √(v + eps)",
            "eps beside √v̂",
            _eps_hat_in_root,
        ),
        (
            "b1 b2 m v",
            "{there} corrects the bias of the second moment alone",
            "both moments corrected",
            _uncorrected_first,
        ),
        (
            "b1 b2 eps m v",
            "{there} corrects the bias of the first moment alone",
            "both moments corrected",
            _uncorrected_second,
        ),
        (
            "b1 b2 eps m v",
            "{there} has Nesterov's momentum in Adam, as optax.nadam has it",
            "Adam's own m̂",
            _nesterov_adam,
        ),
        (
            "momentum dampening lr m",
            (
                "the rate is inside the momentum's buffer in {there} (m ← μ·m + lr·g), outside in "
                "{here} (lr·m)"
            ),
            "the rate after the momentum",
            _rate_in_buffer,
        ),
        (
            "momentum decay lr m",
            (
                "the rate is inside the momentum's buffer in {there} (m ← μ·m + lr·d), outside in "
                "{here} (lr·m)"
            ),
            "the rate after the momentum",
            _rate_in_root_buffer,
        ),
        (
            "momentum dampening m",
            "{there} dampens the first gradient as well, which {here} takes whole",
            "the first gradient whole",
            _damped_from_the_first,
        ),
        (
            "momentum dampening m",
            (
                "the momentum is a running mean in {there}, m ← μ·m + (1 - μ)·g; a sum in {here}, "
                "m ← μ·m + g"
            ),
            "m ← μ·m + g",
            _running_mean,
        ),
        (
            "momentum dampening m",
            "the momentum is a running mean with its bias corrected in {there}, a sum in {here}",
            "m ← μ·m + g",
            _debiased_mean,
        ),
        (
            "momentum dampening nesterov m",
            "{there} has Nesterov's step on a running mean of gradients",
            "m ← μ·m + g",
            _own_nesterov,
        ),
        (
            "weight_decay lr",
            "{there} decays the parameter after the step, {here} before it",
            "the decay of the parameter before the step",
            _decayed_after,
        ),
    )
)
