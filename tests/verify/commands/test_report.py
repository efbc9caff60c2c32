"""``gradparity report``, and the recipe for GitHub Actions that uses it."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from ..small_cases import GOOD

ROOT = Path(__file__).parents[3]

OFF = """\
case: mine
about: What is expected is off.
params: {w: 2.0}
program: loss = w * w
expect: {grad: {w: 5.0}}
dtypes: [float64]
"""


@pytest.fixture
def run(gradparity, tmp_path):
    (tmp_path / "cases").mkdir()
    (tmp_path / "cases" / "mine.yaml").write_text(OFF, "utf-8")
    out = tmp_path / "out"
    status, _, _ = gradparity("run", tmp_path / "cases", "--adapters", "numpy", "--out", out)
    assert status == 1
    return out


#: What each format begins with.
FORMATS = {
    "summary": "## gradparity: failed",
    "github": "::error file=",
    "sarif": "{",
    "junit": "<?xml",
    "markdown": "# ",
    "json": "{",
    "csv": "case,point",
}


def test_each_format_is_written(gradparity, run, tmp_path):
    for form, start in FORMATS.items():
        status, out, err = gradparity("report", run, "--format", form)
        assert (status, err, out[: len(start)]) == (0, "", start), form
        file = tmp_path / "deep" / form
        assert gradparity("report", run, "--format", form, "--output", file)[:2] == (0, ""), form
        assert file.read_text("utf-8") == out, form


def test_run_prints_them_as_well(gradparity, run, tmp_path):
    said = gradparity("run", tmp_path / "cases", "--adapters", "numpy", "--format", "github")
    assert said[0] == 1
    assert re.match(r"::error file=\S*mine\.yaml,line=5,", said[1])


def test_what_is_no_run_is_bad_usage(gradparity, tmp_path):
    status, _, err = gradparity("report", tmp_path)
    assert (status, err.count("\n")) == (2, 1)
    (tmp_path / "results.parquet").write_bytes(b"no table")
    assert gradparity("report", tmp_path)[0] == 2


def test_a_file_that_cannot_be_written_is_bad_usage(gradparity, run):
    status, _, err = gradparity("report", run, "--output", run / "results.csv" / "x")
    assert (status, err.count("\n")) == (2, 1)


@pytest.mark.slow
def test_the_recipe_runs_as_it_is_written(tmp_path):
    """Each of our commands in it, in a folder with a case that fails."""
    text = (ROOT / "examples" / "github-actions.yaml").read_text("utf-8")
    recipe = YAML(typ="safe").load(text)
    (tmp_path / "cases").mkdir()
    (tmp_path / "cases" / "mine.yaml").write_text(OFF, "utf-8")
    steps = [step["run"] for step in recipe["jobs"]["gradients"]["steps"] if "run" in step]
    ours = [step for step in steps if step.startswith("gradparity")]
    statuses = []
    for step in ours:
        script = re.sub("^gradparity", f"{sys.executable} -m gradparity", step, flags=re.MULTILINE)
        script = script.replace("gradparity run ", "gradparity run --adapters numpy ")
        ended = subprocess.run(  # noqa: S603  the recipe's own text
            ["/bin/bash", "-e", "-c", script],
            cwd=tmp_path,
            env={
                "PATH": "/usr/bin:/bin",
                "GITHUB_STEP_SUMMARY": "summary.md",
                "GRADPARITY_CACHE": "",
            },
            capture_output=True,
            text=True,
            check=False,
        )
        statuses.append(ended.returncode)
        assert "Traceback" not in ended.stderr
    assert statuses == [1, 0, 0, 0]
    assert "## gradparity: failed" in (tmp_path / "summary.md").read_text("utf-8")
    out = tmp_path / "out" / "gradparity"
    assert (out / "report.html").exists()
    (result,) = json.loads((out / "gradparity.sarif").read_text("utf-8"))["runs"][0]["results"]
    place = result["locations"][0]["physicalLocation"]
    assert (place["artifactLocation"]["uri"], place["region"]["startLine"]) == (
        "cases/mine.yaml",
        5,
    )
    assert (out / "junit.xml").read_text("utf-8").startswith("<?xml")


def test_a_diff_is_a_page(gradparity, run, small, tmp_path):
    other = tmp_path / "other"
    (tmp_path / "cases" / "mine.yaml").write_text(OFF.replace("5.0", "4.0"), "utf-8")
    gradparity("run", tmp_path / "cases", "--adapters", "numpy", "--out", other)
    page = tmp_path / "pages" / "diff.html"
    assert gradparity("diff", other, run, "--html", page)[0] == 1
    text = page.read_text("utf-8")
    assert re.search(r"\d changes? for the worse", text)
    assert "Verdicts that changed" in text
    assert gradparity("diff", run, run, "--html", page)[0] == 0
    assert "Nothing changed." in page.read_text("utf-8")


def test_the_page_is_there_while_a_run_goes_on(monkeypatch, gradparity, tmp_path):
    """As soon as it is due, with what is finished; at the end the whole stands in its place."""
    from gradparity.verify.commands import refreshing  # noqa: PLC0415  patched here

    (tmp_path / "cases.yaml").write_text(
        "\n---\n".join(GOOD.replace("small", f"small{k}") for k in range(3)), "utf-8"
    )
    seen = []
    real = refreshing.write_so_far

    def watched(results, folder, sheets, progress):
        real(results, folder, sheets, progress)
        seen.append((Path(folder) / "report.html").read_text("utf-8"))

    monkeypatch.setattr(refreshing, "write_so_far", watched)
    monkeypatch.setattr(refreshing, "FIRST", 0.0)
    monkeypatch.setattr(refreshing, "FEW", 1)
    out = tmp_path / "out"
    status, _, err = gradparity("run", tmp_path / "cases.yaml", "--adapters", "numpy", "--out", out)
    assert status == 0
    assert len(seen) == 1
    assert "The run goes on: 1 of 3 tasks" in seen[0]
    assert "gradparity: 1 of 3 tasks" in err
    assert "The run goes on" not in (out / "report.html").read_text("utf-8")
