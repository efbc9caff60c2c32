"""Cases written as Python mappings."""

from dataclasses import replace
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest

from gradparity.cases import catalogue, load_mapping, load_text
from gradparity.cases.faults import Faults
from gradparity.cases.yaml_nodes import plain, read_documents
from gradparity.refimpl.errors import LimitExceeded

GOOD = {
    "case": "small",
    "about": "A product.",
    "params": {"w": [1.0, 2.0]},
    "program": "z = w * w\nloss = sum(z)",
}


def faults(**changed):
    cases, found = load_mapping(GOOD | changed, "<dict>")
    assert bool(cases) != bool(found)
    return [str(fault) for fault in found]


def drawn(**changed):
    cases, found = load_mapping(GOOD | changed, "<dict>")
    assert [str(fault) for fault in found] == []
    return cases[0].tasks()[0]


def programs(case):
    """What a case computes, wherever it stands."""
    return [
        {name: [replace(i, line=0, column=0) for i in p.instructions] for name, p in held.items()}
        for held in case.programs
    ]


@pytest.mark.thinned(3)
@pytest.mark.parametrize(
    "path", sorted(catalogue().rglob("*.yaml")), ids=lambda path: str(path.stem)
)
def test_a_mapping_is_the_case_that_yaml_is(path):
    (document, *_) = read_documents(path.read_text("utf-8"), Faults("any"))
    (written, *_), bad = load_text(path.read_bytes(), path)
    assert bad == []
    (held,), found = load_mapping(plain(document), "<dict>")
    assert found == []
    assert repr(held.model) == repr(written.model)  # a NaN is not equal to itself
    assert programs(held) == programs(written)


def test_it_is_called_by_its_name():
    (case,), _ = load_mapping(GOOD, "<dict>")
    assert case.where == "<dict> case small"


PLACES = {
    "a key": ({"parms": 1}, "parms: unknown key 'parms'"),
    "a value": ({"steps": "a"}, "steps: 'a', expected a whole number"),
    "an item": ({"tags": ["fine", "not\0fine"]}, "tags.1: the character '\\x00' in a text"),
    "a key that is no name": ({"params": {3: 1.0, "w": 1.0}}, "params: 3 as a key"),
    "a line": ({"program": "z = w\nloss = sum(W)"}, "program:2:12: unknown variable 'W'"),
    "a framework's line": (
        {"program": {"numpy": "loss = sum(w)", "torch": "a = w\nloss = torch.smu(a)"}},
        "program.torch:2:8: torch.smu",
    ),
    "two lines": (
        {"program": "z = w\nz = w * w\nloss = sum(z)"},
        "program:2:1: z is assigned at line 1 and again at line 2",
    ),
    "a name for two things": (
        {"inputs": {"w": 1.0}},
        "params.w: w is an input and a parameter, expected one of them",
    ),
    "a key of two lines": ({"a\nb": 1}, "'a\\nb': unknown key"),
    "a type": ({"params": {"w": {1.0, 2.0}}}, "params.w: a value of type set, expected"),
    "an array of objects": ({"params": {"w": np.array([{}])}}, "params.w: an array of object"),
    "an array too wide": ({"params": {"w": np.longdouble(1)}}, "params.w: an array of float128"),
    "a lone surrogate": ({"about": "\ud800"}, "about: the character '\\ud800'"),
    "a missing key": ({"about": None}, "about: nothing (null), expected text"),
}


@pytest.mark.parametrize(("changed", "said"), PLACES.values(), ids=PLACES)
def test_a_fault_is_placed_by_its_key(changed, said):
    found = faults(**changed)
    assert any(fault.startswith(f"<dict> case small: {said}") for fault in found), found


@pytest.mark.parametrize("name", [None, 3, "../up", "a\nb", "x" * 101])
def test_a_name_that_is_none_is_not_in_the_place(name):
    assert faults(case=name)[0].startswith("<dict>: case: ")


def test_nothing_is_a_case_without_its_keys():
    cases, found = load_mapping({}, "<dict 2>")
    assert cases == []
    assert str(found[0]) == "<dict 2>: the key 'case' is missing, expected the case's name"


def circle():
    inner = {}
    inner["a"] = inner
    return inner


def widening():
    level = [1.0] * 10
    for _ in range(8):
        level = [level] * 10
    return level


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (circle(), "nested more than 32 deep"),
        (widening(), "more than 100000 values"),
        (np.zeros(200_000), "more than 100000 values"),
        (np.broadcast_to(np.float64(1), (10**6, 10**6)), "more than 100000 values"),
        (10**5000, "the whole number is too large"),
        ({str(k): 1.0 for k in range(3000)}, "a mapping of more than 2000 keys"),
    ],
    ids=["a circle", "a tree of one leaf", "an array", "a view", "a number", "keys"],
)
def test_what_is_too_large_is_refused_before_it_is_built(value, said):
    _, found = load_mapping(GOOD | {"params": {"w": value}}, "<dict>")
    assert said in str(found[0])
    assert isinstance(found[0], LimitExceeded)


@pytest.mark.parametrize(
    "array",
    [
        np.array([0.1, np.inf, -0.0, 5e-324]),
        np.array([0.1, 3e38], np.float32),
        np.array([0.1, 3e38], ml_dtypes.bfloat16),
        np.arange(6).reshape(2, 3)[:, ::-1],
        np.float32(0.1),
        np.zeros((0, 3)),
        np.zeros((2, 0)),
    ],
    ids=lambda array: f"{array.dtype}{array.shape}",
)
def test_an_array_is_its_numbers_to_the_bit(array):
    held = drawn(params={"w": array}).params["w"]
    expected = np.asarray(array, np.float64)
    assert held.shape == expected.shape
    assert held.tobytes() == expected.tobytes()


@pytest.mark.parametrize("value", [1.5 - 2j, np.complex64(1.5 - 2j), np.array(1.5 - 2j)])
def test_a_complex_number_is_its_parts(value):
    task = drawn(
        params={"w": value}, program="loss = sum(abs(w))", dtypes=("complex128",), checks=["value"]
    )
    assert task.params["w"] == 1.5 - 2j


def test_a_text_with_a_lone_surrogate_is_no_utf_8():
    _, found = load_text("case: a\nabout: \ud800\n", Path("<text>"))
    assert [str(fault) for fault in found] == ["<text>:2:8: bytes that are no UTF-8, expected text"]
