"""``gradparity run`` and ``lint`` over files of users' own code."""

import sys

import pandas as pd
import pytest

from gradparity.verify import cli

SIDES = """\
import jax.numpy as jnp
import torch
from jax.lax import approx_max_k

torch.manual_seed(0)
net = torch.nn.Linear(3, 2)


def port(p, x):
    return x @ p["w"] + p["b"]


def other(p, x):
    return x @ p["w"] + 2 * p["b"]


def called(p, x):
    nothing = 0 * approx_max_k(jnp.abs(x).ravel(), 1)[0].sum()
    return x @ p["w"] + p["b"] + nothing


def params(state):
    return {"w": state["weight"].T, "b": state["bias"]}


def broken(p, x):
    return p["w"] @ x
"""

DOCUMENT = """\
case: {name}
own: {{torch: "sides:net", jax: "sides:{port}", params: "sides:params"}}
inputs: {{input: {{normal: [4, 3]}}}}
"""


def document(name, port):
    return DOCUMENT.format(name=name, port=port)


@pytest.fixture
def call(monkeypatch, capsys, tmp_path):
    """Run a command in a folder with both sides: its exit status, output and errors."""
    (tmp_path / "sides.py").write_text(SIDES, "utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["gradparity", *arguments])
        with pytest.raises(SystemExit) as end:
            cli.main()
        captured = capsys.readouterr()
        return end.value.code or 0, captured.out, captured.err

    yield run
    sys.modules.pop("sides", None)


def of(rows, case):
    return rows[rows["case"] == case]


@pytest.mark.slow
def test_own_code_stands_in_a_run_beside_cases(call, tmp_path):
    texts = [document("right", "port"), document("wrong", "other")]
    texts += [document("unseen", "called"), document("broken", "broken")]
    (tmp_path / "own.yaml").write_text("---\n".join(texts), "utf-8")
    status, out, err = call(
        "run", "own.yaml", "one-layer", "--adapters", "torch", "--allow-imports", "--out", "out"
    )
    assert status == 1, err
    rows = pd.read_parquet(tmp_path / "out" / "results.parquet")
    assert set(of(rows, "right")["verdict"]) == {"agree"}
    assert set(of(rows, "right")["adapter"]) == {"torch | jax", "torch eager", "jax jit"}
    assert set(of(rows, "right")["check"]) == {
        f"{check} {kind}"
        for check in ("mathematics", "as run", "own gradient")
        for kind in ("value", "grad")
    }
    assert set(of(rows, "right")["where"]) == {"own.yaml:1"}
    assert set(of(rows, "one-layer")["verdict"]) == {"agree"}
    wrong = of(rows, "wrong")
    off = wrong[wrong["verdict"] == "differs"]
    assert set(off["adapter"]) == {"torch | jax"}
    assert set(off["check"]) == {"mathematics value", "mathematics grad"}
    assert off["blame"].str.contains('return x @ p["w"] + 2 * p["b"]', regex=False).all()
    assert off["cause"].str.contains("2").all()
    capture = of(rows, "unseen").query("check == 'capture'")
    assert list(capture["verdict"]) == ["unsupported"]
    assert "approx_top_k" in capture["reason"].iloc[0]
    assert list(of(rows, "broken")["verdict"]) == ["error"]
    assert "dot_general" in of(rows, "broken")["reason"].iloc[0]
    assert "wrong (torch | jax)" in out


@pytest.mark.slow
@pytest.mark.parametrize(
    ("port", "status"),
    [("port", 0), ("called", 1), ("gone", 2)],
    ids=["same", "unseen", "gone"],
)
def test_a_run_ends_as_a_comparison_does(call, tmp_path, port, status):
    (tmp_path / "own.yaml").write_text(document("mine", port), "utf-8")
    found, _, err = call("run", "own.yaml", "--allow-imports")
    assert found == status
    if status:
        assert call("compare", "own.yaml", "--allow-imports")[0] == status
    if status == 2:
        assert "own.yaml:1: sides:gone: module 'sides' has no attribute 'gone'" in err


def test_nothing_is_imported_unasked(call, tmp_path):
    (tmp_path / "own.yaml").write_text(document("mine", "port"), "utf-8")
    status, _, err = call("run", "own.yaml")
    assert status == 2
    assert err.splitlines()[0].startswith("own.yaml:1: own: imports and runs the code")
    assert "--allow-imports" in err
    assert "sides" not in sys.modules
    status, out, _ = call("run", "own.yaml", "one-layer", "--adapters", "numpy")
    assert status == 2
    assert "1 case" in out
    assert call("run", "own.yaml", "one-layer", "--strict")[1] == ""


def test_lint_reads_such_files_and_imports_nothing(call, tmp_path):
    path = tmp_path / "own.yaml"
    path.write_text(document("mine", "port"), "utf-8")
    status, out, _ = call("lint", "own.yaml")
    assert (status, out) == (0, "1 case in 1 file: no faults\n")
    path.write_text(document("mine", "port").replace("params:", "parms:"), "utf-8")
    status, _, err = call("lint", "own.yaml")
    assert status == 2
    assert "own.yaml:2:53: own.parms" in err
    path.write_text(document("one-layer", "port"), "utf-8")
    status, _, err = call("lint", "own.yaml", "one-layer")
    assert status == 2
    assert "'one-layer' is also at" in err
    assert "sides" not in sys.modules
