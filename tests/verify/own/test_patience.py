"""How long a search for a cause may take: of its own work, not of what else a machine does."""

import itertools
import time

import jax
import jax.numpy as jnp
import pytest
from torch import nn

import gradparity as gp
from gradparity.verify.own import causes, diagnosing, stops


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(4, 5)

    def forward(self, x):
        y = self.layer(x)
        return nn.functional.gelu(y) * y.mean(-1, keepdim=True)


def port(inner, outer):
    def called(p, x):
        y = x @ p["kernel"] + p["bias"]
        return inner(y) * outer(y.mean(-1, keepdims=True))

    return called


def params(state):
    return {"kernel": state["layer.weight"].T, "bias": state["layer.bias"]}


PORTS = {
    "value": (port(jax.nn.gelu, jnp.asarray), "gelu is approximate='tanh' in jax"),
    "grad": (
        port(lambda y: jax.nn.gelu(y, approximate=False), jax.lax.stop_gradient),
        "jax lets no gradient pass here",
    ),
}


def caused(name):
    made, _ = PORTS[name]
    report = gp.compare(Net().double(), made, {"x": {"normal": [3, 4]}}, params)
    assert report.verdict == "differs"
    return report.causes


@pytest.mark.parametrize("name", PORTS)
def test_a_machine_that_is_busy_finds_the_same(name, monkeypatch):
    """Of each look at a clock an hour has gone by, in which the search had no turn."""
    for clock in ("monotonic", "time", "perf_counter"):
        hours = itertools.count(getattr(time, clock)(), 3600.0)
        monkeypatch.setattr(time, clock, lambda hours=hours: next(hours))
    (cause,) = caused(name)
    assert cause.startswith(PORTS[name][1])


def test_a_search_ends_when_it_has_had_its_time(monkeypatch):
    monkeypatch.setattr(causes, "PATIENCE", -1.0)
    assert not caused("value")


def test_a_search_for_stops_ends_when_it_has_had_its_time(monkeypatch):
    found = []
    monkeypatch.setattr(stops, "PATIENCE", -1.0)
    monkeypatch.setattr(diagnosing, "search_stops", lambda *sides: found.append(search(*sides)))
    search = stops.search_stops
    caused("grad")
    assert found
    assert not any(found)
