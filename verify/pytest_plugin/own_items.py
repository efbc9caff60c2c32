"""Files that compare users' own code as pytest's collectors and tests: one test a document."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from ...refimpl.errors import BadUsage, GradparityError
from ..own.naming import report_of
from ..own.report import Report
from ..selection.documents import Document, documents
from .refusals import RefusedItem


class Apart(Exception):
    """Two sides that are not the same, with their report."""

    def __init__(self, report: Report) -> None:
        self.report = report
        super().__init__(report.sentence)


class OwnFile(pytest.File):
    """A YAML file whose documents have ``own:``."""

    def collect(self) -> Iterator[pytest.Item]:
        """One item a document; nothing is imported yet."""
        found, faults = documents(self.path)
        if faults:
            yield RefusedItem.of(self, faults)
            return
        for document in found:
            yield OwnItem.of(self, document)


class OwnItem(pytest.Item):
    """One comparison."""

    document: Document

    @classmethod
    def of(cls, parent: OwnFile, document: Document) -> OwnItem:
        """Make the item of a document."""
        item: OwnItem = cls.from_parent(parent, name=document.model.case)
        item.document = document
        return item

    def runtest(self) -> None:
        """Import what the document names, and compare it."""
        if not self.config.getoption("--gradparity-allow-imports"):
            raise BadUsage(
                f"{self.document.where}: own: imports and runs code: allow it with "
                "--gradparity-allow-imports"
            )
        report = report_of(self.document)
        if report.verdict != "same":
            raise Apart(report)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The report, for sides that are apart; our errors in words; no stack."""
        if isinstance(excinfo.value, Apart):
            return str(excinfo.value.report)
        if isinstance(excinfo.value, GradparityError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Any, int, str]:
        """The document's place in its file."""
        return self.path, self.document.line - 1, self.name
