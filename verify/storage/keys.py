"""What a task's rows depend on, as one short text: where it is the same, so are the rows.

A key covers the case's text and place, the files its tensors come from, the point and dtype; this
project's code and that of the adapters; and the version of everything installed, for a framework
stands on more than itself.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from ...adapters import registry
from ...adapters.elsewhere import interpreter_of, name_of, program_of
from ...cases.case import Case, Undrawn
from ...cases.locating import FileFault, locate
from ...cases.registered import registered
from .code import code_version, hashed


def keys(
    tasks: Iterable[Undrawn], adapters: Sequence[str] | None, about: str = ""
) -> Iterator[str]:
    """The keys of tasks, in order.

    Parameters
    ----------
    tasks
        Whose keys they are; those of one case follow one another.
    adapters
        Which run them, by name, in order; None for those of ``registry.defaults``.
    about
        Whatever else the rows depend on.
    """
    held = setting(adapters, about)
    model, start = None, ""
    for task in tasks:
        if task.case.model is not model:
            model, start = task.case.model, f"{held}\n{content(task.case)}"
        yield hashed(f"{start}\n{task.id}\n{task.point!r}".encode())[:32]


def setting(adapters: Sequence[str] | None, about: str = "") -> str:
    """All that rows depend on besides their task: code, versions, adapters. As ``keys`` has it."""
    names = list(registry.defaults() if adapters is None else adapters)
    return "\n".join([code_version(), installed(), about, *map(_adapter, names)])


def content(case: Case) -> str:
    """All that a case says, and the hashes of the files that it reads."""
    files = []
    for name in sorted(case.files):
        try:
            files.append(hashed(locate(name, case.path.parent).read_bytes()))
        except (OSError, FileFault) as fault:
            files.append(str(fault))
    return "\n".join([case.where, str(case.draw), repr(case.model), *files])


def installed() -> str:
    """Every distribution of the environment and its version, as their folders are named.

    Reading each one's metadata instead takes a tenth of a second.
    """
    folders = (path for entry in sys.path for path in Path(entry).glob("*-*.*-info"))
    return "\n".join(sorted({path.name for path in folders}))


def _adapter(name: str) -> str:
    """An adapter's name, where it is, and the hash of its package's source.

    Of one in another interpreter, what that says of it.
    """
    if interpreter_of(name):
        return f"{name} {_there(name_of(name), program_of(name))}"
    points = registered(registry.GROUP, name)
    if not points:
        return name
    package = points[0].module.partition(".")[0]
    digest = hashlib.sha256()
    if package != "gradparity":  # whose code is in every key
        for path in _sources(package):
            digest.update(f"{path}".encode())
            digest.update(path.read_bytes())
    return f"{name} {points[0].value} {digest.hexdigest()}"


@cache
def _there(name: str, python: str) -> str:
    """What an adapter's rows depend on in another interpreter; why it does not tell, where not."""
    ask = f"from {__name__} import setting; print(setting([{name!r}]))"
    told = subprocess.run([python, "-P", "-c", ask], capture_output=True, text=True, check=False)  # noqa: S603  what the user names
    return told.stderr if told.returncode else hashed(told.stdout.encode())


def _sources(package: str) -> list[Path]:
    """A package's Python files, or a module's; nothing of it is imported."""
    spec = find_spec(package)
    if spec is None:
        return []
    if spec.submodule_search_locations:
        return sorted(
            p for root in spec.submodule_search_locations for p in Path(root).rglob("*.py")
        )
    return [Path(spec.origin)] if spec.origin else []
