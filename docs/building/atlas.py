"""The atlas of divergences, as it stands in the repository, among the pages."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

ATLAS = Path(__file__).parents[2] / "reports" / "atlas"

_ENTRY = re.compile(r"^## (\S+)$", re.MULTILINE)


def pages() -> Mapping[str, str]:
    """Its pages; what is its README there is an index here."""
    classes = sorted(path.stem for path in ATLAS.glob("*.md") if path.stem != "README")
    names = "\n".join(classes)
    index = _page("README") + f"\n```{{toctree}}\n:hidden:\n\n{names}\n```\n"
    return {"atlas/index.md": index, **{f"atlas/{name}.md": _page(name) for name in classes}}


def _page(name: str) -> str:
    return (ATLAS / f"{name}.md").read_text("utf-8").replace("(README.md", "(index.md")


def entries() -> dict[str, str]:
    """An entry's name → the page that it is on."""
    return {
        entry: path.stem
        for path in ATLAS.glob("*.md")
        if path.stem != "README"
        for entry in _ENTRY.findall(path.read_text("utf-8"))
    }
