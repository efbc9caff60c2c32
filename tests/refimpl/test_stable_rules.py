"""Values and slopes that keep all their digits, against mpmath at 60 digits."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

from gradparity.refimpl.ops import TABLE
from gradparity.refimpl.wide_special import _to_mp

#: Row → what it is.
FUNCTIONS = {
    "sigmoid": lambda x: 1 / (1 + mpmath.exp(-x)),
    "expit": lambda x: 1 / (1 + mpmath.exp(-x)),
    "tanh": mpmath.tanh,
    "expm1": mpmath.expm1,
    "exp2": lambda x: mpmath.mpf(2) ** x,
    "softplus": lambda x: mpmath.log1p(mpmath.exp(x)),
    "log_sigmoid": lambda x: -mpmath.log1p(mpmath.exp(-x)),
    "silu": lambda x: x / (1 + mpmath.exp(-x)),
    "mish": lambda x: x * mpmath.tanh(mpmath.log1p(mpmath.exp(x))),
    "softsign": lambda x: x / (1 + abs(x)),
    "tanh_shrink": lambda x: x - mpmath.tanh(x),
    "squareplus": lambda x: (x + mpmath.sqrt(x * x + 4)) / 2,
    "atan": mpmath.atan,
    "asinh": mpmath.asinh,
    "erf": mpmath.erf,
    "erfc": mpmath.erfc,
    "ndtr": mpmath.ncdf,
    "log_ndtr": lambda x: mpmath.log(mpmath.ncdf(x)),
    "gelu": lambda x: x * mpmath.ncdf(x),
}

PLACES = [1e-8, 1e-3, 0.1, 0.4, 0.9, 1.7, 3.3, 5.1, 8.3, 10.7, 20.0, 40.0, 80.3]

#: Units in the last place; a slope that crosses zero nearby is given more there.
UNITS = 12


def units_off(got, want, dtype):
    """By how many units a number is off; below the normal numbers there are fewer digits."""
    info = np.finfo(dtype)
    if abs(want) < _to_mp(np.longdouble(info.tiny)):
        return 0.0
    off = abs(_to_mp(np.longdouble(got)) - want) / abs(want)
    return float(off / _to_mp(np.longdouble(info.eps)))


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.longdouble])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_value_and_slope(name, dtype):
    row, function = TABLE[name], FUNCTIONS[name]
    given = {"approximate": "none"} if name == "gelu" else {}
    x = np.array([sign * place for place in PLACES for sign in (1, -1)], dtype)
    with np.errstate(all="ignore"):
        y = row.forward(x, **given)
        slope = row.vjps[0](np.ones_like(x), y, x, **given)
    step = mpmath.mpf(10) ** -35
    with mpmath.workdps(150):
        for place, value, found in zip(x, y, slope, strict=True):
            at = _to_mp(place)
            assert units_off(value, function(at), dtype) <= UNITS, place
            truth = (function(at + step) - function(at - step)) / (2 * step)
            assert units_off(found, truth, dtype) <= UNITS, place


def gradient(name, *arrays, position=0, **attributes):
    row = TABLE[name]
    y = row.forward(*arrays, **attributes)
    g = np.ones_like(y)
    if row.joint is not None:
        return row.joint(g, y, *arrays, **attributes)[position]
    return row.vjps[position](g, y, *arrays, **attributes)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_winner_of_a_softmax(dtype):
    """At 30 above the other its slope is e⁻³⁰, which 1 less y does not have."""
    small = np.exp(np.longdouble(-30))
    x = np.array([30, 0], dtype)
    y = TABLE["softmax"].forward(x)
    by_first = TABLE["softmax"].vjps[0](np.array([1, 0], dtype), y, x)
    assert np.allclose(by_first, [small, -small], rtol=1e-5, atol=0)
    logs = TABLE["log_softmax"].forward(x)
    assert np.allclose(logs, [-small, -30 - small], rtol=1e-5, atol=0)
    by_logs = TABLE["log_softmax"].vjps[0](np.array([1, 0], dtype), logs, x)
    assert np.allclose(by_logs, [small, -small], rtol=1e-5, atol=0)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_sure_class(dtype):
    """Its loss and its slope are what the others have left."""
    small = np.exp(np.longdouble(-30))
    x, target = np.array([[30, 0, -100]], dtype), np.array([0])
    loss = TABLE["cross_entropy"].forward(x, target)
    assert np.isclose(loss, small, rtol=1e-5, atol=0)
    found = gradient("cross_entropy", x, target)
    assert np.allclose(found[0, :2], [-small, small], rtol=1e-5, atol=0)
    one, sure = np.ones(1, dtype), np.array([30], dtype)
    for name, slope in (("bce_with_logits", -small), ("soft_margin", -small)):
        assert np.isclose(TABLE[name].forward(sure, one), small, rtol=1e-5, atol=0), name
        assert np.allclose(gradient(name, sure, one), slope, rtol=1e-5, atol=0), name
    focal = gradient("focal", sure, one, alpha=None)
    assert np.allclose(focal, -3 * small**3, rtol=1e-5, atol=0)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_shut_and_open_gates(dtype):
    """A gate at 30 has the slope e⁻³⁰; so has what glu, lstm and gru make of it."""
    small = np.exp(np.longdouble(-30))
    x = np.array([2, 30], dtype)
    assert np.isclose(gradient("glu", x, axis=0)[1], 2 * small, rtol=1e-5, atol=0)
    zero = np.zeros((1, 1), dtype)
    for name, blocks in (("lstm", 4), ("gru", 3)):
        row = TABLE[name]
        w = np.zeros((blocks, 1), dtype)
        bias = np.zeros(blocks, dtype)
        bias[1] = 30  # of the forget gate, and of the update gate
        states = (zero + 1, zero + 1)[: 2 if name == "lstm" else 1]
        arrays = (zero[None], w, w, bias, None, *states)
        y = row.forward(*arrays)
        g = tuple(np.ones_like(part) * (k == len(y) - 1) for k, part in enumerate(y))
        assert np.isclose(row.joint(g, y, *arrays)[3][1], small, rtol=1e-5, atol=0), name
    rnn = TABLE["rnn"]
    arrays = (zero[None] + 1, zero + 15, zero, None, None, None)
    y = rnn.forward(*arrays)
    found = rnn.joint((np.ones_like(y[0]), np.zeros_like(y[1])), y, *arrays)[0]
    assert np.isclose(found.item(), 15 * 4 * small, rtol=1e-5, atol=0)


def test_small_differences():
    """log_cosh near 0 is d²/2, bce of a small x is x, logaddexp's share is of the difference."""
    d, none = np.array([1e-9]), np.array([0.0])
    assert np.allclose(TABLE["log_cosh"].forward(d, none), 5e-19, rtol=1e-12, atol=0)
    assert np.allclose(TABLE["bce"].forward(np.array([1e-20]), none), 1e-20, rtol=1e-12, atol=0)
    big = np.array([1e6])
    share = gradient("logaddexp", big, big + 1)
    assert np.allclose(share, 1 / (1 + np.exp(1.0)), rtol=1e-15, atol=0)
