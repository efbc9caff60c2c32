from __future__ import annotations

import json
import re
from xml.etree import ElementTree as ET

import pytest

from gradparity.reports import ci
from gradparity.reports.columns import frame
from gradparity.reports.places import place_of, relative

CASE = """\
# two cases
case: other
program: y = x
---
case: softmax
program: |
  z = x * 2
  y = exp(z)
"""


@pytest.fixture
def written(tmp_path, failing, row, monkeypatch):
    """Rows whose case is a file in the current folder."""
    (tmp_path / "cases").mkdir()
    (tmp_path / "cases" / "mine.yaml").write_text(CASE, "utf-8")
    monkeypatch.chdir(tmp_path)
    where = f"{tmp_path}/cases/mine.yaml:5"
    return frame([failing(where=where), failing(where=where, tensor="b"), row("other")])


def test_the_place_is_the_line_of_what_is_blamed(written):
    path, line = place_of(written.iloc[0].to_dict())
    assert path.endswith("cases/mine.yaml")
    assert CASE.splitlines()[line - 1] == "  z = x * 2"


@pytest.mark.parametrize(
    ("where", "place"),
    [("gone.yaml:7", ("gone.yaml", 7)), ("<dict> case", ("", 0)), ("", ("", 0)), ("a:b", ("", 0))],
)
def test_a_place_that_cannot_be_read_is_the_cases(failing, where, place):
    assert place_of(failing(where=where)) == place


def test_a_path_is_relative_where_it_can_be(tmp_path):
    assert relative(f"{tmp_path}/a/b.yaml", tmp_path) == "a/b.yaml"
    assert relative("/elsewhere/b.yaml", tmp_path) == "/elsewhere/b.yaml"


def test_an_annotation_a_failure_at_its_line(written):
    error, notice = ci.as_github(written).splitlines()
    assert error.startswith(
        "::error file=cases/mine.yaml,line=7,title=gradparity%3A softmax differs::"
    )
    assert "1 more tensor" in error
    assert notice == ("::notice title=gradparity::1 of 2 cases differs: softmax (jax).")


def test_an_annotation_stays_on_its_line_whatever_a_text_holds(hostile):
    lines = ci.as_github(hostile).splitlines()
    assert all(re.match(r"::(error|notice) ", line) for line in lines)
    for line in lines[:-1]:
        given = line.removeprefix("::error ").partition("::")[0]
        assert {part.partition("=")[0] for part in given.split(",")} <= {"file", "line", "title"}


def test_sarif_has_a_result_a_failure_with_its_rule_and_line(written):
    (run,) = json.loads(ci.as_sarif(written))["runs"]
    (result,) = run["results"]
    assert result["ruleId"] == "differs/error"
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["differs/error"]
    (place,) = result["locations"]
    assert place["physicalLocation"] == {
        "artifactLocation": {"uri": "cases/mine.yaml"},
        "region": {"startLine": 7},
    }
    again = json.loads(ci.as_sarif(written))["runs"][0]["results"][0]
    assert again["partialFingerprints"] == result["partialFingerprints"]


@pytest.mark.parametrize("name", ["none", "agreeing", "mixed", "hostile"])
def test_sarif_and_junit_are_well_formed(request, name):
    results = frame([]) if name == "none" else request.getfixturevalue(name)
    held = json.loads(ci.as_sarif(results))
    assert held["version"] == "2.1.0"
    levels = {result["level"] for result in held["runs"][0]["results"]}
    assert levels <= {"error", "warning"}
    ET.fromstring(ci.as_junit(results).encode())  # noqa: S314  our own text


def test_junit_counts_tasks_by_adapter(mixed):
    root = ET.fromstring(ci.as_junit(mixed).encode())  # noqa: S314  our own text
    suites = {suite.get("name"): suite for suite in root}
    jax = suites["jax"]
    counts = {k: jax.get(k) for k in ("tests", "failures", "errors", "skipped")}
    assert counts == {"tests": "3", "failures": "1", "errors": "0", "skipped": "1"}
    torch = suites["torch"]
    assert (torch.get("errors"), torch.get("failures"), torch.get("skipped")) == ("1", "1", "1")
    (test,) = [t for t in jax if t.find("failure") is not None]
    assert test.get("name") == "softmax[jax-float64]"
    failure = test.find("failure")
    assert failure is not None
    assert "error 0.0015 exceeds 1e-12 at (0, 3)" in str(failure.text)
    assert len(str(failure.text).splitlines()) == 2


def test_the_summary_is_short_whatever_the_run(failing, agreeing):
    many = frame(failing(f"c{k}") for k in range(400))
    text = ci.as_summary(many)
    assert text.startswith("## gradparity: failed\n")
    assert text.count("\n| ") < 3 * ci.MOST
    assert "and 150 more" in text
    assert ci.as_summary(agreeing).startswith("## gradparity: passed\n")
