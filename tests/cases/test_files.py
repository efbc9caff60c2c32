"""Tensors from files: nothing outside the folders, nothing that is no array of numbers."""

import io
import os
import zipfile

import numpy as np
import pytest

from gradparity.cases import limits, load_text
from gradparity.refimpl.errors import LimitExceeded


@pytest.fixture
def answer(tmp_path):
    """What a tensor written so is answered, in a case file in ``tmp_path / "cases"``."""
    folder = tmp_path / "cases"
    folder.mkdir(exist_ok=True)

    def load(spec):
        text = f"case: a\nabout: b\nparams: {{w: {spec}}}\nprogram: loss = sum(w)\n"
        _, (fault,) = load_text(text, folder / "t.yaml")
        return fault

    return load


@pytest.mark.parametrize(
    "name",
    [
        "../secret.npz",
        "/etc/passwd",
        "a/../../secret.npz",
        "'C:\\secret.npz'",
        "'..\\secret.npz'",
        "'\\\\host\\share.npz'",
    ],
)
def test_a_name_cannot_lead_out_of_the_folder(answer, tmp_path, name):
    np.savez(tmp_path / "secret.npz", w=np.ones(2))

    assert (
        "expected one in the case file's own folder" in answer(f"{{file: {name}, key: w}}").message
    )


def test_a_link_cannot_either(answer, tmp_path):
    np.savez(tmp_path / "secret.npz", w=np.ones(2))
    (tmp_path / "cases" / "link.npz").symlink_to(tmp_path / "secret.npz")

    assert "leads out of its folder" in answer("{file: link.npz, key: w}").message


def test_a_pipe_is_no_file(answer, tmp_path):
    os.mkfifo(tmp_path / "cases" / "pipe.npz")

    assert "no file 'pipe.npz'" in answer("{file: pipe.npz, key: w}").message


def test_the_nearest_shipped_file_and_key_are_named(answer):
    assert "did you mean 'digits.npz'?" in answer("{file: digit.npz, key: images}").message
    fault = answer("{file: digits.npz, key: image}")
    assert "did you mean 'images'?" in fault.message
    assert fault.where.endswith("t.yaml:3:37")


def test_pickles_and_other_files_are_refused(answer, tmp_path):
    folder = tmp_path / "cases"
    np.save(folder / "objects.npy", np.array([{}], dtype=object), allow_pickle=True)
    (folder / "text.npz").write_text("no archive")
    np.savez(folder / "words.npz", w=np.array(["a"]))
    with zipfile.ZipFile(folder / "broken.npz", "w") as archive:
        archive.writestr("w.npy", b"\x93NUMPY\x01\x00\xff")

    assert "objects.npy holds object, expected numbers" in answer("{file: objects.npy}").message
    assert "text.npz cannot be read" in answer("{file: text.npz, key: w}").message
    assert "words.npz holds <U1, expected numbers" in answer("{file: words.npz, key: w}").message
    assert "broken.npz cannot be read" in answer("{file: broken.npz, key: w}").message


def test_an_array_is_measured_before_it_is_read(answer, tmp_path):
    header = io.BytesIO()
    described = {"descr": "<f8", "fortran_order": False, "shape": (10**6, 10**6)}
    np.lib.format.write_array_header_1_0(header, described)
    with zipfile.ZipFile(tmp_path / "cases" / "huge.npz", "w") as archive:
        archive.writestr("w.npy", header.getvalue())

    fault = answer("{file: huge.npz, key: w}")

    assert isinstance(fault, LimitExceeded)
    assert f"expected at most {limits.ELEMENTS}" in fault.message


@pytest.mark.parametrize("rows", ["[3, 2]", "[0, 9]", "[2, 2]"])
def test_rows_must_be_there(answer, tmp_path, rows):
    np.save(tmp_path / "cases" / "w.npy", np.ones((4, 2)))

    assert "expected first < last, at most 4" in answer(f"{{file: w.npy, rows: {rows}}}").message
