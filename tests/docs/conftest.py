import importlib
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="session")
def building():
    """A module of ``docs/building``, by its name."""
    sys.path.insert(0, str(DOCS))
    yield lambda name: importlib.import_module(f"building.{name}")
    sys.path.remove(str(DOCS))
