"""``compare`` and ``assert_parity``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from importlib import import_module
from typing import Any

import numpy as np

from ...adapters.captures.captured import Captured
from ...adapters.captures.sides import Draw, Given, Side
from ...adapters.importing import importing
from ...adapters.values import dtype_of
from ...refimpl.errors import BadUsage
from .diagnosing import diagnose
from .evaluating import Evaluated, evaluate, noise_of
from .finding import At, Finding
from .inputs import arguments, cotangents, varied
from .judging import Row, as_run, black_box, mathematics
from .mapping import Apart, Convert, Params, by_names
from .matching import off
from .report import Report, failing

#: What black boxes in float64 may be apart, relative to the largest: no noise is known of them.
BLACK_BOX = 1e-9


def compare(
    torch_side: Any,
    jax_side: Any,
    inputs: Any,
    params: Params,
    *,
    loss: Any = None,
    draws: int = 1,
    to_jax: Callable[..., Any] | None = None,
    from_jax: Callable[..., Any] | None = None,
    vary: bool = True,
    modes: Sequence[str] = ("jit",),
) -> Report:
    """Whether a PyTorch module and its JAX port are the same mathematics; if not, where and why.

    Parameters
    ----------
    torch_side
        A module, a method of one, or a function of tensors. It is copied; in training or in
        evaluation as it is.
    jax_side
        ``function(params, *inputs)``; or a module of flax or equinox; or a pair of either and
        its parameters, which ``params`` needs where it is no function.
    inputs
        An array or a tensor, several in a tuple, or a mapping of names. Each may be a tensor as
        a case has it: ``{"x": {"normal": [2, 5, 16]}}``.
    params
        A function from the module's state (parameters and buffers by name) to the port's
        parameters: in JAX it is traced with the port, in PyTorch or NumPy it is probed. Or a
        mapping of the module's names to the port's, ``{"fc.weight": "fc.kernel"}``; or
        ``"auto"``.
    loss
        A function of the output that both frameworks have, or a pair of one for each. None:
        outputs are contracted with seeded normal numbers.
    draws
        How often inputs that are drawn are drawn.
    to_jax, from_jax
        Turn the module's inputs into the port's, and the port's output into the module's, as
        between NCHW and NHWC.
    vary
        Whether parameters that are one number throughout (zeros, ones) are moved, for a bias that
        is left out is not missed while it is zero.
    modes
        How the port is run as it is: ``jit``, ``eager`` or both.

    Raises
    ------
    BadUsage
        Where something is given that cannot be used.
    AdapterFailed
        Where a side cannot be run.
    Randomness
        Where a side draws random numbers.
    MissingFramework
        Where PyTorch or JAX is not installed.
    """
    torch_losses, jax_loss = loss if isinstance(loss, tuple) else (loss, loss)
    torch_module, jax_module = _side_modules()
    first = torch_module.TorchSide(torch_side, torch_losses)
    state, trained = first.state()
    notes: list[str] = []
    if vary:
        moved = varied(state, trained)
        count = sum(moved[k] is not state[k] for k in state)
        if count:
            notes.append(f"{count} parameters that were one number throughout were varied")
        state = moved
    code, held = jax_side if isinstance(jax_side, tuple) else (jax_side, None)
    function, held = jax_module.function_of(code, held)
    dtype = first.dtype

    def given(draw: int) -> Given:
        named = arguments(inputs, draw, first.argument_names)
        return _given(first, named, state, trained, dtype or _dtype_of_inputs(named))

    def port(convert: Convert) -> Side:
        return jax_module.JaxSide(
            function,
            convert,
            to_port=to_jax,
            from_port=from_jax,
            loss=jax_loss,
            modes=tuple(modes),
        )

    if callable(params):
        convert, probed = jax_module.traceable(params, state, first.tensors)
        notes += [f"params was run and probed: {len(probed)} leaves"] if probed else []
    else:
        if held is None:
            raise BadUsage("params names leaves: give the port as a pair, (function, its params)")
        leaves, rebuilt = jax_module.leaves_of(held)
        apart = _outputs_apart(first, port, given(0))
        convert, said = by_names(params, state, leaves, rebuilt, apart)
        notes += said
    second = port(convert)
    found: list[_Draw] = []
    for k in range(draws):
        called = given(k)
        own = dtype or _dtype_of_inputs(called.arguments)
        found.append(_Draw(first, second, called, cotangents(k), own, k))
        if found[-1].verdict == "differs":
            break
    worst = max(found, key=lambda d: ("same", "unknown", "differs").index(d.verdict))
    rows = [row for d in found for row in d.rows]
    return Report(
        worst.verdict,
        (first.framework, second.framework),
        tuple(worst.findings),
        tuple(rows),
        tuple(notes),
        tuple(worst.gaps),
    )


def assert_parity(*args: Any, **kwargs: Any) -> None:
    """Fail unless two sides are the same mathematics; takes what ``compare`` takes.

    Raises
    ------
    AssertionError
        With the report as its message.
    """
    __tracebackhide__ = True
    report = compare(*args, **kwargs)
    if report.verdict != "same":
        raise AssertionError(f"\n{report}") from None


class _Draw:
    """One draw of the inputs, compared."""

    def __init__(
        self, first: Side, second: Side, given: Given, draw: Draw, dtype: str, number: int
    ) -> None:
        self.sides, self.given, self.draw, self.dtype = (first, second), given, draw, dtype
        self.rows: list[Row] = []
        self.findings: list[Finding] = []
        self.gaps: list[str] = []
        captured = [side.capture(given, "float64") for side in self.sides]
        for side, one in zip(self.sides, captured, strict=True):
            self.gaps += [
                f"{side.framework}: {g.operation}: {g.reason} ({g.place})" for g in one.gaps
            ]
        if self.gaps:
            self._black_boxes()
        else:
            self._programs(captured)
        self.rows = [{**row, "draw": number} for row in self.rows]

    @property
    def verdict(self) -> str:
        """Of this draw."""
        if failing(self.rows) or any(f.differs for f in self.findings):
            return "differs"
        return "unknown" if self.gaps else "same"

    def _programs(self, captured: list[Captured]) -> None:
        a, b = (
            evaluate(side.framework, one, self.draw)
            for side, one in zip(self.sides, captured, strict=True)
        )
        _as_many(*((s.framework, [path for path, _ in s.outputs]) for s in (a, b)))
        self.rows += mathematics(a, b)
        if failing(self.rows):
            self.findings += diagnose(a, b)
        for side, one in zip(self.sides, (a, b), strict=True):
            self._own_gradients(side, one)
            if self.dtype != "float64":
                self._as_run(side)

    def _own_gradients(self, side: Side, one: Evaluated) -> None:
        """A side in float64 beside the reference's derivative of the same program."""
        for mode in side.modes:
            ran = side.run(self.given, self.draw, "float64", mode)
            rows = list(as_run(one, ran, "float64", "own gradient", mode))
            off = failing(rows)
            narrow = self._narrower(one) if off else ""
            if narrow and not failing(list(self._within(one, ran))):
                self._add_narrow(one, narrow)
                rows = [{**r, "verdict": "agree", "reason": ""} for r in rows]
            elif off:
                self._add_own(one, off)
            self.rows += rows

    @staticmethod
    def _narrower(one: Evaluated) -> str:
        """The narrowest dtype that a variable is computed in, where that is not float64."""
        found = {d for d in one.captured.dtypes.values() if d in ("float32", "float16", "bfloat16")}
        return (
            min(found, key=lambda d: -np.finfo(np.float32).eps if d == "float32" else -1.0)
            if found
            else ""
        )

    def _within(self, one: Evaluated, ran: Any) -> Iterator[Row]:
        """The side beside its truth, over what rounding to float32 explains."""
        noise = noise_of(one, "float32", np.float64)
        rounded = replace(one)
        rounded.__dict__["noise"] = noise
        return as_run(rounded, ran, "float64", "own gradient", "")

    def _add_narrow(self, one: Evaluated, dtype: str) -> None:
        names = [n for n, d in one.captured.dtypes.items() if d == dtype]
        name = min(names, key=lambda n: one.order.get(n, 0))
        place = one.captured.places.get(name)
        i = one.made.get(name)
        if place is None or any(f.kind == "narrow" for f in self.findings):
            return
        at = At(one.framework, i.operation if i else "", place)
        cause = f"{one.framework} computes in {dtype} here whatever dtype it is given"
        agree = f"leave out the cast, or mind that a run in float64 is off by {dtype}'s rounding"
        self.findings.append(Finding("narrow", (at,), cause, agree))

    def _add_own(self, one: Evaluated, off: list[Row]) -> None:
        kinds = {r["kind"] for r in off}
        worst = max(
            off, key=lambda r: r["noise_ratio"] if r["noise_ratio"] == r["noise_ratio"] else 0
        )
        if any(
            f.kind in ("own gradient", "as run") and f.at[0].side == one.framework
            for f in self.findings
        ):
            return
        custom = one.captured.custom
        if kinds == {"grad"} and custom:
            at = tuple(At(one.framework, c.name, c.place) for c in custom)
            names = ", ".join(dict.fromkeys(c.name for c in custom))
            cause = (
                f"{one.framework}'s own gradient is not the derivative of its forward pass: the "
                f"custom rule of {names} {'is' if len(custom) == 1 else 'or one of them is'} wrong"
            )
        else:
            at = (At(one.framework, "", one.captured.places[one.outputs[0][1]]),)
            what = "gradient" if kinds == {"grad"} else "result"
            cause = f"{one.framework}'s own {what} is not that of its program"
        note = f"worst: {worst['kind']} of {worst['tensor']}: {worst['reason']}"
        self.findings.append(Finding("own gradient", at, cause, note=note))

    def _as_run(self, side: Side) -> None:
        """A side in its user's dtype beside the truth of its own program."""
        one = evaluate(side.framework, side.capture(self.given, self.dtype), self.draw)
        for mode in side.modes:
            ran = side.run(self.given, self.draw, self.dtype, mode)
            rows = list(as_run(one, ran, self.dtype, "run", mode))
            self.rows += rows
            off = failing(rows)
            known = {f.at[0].side for f in self.findings if f.kind == "own gradient"}
            if off and side.framework not in known:
                at = At(side.framework, "", one.captured.places[one.outputs[0][1]])
                cause = f"{side.framework} in {self.dtype} is further off than rounding explains"
                note = f"{off[0]['kind']} of {off[0]['tensor']}: {off[0]['reason']}"
                self.findings.append(Finding("as run", (at,), cause, note=note))

    def _black_boxes(self) -> None:
        ran = {s.framework: s.run(self.given, self.draw, "float64", s.modes[0]) for s in self.sides}
        _as_many(*((name, list(r.outputs)) for name, r in ran.items()))
        self.rows += black_box(ran, BLACK_BOX)


def _outputs_apart(first: Side, port: Callable[[Convert], Side], given: Given) -> Apart:
    """How far outputs of both sides, as run in float64, are apart with a converter."""
    wanted: list[np.ndarray] = []

    def apart(convert: Convert) -> float:
        if not wanted:
            wanted.extend(first.run(given, cotangents(0), "float64", "eager").outputs.values())
        made = list(port(convert).run(given, cotangents(0), "float64", "jit").outputs.values())
        if len(made) != len(wanted):
            return np.inf
        return max(off(x, y) for x, y in zip(wanted, made, strict=True))

    return apart


def _side_modules() -> tuple[Any, Any]:
    with importing():
        return (
            import_module("gradparity.adapters.captures.torch_side"),
            import_module("gradparity.adapters.captures.jax_side"),
        )


def _dtype_of_inputs(named: Mapping[str, Any]) -> str:
    for x in named.values():
        if isinstance(x, np.ndarray) and x.dtype.kind in "fV":
            return str(x.dtype)
    return "float32"


def _given(
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


def _as_many(first: tuple[str, list[str]], second: tuple[str, list[str]]) -> None:
    """Refuse sides whose outputs are not as many.

    Raises
    ------
    BadUsage
        With the paths of both.
    """
    if len(first[1]) != len(second[1]):
        mine, other = (
            f"{name} hands back {', '.join(path or 'one array' for path in paths)}"
            for name, paths in (first, second)
        )
        raise BadUsage(f"{mine}; {other}: give from_jax, which picks and orders the outputs")
