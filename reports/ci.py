"""Results for continuous integration: annotations, SARIF, JUnit, and a summary that is short."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pandas as pd

from . import summary
from .columns import RUN
from .failures import Failure, causes, failures
from .markdown import escaped, markdown_table
from .places import place_of, relative
from .sections import details, overview, task_id
from .verdicts import FAILING
from .wording import safe

#: What a failure is to a reader of annotations.
LEVELS = {"error": "error", "differs": "error", "stale": "warning"}

#: Rows of a table of the short summary, which GitHub cuts at a megabyte.
MOST = 50

#: What XML 1.0 cannot hold.
_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def as_github(frame: pd.DataFrame) -> str:
    """Workflow commands of GitHub Actions: an annotation at the line of each failure."""
    lines = []
    for one in failures(frame):
        path, line = place_of(one.first)
        where = {"file": relative(path, Path.cwd()), "line": str(line)} if path else {}
        said = where | {"title": f"gradparity: {one.case} {one.verdict}"}
        given = ",".join(f"{key}={_property(value)}" for key, value in said.items())
        lines.append(f"::{LEVELS[one.verdict]} {given}::{_data(_message(one))}")
    lines.append(f"::notice title=gradparity::{_data(safe(summary.sentence(frame)))}")
    return "\n".join(lines) + "\n"


def as_sarif(frame: pd.DataFrame) -> str:
    """SARIF 2.1.0, one result a failure, placed at its line."""
    found = failures(frame)
    rules = dict.fromkeys(_rule(one) for one in found)
    tool = {
        "name": "gradparity",
        "rules": [
            {"id": rule, "shortDescription": {"text": rule.replace("/", ": ")}} for rule in rules
        ],
    }
    run = {
        "tool": {"driver": tool},
        "columnKind": "unicodeCodePoints",
        "results": [_result(one) for one in found],
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=1) + "\n"


def as_junit(frame: pd.DataFrame) -> str:
    """JUnit's XML: a suite an adapter, a test a task; the rows that fail are its failure."""
    root = ET.Element("testsuites", name="gradparity")
    for adapter, held in frame.groupby("adapter", sort=False):
        suite = ET.SubElement(root, "testsuite", name=_xml(str(adapter)))
        counts: dict[str, int] = dict.fromkeys(("tests", "failures", "errors", "skipped"), 0)
        for _, rows in held.groupby(RUN, sort=False, dropna=False):
            counts["tests"] += 1
            if part := _test(suite, rows):
                counts[part] += 1
        suite.attrib |= {key: str(count) for key, count in counts.items()}
    ET.indent(root, " ")
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def as_summary(frame: pd.DataFrame) -> str:
    """A short report in Markdown, as for ``GITHUB_STEP_SUMMARY``: counts, causes, failures."""
    failed = not summary.failures(frame).empty
    lines = [f"## gradparity: {'failed' if failed else 'passed'}", ""]
    lines += [escaped(safe(summary.sentence(frame))), ""]
    tables = [overview(frame), causes(frame)]
    tables += [table for table in details(frame) if failed and table.title.startswith("Failures")]
    for table in tables:
        if table:
            short = type(table)(table.title, table.heads, table.rows[:MOST])
            left = len(table.rows) - MOST
            lines += [f"### {escaped(table.title)}", "", *markdown_table(short), ""]
            lines += [f"and {left:,} more", ""] if left > 0 else []
    return "\n".join(lines)


#: Format → what writes it.
FORMATS: dict[str, Callable[[pd.DataFrame], str]] = {
    "summary": as_summary,
    "github": as_github,
    "sarif": as_sarif,
    "junit": as_junit,
}


def _message(one: Failure) -> str:
    return "\n".join(line.strip() for line in one.lines())


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _rule(one: Failure) -> str:
    return "/".join(part for part in (one.verdict, one.first["kind"]) if part)


def _result(one: Failure) -> dict[str, Any]:
    path, line = place_of(one.first)
    mark = "\0".join([one.case, *one.adapters, _rule(one), str(one.first["tensor"])])
    made: dict[str, Any] = {
        "ruleId": _rule(one),
        "level": LEVELS[one.verdict],
        "message": {"text": _message(one)},
        "partialFingerprints": {"gradparity/v1": hashlib.sha256(mark.encode()).hexdigest()},
    }
    if path:
        artifact = {"uri": relative(path, Path.cwd())}
        made["locations"] = [
            {"physicalLocation": {"artifactLocation": artifact, "region": {"startLine": line}}}
        ]
    return made


def _test(suite: ET.Element, rows: pd.DataFrame) -> str:
    """Add a task's test; which count of the suite's it adds to, empty for none."""
    first = rows.iloc[0].to_dict()
    test = ET.SubElement(
        suite,
        "testcase",
        classname=_xml(f"{first['adapter']}.{first['case']}"),
        name=_xml(task_id(first)),
        time=f"{float(rows['seconds'].max() or 0):.3f}",
    )
    failed = rows[rows["verdict"].isin(FAILING)]
    if len(failed):
        kind = "error" if (failed["verdict"] == "error").any() else "failure"
        told = [
            " ".join(str(row[key]) for key in ("verdict", "check", "tensor", "reason", "where"))
            for row in failed.to_dict(orient="records")
        ]
        part = ET.SubElement(test, kind, message=_xml(told[0]))
        part.text = _xml("\n".join(told))
        return f"{kind}s"
    if set(rows["verdict"]) <= {"skipped", "unsupported"}:
        ET.SubElement(test, "skipped", message=_xml(f"{first['verdict']}: {first['reason']}"))
        return "skipped"
    return ""


def _xml(text: str) -> str:
    return _NO_XML.sub("\N{REPLACEMENT CHARACTER}", text)
