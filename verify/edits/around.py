"""Edits of what goes around a rule: accumulated passes, a scaled loss, a moving average."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from ...cases.training_parts import Accumulate, Ema, LossScale
from .setups import Given, Setup, UpdateEdit

#: What a moving average's decay, and a loss scale's numbers, are somewhere.
DECAYS = (0.999, 0.9999, 0.99, 0.9, 0.995, 0.9998, 0.95, 0.5)
SCALES: dict[str, tuple[float, ...]] = {
    "init": (2.0**16, 2.0**15, 2.0**10, 1.0),
    "every": (2000, 1000, 100, 1, 2),
    "growth": (2.0, 1.0),
    "backoff": (0.5, 1.0),
}

#: What a function is given that stands for a part, or has by default → what the case calls it.
_TOLD: dict[str, dict[str, tuple[str, float | None]]] = {
    "GradScaler": {
        "init": ("init_scale", 2.0**16),
        "every": ("growth_interval", 2000),
        "growth": ("growth_factor", 2.0),
        "backoff": ("backoff_factor", 0.5),
    },
    "get_ema_multi_avg_fn": {"decay": ("decay", 0.999)},
    "ema": {"decay": ("decay", None)},
    "MultiSteps": {"passes": ("every_k_schedule", None)},
    "apply_if_finite": {"skips": ("max_consecutive_errors", None)},
}

#: Where an average begins → what is said of it.
_STARTS = {"params": "the parameters", "zeros": "zeros", "first": "the first update's parameters"}


def around_edits(given: Given, setup: Setup) -> Iterator[tuple[UpdateEdit, ...]]:
    """What goes around the rule on the other side, some of several things at once."""
    update = setup.update
    if update.ema is not None:
        yield from _averages(update.ema, given)
    if update.accumulate is not None:
        yield from _passes(update.accumulate, given, clips=update.clip is not None)
    if setup.loss_scale is not None:
        yield from _scales(setup.loss_scale, given, clips=update.clip is not None)


def _ordered(**changed: Any) -> Callable[[Setup], Setup]:
    return lambda setup: replace(setup, order=replace(setup.order, **changed))


def _likely(given: Given, part: str, key: str, *usual: float) -> list[float]:
    """What a number of a part may be: what the other side is told to be given, if it is told."""
    native = given.native.get(part)
    if native is None:
        return list(dict.fromkeys((*given.numbers, *usual)))
    if native.name == "incremental_update":
        return [1 - native.attributes["step_size"]]
    name, default = _TOLD.get(native.name, {}).get(key, ("", None))
    found = native.attributes.get(name, default)
    return [] if found is None else [found]


# The moving average


def _ema(**changed: Any) -> Callable[[Setup], Setup]:
    def change(setup: Setup) -> Setup:
        held = setup.update.ema
        assert held is not None, "only an average is edited"
        return replace(setup, update=replace(setup.update, ema=replace(held, **changed)))

    return change


def _averages(rule: Ema, given: Given) -> Iterator[tuple[UpdateEdit, ...]]:
    starts = [_started(rule.start, there) for there in _STARTS if there != rule.start]
    debias = UpdateEdit(
        "the average is {}divided by 1 - decayᵗ in {{there}}, {}in {{here}}".format(
            *(("not ", "it is ") if rule.debias else ("", "not "))
        ),
        f"an average with debias={rule.debias}",
        "ema debias",
        _ema(debias=not rule.debias),
    )
    every = [x for x in _likely(given, "ema", "decay", 1 - rule.decay, *DECAYS) if 0 <= x < 1]
    decays = [_decayed(rule.decay, there) for there in every if there != rule.decay]
    for edit in (*decays, *starts, debias):
        yield (edit,)
    for start in starts:
        yield (start, debias)
    for decay in decays[:4]:
        for start in starts:
            yield (decay, start)
            yield (decay, start, debias)
        yield (decay, debias)
    yield from _other_averages(rule)


def _other_averages(rule: Ema) -> Iterator[tuple[UpdateEdit, ...]]:
    """Averages whose decay is another one at each update, or that lag behind."""
    here = f"an average that keeps {rule.decay:g} of itself at each update"
    alike = _ema(start="first", debias=False)
    weights = _ordered(decay=lambda _, t: (t - 1) / t)
    yield (
        UpdateEdit(
            "{there} averages all updates alike, {here} exponentially",
            here,
            "ema",
            lambda setup: weights(alike(setup)),
        ),
    )
    for behind in (0, 1):

        def warm(rule: Ema, t: int, behind: int = behind) -> float:
            return min(rule.decay, (1 + t - behind) / (10 + t - behind))

        yield (
            UpdateEdit(
                "the decay warms up in {there}, as min(decay, (1 + t)/(10 + t))",
                f"a decay of {rule.decay:g} from the first update on",
                "ema",
                _ordered(decay=warm),
            ),
        )
    yield (
        UpdateEdit(
            "the average takes the parameters before the update in {there}, after it in {here}",
            "an average that is moved after the update",
            "ema",
            _ordered(averages_before=True),
        ),
    )


def _started(here: str, there: str) -> UpdateEdit:
    said = f"the average begins at {_STARTS[there]} in {{there}}, at {_STARTS[here]} in {{here}}"
    agree = f"an average that begins at {_STARTS[here]}"
    return UpdateEdit(said, agree, "ema start", _ema(start=there))


def _decayed(here: float, there: float) -> UpdateEdit:
    said = f"the average's decay is {there:g} in {{there}}, {here:g} in {{here}}"
    if abs(here + there - 1) < 1e-9:
        said += ": what is kept for what is new"
    agree = f"an average with decay={here:g}, of which {1 - here:g} is new at each update"
    return UpdateEdit(said, agree, "ema decay", _ema(decay=there))


# Passes


def _accumulated(**changed: Any) -> Callable[[Setup], Setup]:
    def change(setup: Setup) -> Setup:
        held = setup.update.accumulate
        assert held is not None, "only an accumulation is edited"
        update = replace(setup.update, accumulate=replace(held, **changed))
        return replace(setup, update=update)

    return change


def _passes(rule: Accumulate, given: Given, *, clips: bool) -> Iterator[tuple[UpdateEdit, ...]]:
    made = ("the mean", "the sum")
    here, there = made if rule.mean else made[::-1]
    taken = UpdateEdit(
        f"{{there}} takes {there} of the passes' gradients, {{here}} {here}",
        f"{here} of the passes' gradients",
        "accumulate mean",
        _accumulated(mean=not rule.mean),
    )
    yield (taken,)
    likely = _likely(given, "accumulate", "passes", 1, rule.passes - 1, rule.passes + 1)
    for passes in dict.fromkeys(int(x) for x in likely if x == int(x) and x >= 1):
        if passes == rule.passes:
            continue
        said = f"an update is made of {passes} passes in {{there}}, of {rule.passes} in {{here}}"
        agree = f"an update of {rule.passes} passes"
        counted = UpdateEdit(said, agree, "accumulate passes", _accumulated(passes=passes))
        yield (counted,)
        yield (counted, taken)
    if clips:
        yield (
            UpdateEdit(
                "{there} clips the gradients of each pass, {here} what they come to",
                "a clip of what the passes' gradients come to",
                "accumulate clip",
                _ordered(clips_passes=True),
            ),
        )


# The scale


def _scaled(**changed: Any) -> Callable[[Setup], Setup]:
    def change(setup: Setup) -> Setup:
        held = setup.loss_scale
        assert held is not None, "only a scale is edited"
        return replace(setup, loss_scale=replace(held, **changed))

    return change


_WORDS = {
    "init": "the first loss scale",
    "every": "the number of updates after which the loss scale grows",
    "growth": "the growth of the loss scale",
    "backoff": "the backoff of the loss scale",
}


def _scales(rule: LossScale, given: Given, *, clips: bool) -> Iterator[tuple[UpdateEdit, ...]]:
    if clips:
        yield (
            UpdateEdit(
                "{there} clips before it unscales the gradients, {here} after it",
                "unscale before the clip (scaler.unscale_(optimizer))",
                "scale clip",
                _ordered(clips_scaled=True),
            ),
        )
    for key, words in _WORDS.items():
        here = getattr(rule, key)
        for x in _likely(given, "loss-scale", key, *SCALES[key]):
            there = int(x) if key == "every" else float(x)
            if there != here and there > 0:
                said = f"{words} is {there:g} in {{there}}, {here:g} in {{here}}"
                yield (
                    UpdateEdit(said, f"{words} {here:g}", f"scale {key}", _scaled(**{key: there})),
                )
    likely = _likely(given, "loss-scale", "skips", 0)
    for skips in dict.fromkeys(int(x) for x in likely if x == int(x) and x >= 0):
        said = (
            "{there} makes updates of gradients that are not finite, {here} leaves them out"
            if not skips
            else f"{{there}} leaves out {skips} updates in a row at most where gradients are not "
            "finite, {here} all"
        )
        agree = "leave out every update whose gradients are not finite"
        yield (UpdateEdit(said, agree, "scale skips", _ordered(skips=skips)),)
    yield (
        UpdateEdit(
            "{there} does not unscale the gradients, {here} does",
            "gradients over the loss scale",
            "scale unscales",
            _ordered(unscales=False),
        ),
    )
