"""``compare`` and ``assert_parity``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib import import_module
from typing import Any

import numpy as np

from ...adapters.captures.sides import Given, Side
from ...adapters.importing import importing
from ...refimpl.errors import BadUsage
from .comparison import Comparison
from .inputs import arguments, cotangents, dtype_of_inputs, given_of, is_named, varied
from .mapping import Apart, Convert, Params, by_names
from .matching import off
from .pairing import pairs
from .report import Report


def compare(
    torch_side: Any,
    jax_side: Any,
    inputs: Any,
    params: Params = "auto",
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
        made = given_of(first, named, state, trained, dtype or dtype_of_inputs(named))
        return replace(made, named=is_named(inputs))

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
    found: list[Comparison] = []
    for k in range(draws):
        called = given(k)
        own = dtype or dtype_of_inputs(called.arguments)
        found.append(Comparison(first, second, called, cotangents(k), own, k))
        if found[-1].verdict == "differs":
            break
    worst = max(found, key=lambda d: ("same", "unknown", "differs").index(d.verdict))
    rows = [row for d in found for row in d.rows]
    notes += worst.notes
    return Report(
        worst.verdict,
        (first.name, second.name),
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


def _outputs_apart(first: Side, port: Callable[[Convert], Side], given: Given) -> Apart:
    """How far outputs of both sides, as run in float64, are apart with a converter."""
    wanted: list[dict[str, np.ndarray]] = []

    def apart(convert: Convert) -> float:
        if not wanted:
            wanted.append(first.run(given, cotangents(0), "float64", "eager").outputs)
        side = port(convert)
        made = side.run(given, cotangents(0), "float64", side.modes[0]).outputs
        found = pairs((first.name, side.name), list(wanted[0]), list(made))
        both = zip(found.first, found.second, strict=True)
        return max(off(wanted[0][p], made[q]) for p, q in both)

    return apart


def _side_modules() -> tuple[Any, Any]:
    with importing():
        return (
            import_module("gradparity.adapters.captures.torch_side"),
            import_module("gradparity.adapters.captures.jax_side"),
        )
