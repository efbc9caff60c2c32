"""The other commands."""

import json

from gradparity.adapters import registry
from gradparity.adapters.numpy_reference import NumpyAdapter
from gradparity.refimpl.errors import MissingFramework

from ...whole import whole
from ..small_cases import GOOD, wrong


def test_lint_counts_what_is_sound(gradparity, small, swept):
    assert gradparity("lint", small)[1] == "1 case in 1 file: no faults\n"
    assert gradparity("lint", small.parent)[1] == "2 cases in 2 files: no faults\n"


def test_lint_refuses_a_vacuous_case(gradparity, small):
    small.write_text(GOOD.replace("loss = w * x", "loss = w * x * 0.0"), "utf-8")
    status, out, err = gradparity("lint", small)
    assert (status, out) == (2, "")
    assert f"{small}:1" in err
    assert "vacuous" in err


def test_new_writes_a_case_that_runs_and_never_overwrites(gradparity, tmp_path):
    status, _, _ = gradparity("new", "my-case", "--dir", tmp_path)
    path = tmp_path / "my-case.yaml"
    assert status == 0
    assert gradparity("run", path, "--adapters", "numpy")[0] == 0
    path.write_text("mine", "utf-8")
    status, _, err = gradparity("new", "my-case", "--dir", tmp_path)
    assert status == 2
    assert "exists already" in err
    assert path.read_text("utf-8") == "mine"
    status, _, err = gradparity("new", "my-case", "--dir", tmp_path / "gone")
    assert (status, "cannot be written" in err) == (2, True)


def test_ops_lists_every_operation_with_its_formula(gradparity, monkeypatch):
    monkeypatch.setattr("gradparity.verify.commands.ops.load_files", lambda _: whole())
    status, out, _ = gradparity("ops", "--adapters", "numpy", "--format", "json")
    rows = {row["operation"]: row for row in json.loads(out)}
    assert status == 0
    assert rows["matmul"]["signature"] == "matmul(a, b)"
    assert rows["matmul"]["formula"] == "a @ b"
    assert rows["matmul"]["numpy"] == "refimpl.matmul"
    _, table, _ = gradparity("ops", "--adapters", "numpy")
    assert f"{len(rows)} operations; numpy has {len(rows)}" in table
    _, page, _ = gradparity("ops", "--adapters", "numpy", "--format", "markdown")
    assert len(page.splitlines()) == len(rows) + 2


def test_schema_is_json(gradparity):
    _, out, _ = gradparity("schema")
    assert "program" in json.loads(out)["properties"]


def test_doctor_says_what_there_is_and_what_is_missing(gradparity, monkeypatch):
    def make(name):
        if name == "numpy":
            return NumpyAdapter()
        raise MissingFramework(f"pip install {name}")

    monkeypatch.setattr(registry, "make", make)
    status, out, _ = gradparity("doctor")
    assert status == 0
    lines = [line.split(maxsplit=1) for line in out.splitlines() if line.startswith("  ")]
    facts = {parts[0]: parts[1] for parts in lines}
    assert facts["torch"] == "missing: pip install torch"
    assert "bits of mantissa" in facts["longdouble"]
    assert "BLAS" in out


def test_diff_says_what_changed_and_whether_it_is_worse(gradparity, small, tmp_path, monkeypatch):
    assert gradparity("run", small, "--adapters", "numpy", "--out", tmp_path / "old")[0] == 0
    assert gradparity("diff", tmp_path / "old", tmp_path / "old")[:2] == (0, "nothing changed\n")
    monkeypatch.setattr(NumpyAdapter, "run", lambda _, task: wrong(task))
    assert gradparity("run", small, "--adapters", "numpy", "--out", tmp_path / "new")[0] == 1
    status, out, _ = gradparity("diff", tmp_path / "old", tmp_path / "new")
    assert status == 1
    assert "Verdicts that changed" in out
    assert gradparity("diff", tmp_path / "new", tmp_path / "old")[0] == 0


def test_explain_takes_a_point_and_a_dtype(gradparity, swept):
    chosen = ("--adapters", "numpy", "--point", "act=sin, axis=null", "--dtype", "float32")
    status, out, _ = gradparity("explain", swept, *chosen)
    assert status == 0
    assert out.startswith("swept[axis=null,act=sin-float32]\n")
    status, _, err = gradparity("explain", swept, "--adapters", "numpy", "--point", "axis=7")
    assert (status, "has no point axis=7" in err) == (2, True)
    _, out, _ = gradparity("explain", swept, "--adapters", "numpy", "--format", "json")
    assert json.loads(out)["title"] == "swept[axis=0,act=tanh-float64]"
    _, out, _ = gradparity("explain", swept, "--adapters", "numpy", "--format", "markdown")
    assert out.startswith("# swept")


def test_a_case_of_a_file_of_several_goes_by_file_and_name(gradparity, small, swept, tmp_path):
    both = tmp_path / "both.yaml"
    both.write_text(f"{small.read_text('utf-8')}---\n{swept.read_text('utf-8')}", "utf-8")
    small.unlink()
    swept.unlink()
    status, out, _ = gradparity("explain", f"{both}::swept", "--adapters", "numpy")
    assert status == 0
    assert "swept[" in out
    status, out, _ = gradparity("run", f"{both}::small", "--adapters", "numpy")
    assert (status, out.count("1 case, ")) == (0, 1)
    status, _, err = gradparity("explain", f"{both}::smal", "--adapters", "numpy")
    assert status == 2
    assert "did you mean small?" in err
    status, _, err = gradparity("explain", both, "--adapters", "numpy")
    assert "has 2 cases, name one: small, swept (FILE::NAME)" in err


def test_a_swept_operation_is_said_as_what_it_is(gradparity, swept):
    _, out, _ = gradparity("explain", swept, "--adapters", "numpy", "--point", "axis=0,act=sin")
    assert "sin" in out
    assert "$act" not in out


def test_explain_wants_one_case(gradparity, small, swept):
    status, _, err = gradparity("explain", small.parent)
    assert status == 2
    assert "has 2 cases, name one: small, swept" in err
