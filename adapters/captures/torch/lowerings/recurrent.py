"""Recurrent networks of any depth, both ways: the reference has one layer, forwards."""

from __future__ import annotations

from typing import Any

from .common import Lowering, NotCaptured, Pen, Value


def _network(operation: str, **attributes: Any) -> Lowering:
    """A stack of layers; the states are one tensor a kind, (layers·directions, n, hidden)."""

    def lower(
        w: Pen,
        x: Value,
        states: Any,
        weights: Any,
        has_biases: bool,
        layers: int,
        dropout: float,
        train: bool,
        bidirectional: bool,
        batch_first: bool,
    ) -> tuple[str, ...]:
        states = list(states) if isinstance(states, tuple | list) else [states]
        ways = 2 if bidirectional else 1
        each = 4 if has_biases else 2
        if len(weights) != each * layers * ways:
            raise NotCaptured("hidden states that are projected")
        y: Any = w.emit("swapaxes", x, axis1=0, axis2=1) if batch_first else x
        last: list[list[str]] = [[] for _ in states]
        for layer in range(layers):
            made = []
            for way in range(ways):
                k = layer * ways + way
                own = list(weights[k * each : (k + 1) * each]) + [None] * (4 - each)
                start = [w.emit("getitem", s, index=(k,)) for s in states]
                given = w.emit("flip", y, axis=0) if way else y
                whole = w.emit(operation, given, *own, *start, **attributes)
                h = w.emit("select", whole, index=0)
                made.append(w.emit("flip", h, axis=0) if way else h)
                for n, kind in enumerate(last):
                    kind.append(w.emit("select", whole, index=n + 1))
            y = made[0] if ways == 1 else w.emit("concat", *made, axis=-1)
            if train and dropout and layer < layers - 1:
                steps, batch = (x.shape[1], x.shape[0]) if batch_first else x.shape[:2]
                mask = w.draw("dropout", (steps, batch, ways * states[0].shape[-1]))
                y = w.emit("dropout", y, mask, p=dropout)
        y = w.emit("swapaxes", y, axis1=0, axis2=1) if batch_first else y
        return (y, *(w.emit("stack", *kind, axis=0) for kind in last))

    return lower


def _cell(operation: str, kinds: int, **attributes: Any) -> Lowering:
    """One step, as a network of one step."""

    def lower(w: Pen, x: Value, states: Any, *weights: Any) -> Any:
        start = list(states) if isinstance(states, tuple | list) else [states]
        whole = w.emit(operation, w.emit("expand_dims", x, axis=0), *weights, *start, **attributes)
        made = tuple(w.emit("select", whole, index=n + 1) for n in range(kinds))
        return made if kinds > 1 else made[0]

    return lower


ROWS: dict[str, Lowering] = {
    "lstm.input": _network("lstm"),
    "gru.input": _network("gru"),
    "rnn_tanh.input": _network("rnn", nonlinearity="tanh"),
    "rnn_relu.input": _network("rnn", nonlinearity="relu"),
    "lstm_cell": _cell("lstm", 2),
    "gru_cell": _cell("gru", 1),
    "rnn_tanh_cell": _cell("rnn", 1, nonlinearity="tanh"),
    "rnn_relu_cell": _cell("rnn", 1, nonlinearity="relu"),
}
