"""A task: a case at one point of its sweep and one dtype, with its arrays drawn."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from .casting import casts, dtypes_of
from .native_training import Chosen
from .program import Program
from .training_parts import Accumulate, Ema, LossScale
from .variants import framework_of
from .ways import tangent

#: How the name of what a loss is multiplied by ends: ``loss.scale``.
SCALE = ".scale"

#: How the name of a parameter's moving average ends: ``W.ema``.
AVERAGE = ".ema"

#: What no case's name has.
_MARK = "#"


@dataclass(frozen=True)
class Expected:
    """A hand-derived truth: a number or an array, and how far it was rounded when published."""

    value: Any
    within: float = 0.0


@dataclass(frozen=True)
class Between:
    """A set of values that are all right: bounds, and what the elements add up to if that counts.

    The subdifferential of a convex kink is one: [0, 1] of a relu at zero; of tied maxima, shares
    between 0 and 1 that add up to 1.
    """

    low: Any
    high: Any
    total: float | None = None


@dataclass(frozen=True)
class Bound:
    """How far off a recorded result is at most, element by element: ``abs + rel·|truth|``.

    ``rel`` is less than a half. ``some``: of the whole of a training, where rounding alone explains
    the error at some steps, and does not at one at least.
    """

    rel: float = 0.0
    abs: float = 0.0
    some: bool = False


@dataclass(frozen=True)
class Divergence:
    """A disagreement that is known and understood, recorded strictly.

    What is recorded is one of ``value``, ``bound``, ``between`` and ``raises``; none of them
    where no gradient is returned and the kind is ``unsupported``.
    """

    adapters: tuple[str, ...]
    check: str
    tensor: str
    kind: str
    because: str
    value: Any = None
    agree_by: str = ""
    see: str = ""
    #: The first step, from 1, at which it shows in an update: before it the two agree.
    since: int = 1
    #: A part of the message of the error that the framework raises, in place of a value.
    raises: str | None = None
    #: How far the recorded value was rounded, for one that processors compute differently.
    within: float = 0.0
    #: In place of a value: how far off the truth it is at most.
    bound: Bound | None = None
    #: In place of a value: a set, one of which is returned.
    between: Between | None = None
    #: The dtype that is returned, where it is not the one that should be.
    dtype: str | None = None
    #: Whether it shows on some processors alone: then the truth is no sign that it has gone.
    some_processors: bool = False
    #: Which of the case's records it is, from 0.
    number: int = 0
    #: Whether it is of other numbers than the task's: then it holds of what kind the result is.
    elsewhere: bool = False

    @property
    def silent(self) -> bool:
        """Whether it records that no gradient is given."""
        return self.value is self.bound is self.between is self.raises is None

    @property
    def at_some_steps(self) -> bool:
        """Whether rounding alone explains what is returned at the other steps."""
        return self.bound is not None and self.bound.some


@dataclass(frozen=True)
class Tolerance:
    """A bound that the case widens or tightens by hand, relative to the derived one's place.

    ``rel`` is relative to the tensor's largest magnitude, ``abs`` absolute; both may be given and
    then add up.
    """

    because: str
    rel: float = 0.0
    abs: float = 0.0


@dataclass(frozen=True)
class Update:
    """How parameters are updated: a rule's name and its hyperparameters, and what goes with it.

    ``groups`` has hyperparameters of single parameters; ``native`` what an adapter calls in place
    of this, under ``optimizer``, ``schedule`` and ``clip``.
    """

    rule: str
    hyperparameters: dict[str, Any] = field(default_factory=dict)
    groups: dict[str, dict[str, Any]] = field(default_factory=dict)
    schedule: Chosen | None = None
    clip: Chosen | None = None
    native: dict[str, dict[str, Chosen]] = field(default_factory=dict)
    accumulate: Accumulate | None = None
    ema: Ema | None = None


@dataclass(frozen=True)
class Batch:
    """Which rows of the inputs each step sees."""

    size: int
    order: str = "sequential"


@dataclass(frozen=True)
class Task:
    """What an adapter runs. Arrays are NumPy's, at the task's dtype (or whole numbers, booleans).

    ``programs`` has a text for every adapter under its name, or one for all under ``"*"``.
    """

    #: The case's name, with the number of its drawing where it is not the first: ``case#2``.
    case: str
    point: dict[str, Any]
    dtype: str
    programs: dict[str, Program]
    inputs: dict[str, np.ndarray]
    params: dict[str, np.ndarray]
    checks: frozenset[str]
    steps: int = 1
    update: Update | None = None
    batch: Batch | None = None
    #: Inputs that are carried → the variable whose value each has at the next step.
    state: dict[str, str] = field(default_factory=dict)
    #: What the loss is multiplied by before it is differentiated: gradients are of that product.
    loss_scale: LossScale | None = None
    #: Inputs and parameters whose floating dtype is not the task's.
    own_dtypes: dict[str, str] = field(default_factory=dict)
    #: What a non-scalar output is contracted with; None: drawn from the case's seed.
    given_cotangent: Any = None
    #: Parameter → the direction it is moved along; where none is given, all are along seeded ones.
    given_tangents: dict[str, np.ndarray] = field(default_factory=dict)
    expect: dict[str, dict[str, Expected | Between]] = field(default_factory=dict)
    divergences: tuple[Divergence, ...] = ()
    tolerance: Tolerance | None = None
    skip: dict[str, str] = field(default_factory=dict)
    #: Adapter → the version with which its divergences were recorded.
    versions: dict[str, str] = field(default_factory=dict)
    #: Adapter → the other way in which it runs this case, of ``modes.MODES``.
    modes: dict[str, str] = field(default_factory=dict)
    #: Variants that the case asks for beside the frameworks themselves.
    variants: tuple[str, ...] = ()
    #: How far every operation keeps from its kinks; 0 where the case does not say.
    avoid: float = 0.0
    tags: tuple[str, ...] = ()
    #: FILE:LINE of the case.
    where: str = ""
    #: The step of which every variable is kept; of the others only the output and the parameters.
    whole_step: int = 0
    #: Which drawing of the case's random tensors, from 1.
    draw: int = 1
    #: Input → the file of the package, and the key in it, that it is the whole array of.
    files: dict[str, tuple[str, str]] = field(default_factory=dict)

    @cached_property
    def id(self) -> str:
        """``case[axis=0,float64]``, or ``case#2[…]``: unique in a run, but for the adapter."""
        return id_of(self.case, self.point, self.dtype)

    @property
    def name(self) -> str:
        """The case's name alone."""
        return name_of(self.case)

    @cached_property
    def dtypes(self) -> dict[str, str]:
        """The floating dtype of every variable; none where all of them have the task's.

        Where texts differ, of every variable that any of them names, the reference's first.
        """
        texts = [self.programs.get("numpy"), *self.programs.values()]
        programs = [program for program in texts if program is not None]
        if not (self.own_dtypes or any(map(casts, programs))):
            return {}
        found: dict[str, str] = {}
        for program in programs:
            found = {**dtypes_of(program, self.own_dtypes, self.dtype), **found}
        return found

    def dtype_at(self, name: str) -> str:
        """The dtype of a variable, or of what an optimizer remembers of one (``W.m``).

        What the loss is multiplied by is kept in float32, whatever it is.
        """
        if self.loss_scale is not None and name.endswith(SCALE):
            return "float32"
        if name in self.dtypes:  # p.1 of `p = astype(softmax(...), ...)` has its own
            return self.dtypes[name]
        return self.dtypes.get(name.partition(".")[0], self.dtype)

    def program(self, adapter: str) -> Program | None:
        """The text for an adapter; None where the case has none for it."""
        own = self.programs.get(adapter, self.programs.get(framework_of(adapter)))
        return self.programs.get("*") if own is None else own

    def cotangent(self, shape: tuple[int, ...]) -> np.ndarray:
        """What an output of this shape is contracted with: float64 (complex128) values.

        One for a scalar; else as the case gives it; else standard normal, from a seed that the
        case's name and the point make. The caller casts it to the task's dtype.
        """
        if self.given_cotangent is not None:
            return np.broadcast_to(np.asarray(self.given_cotangent), shape)
        if shape == ():
            return np.ones(())
        generator = np.random.default_rng(seed_of(self.case, self.point, "cotangent"))
        drawn = generator.standard_normal(shape)
        if self.dtype.startswith("complex"):
            drawn = drawn + 1j * generator.standard_normal(shape)
        return drawn

    def tangents(self) -> dict[str, np.ndarray]:
        """The direction that ``jvp`` and ``hvp`` are along: of each differentiated parameter.

        As the case gives it, nothing where it gives only others'; else seeded, in its dtype.
        """
        found = {}
        for name, x in self.params.items():
            if x.dtype.kind not in "fcV":
                continue
            if self.given_tangents:
                v = np.broadcast_to(self.given_tangents.get(name, np.zeros(())), x.shape)
                found[name] = np.array(v.astype(x.dtype))
            else:
                found[name] = tangent(seed_of(self.case, self.point, f"tangent {name}"), x)
        return found

    def seed_along(self, tensor: str) -> int:
        """The seed of the cotangents that a large tensor's tangent is multiplied with."""
        return seed_of(self.case, self.point, f"cotangents of {tensor}")

    def seeded(self) -> Task:
        """The same task, its output's cotangent scaled by ``self.share``: for a scalar output.

        What ignores the cotangent that it is handed gives the same gradients as before.
        """
        given = 1.0 if self.given_cotangent is None else self.given_cotangent
        return replace(self, given_cotangent=np.asarray(given) * self.share)

    @cached_property
    def share(self) -> float:
        """A seeded number between 1.15 and 1.85, or less than zero: exact in every dtype."""
        generator = np.random.default_rng(seed_of(self.case, self.point, "share"))
        return float(generator.choice([-1, 1])) * (1 + int(generator.integers(5, 28)) / 32)

    def rows(self, step: int) -> dict[str, np.ndarray]:
        """The inputs as step ``step`` (from 0) sees them."""
        if self.batch is None:
            return self.inputs
        batched = {k: x for k, x in self.inputs.items() if x.ndim and k not in self.state}
        count = min(x.shape[0] for x in batched.values())
        size = self.batch.size
        taken = np.arange(step * size, (step + 1) * size) % count
        if self.batch.order == "shuffled":
            epochs = {}
            for at, epoch in enumerate(np.arange(step * size, (step + 1) * size) // count):
                if epoch not in epochs:
                    seed = seed_of(self.case, self.point, f"epoch {epoch}")
                    epochs[epoch] = np.random.default_rng(seed).permutation(count)
                taken[at] = epochs[epoch][taken[at]]
        return {name: x[taken] if name in batched else x for name, x in self.inputs.items()}


def id_of(case: str, point: dict[str, Any], dtype: str) -> str:
    """A task's id, which needs none of its arrays."""
    text = ",".join(f"{key}={_short(value)}" for key, value in point.items())
    return f"{case}[{text}{'-' if text else ''}{dtype}]"


def drawn_as(name: str, draw: int) -> str:
    """What a drawing of a case is called, and seeded by: ``case``, then ``case#2`` and so on."""
    return name if draw == 1 else f"{name}{_MARK}{draw}"


def name_of(drawn_as: str) -> str:
    """The case's name in what one of its drawings is called."""
    return drawn_as.partition(_MARK)[0]


def seed_of(case: str, point: dict[str, Any], name: str) -> int:
    """A seed that is the same on every machine: CRC-32 of the names."""
    return zlib.crc32(f"{case}|{sorted(point.items())}|{name}".encode())


def _short(value: Any) -> str:
    return "null" if value is None else str(value).replace(" ", "")
