"""``gradparity schema``: the JSON Schema of a case, for editors."""

from __future__ import annotations

import json

from ...cases.models import json_schema
from .common import emit


def schema() -> None:
    """Print the JSON Schema that the typed models of a case make."""
    emit(json.dumps(json_schema(), indent=2, ensure_ascii=False))
