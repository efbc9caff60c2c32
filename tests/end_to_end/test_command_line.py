"""The command line as a user meets it, in its own process, over all three frameworks."""

# ruff: noqa: RUF001 - mathematical signs are meant

import json
import os
import re
import subprocess
import sys

import pytest

MAIN = "from gradparity.verify.cli import main; main()"

#: As if torch were not installed.
WITHOUT_TORCH = "import sys; sys.modules['torch'] = None; " + MAIN

SOUND = """\
case: sound
about: A product.
inputs: {x: 2.0}
params: {w: 0.5}
program: |
  loss = w * x
"""


def gradparity(*arguments, script=MAIN, cwd=None):
    return subprocess.run(  # noqa: S603  our own interpreter and arguments
        [sys.executable, "-c", script, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        cwd=cwd,
        env={**os.environ, "OMP_NUM_THREADS": "1", "COLUMNS": "100"},
    )


def test_the_worked_example_agrees_in_all_three_frameworks():
    done = gradparity("run", "one-layer", "--format", "json")
    assert done.returncode == 0
    assert done.stderr == ""
    held = json.loads(done.stdout)
    rows = held["rows"]
    assert {row["adapter"] for row in rows} == {"numpy", "torch", "jax"}
    assert {row["verdict"] for row in rows} == {"agree"}
    updated = {
        (row["adapter"], row["dtype"]): row["got"]
        for row in rows
        if (row["check"], row["tensor"]) == ("update", "W")
    }
    assert len(updated) == 6
    assert all(value == pytest.approx(0.4, abs=1e-7) for value in updated.values())
    assert all(value == 0.4 for (_, dtype), value in updated.items() if dtype == "float64")
    assert held["summary"]["sentence"].endswith("all agree.")


@pytest.mark.slow
def test_the_worked_example_is_derived_with_three_frameworks_side_by_side():
    done = gradparity("explain", "one-layer")
    assert done.returncode == 0
    for line in (
        "z = W·x + b = 0.5·1 + 0 = 0.5",
        "loss = (a − y)² = (0.5 − 0)² = 0.25",
        "∂loss/∂a = 2·(a − y) = 2·(0.5 − 0) = 1",
        "∂loss/∂W = ∂loss/∂a · ∂a/∂z · ∂z/∂W = 1 · 1 · 1 = 1",
        "W ← W − lr·∂loss/∂W = 0.5 − 0.1·1 = 0.4",
    ):
        assert line in done.stdout
    assert re.search(r"truth +numpy +torch +jax +verdict", done.stdout)
    assert re.search(r"updated W +0\.4 +0\.4 +0\.4 +0\.4 +agree", done.stdout)


def test_a_missing_framework_is_reported_once_and_the_others_run():
    done = gradparity("run", "one-layer", "used-twice", script=WITHOUT_TORCH)
    assert done.returncode == 0
    assert done.stderr.count("torch") == done.stderr.splitlines()[0].count("torch")
    assert "pip install" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert "all agree" in done.stdout
    told = gradparity("doctor", script=WITHOUT_TORCH)
    assert told.returncode == 0
    assert re.search(r"torch +missing: .*pip install", told.stdout)


#: What is wrong, the change that makes it so, the line and column, and what is said of it.
BAD = {
    "unknown key": (("params:", "parms:"), "4:1", "params"),
    "missing key": (("about: A product.\n", ""), "1:1", "about"),
    "unknown operation": (("w * x", "sigmod(w)"), "6:10", "sigmoid"),
    "unknown variable": (("w * x", "w * X"), "6:14", "'X'"),
    "second assignment": (("  loss", "  loss = w\n  loss"), "7:3", "line"),
    "unknown dtype": (("inputs", "dtypes: [float46]\ninputs"), "3:10", "float64"),
    "unknown tensor": (("x: 2.0", "x: {norml: [3]}"), "3:14", "normal"),
    "unknown optimizer": (("params", "optimizer: {sdg: {lr: 1}}\nparams"), "4:", "sgd"),
    "code": (("w * x", "__import__('os').getcwd()"), "6:10", ""),
    "attribute": (("w * x", "w.__class__"), "6:10", ""),
    "unclosed bracket": (("{w: 0.5}", "{w: 0.5"), "5:", ""),
    "not YAML's text": (("A product.", "A\tproduct: \x00"), "1:", ""),
    "an endless loop": (
        ("loss = w * x", "for i in range(10**9):\n    h[i] = w\n  loss = w"),
        "",
        "",
    ),
    "a huge tensor": (("x: 2.0", "x: {zeros: [100000, 100000]}"), "3:", ""),
    "an expectation of nothing": (("inputs", "expect: {grad: {v: 1.0}}\ninputs"), "3:", "'v'"),
}


@pytest.fixture(scope="module")
def bad_files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bad")
    (folder / "sound.yaml").write_text(SOUND, "utf-8")
    for what, ((old, new), _, _) in BAD.items():
        name = what.replace(" ", "-").replace("'", "").lower()
        text = SOUND.replace("case: sound", f"case: {name}").replace(old, new, 1)
        assert text != SOUND.replace("case: sound", f"case: {name}")
        (folder / f"{name}.yaml").write_text(text, "utf-8")
    return folder


@pytest.mark.parametrize("command", [("lint",), ("run", "--strict", "--adapters", "numpy")])
def test_every_kind_of_bad_file_is_answered_with_its_place_in_one_go(bad_files, command):
    done = gradparity(*command, bad_files)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    for what, (_, place, said) in BAD.items():
        name = what.replace(" ", "-").replace("'", "").lower()
        found = [line for line in done.stderr.splitlines() if f"{name}.yaml:" in line]
        assert found, f"nothing is said of {what}"
        assert re.search(rf"{name}\.yaml:\d+:\d+: .", found[0]), found
        assert any(f"{name}.yaml:{place}" in line and said in line for line in found), found


def test_a_stranger_s_bomb_is_refused_at_once(tmp_path):
    bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n"
    for last, name in zip("abcdefgh", "bcdefghi", strict=True):
        bomb += f"{name}: &{name} [{', '.join([f'*{last}'] * 9)}]\n"
    (tmp_path / "bomb.yaml").write_text("case: bomb\n" + bomb, "utf-8")
    (tmp_path / "deep.yaml").write_text("case: deep\nabout: " + "[" * 5000, "utf-8")
    done = gradparity("lint", tmp_path)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "bomb.yaml:" in done.stderr
    assert "deep.yaml:" in done.stderr
