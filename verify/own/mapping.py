"""The port's parameters, made of the module's: by a function, by names, or found out."""

from __future__ import annotations

import difflib
import itertools
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...refimpl.errors import BadUsage

Params = Callable[..., Any] | Mapping[str, str] | str

#: Makes the port's parameters of the module's state, traceable by JAX.
Convert = Callable[[Mapping[str, Any]], Any]

#: How far outputs are apart with a converter, relative to the largest.
Apart = Callable[[Convert], float]

#: Below, outputs agree so well that a layout is the right one.
AGREES = 1e-6

#: Names of leaves that mean what PyTorch calls by another.
SYNONYMS = {
    "kernel": "weight",
    "w": "weight",
    "scale": "weight",
    "gamma": "weight",
    "embedding": "weight",
    "embeddings": "weight",
    "b": "bias",
    "beta": "bias",
    "mean": "running_mean",
    "var": "running_var",
}

#: Leaves whose layout is a convention: PyTorch's axes in the order that the library has them.
USUAL = {
    ("kernel", 2): (1, 0),
    ("w", 2): (1, 0),
    ("kernel", 3): (2, 1, 0),
    ("w", 3): (2, 1, 0),
    ("kernel", 4): (2, 3, 1, 0),
    ("w", 4): (2, 3, 1, 0),
    ("kernel", 5): (2, 3, 4, 1, 0),
    ("w", 5): (2, 3, 4, 1, 0),
    ("embedding", 2): (0, 1),
    ("embeddings", 2): (0, 1),
    ("weight", 2): (0, 1),
}

#: More than any likeness of names.
SURE = 10.0

#: How much less like are names that stand at the other end of all.
LATER = 0.2

#: How many layouts are tried at most.
MOST_TRIES = 48


@dataclass(frozen=True)
class Layout:
    """A leaf as an entry of the state with its axes in an order, then reshaped."""

    entry: str
    axes: tuple[int, ...]
    shape: tuple[int, ...]

    def apply(self, state: Mapping[str, Any]) -> Any:
        """The leaf."""
        x = state[self.entry]
        turn = getattr(x, "permute", None) or x.transpose  # PyTorch's transpose takes two axes
        turned = x if self.axes == tuple(range(len(self.axes))) else turn(self.axes)
        return turned if tuple(turned.shape) == self.shape else turned.reshape(self.shape)

    def __str__(self) -> str:
        reshaped = (
            ""
            if not self.axes or self.axes == tuple(range(len(self.axes)))
            else (f" with its axes as {self.axes}")
        )
        return f"{self.entry}{reshaped}"


def by_names(
    names: Mapping[str, str] | str,
    state: Mapping[str, np.ndarray],
    leaves: Mapping[str, np.ndarray],
    rebuilt: Callable[[Mapping[str, Any]], Any],
    apart: Apart,
    aliases: Mapping[str, str] | None = None,
) -> tuple[Convert, list[str]]:
    """A converter out of names of the state and of the port, and what a person should know.

    Parameters
    ----------
    names
        The module's name → the port's; or ``"auto"``, and they are matched by likeness.
    state, leaves
        The module's arrays, and the port's, by name.
    rebuilt
        Makes the port's parameters of leaves by name.
    apart
        Tells layouts apart where shapes do not: square matrices.
    aliases
        Entries that are other names of others.

    Raises
    ------
    BadUsage
        Where names are unknown, leaves get nothing, shapes do not fit, or a layout is undecided.
    """
    if isinstance(names, str):
        entries = _likely(state, leaves)
        in_order = _in_order(state, leaves, entries, rebuilt, apart, aliases)
        if in_order is not None:
            return in_order
    else:
        entries = _given(names, state, leaves)
    options = {n: _layouts(n, state[e], e, leaves[n].shape) for n, e in entries.items()}
    for name, found in options.items():
        if not found:
            e = entries[name]
            raise BadUsage(f"{e} {state[e].shape} does not fit {name} {leaves[name].shape}")

    def converted(layouts: Mapping[str, Layout]) -> Convert:
        return lambda state: rebuilt({n: layouts[n].apply(state) for n in leaves})

    for name, found in options.items():
        same = [x for x in found if np.array_equal(x.apply(state), leaves[name])]
        if same and _elements(leaves[name]):
            options[name] = same[:1]
    chosen, said = _decided(options, lambda layouts: apart(converted(layouts)))
    first = {k: (aliases or {}).get(k, k) for k in state}
    used = {first[k] for k in entries.values()}
    left = [k for k, x in state.items() if first[k] not in used and x.dtype.kind in "fV"]
    if left:
        said.append(f"the port has no place for {', '.join(left)}")
    if isinstance(names, str):
        made = ", ".join(f"{n} = {layout}" for n, layout in chosen.items())
        said.insert(0, f"parameters were matched: {made}")
    return converted(chosen), said


def _in_order(
    state: Mapping[str, np.ndarray],
    leaves: Mapping[str, np.ndarray],
    likely: Mapping[str, str],
    rebuilt: Callable[[Mapping[str, Any]], Any],
    apart: Apart,
    aliases: Mapping[str, str] | None,
) -> tuple[Convert, list[str]] | None:
    """A converter of entries in the order of the leaves, where outputs then agree."""
    pairs = list(zip(leaves.items(), state.items(), strict=False))
    entries = {name: entry for (name, _), (entry, _) in pairs}
    alike = all(x.size == y.size and x.dtype.kind == y.dtype.kind for (_, y), (_, x) in pairs)
    if not alike or len(state) != len(leaves) or entries == likely:
        return None
    if all(_certain(name, leaves[name], entry, state[entry]) for name, entry in likely.items()):
        return None
    names = {entry: name for name, entry in entries.items()}
    try:
        convert, said = by_names(names, state, leaves, rebuilt, apart, aliases)
    except BadUsage:  # in their order they do not fit
        return None
    if apart(convert) >= AGREES:
        return None
    words = ", ".join(f"{name} = {entry}" for name, entry in entries.items())
    return convert, [f"parameters were matched in their order: {words}", *said]


def _given(
    names: Mapping[str, str], state: Mapping[str, Any], leaves: Mapping[str, Any]
) -> dict[str, str]:
    for entry, name in names.items():
        _known(entry, state, "the module")
        _known(name, leaves, "the port")
    left = [n for n in leaves if n not in names.values()]
    if left:
        raise BadUsage(f"params gives the port no {', '.join(left)}")
    return {name: entry for entry, name in names.items()}


def _known(name: str, among: Mapping[str, Any], whose: str) -> None:
    if name not in among:
        near = difflib.get_close_matches(name, among, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise BadUsage(f"params: {whose} has no {name!r}{hint}")


def _likely(state: Mapping[str, np.ndarray], leaves: Mapping[str, np.ndarray]) -> dict[str, str]:
    """Each leaf's entry: the same values, then the likest names first, among arrays of a size."""
    mine, other = ({k: _elements(x) for k, x in held.items()} for held in (state, leaves))
    pairs = sorted(
        (
            (
                (SURE if mine[entry] and mine[entry] == other[name] else 0.0)
                + _likeness(name, entry)
                - LATER * abs(k / len(leaves) - j / len(state)),
                name,
                entry,
            )
            for (k, (name, y)), (j, (entry, x)) in itertools.product(
                enumerate(leaves.items()), enumerate(state.items())
            )
            if x.size == y.size and x.dtype.kind == y.dtype.kind
        ),
        key=lambda pair: -pair[0],
    )
    found: dict[str, str] = {}
    for _, name, entry in pairs:
        if name not in found and entry not in found.values():
            found[name] = entry
    left = [n for n in leaves if n not in found]
    if left:
        raise BadUsage(f"params: no entry of the module fits {', '.join(left)}")
    return found


def _certain(name: str, leaf: np.ndarray, entry: str, x: np.ndarray) -> bool:
    """Whether a leaf is an entry by its name or its elements, and not merely the likest."""
    if _words(name) == _words(entry):
        return True
    return _elements(leaf) is not None and _elements(leaf) == _elements(x)


def _elements(x: np.ndarray) -> bytes | None:
    """What arrays of the same elements share; None of few, or of one number throughout."""
    if x.size < 2 or x.dtype.kind not in "fV" or (x == x.flat[0]).all():
        return None
    return np.sort(x.astype(np.float64), axis=None).tobytes()


def _likeness(name: str, entry: str) -> float:
    a, b = (_words(n) for n in (name, entry))
    joined = difflib.SequenceMatcher(None, "".join(a), "".join(b)).ratio()
    return difflib.SequenceMatcher(None, a, b).ratio() + 0.5 * joined


def _words(name: str) -> list[str]:
    parts = re.split(r"[._/]+|(?<=[a-z])(?=\d)", name.lower())
    return [SYNONYMS.get(p, p) for p in parts if p not in ("params", "")]


def _layouts(name: str, x: np.ndarray, entry: str, shape: tuple[int, ...]) -> list[Layout]:
    """The ways in which an entry becomes a leaf, the usual one first; the same ones once."""
    leaf = name.rpartition(".")[2]
    usual = USUAL.get((leaf, x.ndim), tuple(range(x.ndim)))
    orders = sorted(itertools.permutations(range(x.ndim)), key=lambda o: (o != usual, o))
    fitting = [o for o in orders if tuple(x.shape[a] for a in o) == shape]
    if not fitting and x.size == int(np.prod(shape)):
        fitting = [usual, *(o for o in ((1, 0), (0, 1)) if x.ndim == 2 and o != usual)]
    numbers = np.arange(x.size).reshape(x.shape)
    found: list[tuple[np.ndarray, Layout]] = []
    for order in fitting:
        made = numbers.transpose(order).reshape(shape)
        if not any(np.array_equal(made, held) for held, _ in found):
            found.append((made, Layout(entry, order, shape)))
    return [layout for _, layout in found]


def _decided(
    options: Mapping[str, Sequence[Layout]], apart: Callable[[Mapping[str, Layout]], float]
) -> tuple[dict[str, Layout], list[str]]:
    """One layout a leaf: where shapes leave a choice, the one with which outputs agree."""
    chosen = {name: found[0] for name, found in options.items()}
    open_ = {name: found for name, found in options.items() if len(found) > 1}
    if not open_ or apart(chosen) < AGREES:
        return chosen, []
    tries = [{name: layout} for name, found in open_.items() for layout in found[1:]]
    tries.append({name: found[1] for name, found in open_.items()})
    for other in tries[:MOST_TRIES]:
        if apart({**chosen, **other}) < AGREES:
            words = ", ".join(f"{n} = {layout}" for n, layout in other.items())
            return {**chosen, **other}, [f"decided by the outputs: {words}"]
    unclear = [n for n, f in open_.items() if (n.rpartition(".")[2], len(f[0].axes)) not in USUAL]
    if unclear:
        raise BadUsage(
            f"params: {', '.join(unclear)} fits in several layouts, with none of which the outputs "
            "agree: give a function"
        )
    return chosen, [f"taken to be as usual: {', '.join(f'{n} = {chosen[n]}' for n in open_)}"]
