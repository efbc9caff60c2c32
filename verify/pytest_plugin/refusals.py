"""Files that are refused: errors that keep no other file from being run, unless asked to."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, NoReturn

import pytest

from .telling import REFUSED


class RefusedItem(pytest.Item):
    """In the place of a file's tests, one that cannot be set up."""

    said: str

    @classmethod
    def of(cls, parent: pytest.File, faults: Sequence[object]) -> RefusedItem:
        """The item of a file with faults, each of which says its place.

        Raises
        ------
        CollectError
            Where nothing is to be run beside such a file.
        """
        near = os.path.relpath(parent.path)
        said = "\n".join(str(fault).replace(str(parent.path), near) for fault in faults)
        if parent.config.getoption("--gradparity-strict"):
            raise parent.CollectError(said)
        item: RefusedItem = cls.from_parent(parent, name=REFUSED)
        item.said = said
        return item

    def setup(self) -> NoReturn:
        """Say what is wrong, as an error and no failure."""
        pytest.fail(self.said, pytrace=False)

    def runtest(self) -> None:
        """It is never come to."""

    def reportinfo(self) -> tuple[Any, int, str]:
        """The file's beginning."""
        return self.path, 0, self.name
