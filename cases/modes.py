"""Other ways in which an adapter may run a case: where a framework contradicts itself."""

from __future__ import annotations

from .variants import VARIANTS

#: adapter → mode → what is different.
MODES: dict[str, dict[str, str]] = {}
for _variant in VARIANTS.values():
    MODES.setdefault(_variant.framework, {})[_variant.mode] = _variant.what
