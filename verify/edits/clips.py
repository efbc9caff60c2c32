"""Edits of a clip: its bound, its eps, another one."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ...adapters.values import attributes
from ...cases.native_training import Chosen
from ...cases.task import Update
from ...refimpl.optimizers.clipping import CLIPS, Clip
from ...refimpl.optimizers.rule import norm
from .setups import Given, Setup, UpdateEdit


def clip_edits(update: Update, given: Given) -> Iterator[UpdateEdit]:
    """What the clip may be on the other side."""
    clip = update.clip
    if clip is None:
        bounds = [x for x in given.numbers if x > 0]
        yield from _other_clips(dict.fromkeys(bounds), None)
        return
    held = attributes(clip, CLIPS[clip.name].attributes)
    yield UpdateEdit(
        "{there} clips nothing", _wanted(clip.name, held), "clip", lambda s: _clipped(s, None, None)
    )
    for key, here in held.items():
        usual = (*given.numbers, 1e-6, 0.0, 1e-3) if key == "eps" else given.numbers
        for there in dict.fromkeys(usual):
            if there != here and not (key == "max" and there <= 0):
                said = f"the clip's {key} is {there:g} in {{there}}, {here:g} in {{here}}"
                agree = f"a clip with {key}={here:g}" + (", max/(norm + eps)" * (key == "eps"))
                yield UpdateEdit(said, agree, "clip", _clip_of(clip.name, {**held, key: there}))
    bounds = dict.fromkeys((float(held["max"]), *given.numbers))
    yield from _other_clips(bounds, Chosen(clip.name, held))


#: What a clip may be: its name, its attributes but ``max``, and what is said of it.
_CLIPS: tuple[tuple[str, dict[str, Any], str], ...] = (
    ("value", {}, "each element to {:g}"),
    ("global_norm", {"eps": 0.0}, "the norm of all gradients to {:g}"),
    ("global_norm", {"eps": 1e-6}, "the norm of all gradients to {:g}, with an eps of 1e-06"),
    ("block", {}, "each parameter's root mean square to {:g}"),
    ("each", {}, "each parameter's gradient by its own norm to {:g}"),
    ("always", {}, "the gradients to a norm of {:g}, those that are shorter as well"),
    ("adaptive", {}, "each unit by its parameters' norm (adaptive), to {:g}"),
)


def _wanted(name: str, held: Mapping[str, Any]) -> str:
    """A clip with its numbers, as the case has it."""
    eps = held.get("eps", 0.0)
    words = _WANTED[name].format(max=f"{held['max']:g}")
    return words + (f", with {eps:g} added to the norm" if name == "global_norm" and eps else "")


def _other_clips(bounds: Iterable[float], here: Chosen | None) -> Iterator[UpdateEdit]:
    for bound in bounds:
        for name, more, words in _CLIPS:
            if here is not None and name == here.name:
                continue
            said = f"{{there}} clips {words.format(bound)}"
            agree = "no clip"
            if here is not None:
                agree = _wanted(here.name, here.attributes)
                said += f", {{here}} has {here.name}: {agree}"
            yield UpdateEdit(said, agree, "clip", _clip_of(name, {"max": bound, **more}))


#: Clip of a case → what it is, with its bound.
_WANTED = {
    "global_norm": "a clip of the norm of all gradients together to {max}",
    "value": "a clip of each element to {max}",
    "block": "a clip of each parameter's root mean square to {max}",
    "adaptive": "a clip of each unit by its parameters' norm (adaptive) to {max}",
}


def _clip_of(name: str, given: dict[str, Any]) -> Callable[[Setup], Setup]:
    row = _OWN_CLIPS.get(name)
    return lambda setup: _clipped(setup, Chosen(name, given), row)


def _clipped(setup: Setup, clip: Chosen | None, row: Clip | None) -> Setup:
    return replace(setup, update=replace(setup.update, clip=clip), clip=row)


def _each(gradients: Any, _params: Any, *, max: Any) -> Any:  # noqa: A002  the attribute
    return {k: g * np.minimum(1, max / norm(g)) for k, g in gradients.items()}


def _always(gradients: Any, _params: Any, *, max: Any) -> Any:  # noqa: A002  the attribute
    total = np.sqrt(sum(norm(g) ** 2 for g in gradients.values()))
    return {k: g * (max / total) for k, g in gradients.items()}


_OWN_CLIPS = {
    "each": Clip("each", _each, "g ← g·min(1, max/‖g‖), each parameter by itself"),
    "always": Clip("always", _always, "g ← g·max/n, n the norm of all gradients"),
}


@dataclass(frozen=True)
class ClipWay:
    """A clip with its bound: what is said of it, and what it makes of gradients and parameters."""

    words: str
    clipped: Callable[[dict[str, Any], dict[str, Any]], Mapping[str, Any]] = field(compare=False)


def clip_ways(bound: float) -> Iterator[ClipWay]:
    """What a clip with a bound may be."""
    for name, more, words in _CLIPS:
        row = _OWN_CLIPS.get(name) or CLIPS[name]
        given = {"max": bound, **more}
        yield ClipWay(words.format(bound), functools.partial(row.clipped, **given))
