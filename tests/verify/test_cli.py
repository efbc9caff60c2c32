import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from gradparity.adapters import registry
from gradparity.adapters.numpy_reference import NumpyAdapter, reference
from gradparity.refimpl.errors import AdapterFailed, MissingFramework
from gradparity.verify import cli

GOOD = """\
case: small
about: A product.
tags: [basics]
inputs: {x: 2.0}
params: {w: 0.5}
program: |
  loss = w * x
optimizer: {sgd: {lr: 0.25}}
dtypes: [float64]
"""

SWEEP = """\
case: swept
about: Two points.
inputs: {x: [[1.0, 2.0], [3.0, 5.0]]}
params: {w: 0.5}
sweep: {axis: [0, null], act: [tanh, sin]}
program: |
  loss = mean($act(sum(w * x, axis=axis)))
dtypes: [float64, float32]
"""

#: Runs the command line and then says which heavy modules it has loaded.
PROBE = """\
import sys
from gradparity.verify.cli import main
sys.argv = ["gradparity", *sys.argv[1:]]
try:
    main()
finally:
    heavy = {"torch", "jax", "pandas", "optax"} & set(sys.modules)
    print("LOADED", *sorted(heavy), file=sys.stderr)
"""


@pytest.fixture
def gradparity(monkeypatch, capsys):
    """Run the command line in this process: its exit status, output and errors."""

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["gradparity", *map(str, arguments)])
        status = 0
        try:
            cli.main()
        except SystemExit as end:
            status = end.code or 0
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return call


@pytest.fixture
def small(tmp_path):
    path = tmp_path / "small.yaml"
    path.write_text(GOOD, "utf-8")
    return path


@pytest.fixture
def swept(tmp_path):
    path = tmp_path / "swept.yaml"
    path.write_text(SWEEP, "utf-8")
    return path


def process(*arguments, script=PROBE, **options):
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.run(  # noqa: S603  our own interpreter and arguments
        [sys.executable, "-c", script, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env=environment,
        **options,
    )


def test_every_command_of_the_table_is_there(gradparity):
    for name, about in cli.COMMANDS.items():
        status, out, _ = gradparity(name, "--help")
        assert status == 0
        assert about in " ".join(out.split())
    _, out, _ = gradparity("--help")
    assert all(about in " ".join(out.split()) for about in cli.COMMANDS.values())


@pytest.mark.parametrize("arguments", [("--help",), ("lint", "small.yaml")])
def test_help_and_lint_load_neither_frameworks_nor_pandas(small, arguments):
    done = process(*arguments, cwd=small.parent)
    assert done.returncode == 0
    assert done.stderr.strip() == "LOADED"


def test_the_test_above_can_fail(small):
    done = process("run", "--adapters", "numpy", "small.yaml", cwd=small.parent)
    assert "LOADED pandas" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("rnu",), "no command is called 'rnu'; did you mean run?"),
        (("run", "--fromat", "json"), "--format"),
        (("run", "--format", "yaml"), "json"),
        (("run", "--adapters", "nunpy"), "no adapter is called 'nunpy'; did you mean numpy?"),
        (("run", "--adapters", ","), "no adapter is named; there are"),
        (("run", "--dtypes", "float46"), "no dtype is called 'float46'; did you mean float64?"),
        (("run", "one-lyer"), "no file and no case is called 'one-lyer'; did you mean one-layer?"),
        (("run", "gone/away.yaml"), "no such file or folder: gone/away.yaml"),
        (("lint", "gone.yml"), "no such file or folder: gone.yml"),
        (("run", "one-layer", "--resume"), "--resume needs --out DIR"),
        (("run", "one-layer", "--resume", "--out", "gone"), "nothing to resume: gone"),
        (("run", "one-layer", "--draws", "0"), "greater than or equal to 1"),
        (("run", "one-layer", "-j", "many"), "'many' workers, expected a whole number"),
        (("run", "one-layer", "-j", "0", "--timeout", "3"), "a timeout needs a worker"),
        (("explain", "one-layer", "--dtype", "float16"), "no dtype of one-layer"),
        (("explain", "one-layer", "--point", "axis=0"), "has no sweep"),
        (("ops", "--adapters", "jaxx"), "did you mean jax?"),
        (("diff", "old", "new"), "old: no such file or folder"),
        (("new", "Not Kebab"), "'Not Kebab' cannot name a case"),
        ((), "Usage: gradparity"),
    ],
)
def test_bad_usage_ends_with_2_and_a_hint(gradparity, arguments, said):
    status, out, err = gradparity(*arguments)
    assert status == 2
    assert said in out + err
    assert "Traceback" not in err


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


def wrong(task):
    trace = reference(task)
    trace.steps[0].grads["w"] = -trace.steps[0].grads["w"]
    return trace


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
@pytest.mark.parametrize("command", [("run",), ("explain",), ("selftest", "--redraw", "1")])
def test_a_named_framework_that_is_missing_is_bad_usage(gradparity, installed, command, names):
    installed("jax")
    where = [] if command[0] == "selftest" else ["one-layer"]
    status, out, err = gradparity(*command, *where, "--adapters", names)
    assert (status, out) == (2, "")
    assert err == "gradparity: adapter torch needs torch: pip install torch\n"


@pytest.mark.parametrize("command", [("run", "one-layer"), ("selftest", "--redraw", "1")])
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


def test_lint_counts_what_is_sound(gradparity, small, swept):
    assert gradparity("lint", small)[1] == "1 case in 1 file: no faults\n"
    assert gradparity("lint", small.parent)[1] == "2 cases in 2 files: no faults\n"


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


def test_ops_lists_every_operation_with_its_formula(gradparity):
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


def test_explain_wants_one_case(gradparity, small, swept):
    status, _, err = gradparity("explain", small.parent)
    assert status == 2
    assert "has 2 cases, name one: small, swept" in err


INTERRUPTED = """\
import os, signal, sys
from gradparity.verify import cli
from gradparity.verify.engine import runner
runner.Runner.rows = lambda self, task, lost=None: os.kill(os.getpid(), signal.SIGINT)
sys.argv = ["gradparity", *sys.argv[1:]]
cli.main()
"""


def test_an_interrupt_ends_with_130_and_no_traceback(small):
    done = process("run", small, "--adapters", "numpy", script=INTERRUPTED)
    assert done.returncode == 130
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("arguments", [("schema",), ("--help",), ("ops", "--adapters", "numpy")])
def test_a_closed_pipe_is_quiet(arguments):
    reader, writer = os.pipe()
    os.close(reader)
    script = "from gradparity.verify.cli import main; main()"
    with os.fdopen(writer, "wb") as pipe:
        done = subprocess.run(  # noqa: S603  our own interpreter and arguments
            [sys.executable, "-c", script, *arguments],
            stdout=pipe,
            stderr=subprocess.PIPE,
            timeout=120,
            check=False,
        )
    assert done.stderr == b""
    assert done.returncode != 0


def test_no_progress_is_drawn_in_a_pipe(small):
    script = "from gradparity.verify.cli import main; main()"
    done = process("run", small, "--adapters", "numpy", script=script)
    assert done.returncode == 0
    assert done.stderr == ""
    assert "\x1b" not in done.stdout


def test_progress_is_drawn_on_a_terminal_and_keeps_out_of_the_output(small):
    terminal, end = os.openpty()
    script = "from gradparity.verify.cli import main; main()"
    done = subprocess.run(  # noqa: S603  our own interpreter and arguments
        [sys.executable, "-c", script, "run", small, "--adapters", "numpy", "--format", "json"],
        stdout=subprocess.PIPE,
        stderr=end,
        timeout=120,
        check=False,
    )
    os.close(end)
    drawn = os.read(terminal, 1 << 16).decode()
    os.close(terminal)
    assert json.loads(done.stdout)["summary"]["cases"] == 1
    assert "small[float64]" in drawn


def test_the_version_is_said(gradparity):
    assert gradparity("--version")[1].startswith("gradparity ")


def test_the_entry_point_is_this_command_line():
    text = (Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8")
    assert 'gradparity = "gradparity.__main__:main"' in text


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
