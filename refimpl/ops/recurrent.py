"""Recurrent networks over time: one scan, and three cells.

A cell turns what comes from the input, a = x Wᵢᵀ + bᵢ, what comes from the last hidden state,
b = h Wₕᵀ + bₕ, and the last state into the next one. Backwards in time, each step's cotangents of
a, b and the state give those of everything else (backpropagation through time: P. J. Werbos,
Proc. IEEE 78, 1990).

S. Hochreiter & J. Schmidhuber, "Long short-term memory" (1997), with F. A. Gers' forget gates;
K. Cho et al., arXiv:1406.1078, with the reset gate after the product, as cuDNN has it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import numpy as np

from .. import kinks
from ..operation import Operation, ex
from ..sampling import real
from ..textbook import beside
from .logistic import sigmoid, sigmoid_slope, tanh_slope
from .products import matmul, matmul_vjp_b

#: The hidden state, and the cell state where there is one.
State = tuple[Any, ...]


class Cell(NamedTuple):
    """One step, and its transpose: ``vjp(g, after, a, b, before) -> (ā, b̄, cotangent of before)``.

    The last leaves out what reaches the hidden state through b.
    """

    forward: Callable[[Any, Any, State], State]
    vjp: Callable[[State, State, Any, Any, State], tuple[Any, Any, State]]


def _plain(kind: str) -> Cell:
    """H = tanh(a + b), or relu."""
    if kind == "tanh":
        return Cell(
            lambda a, b, before: (np.tanh(a + b),),
            lambda g, after, a, b, before: _same(g[0] * tanh_slope(a + b), before),
        )
    if kind == "relu":
        return Cell(
            lambda a, b, before: (np.maximum(a + b, 0),),
            lambda g, after, a, b, before: _same(g[0] * (after[0] > 0), before),
        )
    raise ValueError(f"nonlinearity is {kind!r}, expected tanh or relu")


def _same(part: Any, before: State) -> tuple[Any, Any, State]:
    return part, part, tuple(np.zeros_like(v) for v in before)


def _lstm_gates(a: Any, b: Any) -> tuple[Any, Any, Any, Any]:
    i, f, c, o = np.split(a + b, 4, axis=-1)
    return sigmoid(i), sigmoid(f), np.tanh(c), sigmoid(o)


def _lstm_forward(a: Any, b: Any, before: State) -> State:
    """C = f·c + i·n and h = o·tanh(c), with gates i, f, o and the new n = tanh."""
    i, f, n, o = _lstm_gates(a, b)
    c = f * before[1] + i * n
    return o * np.tanh(c), c


def _lstm_vjp(g: State, after: State, a: Any, b: Any, before: State) -> tuple[Any, Any, State]:
    i, f, n, o = _lstm_gates(a, b)
    into_i, into_f, into_n, into_o = np.split(a + b, 4, axis=-1)
    c_bar = g[1] + g[0] * o * tanh_slope(after[1])
    part = np.concatenate(
        (
            c_bar * n * sigmoid_slope(into_i),
            c_bar * before[1] * sigmoid_slope(into_f),
            c_bar * i * tanh_slope(into_n),
            g[0] * np.tanh(after[1]) * sigmoid_slope(into_o),
        ),
        axis=-1,
    )
    return part, part, (np.zeros_like(before[0]), c_bar * f)


def _into_gru(a: Any, b: Any) -> tuple[Any, Any, Any, Any]:
    """What goes into the gates r and z and into n, and the part of that which r scales."""
    (ar, az, an), (br, bz, bn) = np.split(a, 3, axis=-1), np.split(b, 3, axis=-1)
    return ar + br, az + bz, an + sigmoid(ar + br) * bn, bn


def _gru_forward(a: Any, b: Any, before: State) -> State:
    """H = (1 − z)·n + z·h, with gates r, z and n = tanh(a + r·b)."""
    _, into_z, into_n, _ = _into_gru(a, b)
    n = np.tanh(into_n)
    h = sigmoid(-into_z) * n + sigmoid(into_z) * before[0]
    return (beside(h, n, mixing=True),)  # others take n + z·(h − n)


def _gru_vjp(g: State, after: State, a: Any, b: Any, before: State) -> tuple[Any, Any, State]:
    into_r, into_z, into_n, bn = _into_gru(a, b)
    r, z = sigmoid(into_r), sigmoid(into_z)
    n_bar = g[0] * beside(sigmoid(-into_z), 1, mixing=True) * tanh_slope(into_n)
    z_bar = g[0] * (before[0] - np.tanh(into_n)) * sigmoid_slope(into_z)
    r_bar = n_bar * bn * sigmoid_slope(into_r)
    return (
        np.concatenate((r_bar, z_bar, n_bar), axis=-1),
        np.concatenate((r_bar, z_bar, n_bar * r), axis=-1),
        (g[0] * z,),
    )


LSTM = Cell(_lstm_forward, _lstm_vjp)
GRU = Cell(_gru_forward, _gru_vjp)


def _scan(
    cell: Cell, x: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any, start: State
) -> tuple[Any, list[Any], list[State]]:
    """What comes from the input, what came from each hidden state, and all states."""
    a = _affine(x, w_ih, b_ih)
    bs, states = [], [start]
    for t in range(len(x)):
        bs.append(_affine(states[-1][0], w_hh, b_hh))
        states.append(cell.forward(a[t], bs[-1], states[-1]))
    return a, bs, states


def _affine(x: Any, w: Any, b: Any) -> Any:
    y = matmul(x, w.T)
    return y if b is None else y + b


def _start(x: Any, w_hh: Any, *given: Any) -> State:
    """Zeros where a state is not given."""
    zeros = np.zeros_like(x, shape=(x.shape[1], w_hh.shape[1]))
    return tuple(zeros if v is None else v for v in given)


def _results(states: list[State], x: Any) -> State:
    """The hidden states of all times, and the last states."""
    empty = np.zeros_like(states[0][0], shape=(0, *states[0][0].shape))
    ys = np.stack([h for h, *_ in states[1:]]) if len(x) else empty
    return (ys, *states[-1])


def _scan_vjp(
    cell: Cell,
    g: State,
    x: Any,
    w_ih: Any,
    w_hh: Any,
    b_ih: Any,
    b_hh: Any,
    start: State,
) -> tuple[Any, ...]:
    """Backwards in time: cotangents of x, the weights, the biases and the first states."""
    a, bs, states = _scan(cell, x, w_ih, w_hh, b_ih, b_hh, start)
    g_ys, *g_state = g
    a_bar = np.zeros_like(a)
    w_hh_bar = np.zeros_like(w_hh)
    b_hh_bar = np.zeros_like(w_hh[:, 0])
    for t in reversed(range(len(x))):
        g_state[0] = g_state[0] + g_ys[t]
        a_bar[t], b_bar, through = cell.vjp(tuple(g_state), states[t + 1], a[t], bs[t], states[t])
        w_hh_bar = w_hh_bar + b_bar.T @ states[t][0]
        b_hh_bar = b_hh_bar + b_bar.sum(axis=0)
        g_state = [through[0] + b_bar @ w_hh, *through[1:]]
    w_ih_bar = matmul_vjp_b(a_bar, None, x, w_ih.T).T
    return matmul(a_bar, w_ih), w_ih_bar, w_hh_bar, a_bar.sum(axis=(0, 1)), b_hh_bar, *g_state


def rnn(
    x: Any,
    w_ih: Any,
    w_hh: Any,
    b_ih: Any = None,
    b_hh: Any = None,
    h0: Any = None,
    *,
    nonlinearity: Literal["tanh", "relu"] = "tanh",
) -> State:
    """hₜ = tanh(xₜ w_ihᵀ + b_ih + hₜ₋₁ w_hhᵀ + b_hh): all h, and the last.

    Shapes: x (time, n, in), w_ih (hidden, in), w_hh (hidden, hidden), biases (hidden,), h0
    (n, hidden); zeros where it is left out.
    """
    start = _start(x, w_hh, h0)
    return _results(_scan(_plain(nonlinearity), x, w_ih, w_hh, b_ih, b_hh, start)[2], x)


def lstm(
    x: Any,
    w_ih: Any,
    w_hh: Any,
    b_ih: Any = None,
    b_hh: Any = None,
    h0: Any = None,
    c0: Any = None,
) -> State:
    """Long short-term memory, gates in the order input, forget, cell, output: all h, last h, c.

    Shapes as for ``rnn``, the weights and biases with four blocks of hidden rows.
    """
    start = _start(x, w_hh, h0, c0)
    return _results(_scan(LSTM, x, w_ih, w_hh, b_ih, b_hh, start)[2], x)


def gru(x: Any, w_ih: Any, w_hh: Any, b_ih: Any = None, b_hh: Any = None, h0: Any = None) -> State:
    """Gated recurrent units, gates in the order reset, update, new: all h, and the last.

    Shapes as for ``rnn``, the weights and biases with three blocks of hidden rows.
    """
    start = _start(x, w_hh, h0)
    return _results(_scan(GRU, x, w_ih, w_hh, b_ih, b_hh, start)[2], x)


def _vjp(cell: Callable[..., Cell]) -> Callable[..., Any]:
    def rule(
        g: State,
        y: State,
        x: Any,
        w_ih: Any,
        w_hh: Any,
        b_ih: Any = None,
        b_hh: Any = None,
        *given: Any,
        **attributes: Any,
    ) -> tuple[Any, ...]:
        states = given or (None,) * (len(y) - 1)
        start = _start(x, w_hh, *states, *(None,) * (len(y) - 1 - len(states)))
        return _scan_vjp(cell(**attributes), g, x, w_ih, w_hh, b_ih, b_hh, start)

    return rule


_WEIGHTS = ("Σ āₜ w_ih", "Σ āₜᵀ xₜ", "Σ b̄ₜᵀ hₜ₋₁", "Σ āₜ", "Σ b̄ₜ", "h̄₀")


def _rnn_near(
    y: State,
    x: Any,
    w_ih: Any,
    w_hh: Any,
    b_ih: Any = None,
    b_hh: Any = None,
    h0: Any = None,
    *,
    nonlinearity: Literal["tanh", "relu"] = "tanh",
) -> Any:
    """Of each a + b from zero, for relu."""
    a, b, _ = _scan(_plain(nonlinearity), x, w_ih, w_hh, b_ih, b_hh, _start(x, w_hh, h0))
    return kinks.where(nonlinearity == "relu", np.abs(a + np.asarray(b)))


OPERATIONS = (
    Operation(
        "rnn",
        rnn,
        joint=_vjp(lambda nonlinearity="tanh": _plain(nonlinearity)),
        formula="hₜ = tanh(xₜ w_ihᵀ + b_ih + hₜ₋₁ w_hhᵀ + b_hh)",
        derivatives=_WEIGHTS,
        examples=(
            ex((3, 2, 2), (3, 2), (3, 3), (3,), (3,), (2, 3)),
            ex((4, 1, 2), (2, 2), (2, 2), None, None, None),
            ex((3, 2, 2), (2, 2), (2, 2), (2,), (2,), None, nonlinearity="relu"),
            ex((1, 1, 1), (1, 1), (1, 1), (1,), (1,), (1, 1)),
            ex((2, 0, 2), (3, 2), (3, 3), (3,), (3,), (0, 3)),
        ),
        domain=real,
        kinks="where a + b is zero, for relu",
        near=_rnn_near,
    ),
    Operation(
        "lstm",
        lstm,
        joint=_vjp(lambda: LSTM),
        formula="cₜ = f·cₜ₋₁ + i·tanh(·), hₜ = o·tanh(cₜ), i, f, o = σ(xₜ w_ihᵀ + hₜ₋₁ w_hhᵀ + …)",
        derivatives=(*_WEIGHTS, "c̄₀"),
        examples=(
            ex((3, 2, 2), (12, 2), (12, 3), (12,), (12,), (2, 3), (2, 3)),
            ex((2, 1, 2), (8, 2), (8, 2), None, None, None, None),
            ex((1, 1, 1), (4, 1), (4, 1), (4,), (4,), None, None),
            ex((2, 0, 2), (12, 2), (12, 3), (12,), (12,), (0, 3), (0, 3)),
        ),
        domain=real,
    ),
    Operation(
        "gru",
        gru,
        joint=_vjp(lambda: GRU),
        formula="hₜ = (1 − z)·tanh(a + r·b) + z·hₜ₋₁, r, z = σ(xₜ w_ihᵀ + hₜ₋₁ w_hhᵀ + …)",
        derivatives=_WEIGHTS,
        examples=(
            ex((3, 2, 2), (9, 2), (9, 3), (9,), (9,), (2, 3)),
            ex((2, 1, 2), (6, 2), (6, 2), None, None, None),
            ex((1, 1, 1), (3, 1), (3, 1), (3,), (3,), None),
            ex((2, 0, 2), (9, 2), (9, 3), (9,), (9,), (0, 3)),
        ),
        domain=real,
    ),
)
