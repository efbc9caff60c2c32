"""YAML 1.2, by the C parser and by the one in Python alike."""

import math

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings
from ruamel.yaml import YAML
from ruamel.yaml.compat import StringIO

from gradparity.cases.faults import Faults, Place
from gradparity.cases.yaml_nodes import key_place, plain, read_documents

PARSERS = pytest.mark.parametrize("pure", [False, True], ids=["C", "Python"])


def read(text, *, pure=False):
    faults = Faults("t.yaml")
    documents = read_documents(text, faults, pure=pure)
    assert [str(fault) for fault in faults.in_order()] == []
    return [plain(document) for document in documents]


@PARSERS
@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-8", 1e-8),
        ("1E3", 1000.0),
        (".5", 0.5),
        ("2.", 2.0),
        ("-0.0", -0.0),
        ("+3", 3),
        ("017", 17),
        ("0o17", 15),
        ("0x1F", 31),
        ("1_000", "1_000"),
        ("12:30", "12:30"),
        ("2020-01-01", "2020-01-01"),
        ("no", "no"),
        ("yes", "yes"),
        ("on", "on"),
        ("y", "y"),
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("'1'", "1"),
        ('"null"', "null"),
        (".inf", math.inf),
        ("-.INF", -math.inf),
        ("1e", "1e"),
        ("0b1", "0b1"),
        ("=", "="),
        ("<<", "<<"),
    ],
)
def test_scalars_follow_the_core_schema(text, value, pure):
    (found,) = read(f"a: {text}", pure=pure)

    assert found == {"a": value}
    assert type(found["a"]) is type(value)


@PARSERS
def test_nan(pure):
    ((found,),) = read("[.nan]", pure=pure)

    assert math.isnan(found)


@PARSERS
def test_documents_aliases_and_places(pure):
    text = "a: &x [1, 2]\nb: *x\n---\nc:\n  d: |\n    é\n"
    faults = Faults("t.yaml")

    first, second = read_documents(text, faults, pure=pure)

    assert plain(first) == {"a": [1, 2], "b": [1, 2]}
    assert plain(second) == {"c": {"d": "é\n"}}
    assert key_place(second, ["c", "d"]) == Place(5, 3)
    assert not faults


@PARSERS
def test_an_alias_inside_what_it_names_is_refused(pure):
    faults = Faults("t.yaml")
    read_documents("&a [*a]", faults, pure=pure)

    assert [str(fault) for fault in faults.in_order()] == [
        "t.yaml:1:5: the alias *a stands inside what it names, expected an anchor above"
    ]


@PARSERS
@pytest.mark.parametrize("tag", ["!", "!!float", "!x", "!<tag:yaml.org,2002:str>"])
def test_no_tag_is_taken(tag, pure):
    faults = Faults("t.yaml")
    read_documents(f"a: {tag} 1", faults, pure=pure)

    (fault,) = faults.in_order()
    assert str(fault).startswith("t.yaml:1:4: a tag (")


@settings(max_examples=200)
@given(st.floats(allow_nan=False))
def test_numbers_go_round(number):
    stream = StringIO()
    YAML(typ="safe", pure=True).dump({"a": number}, stream)

    assert read(stream.getvalue()) == [{"a": number}]
    if math.isfinite(number):
        assert read(f"a: {number!r}") == [{"a": number}]


@settings(max_examples=200)
@given(st.integers(-(2**63) + 1, 2**63 - 1))
def test_whole_numbers_go_round(number):
    assert read(f"a: {number}") == [{"a": number}]
    assert read(f"a: {abs(number):#x}") == [{"a": abs(number)}]
