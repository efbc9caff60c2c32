"""What an operation costs is a bound from above, told before it is computed."""

import numpy as np
import pytest

from gradparity.refimpl.costs import OVERHEAD, RULES, WEIGHTS, cost
from gradparity.refimpl.ops import TABLE
from gradparity.refimpl.sampling import real


def drawn(row, example):
    """The arrays of an example, each from its own domain."""
    generator, count = np.random.default_rng(0), len(example.shapes)
    domains = row.domain if isinstance(row.domain, tuple) else (row.domain or real,) * count
    domains = (*domains, *domains[:1] * count)[:count]
    return [
        None if shape is None else (domain or real)(generator, shape)
        for domain, shape in zip(domains, example.shapes, strict=True)
    ]


@pytest.mark.parametrize("name", TABLE)
def test_no_result_is_larger_than_its_bound(name):
    row = TABLE[name]
    for example in row.examples:
        arrays = drawn(row, example)
        with np.errstate(all="ignore"):
            y = row.forward(*arrays, **example.attributes)
        shapes = [None if x is None else np.shape(x) for x in arrays]
        price = cost(name, shapes, example.attributes)
        made = sum(np.size(part) for part in y) if isinstance(y, tuple) else np.size(y)
        assert made <= price.elements, example
        assert price.steps >= OVERHEAD


def test_every_rule_and_weight_is_of_an_operation():
    assert set(RULES) | set(WEIGHTS) <= set(TABLE)


@pytest.mark.parametrize(
    ("name", "shapes", "attributes"),
    [
        ("linalg.matrix_power", [(3, 3)], {"n": 10**7}),
        ("diff", [(4,)], {"n": 10**7}),
        ("polygamma", [(1,)], {"n": 10**7}),
        ("one_hot", [(8,)], {"num_classes": 2**24}),
        ("interpolate", [(1, 1, 4, 4)], {"size": (4096, 4096), "mode": "linear"}),
        ("fft.fft", [(4,)], {"n": 2**24 - 3}),
        ("matmul", [(5000, 5000), (5000, 5000)], {}),
        ("unstack", [(10**6, 2)], {"axis": 0}),
        ("einsum", [(900, 900)] * 4, {"equation": "ab,bc,cd,da->"}),
        ("conv", [(1, 1, 4, 4), (1, 1, 3, 3)], {"padding": 5000}),
        ("pad", [(2, 2)], {"pad_width": ((5000, 5000), (5000, 5000))}),
        ("concat", [(2**23,), (2**23,)], {}),
    ],
)
def test_what_takes_long_or_fills_memory_costs_much(name, shapes, attributes):
    price = cost(name, shapes, attributes)
    assert price.elements >= 2**24 or price.steps >= 5 * 10**7


@pytest.mark.parametrize("name", RULES)
def test_attributes_that_are_none_of_its_own_do_not_break_it(name):
    for value in (None, "x", -1, 2.5, (1, "y"), ((1, 2),), [], True):
        keys = ("shape", "axis", "n", "s", "size", "pad_width", "equation", "axes", "index")
        for shapes in ([], [()], [(2, 3)], [(2, 3), None, (3,)]):
            assert cost(name, shapes, dict.fromkeys(keys, value)).steps > 0
