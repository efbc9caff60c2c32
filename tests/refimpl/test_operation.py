"""A row checks itself, and says what it is."""

# ruff: noqa: ARG005 (a rule takes (g, y, *x) whether or not it needs all of them)

import inspect
import math

import numpy as np
import pytest

from gradparity.refimpl.operation import Operation, ex
from gradparity.refimpl.ops import GROUPS, TABLE
from gradparity.refimpl.sampling import draw

#: What no example can be: how many elements, and why an array of so many means nothing there.
MEANINGLESS = {
    ("cross", 1): "a vector that has a cross product has three components",
    ("gradient", 1): "differences are of two elements at least",
}


def row(**changes):
    given = dict(
        name="f",
        forward=lambda a, b=None, *, axis, keepdims=False: a,
        vjps=(lambda g, y, a, b: g, None),
        derivatives=("1", None),
        examples=(ex((2,), None, axis=0),),
    )
    return Operation(**(given | changes))


def test_the_signature_is_the_forwards():
    f = row()
    assert f.arguments == ("a", "b")
    assert f.optional == {"b"}
    assert not f.variadic
    assert f.attributes == {"axis": inspect.Parameter.empty, "keepdims": False}
    assert f.required == ("axis",)
    assert f.signature == "f(a, b=None, *, axis, keepdims=False)"
    assert [f.differentiable(k) for k in (0, 1)] == [True, False]


def test_any_number_of_arrays():
    f = row(
        forward=lambda *xs: xs,
        vjps=(),
        joint=lambda g, y, *xs: g,
        derivatives=("g",),
        examples=(ex((2,), (2,), (2,)),),
    )
    assert f.variadic
    assert f.differentiable(2)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"vjps": ()}, "either one VJP"),
        ({"joint": lambda g, y, a, b: (g, None)}, "either one VJP"),
        ({"vjps": (None,)}, "2 arguments, 1 VJPs"),
        ({"derivatives": ("1",)}, "2 arguments, 1 derivatives"),
        ({"derivatives": ("1", "1")}, "VJP and derivative of b disagree"),
        ({"derivatives": (None, None)}, "VJP and derivative of a disagree"),
        ({"examples": ()}, "needs an example"),
        ({"stops": "x", "stops_with": "keepdim"}, "what keepdim stops"),
        ({"stops_with": "keepdims"}, "what keepdims stops"),
        ({"forward": lambda *xs: xs}, "joint VJP alone"),
    ],
)
def test_a_row_that_contradicts_itself_is_refused(changes, message):
    with pytest.raises(TypeError, match=message):
        row(**changes)


def test_no_name_stands_twice():
    names = [row.name for rows in GROUPS.values() for row in rows]
    assert sorted(names) == sorted(TABLE)
    assert all(name == row.name for name, row in TABLE.items())


@pytest.mark.parametrize("row", TABLE.values(), ids=list(TABLE))
def test_every_row_is_documented_and_its_examples_fit(row):
    assert row.formula
    for example in row.examples:
        if not row.variadic:
            least = len(row.arguments) - len(row.optional)
            assert least <= len(example.shapes) <= len(row.arguments)
        given = set(example.attributes)
        assert set(row.required) <= given <= set(row.attributes)
        for argument, shape in zip(row.arguments, example.shapes, strict=False):
            assert shape is not None or argument in row.optional


def sizes(row):
    """Which of nought, one and more the arrays of a row's examples have elements."""
    shapes = [s for example in row.examples for s in example.shapes if s is not None]
    shapes += [np.shape(y) for example in row.examples for y in results(row, example)]
    return {min(math.prod(shape), 2) for shape in shapes}


def results(row, example):
    y = row.forward(*draw(row, example, 0), **example.attributes)
    return y if isinstance(y, tuple) else (y,)


def test_every_row_is_tried_at_arrays_of_one_element_and_of_none():
    left = {(name, k) for name, row in TABLE.items() for k in (1, 0) if k not in sizes(row)}
    assert left == set(MEANINGLESS)
