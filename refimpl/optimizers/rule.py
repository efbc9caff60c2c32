"""What an update rule is: a row of the table of optimizers."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

#: The memory of a rule for one parameter: slot → array.
State = dict[str, Any]

#: ``update(gradient, param, state, step, **hyperparameters) -> (param, state)``.
Update = Callable[..., tuple[Any, State]]

#: ``direction(g, state, step, **hyperparameters) -> (d, state)``: where a step of rate one leads.
Direction = Callable[..., tuple[Any, State]]


#: NumPy's arrays have so many axes.
MOST_AXES = 64
ANY_AXES = range(MOST_AXES + 1)


@dataclass(frozen=True, eq=False)
class UpdateRule:
    """A row: how a parameter moves, given its gradient and what the rule remembers of it.

    Parameters
    ----------
    name
        As in a case's ``optimizer``.
    init
        ``init(param) -> state``: the slots before the first step.
    update
        ``update(gradient, param, state, step, *, **hyperparameters) -> (param, state)``, a pure
        function on arrays of any float dtype; steps count from 1. Its keyword-only parameters
        are the rule's hyperparameters, with a default only where the frameworks share it; each
        may be a Python number or an array of no axes in the parameter's dtype.
    formula
        The update as its source writes it, one line an assignment.
    source
        Where it was published.
    whole
        Whether it sees all parameters as one vector, as a rule does whose inner products go over
        all of them; they then share their hyperparameters.
    axes
        How many axes a parameter may have.
    decoupled
        Whether ``weight_decay`` shrinks the parameter by itself, by 1 − lr·weight_decay a step.
    """

    name: str
    init: Callable[[Any], State]
    update: Update
    formula: str
    source: str
    whole: bool = False
    axes: range = ANY_AXES
    decoupled: bool = False
    #: Derived from the signature of ``update``.
    hyperparameters: dict[str, Any] = field(init=False)
    #: Those that are true or false.
    switches: frozenset[str] = field(init=False)
    #: Derived from ``init``, for a parameter of one axis.
    slots: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        parameters = list(inspect.signature(self.update).parameters.values())
        positional = tuple(p.name for p in parameters if p.kind is not p.KEYWORD_ONLY)
        if positional != ("gradient", "param", "state", "step"):
            raise TypeError(f"{self.name}: update takes {positional}")
        own = object.__setattr__
        own(
            self,
            "hyperparameters",
            {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY},
        )
        own(self, "switches", frozenset(p.name for p in parameters if p.annotation == "bool"))
        own(self, "slots", tuple(self.init(np.zeros(1))))

    @property
    def required(self) -> tuple[str, ...]:
        """The hyperparameters a case has to give."""
        return tuple(k for k, v in self.hyperparameters.items() if v is inspect.Parameter.empty)


def zeros(*slots: str, scalars: tuple[str, ...] = ()) -> Callable[[Any], State]:
    """Slots of the parameter's shape and dtype that start at zero, and some of no axes."""
    return lambda param: {
        **{slot: np.zeros_like(param) for slot in slots},
        **{slot: np.zeros_like(param, shape=()) for slot in scalars},
    }


def scalar(value: Any, like: Any) -> Any:
    """A number as an array of no axes, in the dtype of another array."""
    return value if isinstance(value, np.ndarray) else np.asarray(value, like.dtype)


def ascent(gradient: Any, maximize: bool) -> Any:  # noqa: FBT001  a rule's own switch
    """The gradient to descend along: its negative, to go uphill."""
    return -gradient if maximize else gradient


def coupled(g: Any, param: Any, weight_decay: Any) -> Any:
    """The gradient with that of ½·weight_decay·θ² added; a decay of zero adds nothing."""
    return g + weight_decay * param if np.any(weight_decay != 0) else g


def coupled_decay(direction: Direction) -> Update:
    """The update θ ← θ − lr·d along a direction, its decay a part of the gradient.

    Its hyperparameters are ``lr``, those of the direction, ``weight_decay`` and ``maximize``.
    """

    def update(
        gradient: Any,
        param: Any,
        state: State,
        step: int,
        *,
        lr: Any,
        weight_decay: Any = 0.0,
        maximize: bool = False,
        **own: Any,
    ) -> tuple[Any, State]:
        g = coupled(ascent(gradient, maximize), param, weight_decay)
        d, state = direction(g, state, step, **own)
        return param - lr * d, state

    return _with_hyperparameters(update, direction)


def decoupled_decay(direction: Direction) -> Update:
    """The update θ ← θ − lr·(d + weight_decay·θ), its decay apart from the gradient.

    Its hyperparameters are those of ``coupled_decay``; ``weight_decay`` has no default.
    """

    def update(
        gradient: Any,
        param: Any,
        state: State,
        step: int,
        *,
        lr: Any,
        weight_decay: Any,
        maximize: bool = False,
        **own: Any,
    ) -> tuple[Any, State]:
        d, state = direction(ascent(gradient, maximize), state, step, **own)
        return param - lr * (d + weight_decay * param), state

    return _with_hyperparameters(update, direction)


def _with_hyperparameters(update: Any, direction: Direction) -> Update:
    """The update, the direction's hyperparameters standing after ``lr`` in its signature."""
    *shared, _ = inspect.signature(update).parameters.values()
    at = [p.name for p in shared].index("lr") + 1
    own = [p for p in inspect.signature(direction).parameters.values() if p.kind is p.KEYWORD_ONLY]
    update.__signature__ = inspect.Signature([*shared[:at], *own, *shared[at:]])
    return update


def norm(x: Any) -> Any:
    """√Σx², the norm of a tensor as one vector."""
    return np.sqrt(np.sum(np.abs(x) ** 2))


def rms(x: Any) -> Any:
    """√mean x²."""
    return np.sqrt(np.mean(np.abs(x) ** 2))
