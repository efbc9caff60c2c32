"""``gradparity compare``, on the example of the documentation."""

import json
import re
import sys
from pathlib import Path

import pytest

from gradparity.verify import cli

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "own-code.md"


@pytest.fixture
def section():
    return PAGE.read_text("utf-8")


@pytest.fixture
def call(monkeypatch, capsys, tmp_path, section):
    """Run the command where the page's files lie: its exit status, output and errors."""
    for name, text in re.findall(r"```python\n# (\w+\.py)\n(.*?)```", section, re.DOTALL):
        (tmp_path / name).write_text(text, "utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["gradparity", "compare", *arguments])
        status = 0
        try:
            cli.main()
        except SystemExit as end:
            status = end.code or 0
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    yield run
    for name in ("net", "port"):
        sys.modules.pop(name, None)


SIDES = ("net:Net", "port:net", "--params", "port:convert", "--inputs")
INPUTS = "{x: {normal: [2, 4]}}"


def told(text):
    """What is said in words, without numbers that depend on what was drawn."""
    return [
        line
        for line in text.splitlines()
        if re.match(r" +(because:|to agree:|torch  |jax  )", line)
    ]


def test_the_page_says_what_the_command_says(call, section, tmp_path):
    page = tmp_path / "port.html"
    status, out, _ = call(*SIDES, INPUTS, "--allow-imports", "--html", str(page))
    assert status == 1
    (shown,) = re.findall(r"```text\n(torch and jax.*?)```", section, re.DOTALL)
    assert shown.splitlines()[0] == out.splitlines()[0]
    words = [re.sub(r"  \[.*", "", line) for line in told(out)]
    assert words == [re.sub(r"  \[.*", "", line) for line in told(shown)]
    assert len(words) == 8
    assert "gelu is approximate=" in page.read_text("utf-8")


def test_nothing_is_imported_unless_that_is_allowed(call):
    status, _, err = call(*SIDES, INPUTS)
    assert status == 2
    assert "--allow-imports" in err
    assert "net" not in sys.modules


def test_rows_are_printed_as_json(call):
    status, out, _ = call(*SIDES, INPUTS, "--allow-imports", "--json")
    assert status == 1
    assert {row["check"] for row in json.loads(out)} == {"mathematics", "run", "own gradient"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("net:Nut", *SIDES[1:], INPUTS), "net:Nut: module 'net' has no attribute 'Nut'"),
        (("net", *SIDES[1:], INPUTS), "expected MODULE:NAME"),
        ((*SIDES, "{x: {nromal: [2, 4]}}"), "inputs: x: {nromal} is no array"),
        ((*SIDES, "{x: ["), "--inputs is no YAML"),
        ((*SIDES, "[1, 2]"), "expected tensors by name"),
        ((*SIDES, "gone.yaml"), "No such file or directory: gone.yaml"),
    ],
)
def test_what_cannot_be_used_is_told_in_one_line(call, arguments, message):
    status, _, err = call(*arguments, "--allow-imports")
    assert status == 2
    assert message in err
    assert len(err.splitlines()) == 1


DOCUMENT = """\
case: my-net
about: The page's.
own: {torch: "net:Net", jax: "port:net", params: "port:convert"}
inputs: {x: {normal: [2, 4]}}
"""


def test_a_document_says_all_and_imports_nothing_unasked(call, tmp_path):
    path = tmp_path / "net.yaml"
    path.write_text(DOCUMENT, "utf-8")
    status, out, err = call(str(path))
    assert status == 2
    assert "--allow-imports" in err
    assert "net" not in sys.modules
    status, out, _ = call(str(path), "--allow-imports")
    assert status == 1
    assert out.startswith("my-net: torch and jax are not the same mathematics: eps is 1e-06 in jax")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (DOCUMENT.replace("params: ", "parms: "), r"net\.yaml:3:\d+: own\.parms: Extra inputs"),
        (DOCUMENT.replace("normal: [2, 4]", "normal: 2.5"), r"net\.yaml:4:\d+: inputs\.x"),
        (DOCUMENT.replace("net:Net", "net"), r"net\.yaml:3:\d+: own\.torch"),
        ("case: a\n", r"net\.yaml:1:1: expected a mapping with the keys case, own, inputs"),
        ("", "no document in the file"),
    ],
)
def test_what_is_wrong_with_a_document_is_told_at_its_place(call, tmp_path, text, fault):
    path = tmp_path / "net.yaml"
    path.write_text(text, "utf-8")
    status, _, err = call(str(path), "--allow-imports")
    assert status == 2
    assert re.search(fault, err), err
