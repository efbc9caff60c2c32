"""What may be wrong with results that are read back."""

from __future__ import annotations


class BadResults(ValueError):
    """A file holds no results of a run, or only part of them; the message begins with its name."""
