"""Files and folders; what a user of the package asks for."""

import subprocess
import sys
from pathlib import Path

import pytest

from gradparity.cases import catalogue, is_case_file, json_schema, load_files, load_text, select
from gradparity.cases.template import template

CASE = "case: {name}\nabout: b\ntags: [{tag}]\nparams: {{w: 1.0}}\nprogram: loss = w\n"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "inner").mkdir()
    (tmp_path / "b.yaml").write_text(CASE.format(name="one-layer", tag="basics"))
    (tmp_path / "inner" / "a.yml").write_text(
        CASE.format(name="conv-pad", tag="images")
        + "---\n"
        + CASE.format(name="conv-stride", tag="images")
    )
    (tmp_path / "other.yaml").write_text("services: {web: 1}\n")
    (tmp_path / "notes.txt").write_text("case: no\n")
    return tmp_path


def test_a_folder_gives_its_case_files_and_no_others(folder):
    cases, faults = load_files([folder])

    assert faults == []
    assert [case.name for case in cases] == ["one-layer", "conv-pad", "conv-stride"]
    assert [(case.path.name, case.line) for case in cases] == [
        ("b.yaml", 1),
        ("a.yml", 1),
        ("a.yml", 7),
    ]


def test_a_file_named_twice_is_read_once(folder):
    cases, faults = load_files([folder / "b.yaml", str(folder / "b.yaml"), folder])

    assert (len(cases), faults) == (3, [])


def test_a_file_that_is_named_must_be_a_case_file(folder):
    cases, faults = load_files([folder / "other.yaml"])

    assert cases == []
    assert [fault.message.split(",")[0] for fault in faults][-1] == "unknown key 'services'"


def test_a_name_used_twice_is_a_fault_that_names_both_places(folder):
    (folder / "c.yaml").write_text(CASE.format(name="one-layer", tag="x"))

    _, faults = load_files([folder])

    assert [str(fault) for fault in faults] == [
        (
            f"{folder}/c.yaml:1:1: the case name 'one-layer' is also at {folder}/b.yaml:1, "
            "expected "
            "a name of its own"
        )
    ]


def test_what_is_not_there_is_a_fault(tmp_path):
    _, faults = load_files([tmp_path / "none.yaml", tmp_path])

    assert [str(fault) for fault in faults] == [
        f"{tmp_path}/none.yaml: no such file, expected a case file or a folder of some",
        f"{tmp_path}: no case file in this folder, expected some *.yaml",
    ]


def test_one_bad_case_does_not_hide_the_others(folder):
    (folder / "bad.yaml").write_text(
        CASE.format(name="good", tag="x") + "---\n" + CASE.format(name="Bad", tag="x")
    )

    cases, faults = load_files([folder / "bad.yaml"])

    assert [case.name for case in cases] == ["good"]
    assert [fault.where for fault in faults] == [f"{folder}/bad.yaml:7:7"]


def test_case_files_are_known_by_their_key(folder):
    found = sorted(path.name for path in folder.rglob("*") if is_case_file(path))

    assert found == ["a.yml", "b.yaml"]


def test_bytes_that_are_no_text_are_a_fault_with_a_place():
    _, faults = load_text(b"case: a\nabout: \xff\n", Path("t.yaml"))

    assert [str(fault) for fault in faults] == [
        "t.yaml:2:8: bytes that are no UTF-8, expected text"
    ]


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (None, ["one-layer", "conv-pad", "conv-stride"]),
        ("conv", ["conv-pad", "conv-stride"]),
        ("CONV stride", ["conv-stride"]),
        (["images", "pad"], ["conv-pad"]),
        ("basics", ["one-layer"]),
        ("image", []),
    ],
)
def test_every_word_must_fit(folder, words, names):
    cases, _ = load_files([folder])

    assert [case.name for case in select(cases, words)] == names


def test_a_word_may_be_part_of_the_files_name(folder):
    (folder / "b.yaml").rename(folder / "linear.yaml")
    cases, _ = load_files([folder])

    assert [case.name for case in select(cases, "line")] == ["one-layer"]


def test_the_shipped_catalogue_is_where_it_says():
    assert (catalogue() / "basics.yaml").is_file()


def test_the_template_is_a_sound_case():
    (case,), faults = load_text(template("my-case"), Path("t.yaml"))

    assert faults == []
    assert case.name == "my-case"
    assert [task.steps for task in case.tasks()] == [3, 3]


def test_every_line_of_the_template_that_is_commented_out_is_sound_too():
    lines = template("my-case").splitlines()
    start = lines.index("# More keys, each optional:") + 1
    keys = {line[2:].split(":")[0] for line in lines[start:] if line[2:3].isalpha()}

    assert keys == {
        "checks",
        "tangents",
        "sweep",
        "state",
        "accumulate",
        "loss-scale",
        "ema",
        "batch",
        "expect",
        "tolerance",
        "skip",
        "divergences",
        "versions",
        "modes",
        "avoid",
    }


def test_the_schema_describes_the_keys_and_the_tensors():
    schema = json_schema()

    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["required"] == ["case", "about", "params", "program"]
    assert schema["additionalProperties"] is False
    assert "agree-by" in schema["$defs"]["DivergenceModel"]["properties"]
    assert {"Normal", "File", "Complex"} <= set(schema["$defs"])
    assert "is" in schema["$defs"]["Rounded"]["properties"]
    assert {"between", "total"} == set(schema["$defs"]["Between"]["properties"])


def test_loading_imports_no_framework_and_no_pandas():
    code = (
        "import sys; from gradparity.cases import load_files, catalogue; "
        "load_files([catalogue() / 'basics.yaml']); "
        "print([m for m in ('torch', 'jax', 'optax', 'pandas') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603  ours

    assert done.stdout.strip() == "[]"
