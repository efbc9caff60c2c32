"""``gradparity run``: what it prints, what it writes, and with which status it ends."""

import json
import os
import sys

import pytest

from gradparity.adapters import registry, torch_lowerings
from gradparity.adapters.numpy_reference import NumpyAdapter
from gradparity.refimpl.errors import AdapterFailed, BadCase, MissingFramework
from gradparity.verify import cli
from gradparity.verify.commands.common import excerpt

from ..small_cases import GOOD, wrong


def test_a_run_prints_what_a_person_reads(gradparity, small):
    status, out, err = gradparity("run", small, "--adapters", "numpy")
    assert (status, err) == (0, "")
    assert out.rstrip().endswith(
        "1 case, 1 adapter, 5 comparisons: the reference agrees with its own truth; no framework "
        "was compared."
    )


def test_json_is_all_there_is_on_standard_output(gradparity, small):
    status, out, _ = gradparity("run", small, "--adapters", "numpy", "--format", "json")
    assert status == 0
    held = json.loads(out)
    assert held["summary"]["verdicts"]["agree"] == 1
    updated = [r["got"] for r in held["rows"] if (r["check"], r["tensor"]) == ("update", "w")]
    assert updated == [0.0]


@pytest.mark.parametrize(("form", "start"), [("csv", "case,point,dtype"), ("markdown", "# ")])
def test_other_formats(gradparity, small, form, start):
    status, out, _ = gradparity("run", small, "--adapters", "numpy", "--format", form)
    assert status == 0
    assert out.startswith(start)


def test_out_writes_the_files_and_says_where(gradparity, small, tmp_path):
    folder = tmp_path / "deep" / "out"
    _, out, _ = gradparity("run", small, "--adapters", "numpy", "--out", folder)
    for name in ("results.parquet", "results.csv", "report.md", "report.html"):
        assert (folder / name).stat().st_size
        assert str(folder / name) in out


def test_out_that_cannot_be_written_is_bad_usage(gradparity, small, tmp_path):
    (tmp_path / "taken").write_text("a file", "utf-8")
    status, _, err = gradparity("run", small, "--adapters", "numpy", "--out", tmp_path / "taken")
    assert status == 2
    assert "taken/tasks.sqlite cannot be used: File exists" in err


def test_words_and_dtypes_choose(gradparity, small, swept):
    everything = ("run", small.parent, "--adapters", "numpy", "--format", "csv")
    _, out, _ = gradparity(*everything, "-k", "basics")
    assert {line.split(",")[0] for line in out.splitlines()[1:]} == {"small"}
    _, out, _ = gradparity(*everything, "--dtypes", "float32")
    assert {line.split(",")[0] for line in out.splitlines()[1:]} == {"swept"}
    status, _, err = gradparity(*everything, "-k", "nothing-has-this")
    assert (status, "nothing-has-this" in err) == (2, True)
    status, _, err = gradparity("run", small, "--adapters", "numpy", "--dtypes", "bfloat16")
    assert (status, "bfloat16" in err) == (2, True)


def fail(task):
    raise AdapterFailed("it fell over")


def both(task):
    return fail(task) if task.case == "small" else wrong(task)


@pytest.mark.parametrize(("run", "expected"), [(wrong, 1), (fail, 3), (both, 1)])
def test_the_exit_status_says_what_happened(gradparity, small, swept, monkeypatch, run, expected):
    monkeypatch.setattr(NumpyAdapter, "run", lambda _, task: run(task))
    status, out, _ = gradparity("run", small, swept, "--adapters", "numpy")
    assert status == expected
    assert "small" in out


@pytest.mark.parametrize(("lacking", "expected"), [("", 3), ("it is tired", 0)])
def test_an_operation_is_lost_or_known_to_be_unsupported(
    gradparity, small, swept, monkeypatch, lacking, expected
):
    lowerings = torch_lowerings.LOWERINGS
    find = lowerings.find
    monkeypatch.setattr(lowerings, "find", lambda op: None if op == "tanh" else find(op))
    monkeypatch.setattr(lowerings, "_lacking", {"tanh": lacking} if lacking else {})
    status, out, _ = gradparity("run", small, swept, "--adapters", "numpy,torch", "-j", "0")
    assert status == expected
    said = "torch has no tanh: it is tired" if lacking else "torch has no tanh any more"
    assert said in out


def test_a_stale_divergence_ends_with_1(gradparity, small):
    recorded = (
        "divergences:\n"
        "  - {adapters: [numpy], check: grad, tensor: w, kind: bug, value: 7.0, because: it was}\n"
    )
    small.write_text(GOOD + recorded, "utf-8")
    status, out, _ = gradparity("run", small, "--adapters", "numpy")
    assert (status, "stale" in out) == (1, True)


class Framework(NumpyAdapter):
    def __init__(self, name):
        super().__init__()
        self.name = name


@pytest.fixture
def installed(monkeypatch):
    """Say which frameworks are installed, beside the reference."""

    def only(*names):
        def make(name):
            if name != "numpy" and name not in names:
                raise MissingFramework(f"adapter {name} needs {name}: pip install {name}")
            return Framework(name)

        monkeypatch.setattr(registry, "make", make)

    return only


def test_a_missing_framework_is_said_once_and_the_others_run(gradparity, swept, installed):
    installed("jax")
    status, out, err = gradparity("run", swept)
    assert status == 0
    assert err == "gradparity: adapter torch needs torch: pip install torch\n"
    assert "all agree" in out


@pytest.mark.parametrize("names", ["torch", "numpy,torch", "numpy,torch,jax"])
@pytest.mark.parametrize(
    "command",
    [("run",), ("explain",), pytest.param(("selftest", "--redraw", "1"), marks=pytest.mark.slow)],
)
def test_a_named_framework_that_is_missing_is_bad_usage(gradparity, installed, command, names):
    installed("jax")
    where = [] if command[0] == "selftest" else ["one-layer"]
    status, out, err = gradparity(*command, *where, "--adapters", names)
    assert (status, out) == (2, "")
    assert err == "gradparity: adapter torch needs torch: pip install torch\n"


@pytest.mark.parametrize(
    "command",
    [
        ("run", "one-layer"),
        pytest.param(("selftest", "--redraw", "1"), marks=pytest.mark.slow),
    ],
)
def test_the_reference_alone_is_compared_only_where_it_is_asked_for(gradparity, installed, command):
    installed()
    status, out, err = gradparity(*command)
    assert (status, out) == (2, "")
    assert err.count("\n") == 1
    assert "pip install torch" in err
    assert "pip install jax" in err
    assert "name numpy alone" in err
    status, out, err = gradparity(*command, "--adapters", "numpy")
    assert (status, err) == (0, "")
    assert "all agree" not in out


STALE = """\
case: stale
about: A record that is no longer so.
params: {x: [1.0, 3.0]}
program: y = sum(x ** 2)
dtypes: [float64]
divergences:
  - {adapters: [numpy], check: value, tensor: y, kind: bug, value: 11.0, because: planted}
"""


def test_stale_records_are_obvious_and_their_edit_is_proposed(tmp_path, monkeypatch, capsys):
    path = tmp_path / "stale.yaml"
    path.write_text(STALE, "utf-8")

    def said(*arguments):
        monkeypatch.setattr(sys, "argv", ["gradparity", "run", str(path), *arguments])
        with pytest.raises(SystemExit) as end:
            cli.main()
        return end.value.code, capsys.readouterr()

    code, plain = said("--adapters", "numpy")
    assert code == 1
    assert "--accept-stale" in plain.err
    code, proposed = said("--adapters", "numpy", "--accept-stale")
    assert code == 1
    assert "-divergences:\n" in proposed.out
    assert path.read_text("utf-8") == STALE
    said("--adapters", "numpy", "--accept-stale", "--in-place")
    assert "divergences" not in path.read_text("utf-8")
    assert said("--adapters", "numpy")[0] == 0


def test_the_edit_is_proposed_by_runs_with_the_settings_of_any_other(tmp_path, monkeypatch):
    path, seen = tmp_path / "stale.yaml", []
    path.write_text(STALE, "utf-8")
    plain = NumpyAdapter.run

    def run(self, task):
        seen.append(os.environ["NPROC"])
        return plain(self, task)

    monkeypatch.setattr(NumpyAdapter, "run", run)
    monkeypatch.setenv("NPROC", "7")
    arguments = ["run", str(path), "--adapters", "numpy", "--accept-stale"]
    monkeypatch.setattr(sys, "argv", ["gradparity", *arguments])
    with pytest.raises(SystemExit):
        cli.main()
    assert len(seen) > 1
    assert set(seen) == {"1"}
    assert os.environ["NPROC"] == "7"


APART = """
case: apart
about: A variable of one text.
params: {w: 2.0}
program:
  numpy: |
    h = w * 3.0
    loss = h ** 2
  torch: loss = (w * 3.0) ** 2
dtypes: [float64]
"""


def test_lint_and_run_say_what_is_not_compared(gradparity, tmp_path):
    path = tmp_path / "apart.yaml"
    path.write_text(APART, "utf-8")
    note = f"{path}:2: note: not compared: h (only numpy's text names it)\n"
    for _ in ("examined", "remembered"):
        assert gradparity("lint", path) == (0, note + "1 case in 1 file: no faults\n", "")
    status, out, _ = gradparity("run", path, "--adapters", "numpy,torch")
    assert status == 0
    assert "Not compared (1 case)" in out
    assert "h (only numpy's text names it)" in out


EMBED = """
case: embed
about: A row that is left out of the gradient, which only its index shows.
inputs: {i: {integers: [6], high: 4}}
params: {E: {normal: [4, 3]}}
program:
  numpy: y = take(E, i, axis=0)
  torch: y = torch.nn.functional.embedding(i, E, padding_idx=0)
dtypes: [float64]
"""


@pytest.mark.slow
def test_what_one_drawing_misses_others_find(gradparity, tmp_path):
    path = tmp_path / "embed.yaml"
    path.write_text(EMBED, "utf-8")
    command = ("run", path, "--adapters", "numpy,torch", "--format", "json")
    assert gradparity(*command)[0] == 0
    status, out, _ = gradparity(*command, "--draws", "4")
    rows = json.loads(out)["rows"]
    assert status == 1
    assert {row["draw"] for row in rows} == {1, 2, 3, 4}
    assert {row["case"] for row in rows} == {"embed"}
    off = {row["draw"] for row in rows if row["verdict"] == "differs"}
    assert off >= {2}
    assert 1 not in off
    again = gradparity(*command, "--draws", "4", "-j", "2")[1]
    assert [r["got"] for r in json.loads(again)["rows"]] == [r["got"] for r in rows]
    told = gradparity("run", path, "--adapters", "numpy,torch", "--draws", "2")[1]
    assert "embed#2[torch-float64]" in told


BENT = """\
case: bent
about: Shapes that do not fit.
inputs: {x: [1.0, 2.0]}
params: {w: [1.0, 2.0, 3.0]}
program: |
  h = w * 2
  loss = sum(x * h)
"""


def test_what_lint_refuses_a_run_refuses_at_its_place(gradparity, tmp_path):
    path = tmp_path / "bent.yaml"
    path.write_text(BENT, "utf-8")
    said = {command: gradparity(command, path) for command in ("lint", "run")}
    for status, out, err in said.values():
        assert (status, out) == (2, "")
        assert err.startswith(
            f"{path}:7:14: case bent cannot be run: in `x * h`: the shapes are of x (2,) and "
            "h (3,): axis -1 is 2 long in one, 3 in the other"
        )
    assert said["lint"] == said["run"]


def test_a_run_says_all_that_lint_says_of_a_file(gradparity, tmp_path):
    path = tmp_path / "bad.yaml"
    misspelt = BENT.replace("bent", "misspelt").replace("sum(x", "sun(x")
    path.write_text(f"{BENT}---\n{misspelt}", "utf-8")
    said = [gradparity(command, path) for command in ("lint", "run")]
    assert said[0] == said[1]
    assert said[0][2].count(str(path)) == 2


@pytest.mark.parametrize("fault", [BENT, GOOD.replace("case: small", "case: bad") + "stpes: 1\n"])
def test_one_bad_file_does_not_keep_the_others_from_running(gradparity, small, tmp_path, fault):
    bad = tmp_path / "bad.yaml"
    bad.write_text(fault, "utf-8")
    status, out, err = gradparity("run", tmp_path, "--adapters", "numpy")
    assert status == 2
    assert "1 case, 1 adapter" in out
    assert f"{bad}:" in err
    assert "the cases of these files are not run" in err
    status, out, err = gradparity("run", tmp_path, "--adapters", "numpy", "--strict")
    assert (status, out) == (2, "")
    assert f"{bad}:" in err


def test_a_fault_s_line_is_shown_with_a_caret(tmp_path):
    path = tmp_path / "bent.yaml"
    path.write_text(BENT, "utf-8")
    place = BadCase("no", f"{path}:7:14")
    assert excerpt(place) == ["     7 |   loss = sum(x * h)", "       |              ^"]
    path.write_text("x" * 90 + "!" + "y" * 90, "utf-8")
    line, caret = excerpt(BadCase("no", f"{path}:1:91"), 60)
    assert line[caret.index("^")] == "!"
    assert len(line) <= 60
    assert excerpt(BadCase("no", "<dict> case a: params.x")) == []
    assert excerpt(BadCase("no", f"{tmp_path}/none.yaml:1:1")) == []
