"""What README.md says of Python is so."""

import re
from pathlib import Path

import gradparity as gp

README = Path(__file__).parents[2] / "README.md"

CASE = "case: theirs\nabout: A product.\nparams: {w: 2.0}\nprogram: loss = w * w\n"


def section(title):
    """The text under a heading, as far as the next one."""
    _, _, after = README.read_text("utf-8").partition(f"\n## {title}\n")
    return after.partition("\n## ")[0]


def test_its_examples_run(tmp_path, monkeypatch):
    (tmp_path / "my-cases").mkdir()
    (tmp_path / "my-cases" / "theirs.yaml").write_text(CASE)
    monkeypatch.chdir(tmp_path)
    first, second = re.findall(
        r"^```python\n(.*?)^```", section("In Python"), re.MULTILINE | re.DOTALL
    )
    known = {}
    exec(first, known)  # noqa: S102  our own text
    assert set(known["frame"].adapter) == {"numpy", "torch"}
    assert known["gp"].summary(known["frame"]).sentence.endswith("all agree.")
    exec(second, known)  # noqa: S102  our own text
    frame = known["frame"]
    assert list(frame.case.unique()) == ["mine", "one-layer", "theirs"]
    assert set(frame.verdict) == {"agree"}


def test_its_columns_are_those_of_results():
    groups = re.findall(r"\(`([\w,\s]+)`\)", section("In Python"))
    said = [name for group in groups for name in re.split(r",\s+", group)]
    assert said == list(gp.run("one-layer", adapters=["numpy"], dtypes=["float64"]).columns)
