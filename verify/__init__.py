"""Schedules tasks over adapters and judges what comes back.

What ``import gradparity`` gives of it is here too, loaded when first asked for, because the pytest
plugin of this package sits in everybody's pytest and must cost nothing there::

    from gradparity.verify import load_cases, run

    frame = run(load_cases("my-cases/"), adapters=["numpy", "torch"])
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .api import BadCases, load_cases, run
    from .engine.runner import Runner
    from .own.comparing import assert_parity, compare
    from .own.report import Report

#: Public name → the module that has it.
_HOMES = {
    "BadCases": ".api",
    "Report": ".own.report",
    "Runner": ".engine.runner",
    "assert_parity": ".own.comparing",
    "compare": ".own.comparing",
    "load_cases": ".api",
    "run": ".api",
}

__all__ = ["BadCases", "Report", "Runner", "assert_parity", "compare", "load_cases", "run"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name], __name__), name)


def __dir__() -> list[str]:
    return __all__
