"""Switches put in place of a framework's functions, before anything of ours is imported.

The adapters' tables hold some functions by themselves, so that a name patched later would not be
seen everywhere. A switch stands at the name from the beginning, and does nothing until a fault
is switched on.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable
from typing import Any

#: ``change(original, args, kwargs) -> result``.
Change = Callable[[Callable[..., Any], tuple[Any, ...], dict[str, Any]], Any]


class Switch:
    """Stands at one dotted name; ``change`` is what goes wrong, None while nothing does."""

    def __init__(self, name: str) -> None:
        self.change: Change | None = None
        self._busy = False
        home, self._last = _home(name)
        original = getattr(home, self._last)
        setattr(home, self._last, self._wrapped(original))

    def _wrapped(self, original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        def switched(*args: Any, **kwargs: Any) -> Any:
            if self.change is None or self._busy:
                return original(*args, **kwargs)
            self._busy = True  # what the fault and the function itself call inside is right
            try:
                return self.change(original, args, kwargs)
            finally:
                self._busy = False

        return switched


def _home(name: str) -> tuple[Any, str]:
    """What holds the last part of a dotted name, and that part."""
    *path, last = name.split(".")
    for count in range(len(path), 0, -1):
        try:
            home = importlib.import_module(".".join(path[:count]))
        except ModuleNotFoundError:
            continue
        for part in path[count:]:
            home = getattr(home, part)
        return home, last
    raise ValueError(f"there is no {name}")
