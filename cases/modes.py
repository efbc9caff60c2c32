"""Other ways in which an adapter may run a case: where a framework contradicts itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .variants import VARIANTS

#: adapter → mode → what is different.
MODES: dict[str, dict[str, str]] = {}
for _variant in (variant for variant in VARIANTS.values() if not variant.device):
    MODES.setdefault(_variant.framework, {})[_variant.mode] = _variant.what

#: adapter → what its own way is called, where a case names several.
OWN = {"torch": "eager", "jax": "jit"}


def modes_of(given: Mapping[str, str | Sequence[str]]) -> tuple[dict[str, str], tuple[str, ...]]:
    """The mode of each adapter that has another than its own, and the variants run beside it.

    Of several modes the adapter itself takes the first; each other one is run under the variant's
    name, its own way under the adapter's where that is not the first.
    """
    modes, variants = {}, []
    for adapter, named in given.items():
        if isinstance(named, str):
            modes[adapter] = named
            continue
        every = [mode for mode in named if mode != OWN.get(adapter)]
        if len(every) == len(named):  # its own way is not asked for
            modes[adapter], *every = every
        variants += [f"{adapter}-{mode}" for mode in every]
    return modes, tuple(variants)
