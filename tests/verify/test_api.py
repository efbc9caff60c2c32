from importlib import import_module

import pytest

from gradparity import verify
from gradparity.refimpl.errors import BadUsage

CASE = """
case: {name}
about: A product.
tags: [{tag}]
params: {{x: [1.0, 2.0]}}
program: y = x * 3
output: y
"""


@pytest.fixture
def folder(tmp_path):
    text = CASE.format(name="first", tag="basics") + "---" + CASE.format(name="second", tag="loss")
    (tmp_path / "cases.yaml").write_text(text)
    return tmp_path


def test_every_public_name_is_there():
    assert set(verify.__all__) == set(dir(verify))
    for name in verify.__all__:
        assert callable(getattr(verify, name))
    with pytest.raises(AttributeError, match="no_such_name"):
        verify.no_such_name  # noqa: B018  looking is the test


def test_the_runs_function_is_no_module():
    import_module("gradparity.verify.engine.runner")
    assert callable(verify.run)


def test_cases_are_loaded_from_a_folder_and_run(folder):
    cases = verify.load_cases(folder)
    assert [case.name for case in cases] == ["first", "second"]
    frame = verify.run(cases, adapters=["numpy"], dtypes=["float32"])
    assert set(frame.case) == {"first", "second"}
    assert set(frame.dtype) == {"float32"}
    assert set(frame.verdict) == {"agree"}


def test_a_path_is_as_good_as_cases(folder):
    frame = verify.run(folder, adapters=["numpy"], keywords="loss")
    assert set(frame.case) == {"second"}


def test_a_case_of_the_catalogue_goes_by_its_name():
    (case,) = verify.load_cases("one-layer")
    assert case.name == "one-layer"


@pytest.mark.parametrize(
    ("paths", "message"),
    [("one-lyer", "did you mean one-layer"), ("no/such/folder", "no such file or folder")],
)
def test_what_is_not_there_is_said(paths, message):
    with pytest.raises(BadUsage, match=message):
        verify.load_cases(paths)


def test_every_fault_comes_at_once(tmp_path):
    (tmp_path / "a.yaml").write_text("case: a\nabout: x\nparms: {x: 1}\nprogram: loss = x\n")
    (tmp_path / "b.yaml").write_text("case: b\nabout: x\nparams: {x: 1}\nprogram: loss = snh(x)\n")
    with pytest.raises(verify.BadCases) as caught:
        verify.load_cases(tmp_path)
    text = str(caught.value)
    assert "a.yaml:3:1" in text
    assert "did you mean" in text
    assert "b.yaml:4:" in text


def test_progress_is_told_before_each_task(folder):
    told = []
    verify.run(folder, adapters=["numpy"], progress=lambda *state: told.append(state[:2]))
    assert told == [(0, 4), (1, 4), (2, 4), (3, 4)]


def test_no_adapter_left_is_bad_usage():
    with pytest.raises(BadUsage, match="numpi"):
        verify.run("one-layer", adapters=["numpi"])
