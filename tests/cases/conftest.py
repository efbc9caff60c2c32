"""Case files as texts."""

from pathlib import Path

import pytest

from gradparity.cases import load_text


@pytest.fixture
def faults():
    """The faults of a text, as a user sees them, of a file called t.yaml."""
    return lambda text: [str(fault) for fault in load_text(text, Path("t.yaml"))[1]]


@pytest.fixture
def case(tmp_path):
    """The one case of a text, which must be sound."""

    def load(text):
        cases, found = load_text(text, tmp_path / "t.yaml")
        assert [str(fault) for fault in found] == []
        (only,) = cases
        return only

    return load


@pytest.fixture
def program(case):
    """The program of a text, of parameters w and v and the input x."""

    def load(text, **others):
        lines = "".join(f"  {line}\n" for line in text.splitlines())
        rest = "".join(f"{key}: {value}\n" for key, value in others.items())
        return case(
            "case: a\nabout: b\ninputs: {x: [1.0, 2.0]}\nparams: {w: 1.0, v: [1.0, 2.0]}\n"
            f"{rest}program: |\n{lines}  loss = sum(x * w * v)\n"
        ).programs[0]["*"]

    return load
