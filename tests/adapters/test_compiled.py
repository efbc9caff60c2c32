"""JAX's compilation cache is the user's folder's, or nothing, and never in anyone's way."""

import os
import subprocess
import sys

import pytest

from gradparity.adapters import compiled, threads

RUN = """\
import sys
from pathlib import Path
from gradparity.adapters import compiled, threads
from gradparity.verify import Runner, load_cases
with threads.environment(compiled.variables(Path(sys.argv[1]))):
    runner = Runner(["jax"])
    (task,) = load_cases("one-layer")[0].tasks(["float64"])
    print({row["verdict"] for row in runner.rows(task)})
"""


@pytest.fixture(autouse=True)
def _nothing_said(monkeypatch):
    for name in ("JAX_COMPILATION_CACHE_DIR", "JAX_ENABLE_COMPILATION_CACHE"):
        monkeypatch.delenv(name, raising=False)


def test_the_cache_is_a_folder_of_this_kind_of_processor(tmp_path):
    found = compiled.variables(tmp_path)
    assert found["JAX_COMPILATION_CACHE_DIR"].startswith(str(tmp_path / "jax"))
    assert found == compiled.variables(tmp_path)


def test_there_is_none_where_there_is_no_folder_or_it_cannot_be_written(tmp_path):
    assert compiled.variables(None) == {}
    (tmp_path / "file").write_text("", "utf-8")
    assert compiled.variables(tmp_path / "file") == {}


@pytest.mark.parametrize("name", ["JAX_COMPILATION_CACHE_DIR", "JAX_ENABLE_COMPILATION_CACHE"])
def test_what_the_user_has_said_stands(tmp_path, monkeypatch, name):
    monkeypatch.setenv(name, "false")
    assert compiled.variables(tmp_path) == {}


def test_processes_share_a_device_unless_the_user_has_said_otherwise(monkeypatch):
    name = "XLA_PYTHON_CLIENT_PREALLOCATE"
    monkeypatch.delenv(name, raising=False)
    assert compiled.settings(None) == {name: "false"}
    monkeypatch.setenv(name, "true")
    assert compiled.settings(None) == {}


def test_a_cache_that_has_grown_begins_anew(tmp_path, monkeypatch):
    monkeypatch.setattr(compiled, "MOST", 3)
    place = compiled.variables(tmp_path)["JAX_COMPILATION_CACHE_DIR"]
    for k in range(4):
        with open(f"{place}/{k}", "w", encoding="utf-8"):  # noqa: PTH123  a name with a number
            pass
    assert compiled.variables(tmp_path)["JAX_COMPILATION_CACHE_DIR"] == place
    assert os.listdir(place) == []  # noqa: PTH208  names are enough


def test_the_environment_is_as_it_was_after(tmp_path, monkeypatch):
    monkeypatch.setenv("XLA_FLAGS", "--xla_mine=1")
    before = dict(os.environ)
    with threads.environment(compiled.variables(tmp_path)):
        assert os.environ["XLA_FLAGS"].startswith("--xla_mine=1 ")
        assert os.environ["OMP_NUM_THREADS"] == "1"
    assert dict(os.environ) == before


@pytest.mark.slow
def test_jax_keeps_what_it_compiles_there(tmp_path):
    for _ in range(2):
        done = subprocess.run(  # noqa: S603  our own interpreter and arguments
            [sys.executable, "-c", RUN, tmp_path], capture_output=True, text=True, check=True
        )
        assert (done.stdout, done.stderr) == ("{'agree'}\n", "")
        assert any((tmp_path / "jax").rglob("*-cache"))
