"""Strangers' files: each is answered in time and in memory, with its place, on plain lines."""

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from gradparity.cases import files
from gradparity.cases.locating import FileFault

from . import arrays, texts, tricks

#: What one file may take in ``lint``: seconds of a quiet processor, and memory.
SECONDS, MEGABYTES = 2, 500

#: How much slower the machine may be that runs the tests beside others.
SLACK = 3

NPY = {f"npy-{name}": raw for name, raw in arrays.NPY.items()}
NPZ = {f"npz-{name}": raw for name, raw in arrays.NPZ.items()}

TEXTS = {**texts.TOO_LARGE, **texts.ODD, **tricks.TEXTS}

FILES = {**TEXTS, **tricks.RAW, **NPY, **NPZ}


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    """Every file's answer, from one process that checks them one after the other."""
    folder = tmp_path_factory.mktemp("files")
    tricks.lay_out(folder)
    for name, raw in {**{k: text.encode() for k, text in TEXTS.items()}, **tricks.RAW}.items():
        (folder / f"{name}.yaml").write_bytes(raw)
    for name, raw in {**NPY, **NPZ}.items():
        suffix, _, _ = name.partition("-")
        key = ", key: w" if suffix == "npz" else ""
        (folder / f"{name}.{suffix}").write_bytes(raw)
        text = texts.case("loss = sum(w)", params=f"{{w: {{file: {name}.{suffix}{key}}}}}")
        (folder / f"{name}.yaml").write_text(text, "utf-8")
    script = Path(__file__).with_name("answering.py")
    done = subprocess.run(  # noqa: S603  ours
        [sys.executable, script, folder], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines()]
    return {answer["name"]: answer for answer in found}


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_answered(answers, name):
    answer = answers[name]
    assert answer["faults"]
    for fault in answer["faults"]:
        assert re.match(rf".*/{re.escape(name)}\.yaml:\d+:\d+: \S", fault), fault
        assert fault.isprintable()
        assert len(fault) < 1_000
    assert answer["seconds"] < SECONDS * SLACK
    assert answer["megabytes"] < MEGABYTES


@pytest.mark.parametrize("name", texts.TOO_LARGE)
def test_what_is_too_large_is_said_to_be(answers, name):
    (fault, *_) = answers[name]["faults"]
    assert answers[name]["limits"] == len(answers[name]["faults"])
    assert re.search("expected (at most|fewer)", fault)


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("sweep-of-ones", "inputs.x|tensors"),
        ("sweep-of-many", "sweep: "),
        ("sweep-of-work", "sweep: "),
        ("three-thousand-tanh", "`tanh"),
        ("steps", "steps: "),
        ("matrix-power", "`linalg.matrix_power"),
    ],
)
def test_the_key_that_makes_it_so_is_named(answers, name, key):
    assert re.search(key, answers[name]["faults"][0])


@pytest.mark.parametrize("name", arrays.ODD_NPZ)
def test_what_an_archive_says_of_itself_changes_no_number(tmp_path, name):
    (tmp_path / "w.npz").write_bytes(arrays.ODD_NPZ[name])
    assert files.read(tmp_path / "w.npz", "w").tolist() == [1.0, 2.0]


@pytest.mark.parametrize("suffix", ["npy", "npz"])
def test_scrambled_arrays_are_read_or_refused(tmp_path, suffix):
    sound = arrays.GOOD if suffix == "npy" else arrays.PACKED
    path = tmp_path / f"w.{suffix}"
    refused = 0
    for raw in arrays.scrambled(sound, 400, seed=len(sound)):
        path.write_bytes(raw)
        files._checked.cache_clear()
        files._read.cache_clear()
        try:
            array = files.read(path, None if suffix == "npy" else "w")
        except FileFault:
            refused += 1
        else:
            assert array.nbytes <= 100_000
    assert refused > 200


@pytest.mark.parametrize(
    "array",
    [
        np.array(3.5),
        np.zeros((0, 3)),
        np.arange(6.0).reshape(2, 3),
        np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        np.arange(6, dtype=">i4"),
        np.arange(6, dtype=np.uint64),
        np.array([1.5, -2.25], np.float16),
        np.array([1 + 2j], np.complex64),
        np.array([True, False]),
        np.array([np.nan, np.inf, -0.0]),
    ],
    ids=str,
)
def test_sound_arrays_are_read_as_numpy_reads_them(tmp_path, array):
    np.save(tmp_path / "a.npy", array)
    np.savez(tmp_path / "a.npz", w=array)
    np.savez_compressed(tmp_path / "b.npz", w=array, v=np.ones(2))
    for name, key in (("a.npy", None), ("a.npz", "w"), ("b.npz", "w")):
        found = files.read(tmp_path / name, key)
        assert files.header(tmp_path / name, key) == (array.shape, array.dtype)
        assert np.array_equal(found, array, equal_nan=array.dtype.kind in "fc")
        assert found.dtype == {
            "f": "float64", "c": "complex128", "b": "bool", "i": "int64", "u": "int64"
        }[array.dtype.kind]  # fmt: skip
        assert not found.flags.writeable
