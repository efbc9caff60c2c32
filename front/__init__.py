"""Whether PyTorch, JAX and a NumPy reference compute the same gradients and the same updates.

::

    import gradparity as gp

    frame = gp.run("one-layer", adapters=["numpy", "torch"])  # a pandas DataFrame
    gp.summary(frame)

``run``            cases over adapters, judged: one row for each tensor
``load_cases``     cases from files, folders, the catalogue's names, YAML text and dicts
``explain``        a case derived by hand, every framework beside it: an ``Explanation``
``compare``        a PyTorch module beside its JAX port: a ``Report``
``Steps``          how both are trained, for ``compare``
``assert_parity``  the same in a test: it fails with the report
``summary``        the short view of what a run found
``Case``           a case that was read

Every error raised on purpose is a ``GradparityError``; ``BadResults``, for a table that holds no
results, is a ``ValueError``.

Names are loaded when they are first asked for: importing this package loads no framework, no
pandas and no NumPy.
"""

from __future__ import annotations

from importlib import import_module

TYPE_CHECKING = False  # as typing has it, which takes milliseconds to import

if TYPE_CHECKING:
    from .adapters.captures.training import Steps
    from .cases.case import Case
    from .refimpl.errors import (
        AdapterFailed,
        BadCase,
        BadUsage,
        GradparityError,
        LimitExceeded,
        MissingFramework,
        Unsupported,
    )
    from .reports.digest import Summary, summary
    from .reports.errors import BadResults
    from .verify.api import BadCases, explain, load_cases, run
    from .verify.explain.shown import Explanation
    from .verify.own.comparing import assert_parity, compare
    from .verify.own.report import Report

    __version__: str

#: Public name → the module that has it.
_HOMES = {
    "AdapterFailed": "refimpl.errors",
    "BadCase": "refimpl.errors",
    "BadCases": "verify.api",
    "BadResults": "reports.errors",
    "BadUsage": "refimpl.errors",
    "Case": "cases.case",
    "Explanation": "verify.explain.shown",
    "GradparityError": "refimpl.errors",
    "LimitExceeded": "refimpl.errors",
    "MissingFramework": "refimpl.errors",
    "Report": "verify.own.report",
    "Steps": "adapters.captures.training",
    "Summary": "reports.digest",
    "Unsupported": "refimpl.errors",
    "assert_parity": "verify.own.comparing",
    "compare": "verify.own.comparing",
    "explain": "verify.api",
    "load_cases": "verify.api",
    "run": "verify.api",
    "summary": "reports.digest",
}

__all__ = [
    "AdapterFailed",
    "BadCase",
    "BadCases",
    "BadResults",
    "BadUsage",
    "Case",
    "Explanation",
    "GradparityError",
    "LimitExceeded",
    "MissingFramework",
    "Report",
    "Steps",
    "Summary",
    "Unsupported",
    "__version__",
    "assert_parity",
    "compare",
    "explain",
    "load_cases",
    "run",
    "summary",
]

if not TYPE_CHECKING:  # a type checker shall know a misspelt name from a good one

    def __getattr__(name: str) -> object:
        """Load a public name's module on first use."""
        if name == "__version__":
            return import_module("importlib.metadata").version(__name__)
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f".{_HOMES[name]}", __name__), name)


def __dir__() -> list[str]:
    return __all__
