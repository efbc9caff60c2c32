"""The command line: its usage, its ends and its progress."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from gradparity.verify import cli

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
        (("ops", "mean_squared", "--adapters", "numpy"), "no operation is called 'mean_squared'"),
        (("list", "nothing-has-this"), "no case has 'nothing-has-this'"),
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


def test_cases_are_found_by_any_of_their_words(gradparity):
    status, out, _ = gradparity("list", "GELU", "tail")
    assert status == 0
    assert out.startswith("gelu-tail: ")
    assert "uses: gelu, torch.nn.functional.gelu, jax.nn.gelu" in out
    assert out.endswith("6 cases\n")


def test_all_of_one_operation_is_told_by_our_name_and_by_a_frameworks(gradparity):
    status, out, _ = gradparity("ops", "mse", "--adapters", "numpy,torch")
    assert status == 0
    for line in (
        "mse(x, target, *, reduction='mean')",
        "  by x: 2·(x − target)/n",  # noqa: RUF001  as it is printed
        "  torch  torch.nn.functional.mse_loss",
    ):
        assert line in out.splitlines()
    (entries,) = (line for line in out.splitlines() if line.startswith("  in the atlas: "))
    assert "squared-error-half" in entries
    assert gradparity("ops", "mse_loss", "--adapters", "numpy,torch")[1] == out


def test_the_atlas_is_told_by_a_functions_name(gradparity, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    status, out, _ = gradparity("atlas", "jnp.hypot", "--adapters", "jax")
    assert status == 0
    assert out.startswith("hypot-of-huge-sides: ")
    assert "\n  jax is wrong.\n" in out
    assert "\n  to agree: scale both sides by hand" in out
    assert not list(tmp_path.iterdir())  # nothing is written


@pytest.mark.slow
def test_a_function_that_no_entry_speaks_of_is_bad_usage(gradparity):
    status, _, err = gradparity("atlas", "no-such-function", "--adapters", "jax")
    assert (status, "no entry of the atlas speaks of 'no-such-function'" in err) == (2, True)


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


@pytest.mark.thinned(3)
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
