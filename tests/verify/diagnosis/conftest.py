from pathlib import Path

import pytest

from gradparity.cases import load_text
from gradparity.verify import Runner

#: Cases that fail on purpose: ``test_questions.py`` asks what is said of them.
collect_ignore = [
    "questions.yaml",
    "more_questions.yaml",
    "new_questions.yaml",
    "port_questions.yaml",
    "asked_questions.yaml",
]


def one_task(text, dtype="float64"):
    cases, faults = load_text(text, Path("made-up.yaml"))
    assert not faults, faults
    return cases[0].tasks([dtype])[0]


@pytest.fixture
def failing():
    """A case's rows that fail, in the adapters that are given."""

    def found(text, *adapters, dtype="float64"):
        rows = Runner(adapters).rows(one_task(text, dtype))
        assert not [row["reason"] for row in rows if row["verdict"] == "error"]
        return [row for row in rows if row["verdict"] == "differs"]

    return found
