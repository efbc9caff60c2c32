"""The parts of the documentation that are made of the code: a Sphinx extension.

Before Sphinx reads the pages, ``generated/`` is written: the reference, one module a kind of page,
and the figures of the concepts.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

from gradparity.cases.loading import catalogue
from gradparity.verify.storage.code import code_version, hashed

from . import (
    accessible,
    atlas,
    cases,
    columns,
    commands,
    figures,
    mathml,
    missing,
    operations,
    optimizers,
)

#: Hands back pages and pictures: a path in ``generated/`` → its content.
Maker = Callable[[], Mapping[str, str]]

MAKERS: tuple[Maker, ...] = (
    cases.pages,
    columns.pages,
    commands.pages,
    operations.pages,
    missing.pages,
    optimizers.rules,
    atlas.pages,
)
#: These run frameworks for minutes: what they made is kept while all that it hangs on stays.
RUNNING: tuple[Maker, ...] = (optimizers.translation, figures.pages)

#: The file that says of which version the kept ones are.
VERSION = "parts/version.txt"


def setup(app: Any) -> dict[str, Any]:
    """Register the renderer of formulas, and what is made before the pages are read."""
    accessible.setup(app)
    mathml.setup(app)
    app.connect("builder-inited", lambda app: write(Path(app.srcdir) / "generated"))
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def write(folder: Path) -> None:
    """Write everything; a file that is as it was keeps its time, so that it is not read again."""
    for make in MAKERS:
        _put(folder, make())
    kept, now = folder / VERSION, version()
    if not kept.exists() or kept.read_text("utf-8") != now:
        for make in RUNNING:
            _put(folder, make())
        _put(folder, {VERSION: now})


def version() -> str:
    """A hash of all that runs hang on: our code, the frameworks and the cases of optimizers."""
    here = Path(__file__).parent
    files = [here / f"{name}.py" for name in ("optimizers", "figures", "writing")]
    files += (catalogue() / "optimizers").glob("*.yaml")
    parts = [code_version(), *(metadata.version(name) for name in ("torch", "jax", "optax"))]
    parts += [path.read_text("utf-8") for path in sorted(files)]
    return hashed("\n".join(parts).encode())


def _put(folder: Path, made: Mapping[str, str]) -> None:
    for name, text in made.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_text("utf-8") != text:
            # Another build that goes on beside this one reads the whole or nothing.
            own = path.with_name(f"{path.name}.{os.getpid()}")
            own.write_text(text, "utf-8")
            own.replace(path)
