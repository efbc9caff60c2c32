"""Where files of arrays are found: beside the case or shipped with the package."""

from __future__ import annotations

from functools import cache
from pathlib import Path, PurePosixPath, PureWindowsPath

from .faults import nearest, shown

#: The arrays that come with the package.
SHIPPED = Path(__file__).parent / "data"


class FileFault(Exception):
    """Why a file cannot be used."""

    def __init__(self, message: str, *, limit: bool = False) -> None:
        super().__init__(message)
        self.limit = limit


def locate(name: str, folder: Path) -> Path:
    """The file of that name: beside the case, else shipped.

    Raises
    ------
    FileFault
        Where the name leads elsewhere, or to nothing.
    """
    windows = PureWindowsPath(name)
    if (
        windows.drive
        or windows.root
        or PurePosixPath(name).is_absolute()
        or ".." in windows.parts
        or "\0" in name
    ):
        raise FileFault(f"the file {shown(name)}, expected one in the case file's own folder")
    for base in (folder.resolve(), _shipped()):
        try:
            found = (base / name).resolve()
            is_file = found.is_file()
        except (OSError, RuntimeError, ValueError) as fault:  # too long a name, links in a circle
            raise FileFault(
                f"the file {shown(name)} cannot be looked for ({_why(fault)})"
            ) from fault
        if not found.is_relative_to(base):
            raise FileFault(
                f"the file {shown(name)} leads out of its folder, expected one inside it"
            )
        if is_file:
            return found
    shipped = [path.name for path in sorted(SHIPPED.glob("*.np[yz]"))]
    close = nearest(name, shipped)
    hint = f"; did you mean {close!r}?" if close else ""
    raise FileFault(
        f"no file {shown(name)}, expected one beside the case file or one of "
        f"{', '.join(shipped)}{hint}"
    )


def _why(fault: Exception) -> str:
    return (getattr(fault, "strerror", None) or str(fault)).lower()


@cache
def _shipped() -> Path:
    return SHIPPED.resolve()
