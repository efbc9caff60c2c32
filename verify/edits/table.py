"""Every edit there is; loading this registers them."""

from __future__ import annotations

from . import (
    applied,
    attributes,
    cells,
    copies,
    forms,
    groups,
    labels,
    layers,
    numbers,
    segments,
    shapes,
    windows,
)
from .edit import Edit, Known, edits_of, stand_ins

__all__ = [
    "Edit",
    "Known",
    "applied",
    "attributes",
    "cells",
    "copies",
    "edits_of",
    "forms",
    "groups",
    "labels",
    "layers",
    "numbers",
    "segments",
    "shapes",
    "stand_ins",
    "windows",
]
