"""The functions of frameworks that no operation stands for, as their test lists them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ruamel.yaml import YAML

from .writing import code, plain, table

#: A line a function: its module, its name, and the reason.
LISTS = Path(__file__).parents[2] / "tests" / "introspection"

KIND = "missing: "


def pages() -> Mapping[str, str]:
    """What is missing, and the functions that it is missing of."""
    found: dict[str, list[str]] = {}
    for path in sorted(LISTS.glob("*.yaml")):
        for module, functions in YAML(typ="safe").load(path).items():
            for name, reason in functions.items():
                if reason.startswith(KIND):
                    found.setdefault(reason.removeprefix(KIND), []).append(f"{module}.{name}")
    rows = ((plain(what), ", ".join(map(code, names))) for what, names in found.items())
    return {"parts/missing.md": table(("missing", "functions"), rows)}
