"""The entries of the atlas in another release of a framework, run by another interpreter.

That has this one's packages, gradparity among them, and before them the release that is asked for:
so nothing but the release is another.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
import tempfile
import venv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ...adapters import registry
from ...refimpl.errors import BadUsage
from ...reports.atlas_history import History, read
from ...reports.errors import BadResults

#: Distributions that are part of another one's adapter.
PART_OF = {"jaxlib": "jax", "optax": "jax"}

#: ``torch==2.12.0``, or ``torch`` for the newest.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")

#: What has an interpreter read this one's packages after its own.
_SHARED = "import site; site.addsitedir({folder!r})\n"


def framework(requirement: str) -> str:
    """The adapter that a requirement, as pip takes it, is of.

    Raises
    ------
    BadUsage
        Where it is of none.
    """
    found = _NAME.match(requirement)
    name = PART_OF.get(found[0].lower(), found[0].lower()) if found else ""
    known = registry.names()
    if name not in known or name == "numpy":
        expected = ", ".join(sorted({*known, *PART_OF} - {"numpy"}))
        raise BadUsage(f"{requirement!r} is no release of a framework, expected one of {expected}")
    return name


@contextmanager
def interpreter(requirement: str) -> Iterator[Path]:
    """A Python that has a release before all else that this one has; removed afterwards.

    Raises
    ------
    BadUsage
        Where pip cannot install it.
    """
    with tempfile.TemporaryDirectory(prefix="gradparity-") as folder:
        venv.create(folder, with_pip=False)
        python = (
            Path(folder) / ("Scripts" if os.name == "nt" else "bin") / Path(sys.executable).name
        )
        packages = sysconfig.get_path("purelib", "venv", {"base": folder, "platbase": folder})
        shared = _SHARED.format(folder=sysconfig.get_path("purelib"))
        (Path(packages) / "zz_shared.pth").write_text(shared, "utf-8")
        pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet"]
        done = subprocess.run(  # noqa: S603  pip, and what the user names
            [*pip, "--disable-pip-version-check", "--", requirement],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise BadUsage(f"{requirement} cannot be installed: {_last(done.stderr)}")
        yield python


def entries_there(python: str | Path, names: Sequence[str], cases: Sequence[str]) -> History:
    """What the entries of cases come to in another interpreter, which has gradparity.

    Parameters
    ----------
    python
        Its path.
    names
        The adapters.
    cases
        Names of the catalogue, paths, or ``FILE::NAME``; all of the catalogue if none.

    Raises
    ------
    BadUsage
        Where it cannot be started, or says something else than entries.
    """
    command = [str(python), "-m", "gradparity", "atlas", *cases]
    command += ["--adapters", ",".join(names), "--format", "json"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    except OSError as fault:
        raise BadUsage(f"{python} cannot be started: {fault.strerror or fault}") from fault
    try:
        return read(done.stdout, f"what {python} prints")
    except BadResults as fault:
        raise BadUsage(f"{fault}: {_last(done.stderr)}") from fault


def _last(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1].strip() if lines else "it said nothing"
