"""Tangents, products and batches of both frameworks, over every operation that has a derivative."""

from dataclasses import replace

import pytest

from gradparity.refimpl.ops import TABLE
from gradparity.verify import Runner
from gradparity.verify.selftest.operations import plantable, tasks_of

#: Vectors that are known up to a sign, and functions of the Hermitian part, of matrices that have
#: another: these are no tasks for frameworks.
NOT_ASKED = {"linalg.eigh", "linalg.eigvalsh", "linalg.svd"}

#: What frameworks are off in, way by way: in digits, but for those of ``divergences/ways.yaml``.
OFF = {
    ("torch", "jvp"): {
        *("digamma", "embedding", "hard_sigmoid", "linalg.cholesky"),
        *("linalg.householder_product", "logcumsumexp", "polygamma", "rnn"),
    },
    ("torch", "hvp"): {
        *("bce", "betaln", "lgamma", "linalg.householder_product", "multigammaln", "sinc"),
        *("weight_norm",),
    },
    ("torch", "vmap"): {"cdist", "digamma", "gru", "hard_sigmoid", "lstm", "polygamma", "rnn"},
    ("jax", "jvp"): set(),
    ("jax", "hvp"): {"erfcinv", "exp1", "expn", "ndtri", "sinc"},
    ("jax", "vmap"): {"lgamma"},
}

QUICK = ["tanh", "layer_norm"]
EVERY = [name for name, row in TABLE.items() if plantable(row) and name not in NOT_ASKED]


@pytest.fixture(scope="module")
def runner():
    return Runner(["torch", "jax"])


def alarms(runner, name, way):
    """The adapters and tensors that are off in a way where the gradient is not.

    What a bound does not see is no alarm: the zeros of a triangle, as of what cancels.
    """
    found = set()
    for task in tasks_of(TABLE[name], "float64")[:2]:
        asked = replace(task, checks=frozenset(("grad", way)), steps=1, update=None)
        rows = runner.rows(asked)
        wrong = {r["adapter"] for r in rows if r["check"] != way and r["verdict"] != "agree"}
        found |= {
            (r["adapter"], r["reason"])
            for r in rows
            if r["check"] == way and r["adapter"] not in wrong
            if r["verdict"] not in ("agree", "blind", "unsupported")
            and name not in OFF[r["adapter"], way]
        }
    return found


@pytest.mark.thinned(3)
@pytest.mark.parametrize("way", ["jvp", "hvp", "vmap"])
@pytest.mark.parametrize("name", QUICK)
def test_frameworks_agree_in_the_usual_operations(runner, name, way):
    assert alarms(runner, name, way) == set()


@pytest.mark.slow
@pytest.mark.parametrize("way", ["jvp", "hvp", "vmap"])
@pytest.mark.parametrize("name", EVERY)
def test_frameworks_agree_but_where_it_is_known(runner, name, way):
    assert alarms(runner, name, way) == set()
