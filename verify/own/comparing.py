"""``compare`` and ``assert_parity``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ...adapters.captures.training import Steps
from ...refimpl.errors import BadUsage
from .comparison import Comparison
from .inputs import cotangents
from .mapping import Params
from .report import Report
from .siding import Asked, sides_of
from .training import Training

#: How what is in JAX can be run.
MODES = ("jit", "eager")


def compare(
    first: Any,
    second: Any,
    inputs: Any,
    params: Params = "auto",
    *,
    loss: Any = None,
    draws: int = 1,
    to_jax: Callable[..., Any] | None = None,
    from_jax: Callable[..., Any] | None = None,
    vary: bool = True,
    modes: Sequence[str] = ("jit",),
    frameworks: Sequence[str] | str | None = None,
    state: bool | None = None,
    train: Steps | None = None,
) -> Report:
    """Whether a PyTorch module and its JAX port are the same mathematics; if not, where and why.

    Both may be of one framework: a module beside its refactoring, a function beside one with a rule
    of its own, or beside what a compiler makes of it.

    Parameters
    ----------
    first
        In PyTorch: a module, a method of one, or a function of tensors and of the modules that it
        closes over. They are copied; in training or in evaluation as they are. In JAX: a function
        of inputs, or a pair as below.
    second
        In JAX: ``function(params, *inputs)``; or a module of flax or equinox, or a model of
        transformers; or a pair of either and its parameters, which names in ``params`` need where
        it holds none. In PyTorch: as the first.
    inputs
        An array or a tensor, several in a tuple, or a mapping of names. Each may be a tensor as
        a case has it: ``{"x": {"normal": [2, 5, 16]}}``. By names the second side is called where
        it has all of them, else by position.
    params
        A function from the first side's state (parameters and buffers by name; of JAX its pytree)
        to the second's parameters: in JAX it is traced with the port, in PyTorch or NumPy it is
        probed. Or a mapping of the first side's names to the second's, ``{"fc.weight":
        "fc.kernel"}``; or ``"auto"``: by values that are the same, else by likeness; None where
        the second takes no parameters.
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
        How what is in JAX is run as it is: ``jit``, ``eager`` or both.
    frameworks
        ``"torch"`` or ``"jax"`` of both, or a pair, where functions do not show it. None: plain
        functions are taken for PyTorch's, then for JAX's.
    state
        Whether buffers after the call, as running statistics, are compared as well; a function in
        JAX then returns its output and the state, a pytree whose paths are among those of its
        parameters. None: where the port is a module that keeps one.
    train
        ``gp.Steps(20, torch_optimizer, optax_optimizer)``: both sides are trained as well, each
        step on a draw of its own, and compared after each.

    Raises
    ------
    BadUsage
        Where something is given that cannot be used, or a side's own code raises as it is called.
    AdapterFailed
        Where a side cannot be run.
    Randomness
        Where a side draws random numbers.
    MissingFramework
        Where PyTorch or JAX is not installed.
    """
    modes = (modes,) if isinstance(modes, str) else tuple(modes)
    _checked(draws, modes, train)
    asked = Asked(params, loss, to_jax, from_jax, vary, modes, frameworks=frameworks, state=state)
    sides = sides_of(first, second, inputs, asked)
    found: list[Comparison] = []
    for k in range(draws):
        called = sides.given(k)
        found.append(
            Comparison(sides.first, sides.second, called, cotangents(k), sides.dtype(called), k)
        )
        if found[-1].verdict == "differs":
            break
    worst = max(found, key=lambda d: ("same", "unknown", "differs").index(d.verdict))
    rows = [row for d in found for row in d.rows]
    verdict, findings = worst.verdict, list(worst.findings)
    if train is not None and verdict != "differs":
        trained = Training(sides.first, sides.second, sides.given, train)
        rows += [{**row, "draw": 0} for row in trained.rows]
        findings += trained.findings
        verdict = "differs" if trained.findings else verdict
    return Report(
        verdict,
        (sides.first.name, sides.second.name),
        tuple(findings),
        tuple(rows),
        (*sides.notes, *worst.notes),
        tuple(worst.gaps),
    )


def _checked(draws: Any, modes: Sequence[Any], train: Any) -> None:
    """Refuse what a comparison cannot be made with."""
    if not isinstance(draws, int) or draws < 1:
        raise BadUsage(f"draws={draws!r}, expected 1 or more")
    if not modes or not all(mode in MODES for mode in modes):
        raise BadUsage(f"modes={modes!r}, expected some of {', '.join(map(repr, MODES))}")
    if train is not None and not isinstance(train, Steps):
        raise BadUsage(
            f"train={train!r}, expected gp.Steps(count, torch_optimizer, optax_optimizer)"
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
