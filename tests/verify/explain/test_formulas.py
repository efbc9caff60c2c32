# ruff: noqa: RUF001 - mathematical signs are meant
import numpy as np
import pytest

from gradparity.refimpl.ops import TABLE
from gradparity.verify.explain.formulas import (
    Term,
    array,
    number,
    numeral,
    product,
    specialise,
    substitute,
    term,
    total,
)


@pytest.mark.parametrize(
    ("template", "values", "expected"),
    [
        ("a·b", {"a": "x + 1", "b": "y"}, "(x + 1)·y"),
        ("a + b", {"a": "W·x", "b": "c"}, "W·x + c"),
        ("a − b", {"a": "u − v", "b": "u − v"}, "u − v − (u − v)"),
        ("a / b", {"a": "u·v", "b": "u·v"}, "u·v / (u·v)"),
        ("a @ b", {"a": "u @ v", "b": "u @ v"}, "u @ v @ (u @ v)"),
        ("x²", {"x": "a − y"}, "(a − y)²"),
        ("x²", {"x": "a"}, "a²"),
        ("−x", {"x": "a − y"}, "−(a − y)"),
        ("ln x", {"x": "a·b"}, "ln (a·b)"),
        ("√x", {"x": "a + b"}, "√(a + b)"),
        ("max(x, 0)", {"x": "a + b"}, "max(a + b, 0)"),
        ("exp(x)", {"exp": "never", "x": "a"}, "exp(a)"),
        ("x̂·x", {"x": "a"}, "x̂·a"),
        ("x where x > 0, else 0", {"x": "h[0]"}, "h[0] where h[0] > 0, else 0"),
    ],
)
def test_a_term_stands_in_brackets_only_where_it_must(template, values, expected):
    terms = {key: Term(text) if text == "h[0]" else term(text) for key, text in values.items()}
    assert substitute(template, terms) == expected


@pytest.mark.parametrize(
    ("template", "values", "expected"),
    [
        ("a·b", {"a": -0.5, "b": -1.0}, "−0.5·(−1)"),
        ("a − b", {"a": 0.5, "b": -1.0}, "0.5 − (−1)"),
        ("a + b", {"a": -0.5, "b": -1.0}, "−0.5 + (−1)"),
        ("a²", {"a": -2.0}, "(−2)²"),
        ("1 / a", {"a": 0.5 - 2j}, "1 / (0.5 − 2i)"),
    ],
)
def test_a_negative_number_stands_in_brackets_after_an_operator(template, values, expected):
    assert substitute(template, {key: numeral(v) for key, v in values.items()}) == expected


@pytest.mark.parametrize(
    ("template", "constants", "expected"),
    [
        ("b·aᵇ⁻¹", {"b": 2}, "2·a"),
        ("b·aᵇ⁻¹", {"b": 3}, "3·a²"),
        ("b·aᵇ⁻¹", {"b": 0.5}, "0.5·a^(−0.5)"),
        ("b·aᵇ⁻¹", {"b": -1}, "−a^(−2)"),
        ("aᵇ", {"b": 2}, "a²"),
        ("aᵇ", {}, "a^b"),
        ("a⁻ᵀ x⁻¹", {}, "a⁻ᵀ x⁻¹"),
        ("(xᵀ)ⁿ⁻¹⁻ᵏ", {"n": 3}, "(xᵀ)^(3−1−k)"),
        ("1 / b", {"b": 4}, "1 / 4"),
        ("a·b", {"b": 1}, "a"),
        ("a·b", {"a": 1}, "b"),
        ("a / b·c", {"b": 1}, "a / 1·c"),
        ("0.1·b", {"b": 10}, "0.1·10"),
        ("1 / (1 + e⁻ˣ)", {}, "1 / (1 + e^(−x))"),
        ("reduction of x", {"reduction": "mean"}, "mean of x"),
    ],
)
def test_constants_are_put_in_and_what_is_obvious_is_simplified(template, constants, expected):
    assert specialise(template, constants) == expected


@pytest.mark.parametrize(
    ("factors", "expected"),
    [
        (["1", "1"], "1"),
        (["2·(a − y)", "1", "x"], "2·(a − y)·x"),
        (["−1", "a + b"], "−(a + b)"),
        (["−1", "−1"], "1"),
        (["−1", "−x"], "x"),
        (["a", "−x"], "a·(−x)"),
        (["1 / 2", "2·z"], "(1 / 2)·2·z"),
        (["a", "1 / n"], "a / n"),
        ([], "1"),
    ],
)
def test_a_product_leaves_ones_out_and_gathers_signs(factors, expected):
    assert product([term(text) for text in factors]).text == expected


def test_a_sum_takes_a_minus_for_its_sign():
    assert total([term("a·b"), term("−c"), term("d")]).text == "a·b − c + d"
    assert total([term("a"), term("1 where b, else 0")]).text == "a + (1 where b, else 0)"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.5, "0.5"),
        (-1.0, "−1"),
        (-0.0, "0"),
        (1e-5, "1e−5"),
        (1 / 3, "0.333333"),
        (np.longdouble(0.1), "0.1"),
        (3, "3"),
        (True, "True"),
        (2 - 1j, "2 − 1i"),
        (np.nan, "nan"),
        (-np.inf, "−inf"),
    ],
)
def test_numbers_are_written_as_people_write_them(value, expected):
    assert number(value) == expected


def test_a_small_tensor_is_shown_whole_and_a_large_one_by_its_start():
    assert array([[1.0, 2.0], [3.0, 4.5]]) == "[[1, 2], [3, 4.5]]"
    assert array(np.eye(3)) == "[[1, 0, 0], [0, 1, 0], [0, 0, 1]]"
    assert array(np.arange(16.0).reshape(4, 4)) == "[0, 1, 2, …] (4×4, norm 35.21)"
    assert array(np.arange(16.0), shown=3) == "[0, …] (16)"
    assert array(np.zeros((0, 3))) == "[] (0×3)"
    assert array(2.5) == "2.5"


def test_every_text_of_the_table_takes_names_without_losing_its_brackets():
    for row in TABLE.values():
        for text in (row.formula, *row.derivatives):
            filled = substitute(
                specialise(text or "", {}), {name: term("p + q") for name in row.arguments}
            )
            assert filled.count("(") == filled.count(")"), row.name
