"""Which functions of a framework the table of operations has, and by what that is known."""

from gradparity.adapters.captures.jax.primitives import PRIMITIVES
from gradparity.adapters.captures.torch.lowerings import ROWS
from gradparity.adapters.jax_lowerings import LOWERINGS as JAX
from gradparity.adapters.torch_lowerings import LOWERINGS as TORCH
from gradparity.cases.native_training import NATIVE_TRAINING
from gradparity.refimpl.ops import TABLE

#: aten's words before the names of modules' functions.
_PREFIXES = {"torch.linalg": "linalg_", "torch.special": "special_", "torch.fft": "fft_"}


def _spelled(lowerings):
    """The dotted names by which a framework's lowerings reach operations."""
    found = set()
    for operation in TABLE:
        first, *more = lowerings.has(operation).split("/")
        found |= {first, *(first[:-2] + end for end in more)}  # max_pool1d/2d/3d
    return found


LOWERED = {"torch": _spelled(TORCH), "jax": _spelled(JAX)}
LOWERED["optax"] = LOWERED["jax"]

#: aten's operations, and JAX's primitives, that captures write down.
CAPTURED = {
    "torch": {row.partition(".")[0] for row in ROWS},
    "jax": {name.replace("-", "_") for name in PRIMITIVES},
    "optax": frozenset(),
}

#: What a case's training step may be made of.
TRAINED = {
    "optax": {name for part in NATIVE_TRAINING["jax"].values() for name in part},
    "torch": frozenset(),
    "jax": frozenset(),
}


def evidence(framework, module, name):
    """How a function is reached: ``lowered``, ``captured``, ``trained``, or not at all.

    That the last part of its name is an operation's says nothing: ``jax.numpy.resize`` repeats.
    """
    if f"{module}.{name}" in LOWERED[framework]:
        return "lowered"
    aten = _PREFIXES.get(module, "") + name
    if framework == "torch" and {aten, aten.removesuffix("_copy")} & CAPTURED["torch"]:
        return "captured"
    if module in ("jax.lax", "jax.lax.linalg") and name in CAPTURED["jax"]:
        return "captured"
    return "trained" if name in TRAINED[framework] else ""
