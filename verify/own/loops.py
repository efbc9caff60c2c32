"""What a training loop does around its optimizer, and what it may do otherwise."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...adapters.captures.training import BESIDE, BOTH, EQUAL_SHARES, INSIDE, LEFT, WARM
from ..edits.around import DECAYS
from ..edits.clips import ClipWay, clip_ways

#: What is clipped to, most often.
BOUNDS = (1.0, 0.1, 0.5, 5.0, 10.0, 0.01)

#: Of how many passes an update is made, most often.
PASSES = (1, 2, 3, 4, 8, 16)

#: A clip that is none of those that are known.
OWN = "own"

#: What parameters are called together.
ALL = "all parameters"

#: So many parameters are named, and no more.
NAMED = 4

#: Relative to the largest, gradients that are clipped alike are off by less.
ALIKE = 1e-9


@dataclass(frozen=True)
class Habit:
    """Something that a loop does in one of several ways.

    ``says`` tells of a way what is done, ``agree`` how the port comes to it, ``others`` are the
    other ways than one.
    """

    says: Callable[[Any], str]
    agree: Callable[[Any], str]
    others: Callable[[Any], Iterable[Any]]


def _among(words: Mapping[Any, str], agree: Mapping[Any, str]) -> Habit:
    """A habit of a few ways."""
    return Habit(
        lambda way: words[way],
        lambda way: agree.get(way, f"in jax: {words[way]}"),
        lambda held: [way for way in words if way != held],
    )


def _passes(count: int) -> str:
    return f"makes an update of {count} pass{'es' * (count > 1)}"


def _decay(way: Any) -> str:
    if isinstance(way, tuple):
        return f"averages with a decay of min({way[1]:g}, (1 + t)/(10 + t))"
    if way == EQUAL_SHARES:
        return "averages the parameters after all steps alike"
    return "averages in its own way" if way is None else f"averages with a decay of {way:g}"


def _decays(held: Any) -> list[Any]:
    numbers = [x for x in DECAYS if x != held]
    if isinstance(held, float):
        numbers = [x for x in (round(1 - held, 12), *numbers) if x != held]
        return [*dict.fromkeys(numbers), EQUAL_SHARES, (WARM, held)]
    return numbers if held == EQUAL_SHARES else [*numbers, EQUAL_SHARES]


def _clip(way: Any) -> str:
    if isinstance(way, ClipWay):
        return f"clips {way.words}"
    return "clips nothing" if way is None else "clips in its own way"


@dataclass(frozen=True)
class Decayed:
    """The parameters that are decayed, and what they are called."""

    names: frozenset[str]
    words: str

    @classmethod
    def of(cls, names: Iterable[str], shapes: Mapping[str, tuple[int, ...]]) -> Decayed:
        """Those of some names, among all that are trained."""
        chosen = frozenset(names)
        others = [k for k in shapes if k not in chosen]
        if not others:
            words = ALL
        elif chosen == {k for k, shape in shapes.items() if len(shape) > 1}:
            words = "those of two axes or more alone (no biases, no norms)"
        elif len(others) < len(chosen):
            words = f"{ALL} but {_listed(others)}"
        else:
            words = f"{_listed([k for k in shapes if k in chosen])} alone"
        return cls(chosen, words)


def _listed(names: Sequence[str]) -> str:
    """The first few of some names, and how many more there are."""
    more = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" and {more} more" if more > 0 else "")


#: A name of ``torch_loop.USUAL`` → what may be done of it.
LOOP = {
    "passes": Habit(
        _passes,
        lambda count: f"in jax: optax.MultiSteps(…, {count})" if count > 1 else "no MultiSteps",
        lambda held: dict.fromkeys(x for x in (*PASSES, held + 1, 2 * held) if x != held),
    ),
    "average": _among(
        {
            True: "averages the gradients of a step's passes",
            False: "sums the gradients of a step's passes",
        },
        {
            True: "in jax: average them, as optax.MultiSteps does",
            False: "in torch: divide the loss of each pass by how many there are",
        },
    ),
    "unscale": _among(
        {
            True: "divides gradients by the loss's scale",
            False: "takes gradients as the scaled loss has them",
        },
        {True: "in jax: divide gradients by the loss's scale first, as by optax.scale"},
    ),
    "skip": _among(
        {
            True: "skips a step whose gradients are not finite",
            False: "makes a step whose gradients are not finite",
            "nans": "makes such a step with zeros for what is NaN",
            "zeros": "makes such a step with zeros for what is not finite",
        },
        {
            True: "in jax: optax.apply_if_finite around the rule",
            False: "in torch: skip such a step, as torch.amp.GradScaler does",
        },
    ),
    "decayed": Habit(
        lambda way: f"decays {way.words}",
        lambda way: (
            "in jax: no mask of the decay"
            if way.words == ALL
            else f"in jax: a mask of the decay (optax.adamw(…, mask=…)): {way.words}"
        ),
        lambda _: (),
    ),
    "ungraded": _among(
        {
            LEFT: "leaves parameters without a gradient as they are",
            "zeros": "updates parameters without a gradient as if it were zero",
        },
        {
            LEFT: (
                "in jax: updates of zero for what the loss does not reach, as by optax.partition "
                "with optax.set_to_zero()"
            )
        },
    ),
    "clip": Habit(_clip, lambda way: f"in jax: a rule that {_clip(way)}", lambda _: ()),
    "clips": _among(
        {
            "update": "clips the gradients of an update",
            "pass": "clips the gradients of each pass by themselves",
            "scaled": "clips the gradients before they are unscaled",
        },
        {"update": "in jax: clip what the passes come to, unscaled"},
    ),
    "schedule": _among(
        {
            0: "takes the schedule's rate of step t, from 0",
            1: "takes the schedule's rate of the step after",
            -1: "takes the schedule's rate of the step before",
            "pass": "counts passes in its schedule",
            "constant": "keeps the rate as it is at first",
        },
        {0: "in jax: the schedule's rate of step t, from 0, counted by updates"},
    ),
    "begin": _among(
        {
            "after": "begins its averages with the parameters after the first step",
            "before": "begins its averages with the parameters before the first step",
            "zeros": "begins its averages with zeros",
            "debiased": "begins its averages with zeros and divides them by 1 - decayᵗ",
        },
        {"after": "in jax: let the averages be the parameters after the first step"},
    ),
    "decay": Habit(_decay, lambda way: f"in jax: a loop that {_decay(way)}", _decays),
    "root": _among(
        {
            BESIDE: "adds eps beside the root, √v + eps",
            INSIDE: "adds eps inside the root, √(v + eps)",
            BOTH: "adds eps inside the root and beside it, √(v + eps) + eps",
        },
        {
            BESIDE: (
                "in jax: eps beside the root, as of optax.rmsprop with eps_in_sqrt=False and of "
                "optax.adam with eps_root=0; optax.adagrad has no such switch"
            )
        },
    ),
}


def ways_of_clip(bounds: Sequence[float]) -> list[ClipWay]:
    """What a clip may be, with each of some bounds."""
    return [way for bound in dict.fromkeys(bounds) for way in clip_ways(bound)]


def known_clip(
    clipping: Callable[[dict[str, np.ndarray]], Mapping[str, np.ndarray]],
    params: Mapping[str, np.ndarray],
) -> tuple[ClipWay | str, list[float]]:
    """What a user's clip is, and what it clips to, as far as gradients of two sizes show it."""
    generator = np.random.default_rng(0)
    drawn = {k: generator.normal(size=x.shape) for k, x in params.items()}
    large = clipping({k: 1e6 * g for k, g in drawn.items()})
    norms = [float(np.linalg.norm(g)) for g in large.values()]
    sizes = [float(np.hypot.reduce(norms)), max(norms)]
    sizes += [max(float(np.max(np.abs(g), initial=0.0)) for g in large.values())]
    sizes += [max(float(np.sqrt(np.mean(g**2))) for g in large.values())]
    bounds = [float(f"{x:.5g}") for x in dict.fromkeys(sizes) if 0 < x < np.inf]
    tried = [{k: scale * g for k, g in drawn.items()} for scale in (1.0, 3.0, 1e-4)]
    wanted = [clipping(dict(grads)) for grads in tried]
    for way in ways_of_clip(bounds):
        made = [way.clipped(dict(grads), dict(params)) for grads in tried]
        if all(_alike(a, b) for a, b in zip(made, wanted, strict=True)):
            return way, bounds
    return OWN, bounds


def _alike(a: Mapping[str, Any], b: Mapping[str, Any]) -> bool:
    size = max(float(np.max(np.abs(x), initial=0.0)) for x in b.values())
    return all(float(np.max(np.abs(a[k] - b[k]), initial=0.0)) <= ALIKE * size for k in b)
