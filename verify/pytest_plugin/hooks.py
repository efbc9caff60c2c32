"""pytest collects case files: ``one-layer.yaml::one-layer[torch-float64]``.

This module is loaded by every pytest of an environment that has gradparity installed, so it
imports nothing heavy. What collects and runs is ``items``, loaded with the first case
file; a YAML file is one only where it has a top-level ``case:``.
"""

from __future__ import annotations

import importlib
import re
from pathlib import Path
from typing import Any

import pytest

from ...refimpl.errors import BadUsage
from .telling import Telling

#: A file longer than this is no case file.
LONGEST = 4_000_000

#: A key ``case`` in the first column, as ``cases.loading`` looks for it.
_CASE = re.compile(rb"""^(case|"case"|'case')[ \t]*:""", re.MULTILINE)

#: A key ``own`` there: the file compares users' code.
_OWN = re.compile(rb"""^(own|"own"|'own')[ \t]*:""", re.MULTILINE)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options; their text is checked before anything is collected."""
    group = parser.getgroup("gradparity", "gradparity case files")
    group.addoption(
        "--gradparity-adapters",
        metavar="NAMES",
        help="run case files in these adapters, as numpy,torch,jax (default: all)",
    )
    group.addoption(
        "--gradparity-dtypes",
        metavar="NAMES",
        help="of each case's dtypes run only these, as float64,float32 (default: all)",
    )
    group.addoption(
        "--gradparity-draws",
        metavar="N",
        help="draw the random tensors of a case N times over (default: 1)",
    )
    group.addoption(
        "--gradparity-report",
        metavar="DIR",
        help="write the results of case files to this folder, as gradparity run --out does",
    )
    group.addoption(
        "--gradparity-strict",
        action="store_true",
        help="run nothing where a case file is refused; otherwise the other files are run",
    )
    group.addoption(
        "--gradparity-allow-imports",
        action="store_true",
        help="import and run the code that case files name with own:; needed for these",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Check the options, and gather results where a report is asked for."""
    try:
        _check(config)
    except BadUsage as error:
        raise pytest.UsageError(str(error)) from None
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Telling(), "gradparity-telling")
    if config.getoption("--gradparity-report") and not hasattr(config, "workerinput"):
        report = importlib.import_module(".report", __package__)
        config.pluginmanager.register(report.Report(config), "gradparity-report")


def _check(config: pytest.Config) -> None:
    """Raise BadUsage for an option's text that means nothing; what reads them is not light."""
    for name in ("adapters", "dtypes", "draws"):
        text = config.getoption(f"--gradparity-{name}")
        if text is not None:
            choices = importlib.import_module("..selection.choices", __package__)
            getattr(choices, f"{name}_of")(text)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> Any:
    """Claim a YAML file that has a top-level ``case:``; one with ``own:`` is of users' code."""
    if file_path.suffix not in (".yaml", ".yml") or not is_case_file(file_path):
        return None
    if _OWN.search(file_path.read_bytes()):
        own = importlib.import_module(".own_items", __package__)
        return own.OwnFile.from_parent(parent, path=file_path)
    items = importlib.import_module(".items", __package__)
    return items.CaseFile.from_parent(parent, path=file_path)


def is_case_file(path: Path) -> bool:
    """Whether a file has a top-level ``case:``, by its text; it is not parsed."""
    try:
        if path.stat().st_size > LONGEST:
            return False
        text = path.read_bytes()
    except OSError:
        return False
    return _CASE.search(text) is not None
