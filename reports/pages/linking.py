"""Where a run's page and the page of the atlas find each other."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

#: The atlas of the catalogue, where this is a clone of the repository.
ATLAS = Path(__file__).parents[1] / "atlas" / "index.html"


@dataclass(frozen=True)
class Links:
    """Addresses relative to the other page; empty where there is no atlas."""

    there: str = ""
    back: str = ""


def links(page: Path, atlas: Path = ATLAS) -> Links:
    """From a run's page to the atlas and back; none where one cannot be told from the other."""
    if not atlas.is_file():
        return Links()
    try:
        return Links(_relative(atlas, page), _relative(page, atlas))
    except ValueError:  # on another drive
        return Links()


def _relative(target: Path, page: Path) -> str:
    path = os.path.relpath(target.resolve(), page.resolve().parent)
    return quote(Path(path).as_posix())
