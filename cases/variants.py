"""Variants: a framework run in another way, as an adapter with a name of its own.

A variant is a framework's dialect and a way of differentiating, or a device. Its results are its
own, so that records of the framework do not hold for it; the texts of a case are the framework's. A
case may also have a framework itself run in such a way, by ``modes``; not on another device, which
a machine may lack.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Variant:
    """What is different from the framework's own adapter; ``mode`` is its name in ``modes``."""

    framework: str
    mode: str
    what: str
    #: Whether it is a device that is different, and not the way.
    device: bool = False

    @property
    def name(self) -> str:
        """As in ``--adapters``."""
        return f"{self.framework}-{self.mode}"


#: Every variant, by name.
VARIANTS: dict[str, Variant] = {
    variant.name: variant
    for variant in (
        Variant("torch", "create-graph", "backward(create_graph=True)"),
        Variant("torch", "func", "torch.func: vjp, jvp, and forward over reverse"),
        Variant("torch", "checkpoint", "the whole program inside torch.utils.checkpoint"),
        Variant("torch", "decomposed", "inductor's decompositions of every operation, uncompiled"),
        Variant("torch", "compile", "torch.compile of the whole program, by inductor"),
        Variant("torch", "autocast", "bfloat16 by torch.autocast, parameters in float32"),
        Variant("torch", "cuda", "on the first CUDA device, TF32 off", device=True),
        Variant("jax", "eager", "each operation by itself, without jax.jit around the whole"),
        Variant("jax", "checkpoint", "the whole program inside jax.checkpoint"),
        Variant("jax", "scan", "the whole program as the body of a jax.lax.scan of one step"),
        Variant("jax", "conjugate", "gradients as jax.grad returns them, ∂L/∂Re - i·∂L/∂Im"),
        Variant("jax", "cuda", "on the first CUDA device", device=True),
    )
}


def framework_of(adapter: str) -> str:
    """The framework that an adapter is a variant of; any other adapter itself."""
    variant = VARIANTS.get(adapter)
    return adapter if variant is None else variant.framework
