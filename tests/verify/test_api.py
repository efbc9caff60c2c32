from importlib import import_module

import pandas as pd
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
    [
        ("one-lyer", "did you mean one-layer"),
        ("no/such/folder", "no such file or folder"),
        ("{about: " + "x" * 5000 + "}", "no file and no case is called"),
        ("a\0b", "no file and no case is called"),
    ],
)
def test_what_is_not_there_is_said(paths, message):
    with pytest.raises(BadUsage, match=message):
        verify.load_cases(paths)


TEXT = CASE.format(name="written", tag="text")
ONE = {"case": "made", "about": "A product.", "params": {"x": [1.0]}, "program": "y = x * 3"}


def test_cases_come_from_paths_names_texts_dicts_and_cases_in_their_order(folder):
    (drawn,) = verify.load_cases("used-twice")
    again = drawn.redrawn(2)
    cases = verify.load_cases([TEXT, "one-layer", folder / "cases.yaml", ONE, again, drawn])
    names = ["written", "one-layer", "first", "second", "made", "used-twice", "used-twice"]
    assert [case.name for case in cases] == names
    assert [cases[0].where, cases[4].where] == ["<text>:2", "<dict> case made"]
    assert cases[5] is again


def test_what_two_sources_mean_is_there_once(folder, monkeypatch):
    monkeypatch.chdir(folder)
    (held,) = verify.load_cases("used-twice")
    sources = [folder, "one-layer", "cases.yaml", held, ONE, "used-twice", "one-layer"]
    cases = verify.load_cases(sources)
    names = ["first", "second", "one-layer", "used-twice", "made"]
    assert [case.name for case in cases] == names


@pytest.mark.parametrize("jobs", [0, 2])
def test_a_text_and_a_dict_run_as_a_file_does(folder, jobs):
    text = (folder / "cases.yaml").read_text()
    written = verify.run([folder], adapters=["numpy"], dtypes=["float32"])
    held = verify.run([text, ONE], adapters=["numpy"], dtypes=["float32"], jobs=jobs)
    assert list(held.case.unique()) == ["first", "second", "made"]
    apart = ["where", "seconds"]
    pd.testing.assert_frame_equal(
        held[held.case != "made"].drop(columns=apart), written.drop(columns=apart)
    )
    assert set(held.verdict) == {"agree"}
    assert set(held["where"][held.case == "made"]) == {"<dict> case made"}


def test_a_wrong_truth_in_a_dict_is_found():
    frame = verify.run(ONE | {"expect": {"grad": {"x": [3.5]}}}, adapters=["numpy"])
    assert "differs" in set(frame.verdict)


def test_keywords_do_not_mean_what_texts_and_dicts_are_called():
    chosen = verify.load_cases([TEXT, ONE], keywords="e")
    assert [case.name for case in chosen] == ["made", "written"][::-1]
    assert [case.name for case in verify.load_cases([TEXT, ONE], keywords="w")] == ["written"]
    with pytest.raises(BadUsage, match="none has 'dict'"):
        verify.load_cases(ONE, keywords="dict")


def test_faults_of_texts_and_dicts_have_places():
    with pytest.raises(verify.BadCases) as caught:
        verify.load_cases([TEXT.replace("x * 3", "X * 3"), ONE | {"steps": "many"}])
    assert [fault.where for fault in caught.value.faults] == [
        "<text>:6:14",
        "<dict> case made: steps",
    ]


def test_several_texts_and_dicts_are_numbered():
    with pytest.raises(verify.BadCases) as caught:
        verify.load_cases([TEXT, ONE, TEXT, ONE])
    first, second = map(str, caught.value.faults)
    assert first == (
        "<text 2>:2:1: the case name 'written' is also at <text 1>:2, expected a name of its own"
    )
    assert second == (
        "<dict 2> case made: the case name 'made' is also at <dict 1> case made, "
        "expected a name of its own"
    )


@pytest.mark.parametrize("text", ["case: x", "a: 1\n", "no yaml: [\n"])
def test_a_text_that_is_no_case_is_told_so(text):
    with pytest.raises(verify.BadCases, match=r"^<text>:\d+:\d+: "):
        verify.load_cases(text)


@pytest.mark.parametrize("call", [verify.load_cases, verify.run])
@pytest.mark.parametrize(
    ("cases", "said"),
    [
        ([], "no case: an empty list"),
        (5, "a value of type int, expected a path, the name of a case, YAML text, a dict"),
        ([b"case: x"], "a value of type bytes"),
        ([ONE, None], "a value of type NoneType"),
    ],
)
def test_what_is_no_case_is_bad_usage(call, cases, said):
    with pytest.raises(BadUsage, match=said):
        call(cases)


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


@pytest.mark.parametrize(
    ("program", "said"),
    [("loss = sum(w * 0.0)", "case mine is vacuous"), ("loss = sum(w @ x)", "cannot be run")],
)
def test_what_lint_refuses_is_not_run(program, said):
    mine = {"case": "mine", "about": "x", "params": {"w": [1.0, 2.0]}, "program": program}
    if "x" in program:
        mine["inputs"] = {"x": [1.0, 2.0, 3.0]}
    with pytest.raises(verify.BadCases, match=said):
        verify.run(mine, adapters=["numpy"])
