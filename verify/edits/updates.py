"""Edits of an update: its rule's numbers and form, its schedule, its clip."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from ...cases.task import Update
from ...refimpl.optimizers import RULES
from ...refimpl.optimizers.rule import UpdateRule
from .around import around_edits
from .clips import clip_edits
from .cycles import cycle_edits
from .rule_forms import form_edits
from .schedules import schedule_edits
from .setups import Given, Setup, UpdateEdit

#: Hyperparameter → what it is by default somewhere.
USUAL: dict[str, tuple[float, ...]] = {
    "alpha": (0.75, 0.99, 0.9),
    "b1": (0.9, 0.0, 0.95, 0.5, 0.99),
    "b2": (0.999, 0.99, 0.95, 0.98, 0.9, 0.9999),
    "dampening": (0.0, 0.9),
    "decay": (0.99, 0.9, 0.95, 0.999),
    "eps": (1e-8, 1e-7, 1e-10, 1e-6, 1e-5, 1e-3, 1e-16, 1e-12, 0.0),
    "eta_minus": (0.5,),
    "eta_plus": (1.2,),
    "initial_accumulator": (0.0, 0.1, 1.0),
    "lambd": (1e-4, 0.0),
    "lr_decay": (0.0,),
    "momentum": (0.0, 0.9, 0.95, 0.99, 0.5),
    "momentum_decay": (4e-3, 0.0),
    "rho": (0.9, 0.95, 0.99),
    "step_max": (50.0,),
    "step_min": (1e-6,),
    "trust_coefficient": (1e-3, 1.0, 1e-2),
    "weight_decay": (0.0, 1e-2, 1e-4, 5e-4, 1e-3, 4e-3, 5e-2, 0.1),
}

#: Rule → several numbers that some library has by default together.
TOGETHER: dict[str, tuple[tuple[dict[str, Any], ...], ...]] = {
    "adagrad": (
        (
            {"initial_accumulator": 0.1},
            {"eps": 1e-7},
            {"eps_in_root": True},
        ),
        ({"initial_accumulator": 0.0}, {"eps": 1e-10}, {"eps_in_root": False}),
        ({"initial_accumulator": 0.1}, {"eps": 1e-7}, {"eps_in_root": False}),
    ),
    "rmsprop": (
        ({"decay": 0.9}, {"eps": 1e-8}, {"eps_in_root": True}),
        ({"decay": 0.99}, {"eps": 1e-8}, {"eps_in_root": False}),
        ({"decay": 0.9}, {"eps": 1e-7}, {"eps_in_root": False}),
        ({"decay": 0.9}, {"eps": 1e-7}, {"eps_in_root": True}),
    ),
    "lion": (({"b1": 0.9}, {"b2": 0.99}, {"weight_decay": 1e-3}),),
    "adamw": (({"b2": 0.999}, {"eps": 1e-8}, {"weight_decay": 1e-4}),),
}


def update_edits(setup: Setup, given: Given) -> Iterator[tuple[UpdateEdit, ...]]:
    """Edits of an update, some of several things at once; the likeliest first."""
    update = setup.update
    rule = RULES[update.rule]
    if given.after:
        yield from around_edits(given, setup)
    for one in cycle_edits(rule, given):
        yield (one,)
    own = (*_hyperparameters(rule, given), *form_edits(rule, given))
    clips = clip_edits(update, given)
    # What the framework has a call of its own for comes first: a clip of twice the norm makes steps
    # of twice the rate.
    for one in (*clips, *own) if "clip" in given.native else (*own, *clips):
        yield (one,)
    for one in schedule_edits(update, given):
        yield (one,)
    if not given.after:
        yield from around_edits(given, setup)
    for one in (*_ungrouped(update), *_groups(given)):
        yield (one,)
    for several in TOGETHER.get(rule.name, ()):
        edits = [
            _hyperparameter(key, given.hyperparameters[key], there)
            for part in several
            for key, there in part.items()
            if given.hyperparameters.get(key) != there
        ]
        if len(edits) > 1:
            yield tuple(edits)
    for one in _others(rule, given):
        yield (one,)


# The rule's own numbers


def _hyperparameter(key: str, here: Any, there: Any) -> UpdateEdit:
    said = f"{key} is {_text(there)} in {{there}}, {_text(here)} in {{here}}"
    return UpdateEdit(said, f"{key}={_text(here)}", key, _with_hyperparameter(key, there))


def _with_hyperparameter(key: str, there: Any) -> Callable[[Setup], Setup]:
    def change(setup: Setup) -> Setup:
        update = setup.update
        groups = {k: {**g, key: there} if key in g else g for k, g in update.groups.items()}
        given = {**update.hyperparameters, key: there}
        return replace(setup, update=replace(update, hyperparameters=given, groups=groups))

    return change


def _hyperparameters(rule: UpdateRule, given: Given) -> Iterator[UpdateEdit]:
    for key, here in given.hyperparameters.items():
        if isinstance(here, bool):
            yield _hyperparameter(key, here, not here)
        elif isinstance(here, int | float) and key in rule.hyperparameters:
            usual = (*given.numbers, *USUAL.get(key, ()))
            usual = (*given.numbers, here * 10, here / 10) if key == "lr" else usual
            for there in dict.fromkeys(float(x) for x in usual):
                if there != here and not (key == "lr" and there <= 0):
                    yield _hyperparameter(key, here, there)


def _text(x: Any) -> str:
    return repr(x) if isinstance(x, bool) else f"{x:.6g}" if isinstance(x, float) else str(x)


# Single parameters


def _ungrouped(update: Update) -> Iterator[UpdateEdit]:
    """Parameters that have no hyperparameters of its own, as where a mask is forgotten."""
    for keys in ([key for g in update.groups.values() for key in g], None):
        for key in dict.fromkeys(keys or ["every"]):

            def change(setup: Setup, key: str = key) -> Setup:
                held = setup.update.groups
                left = {k: {n: x for n, x in g.items() if n != key} for k, g in held.items()}
                groups = {} if key == "every" else {k: g for k, g in left.items() if g}
                return replace(setup, update=replace(setup.update, groups=groups))

            own = [k for k, g in update.groups.items() if key in g or key == "every"]
            if not own:
                continue
            what = "no hyperparameters of its own" if key == "every" else f"no {key} of its own"
            said = f"{', '.join(own)} has {what} in {{there}} (a mask or a group that is missing)"
            mine = {k: update.groups[k] for k in own}
            yield UpdateEdit(said, f"groups for {_told(mine)}", "mask", change)


def _told(groups: Mapping[str, Mapping[str, Any]]) -> str:
    return "; ".join(
        f"{name} ({', '.join(f'{k}={_text(x)}' for k, x in given.items())})"
        for name, given in groups.items()
    )


def _groups(given: Given) -> Iterator[UpdateEdit]:
    """Parameters that are not decayed, as biases and scales by a mask."""
    if not given.hyperparameters.get("weight_decay"):
        return
    small = [k for k, shape in given.shapes.items() if len(shape) < 2]
    chosen = [small] if 0 < len(small) < len(given.shapes) else []
    chosen += [[k] for k in given.shapes if [k] not in chosen and len(given.shapes) > 1]
    for names in chosen:

        def change(setup: Setup, names: list[str] = names) -> Setup:
            held = setup.update.groups
            groups = {k: {**held.get(k, {}), "weight_decay": 0.0} for k in names}
            return replace(setup, update=replace(setup.update, groups={**held, **groups}))

        said = f"{', '.join(names)} is not decayed in {{there}} (a mask)"
        yield UpdateEdit(said, "decay of all parameters", "mask", change)


# Another rule


def _others(rule: UpdateRule, given: Given) -> Iterator[UpdateEdit]:
    for other in RULES.values():
        if other.name == rule.name or other.whole:
            continue
        held = {k: v for k, v in given.hyperparameters.items() if k in other.hyperparameters}
        lacking = [k for k in other.required if k not in held]
        if any(k not in USUAL and k not in other.switches for k in lacking):
            continue
        held |= {k: False if k in other.switches else USUAL[k][0] for k in lacking}

        def change(setup: Setup, name: str = other.name, held: dict[str, Any] = held) -> Setup:
            update = replace(setup.update, rule=name, hyperparameters=held, groups={})
            return replace(setup, update=update, rule=None)

        said = f"{{there}} has {other.name} in place of {rule.name}"
        yield UpdateEdit(said, rule.name, "rule", change)
