"""``gradparity fuzz``: a planted fault is found, shrunk and written; runs go on where they were."""

from dataclasses import replace

import pytest
import torch

from gradparity.adapters import torch_lowerings
from gradparity.cases.loading import load_files
from gradparity.reports.fuzz import About, Line, as_markdown, sentence
from gradparity.verify import Runner
from gradparity.verify.fuzz.alarms import alarms_in
from gradparity.verify.fuzz.telling import told
from gradparity.verify.fuzz.writing import case_in


@pytest.fixture
def wrong_atan(monkeypatch):
    lowerings = torch_lowerings.LOWERINGS
    find = lowerings.find
    right = find("atan")
    wrong = replace(right, call=lambda x: torch.atan(x) * 1.001)
    monkeypatch.setattr(lowerings, "find", lambda op: wrong if op == "atan" else find(op))


def test_right_programs_end_with_0(gradparity, tmp_path):
    status, out, err = gradparity(
        *("fuzz", "--count", 6, "--adapters", "numpy", "-j", 0, "--out", tmp_path / "f")
    )
    assert (status, err) == (0, "")
    assert out.startswith("6 programs of seed 0 over numpy ")
    assert out.endswith(", 0 alarms.\n")
    assert (tmp_path / "f" / "README.md").read_text("utf-8").startswith("# Random programs")


@pytest.mark.slow
def test_a_planted_fault_is_found_shrunk_and_written(gradparity, tmp_path, wrong_atan):
    asked = ("fuzz", "--count", 4, "--adapters", "torch", "--operations", "atan,sin", "-j", 0)
    status, out, err = gradparity(*asked, "--out", tmp_path)
    assert status == 1
    assert "of 1 kind: 0 recorded, 1 new, shrunk to a median of 1 operation" in out
    (path,) = (tmp_path / "found").glob("torch-atan-forward-error-float*.yaml")
    assert path.name in out
    assert path.name in err
    (case,), faults = load_files([path])
    assert not faults
    assert [i.operation for i in case.programs[0]["*"].instructions] == ["atan"]
    again, _, _ = gradparity(*asked, "--out", tmp_path)
    assert again == 1


def test_what_is_written_of_an_alarm_shows_it(wrong_atan):
    text = "case: made-up\nabout: A text.\nparams: {x: 1.0}\nprogram: y = atan(x)\n"
    text += "dtypes: [float64]\n"
    (task,) = case_in(text).tasks()
    (alarm,) = alarms_in(task.id, Runner(["torch"]).rows(task))
    held = told(["torch", "jax"], text, alarm)
    (recorded,) = case_in(held.case).tasks()
    assert {d.tensor for d in recorded.divergences} == {"y", "x"}
    assert {row["verdict"] for row in Runner(["torch"]).rows(recorded)} <= {"known", "agree"}
    assert set(held.snippets) == {"torch", "jax"}
    for part in ("torch: the result of atan is off in float64", "## To reproduce", "0.785398"):
        assert part in held.draft
    assert "jax 0." in held.draft
    assert "returns the expected result" in held.draft


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--minutes", 0], "0 minutes, expected more than 0"),
        (["--operations", "tahn"], "did you mean tan?"),
        (["--operations", "greater"], "no program is drawn of greater"),
        (["--adapters", "troch"], "did you mean torch?"),
        (["--cluster", "tcp://nowhere:1", "-j", 2], "--cluster with -j"),
        (["--count", 0], "Invalid value for '--count'"),
        (["--seed", -1], "Invalid value for '--seed'"),
    ],
)
def test_bad_usage_is_a_line_and_ends_with_2(gradparity, tmp_path, arguments, said):
    status, _, err = gradparity("fuzz", *arguments, "--out", tmp_path)
    assert status == 2
    assert said in err
    assert "Traceback" not in err


def test_the_sentence_counts_what_is_new_and_what_is_recorded():
    about = About(3, 1200, {"torch": "2.0", "jax": "0.1"})
    new = Line("torch", "exp", "forward", "framework", "error", 4, 1, file="found/a.yaml")
    old = Line("jax", "log", "backward", "framework", "error", 2, 5, recorded="log-of-it")
    assert sentence(about, [new, old]) == (
        "1,200 programs of seed 3 over torch 2.0 and jax 0.1, 6 alarms of 2 kinds: 1 recorded, "
        "1 new, shrunk to a median of 1 operation."
    )
    page = as_markdown(about, [new, old])
    assert "found/a.yaml" in page
    assert "log-of-it" in page
