"""Other ways in which an adapter may run a case: where a framework contradicts itself."""

from __future__ import annotations

#: adapter → mode → what is different.
MODES: dict[str, dict[str, str]] = {
    "jax": {
        "eager": "each operation by itself, without jax.jit around the whole",
        "conjugate": "gradients as jax.grad returns them, ∂L/∂Re - i·∂L/∂Im",
    },
    "torch": {"create-graph": "backward(create_graph=True)"},
}
