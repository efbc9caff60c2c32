"""What to type to install a framework that is missing, as a distribution's own metadata has it.

The requirements of an extra are named, not the extra: ``pip install 'gradparity[torch]'`` asks an
index for a distribution that may be there under no such name, or in another version.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable
from importlib import metadata

#: ``torch>=2.6; extra == "torch"``: a requirement, and the condition it stands under.
#: The distribution that a requirement is of.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")

_EXTRA = re.compile(r"""^\(?\s*extra\s*==\s*["']([^"']+)["']\s*\)?$""")


def command(extra: str, distribution: str = "gradparity") -> str:
    """A shell command that installs what an extra of a distribution asks for.

    Empty where the distribution is not installed, or has no such extra.
    """
    try:
        declared = metadata.requires(distribution) or ()
    except metadata.PackageNotFoundError:
        return ""
    wanted = requirements(extra, declared)
    return f"pip install {shlex.join(wanted)}" if wanted else ""


def present(extra: str, distribution: str = "gradparity") -> bool:
    """Whether all is installed that an extra of a distribution asks for; also where it has none."""
    try:
        declared = metadata.requires(distribution) or ()
    except metadata.PackageNotFoundError:
        return True
    wanted = (_NAME.match(requirement) for requirement in requirements(extra, declared))
    return all(_installed(match[0]) for match in wanted if match)


def _installed(name: str) -> bool:
    try:
        metadata.version(name)
    except metadata.PackageNotFoundError:
        return False
    return True


def requirements(extra: str, declared: Iterable[str]) -> list[str]:
    """The requirements that an extra adds, each with its versions and its other conditions.

    Parameters
    ----------
    extra
        Its name, as in the metadata.
    declared
        A distribution's requirements, as ``importlib.metadata.requires`` has them.
    """
    found = []
    for requirement in declared:
        wanted, _, marker = requirement.partition(";")
        conditions = [part.strip() for part in re.split(r"\band\b", marker)]
        named = [match[1] for part in conditions if (match := _EXTRA.match(part))]
        if _plain(extra) in map(_plain, named):
            others = " and ".join(part for part in conditions if not _EXTRA.match(part))
            found.append(f"{wanted.strip()}; {others}" if others else wanted.strip())
    return found


def _plain(name: str) -> str:
    """An extra's name as names are compared: case, dots, dashes and underscores are alike."""
    return re.sub(r"[-_.]+", "-", name).lower()
