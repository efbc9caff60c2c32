"""Every edit there is; loading this registers them."""

from __future__ import annotations

from . import layers, numbers, shapes
from .edit import Edit, Known, edits_of

__all__ = ["Edit", "Known", "edits_of", "layers", "numbers", "shapes"]
