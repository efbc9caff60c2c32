"""``gradparity lint``: every fault of every case file, in one go."""

from __future__ import annotations

from ...cases.garbage import uncollected
from ..linting.checking import check
from .common import Large, Most, Paths, emit, fail_on, with_large


def lint(paths: Paths = None, *, large: Large = False, max_work: Most = None) -> None:
    """Check case files: their structure, their programs, and that they prove something.

    Notes are no faults.
    """
    with uncollected():
        cases, faults = check(with_large(paths, wanted=large), max_work)
    for case in cases:
        for note in case.notes:
            emit(f"{case.path}:{case.line}: note: {note}")
    fail_on(faults)
    files = len({case.path for case in cases})
    emit(
        f"{len(cases)} case{'' if len(cases) == 1 else 's'} "
        f"in {files} file{'' if files == 1 else 's'}: no faults"
    )
