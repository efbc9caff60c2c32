"""The history of the atlas's entries by version."""

from dataclasses import replace

import pytest

from gradparity.reports import atlas
from gradparity.reports.atlas_history import as_json, as_text, lines, merged, natural, read
from gradparity.reports.errors import BadResults


def entry(version, *results, failure=""):
    side = atlas.Side("torch", "print(1)", results, failure)
    return atlas.Entry(
        "root-at-zero", "About it.", "bug", ("bug",), "made up", ("sqrt",), "float64", "",
        {"x": 0.0}, ("y", "x.grad"), ([0.0], [1.0]), (side,), versions={"torch": version},
    )  # fmt: skip


OFF = entry("2.9.0", atlas.Result([0.0], "agree"), atlas.Result([float("nan")], "known"))
RIGHT = entry("2.10.0", atlas.Result([0.0], "agree"), atlas.Result([1.0], "agree"))
RAISES = entry("2.11.0", failure="RuntimeError: no such thing")


def test_what_an_entry_did_is_kept_by_framework_and_version():
    history = merged(*(atlas.history([one]) for one in (RAISES, OFF, RIGHT)))
    assert history == {
        "root-at-zero": {
            "torch": {
                "2.9.0": "off: x.grad = [nan]",
                "2.10.0": "right",
                "2.11.0": "raises RuntimeError: no such thing",
            }
        }
    }
    assert read(as_json(history)) == history
    assert lines(history["root-at-zero"]) == [
        "torch: 2.9.0 off: x.grad = [nan]; 2.10.0 right; 2.11.0 raises RuntimeError: no such thing"
    ]


def test_what_is_off_at_further_points_belongs_to_it():
    further = (("k=2 float32", "x.grad", "1", "torch", "inf"), ("k=2", "y", "1", "jax", "0"))
    told = replace(RIGHT, elsewhere=further)
    assert told.did(told.sides[0]) == "off: k=2 float32: x.grad = inf"


def test_versions_that_do_the_same_are_told_together_and_one_alone_is_not():
    same = {"torch": {"2.10.0": "right", "2.9.0": "right", "2.11.0": "off"}, "jax": {"1": "right"}}
    assert lines(same) == ["torch: 2.9.0 to 2.10.0 right; 2.11.0 off"]
    assert max("2.10.0", "2.9.0", "2.9.0rc1", "2.10", key=natural) == "2.10.0"


def test_the_files_of_an_atlas_take_what_is_known_along():
    before = atlas.history([OFF]) | {"gone": {"torch": {"1": "right"}}}
    files = atlas.as_files([RIGHT], before)
    assert set(read(files["history.json"])) == {"root-at-zero"}
    told = "By version: torch: 2.9.0 off: x.grad ="
    assert told in files["bug.md"].replace("\\", "")
    assert told in files["index.html"]
    assert "By version" not in atlas.as_files([RIGHT])["bug.md"]


def test_an_entry_none_of_whose_frameworks_ran_has_no_history():
    (side,) = RIGHT.sides
    told = atlas.as_files([replace(RIGHT, sides=(replace(side, adapter="paddle"),))])
    assert read(told["history.json"]) == {}


def test_what_is_otherwise_in_another_version_is_told():
    text = as_text(atlas.history([RIGHT]), atlas.history([OFF]))
    assert "torch 2.9.0" in text
    assert text.endswith("1 entry run in torch 2.9.0: 1 otherwise than here.")
    same = as_text(atlas.history([OFF]), atlas.history([replace(OFF, versions={"torch": "3"})]))
    assert same == "1 entry run in torch 3: all as here."


@pytest.mark.parametrize("text", ["", "[]", '{"a": 1}', '{"a": {"torch": {"1": 2}}}'])
def test_what_is_no_history_is_refused(text):
    with pytest.raises(BadResults, match="mine"):
        read(text, "mine")
