"""What both sides are called with: arrays, tensors, or tensors of a case that are drawn."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import TypeAdapter, ValidationError

from ...adapters.captures.sides import Given
from ...adapters.values import dtype_of
from ...cases import models
from ...cases.drawing import generator
from ...cases.tensors import TensorFault, Tensors
from ...refimpl.errors import BadUsage

_TENSOR: TypeAdapter[Any] = TypeAdapter(models.Tensor)


def arguments(inputs: Any, draw: int, names: Callable[[int], tuple[str, ...]]) -> dict[str, Any]:
    """The arguments of a call, by name, positional ones first.

    Parameters
    ----------
    inputs
        An array or a tensor; several in a tuple or a list, handed over by position; or a mapping
        of names. Each may be a tensor as a case has it: ``{"normal": [2, 5, 16]}``.
    draw
        Which draw it is, from 0: those that are drawn are drawn anew each time.
    names
        What the first side calls so many positional arguments.

    Raises
    ------
    BadUsage
        Where one is no array, or a tensor of a case is at fault.
    """
    if is_named(inputs):
        named = dict(inputs)
    else:
        given = tuple(inputs) if isinstance(inputs, tuple | list) else (inputs,)
        named = dict(zip(names(len(given)), given, strict=True))
    for name in named:
        if not isinstance(name, str):
            raise BadUsage(f"inputs: {name!r} is no name of an argument")
    made = {name: _argument(name, x, draw) for name, x in named.items()}
    if made and all(isinstance(x, np.ndarray) and not x.size for x in made.values()):
        raise BadUsage(f"inputs: {', '.join(made)}: of no element, so that nothing is compared")
    return made


def is_named(inputs: Any) -> bool:
    """Whether inputs are given by names."""
    return isinstance(inputs, Mapping) and not _is_spec(inputs)


def _is_spec(x: Any) -> bool:
    """Whether it is a tensor as a case has it, and no mapping of names."""
    if not isinstance(x, Mapping):
        return False
    try:
        _TENSOR.validate_python(dict(x))
    except ValidationError:
        return False
    return True


def _argument(name: str, x: Any, draw: int) -> Any:
    if isinstance(x, Mapping) and _is_spec(x):
        spec = _TENSOR.validate_python(dict(x))
        try:
            return Tensors(f"own draw {draw}", {}, Path()).draw(name, spec)
        except TensorFault as fault:
            raise BadUsage(f"inputs: {name}: {fault.message}") from fault
    if isinstance(x, Mapping):
        raise BadUsage(f"inputs: {name}: {_fault(x)}")
    if isinstance(x, list):
        return _rounded(name, x)
    if hasattr(x, "detach"):  # a tensor
        return np.array(x.detach().cpu().numpy())
    if hasattr(x, "__array__") and not isinstance(x, np.generic):
        made = np.array(x)
        if made.dtype.kind not in "fiubcV":
            raise BadUsage(f"inputs: {name}: an array of {made.dtype}, expected numbers")
        return made
    return x


def _fault(x: Mapping[Any, Any]) -> str:
    """Why a mapping is no tensor as a case has it."""
    try:
        _TENSOR.validate_python(dict(x))
    except ValidationError as error:
        first = error.errors()[0]
        places = [str(k) for k in first["loc"] if not str(k).startswith("<")]
        if places:
            where = ".".join(places)
            return (
                f"{where} is missing" if first["type"] == "missing" else f"{where}: {first['msg']}"
            )
    keys = ", ".join(map(str, x))
    said = "nor a tensor as a case has it, as {normal: [2, 5]} or {integers: [2, 5], high: 9}"
    return f"{{{keys}}} is no array, {said}"


def _rounded(name: str, x: list[Any]) -> np.ndarray:
    """A list of numbers as an array."""
    try:
        made = np.asarray(x)
    except ValueError as error:
        raise BadUsage(f"inputs: {name}: {error}") from error
    if made.dtype.kind not in "fiubc":
        raise BadUsage(f"inputs: {name}: a list of {made.dtype}, expected numbers")
    return made


def varied(state: Mapping[str, np.ndarray], trained: frozenset[str]) -> dict[str, np.ndarray]:
    """A state in which no entry is one number throughout, as new modules have zeros and ones.

    A bias that a port forgets is not missed while it is zero. What is trained and constant is
    moved at random by up to a half; buffers are moved up from where they are, for variances stay
    positive.
    """
    draw, moved = generator(0), {}
    for name, x in state.items():
        moved[name] = x
        if x.dtype.kind in "fV" and x.size and (x == x.flat[0]).all():
            step = draw.uniform(0.1, 0.5, x.shape)
            if name in trained:
                step = step * draw.choice([-1.0, 1.0], x.shape)
            moved[name] = np.asarray(x.astype(np.float64) + step, x.dtype)  # of no axes, an array
    return moved


def cotangents(seed: int) -> Callable[[int, tuple[int, ...]], np.ndarray]:
    """What outputs are contracted with: one for a scalar that comes first, else random numbers.

    No two scalars have the same, or two losses that are exchanged would have the same gradients.
    """

    def draw(position: int, shape: tuple[int, ...]) -> np.ndarray:
        if shape == () and position == 0:
            return np.ones(())
        drawn = generator(1000 * seed + position)
        return np.asarray(drawn.uniform(0.5, 2)) if shape == () else drawn.standard_normal(shape)

    return draw


def dtype_of_inputs(named: Mapping[str, Any]) -> str:
    """The dtype of the first floating array; of none, float32."""
    for x in named.values():
        if isinstance(x, np.ndarray) and x.dtype.kind in "fV":
            return str(x.dtype)
    return "float32"


def given_of(
    first: Any,
    named: Mapping[str, Any],
    state: Mapping[str, np.ndarray],
    trained: frozenset[str],
    dtype: str,
) -> Given:
    """Arguments rounded to the user's dtype, the positional ones apart from the others."""
    rounded = {
        k: x.astype(dtype_of(dtype)) if isinstance(x, np.ndarray) and x.dtype.kind in "fV" else x
        for k, x in named.items()
    }
    clash = next((k for k in rounded if k in state), None)
    if clash is not None:
        raise BadUsage(f"an input and a parameter are both called {clash}")
    names, keywords = first.by_position(list(rounded))
    args = tuple(rounded[n] for n in names)
    return Given(state, trained, names, args, {k: rounded[k] for k in keywords})
