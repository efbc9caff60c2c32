"""What is compared with what, as rows of verdicts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

import numpy as np

from ...adapters.captures.sides import Ran
from ..measure.compare import Outcome, compare
from ..measure.dtypes import dtype_for
from ..measure.noise import bound_of
from .evaluating import Evaluated
from .rounding import Noise
from .seeing import Seen

Row = dict[str, Any]

#: A row's kind and tensor.
Key = tuple[str, str]

#: The columns of a row, in order.
COLUMNS = (
    "draw",
    "check",
    "side",
    "kind",
    "tensor",
    "dtype",
    "verdict",
    "max_abs",
    "max_rel",
    "noise_ratio",
    "tolerance",
    "reason",
)


def mathematics(a: Evaluated, b: Evaluated, seen: Seen | None = None) -> list[Row]:
    """Both programs in float64: outputs and gradients, over the noise of both.

    What agrees within less than their noise needs no more runs.
    """
    beside = (None, None) if seen is None else (seen.beside(a), seen.beside(b))
    noises = zip(a.noises("float64", beside[0]), b.noises("float64", beside[1]), strict=True)
    return _judged_until(noises, lambda noise, keys: _mathematics(a, b, noise, keys))


def _judged_until(
    noises: Iterable[Any], judge: Callable[[Any, Iterable[Key] | None], Iterator[Row]]
) -> list[Row]:
    """Rows; what is off is judged again with the next noise, as long as there is one."""
    rows: dict[Key, Row] = {}
    off: set[Key] | None = None
    for noise in noises:
        rows |= {(row["kind"], row["tensor"]): row for row in judge(noise, off)}
        off = {key for key, row in rows.items() if row["verdict"] != "agree"}
        if not off:
            break
    return list(rows.values())


def _mathematics(
    a: Evaluated, b: Evaluated, noises: tuple[Noise, Noise], keys: Iterable[Key] | None
) -> Iterator[Row]:
    side = f"{a.framework} | {b.framework}"
    mine, theirs = noises
    for (path, x), (_, y) in zip(a.outputs, b.outputs, strict=True):
        if keys is None or ("value", path or "output") in keys:
            noise = mine["values"][x], theirs["values"][y]
            outcome = _between(a.values[x], b.values[y], noise)
            yield row_of("mathematics", side, "value", path or "output", outcome)
    for name in a.captured.params:
        x, y = a.grads.get(name), b.grads.get(name)
        if (x is None and y is None) or (keys is not None and ("grad", name) not in keys):
            continue
        zero = np.zeros(np.shape(a.values[name]))
        x, y = (zero if g is None else g for g in (x, y))
        noise = mine["grads"].get(name, zero), theirs["grads"].get(name, zero)
        yield row_of("mathematics", side, "grad", name, _between(x, y, noise))


def _between(x: np.ndarray, y: np.ndarray, noise: tuple[Any, Any]) -> Outcome:
    x, y = np.asarray(x), np.asarray(y)
    if x.shape != y.shape:
        return Outcome("shape", f"shape {x.shape} on the first side, {y.shape} on the second")
    explained = np.hypot(*noise)
    bound = bound_of(explained, x.dtype)
    # both are of the same width, and NaN is as good as NaN
    return compare(
        np.array(y), np.asarray(x), dtype=x.dtype, noise=explained, bound=bound, nan_expected=True
    )


def as_run(
    side: Evaluated,
    ran: Ran,
    dtype: str,
    check: str,
    mode: str,
    *,
    noises: int | None = None,
    beside: Noise | None = None,
    noise: Noise | None = None,
) -> list[Row]:
    """What a side computed when it was run, beside the truth of its own program.

    With so many of ``Evaluated.noises``; None: with all until it agrees. With ``noise`` alone where
    that is given.
    """
    found = [noise] if noise is not None else islice(side.noises(dtype, beside), noises)
    return _judged_until(
        found, lambda noise, keys: _as_run(side, ran, (dtype, check, mode), noise, keys)
    )


def _as_run(
    side: Evaluated,
    ran: Ran,
    asked: tuple[str, str, str],
    noise: Noise,
    keys: Iterable[Key] | None,
) -> Iterator[Row]:
    dtype, check, mode = asked
    label = f"{side.framework} {mode}" if mode else side.framework
    got = list(ran.outputs.values())
    for k, (path, name) in enumerate(side.outputs):
        if keys is None or ("value", path or "output") in keys:
            held = got[k] if k < len(got) else None
            outcome = _judged(held, side.values[name], noise["values"][name], dtype)
            yield {**row_of(check, label, "value", path or "output", outcome), "dtype": dtype}
    for name in side.captured.params:
        if keys is not None and ("grad", name) not in keys:
            continue
        want, held = side.grads.get(name), ran.grads.get(name)
        if want is None or (held is None and not np.any(want)):
            if held is None or not np.any(held):
                continue
            want = np.zeros(np.shape(held))
        spread = noise["grads"].get(name, np.zeros(np.shape(want)))
        outcome = _judged(held, want, spread, dtype)
        yield {**row_of(check, label, "grad", name, outcome), "dtype": dtype}


def _judged(got: Any, want: np.ndarray, noise: np.ndarray, dtype: str) -> Outcome:
    want = np.asarray(want)
    wanted = dtype_for(dtype, want)
    got = None if got is None else np.asarray(got)
    # A side hands back what its own code makes of the dtype it was given.
    if got is not None and got.dtype.kind in "fV" and got.dtype != wanted:
        got = got.astype(wanted)
    return compare(
        got, want, dtype=wanted, noise=noise, bound=bound_of(noise, wanted), nan_expected=True
    )


def row_of(check: str, side: str, kind: str, tensor: str, outcome: Outcome) -> Row:
    """A row of one comparison, in float64."""
    return {
        "draw": 0,
        "check": check,
        "side": side,
        "kind": kind,
        "tensor": tensor,
        "dtype": "float64",
        "verdict": "agree" if outcome.agrees else "differs",
        "max_abs": outcome.max_abs,
        "max_rel": outcome.max_rel,
        "noise_ratio": outcome.noise_ratio,
        "tolerance": outcome.tolerance,
        "reason": outcome.reason,
    }


def row_between(
    check: str,
    side: str,
    kind: str,
    tensor: str,
    pair: tuple[np.ndarray, np.ndarray],
    noise: np.ndarray,
) -> Row:
    """Two tensors that should be the same, each as noisy as that."""
    return row_of(check, side, kind, tensor, _between(*pair, (noise, noise)))


def black_box(names: Sequence[str], ran: Sequence[Ran], tolerance: float) -> Iterator[Row]:
    """Both sides as they ran in float64, where a program could not be made of one of them."""
    side = " | ".join(names)
    a, b = ran
    pairs = [
        ("value", path or "output", x, y)
        for (path, x), y in zip(a.outputs.items(), b.outputs.values(), strict=False)
    ]
    for name in a.grads:
        held = [g for g in (a.grads[name], b.grads.get(name)) if g is not None]
        if held:
            zero = np.zeros(held[0].shape)
            x, y = (zero if g is None else g for g in (a.grads[name], b.grads.get(name)))
            pairs.append(("grad", name, x, y))
    for kind, tensor, x, y in pairs:
        size = float(np.abs(x[np.isfinite(x)]).max(initial=0.0)) if np.size(x) else 0.0
        room = np.full(np.shape(x), size * tolerance)
        yield row_of("run", side, kind, tensor, _between(x, y, (room, room)))


def failing(rows: Sequence[Row]) -> list[Row]:
    """The rows that do not agree."""
    return [r for r in rows if r["verdict"] != "agree"]
