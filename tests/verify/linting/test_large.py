"""Large cases: only the package's own are let through, and no run has them unasked."""

import shutil

import pytest

from gradparity.cases import limits
from gradparity.cases.folders import catalogue, is_of, large
from gradparity.cases.loading import load_files
from gradparity.refimpl.errors import BadCase, LimitExceeded
from gradparity.verify import run
from gradparity.verify.engine.work import LONG, LONGER, seconds_for
from gradparity.verify.linting.checking import check
from gradparity.verify.linting.refusing import apart
from gradparity.verify.selection.naming import meant

#: It takes more than a second, and less than some.
GREEDY = """
case: greedy
about: A product of matrices.
tags: [large]
params: {a: {normal: [1200, 1200]}, b: {normal: [1200, 1200]}}
program: loss = sum(a @ b)
dtypes: [float32]
"""
ENOUGH = 10 * limits.WORK


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GRADPARITY_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def greedy(tmp_path):
    path = tmp_path / "greedy.yaml"
    path.write_text(GREEDY, encoding="utf-8")
    return path


def test_what_comes_with_the_package_is_let_through():
    cases, faults = check(["gpt2-small-layer"])
    assert [case.name for case in cases] == ["gpt2-small-layer"]
    assert faults == []


def test_a_copy_is_not_though_the_original_was_found_sound(tmp_path):
    assert check([large() / "gpt2.yaml"])[1] == []
    copy = tmp_path / "large" / "gpt2.yaml"
    copy.parent.mkdir()
    shutil.copy(large() / "gpt2.yaml", copy)
    (fault,) = check([copy])[1]
    assert isinstance(fault, LimitExceeded)
    assert apart(*load_files([copy]))[0] == []


def test_a_text_is_no_file_of_the_folder_that_it_is_read_in(monkeypatch):
    monkeypatch.chdir(large())
    with pytest.raises(BadCase, match="too long"):
        run(GREEDY, adapters=["numpy"])


def test_a_link_to_another_file_is_not_of_the_folder(greedy, tmp_path):
    folder = tmp_path / "shipped"
    folder.mkdir()
    (folder / "case.yaml").symlink_to(greedy)
    assert not is_of(folder / "case.yaml", folder)
    assert is_of(large() / "unet.yaml", large())


def test_a_tag_lets_nothing_through(greedy):
    assert "too long" in str(check([greedy])[1][0])
    with pytest.raises(BadCase, match="too long"):
        run(greedy, adapters=["numpy"])


def test_the_user_may_let_a_file_through(greedy):
    assert check([greedy], ENOUGH)[1] == []
    cases, faults = apart(*load_files([greedy]), ENOUGH)
    assert [case.name for case in cases] == ["greedy"]
    assert faults == []


def test_what_is_let_through_once_is_not_remembered(greedy):
    assert check([greedy], ENOUGH)[1] == []
    apart(*load_files([greedy]), ENOUGH)
    assert check([greedy])[1]
    assert apart(*load_files([greedy]))[1]


def test_no_run_has_them_unasked():
    files, _ = meant(None)
    assert files
    assert not [path for path in files if path.is_relative_to(large())]
    assert not large().is_relative_to(catalogue())


def test_they_have_longer():
    assert seconds_for(load_files([large() / "unet.yaml"])[0]) == LONGER
    assert seconds_for(load_files([catalogue() / "basics.yaml"])[0]) == LONG
