"""What lint found sound is remembered, and only as long as nothing has changed."""

import json
from pathlib import Path

import numpy as np
import pytest

from gradparity.verify.linting import checking
from gradparity.verify.linting.checking import check

CASE = """
case: squares
about: A square.
params: {x: 3.0}
program: loss = x ** 2
"""

FROM_FILE = """
case: read
about: A file of numbers.
inputs: {a: {file: a.npy}}
params: {x: [1.0, 2.0]}
program: loss = sum(a * x)
"""


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GRADPARITY_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def examined(monkeypatch):
    """The files that are really examined, as they are."""
    seen = []
    real = checking.import_module

    class Watched:
        @staticmethod
        def examined(raw, path, only, most):
            seen.append(path.name)
            return real(".soundness", "gradparity.verify.linting").examined(raw, path, only, most)

    monkeypatch.setattr(checking, "import_module", lambda *_: Watched)
    return seen


def write(folder, text, name="case.yaml"):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def records(cache):
    return sorted(cache.rglob("*.json"))


def test_a_sound_file_is_examined_once(tmp_path, cache, examined):
    path = write(tmp_path, CASE)
    first, again = check([path]), check([path])
    assert first == again
    assert [case.name for case in again[0]] == ["squares"]
    assert examined == ["case.yaml"]


def test_a_file_that_changed_is_examined_again(tmp_path, cache, examined):
    path = write(tmp_path, CASE)
    check([path])
    write(tmp_path, CASE.replace("x ** 2", "x * 0"))
    assert "vacuous" in str(check([path])[1][0])
    assert examined == ["case.yaml"] * 2


def test_a_file_with_faults_is_not_remembered(tmp_path, cache, examined):
    path = write(tmp_path, CASE.replace("x ** 2", "x * 0"))
    assert check([path])[1]
    assert check([path])[1]
    assert records(cache) == []


def test_another_version_of_the_code_examines_again(tmp_path, cache, examined, monkeypatch):
    path = write(tmp_path, CASE)
    check([path])
    monkeypatch.setattr(checking, "code_version", lambda: "another")
    check([path])
    assert examined == ["case.yaml"] * 2


def test_the_records_of_old_versions_are_dropped(tmp_path, cache, monkeypatch):
    path = write(tmp_path, CASE)
    for number in range(9):
        monkeypatch.setattr(checking, "code_version", lambda n=number: f"version{n}")
        check([path])
    assert len(list((cache / "lint").iterdir())) < 6
    assert (cache / "lint" / "version8").is_dir()


def test_an_array_file_that_changed_is_read_again(tmp_path, cache, examined):
    path = write(tmp_path, FROM_FILE)
    np.save(tmp_path / "a.npy", np.array([1.0, 2.0]))
    assert check([path])[1] == []
    check([path])
    assert examined == ["case.yaml"]
    np.save(tmp_path / "a.npy", np.array([0.0, 0.0]))
    assert "vacuous" in str(check([path])[1][0])
    (tmp_path / "a.npy").unlink()
    assert "no file" in str(check([path])[1][0])


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"cases": 3}', '{"cases": [[1]], "files": {}}']
)
def test_a_spoilt_record_is_as_good_as_none(tmp_path, cache, examined, content):
    path = write(tmp_path, CASE)
    check([path])
    (record,) = records(cache)
    record.write_text(content, encoding="utf-8")
    assert [case.name for case in check([path])[0]] == ["squares"]
    assert examined == ["case.yaml"] * 2
    assert json.loads(record.read_text(encoding="utf-8"))["cases"]


def test_a_folder_that_cannot_be_written_is_no_error(tmp_path, examined, monkeypatch):
    blocked = write(tmp_path, "no folder", "blocked.txt")
    monkeypatch.setenv("GRADPARITY_CACHE", str(blocked))
    path = write(tmp_path, CASE)
    assert check([path])[1] == []
    assert check([path])[1] == []
    assert examined == ["case.yaml"] * 2


def test_an_empty_variable_remembers_nothing(tmp_path, examined, monkeypatch):
    monkeypatch.setenv("GRADPARITY_CACHE", "")
    path = write(tmp_path, CASE)
    check([path])
    check([path])
    assert examined == ["case.yaml"] * 2


def test_a_name_given_twice_is_found_among_remembered_files(tmp_path, cache):
    write(tmp_path, CASE, "a.yaml")
    write(tmp_path, CASE + "tags: [other]\n", "b.yaml")
    first, again = check([tmp_path]), check([tmp_path])
    assert [str(fault) for fault in first[1]] == [str(fault) for fault in again[1]]
    assert "is also at" in str(again[1][0])


def test_one_case_of_a_file_is_found_by_name_in_its_record(cache, examined):
    file = Path(checking.meant(["one-layer"])[0].popitem()[0])
    first = check(["one-layer"])
    whole = check([file])
    again = check(["one-layer"])
    assert first == again
    assert len(whole[0]) > 1
    assert [case.name for case in again[0]] == ["one-layer"]
    assert examined == [file.name] * 2
