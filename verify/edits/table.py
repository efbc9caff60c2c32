"""Every edit there is; loading this registers them."""

from __future__ import annotations

from . import attributes, cells, forms, layers, numbers, shapes, windows
from .edit import Edit, Known, edits_of

__all__ = [
    "Edit",
    "Known",
    "attributes",
    "cells",
    "edits_of",
    "forms",
    "layers",
    "numbers",
    "shapes",
    "windows",
]
