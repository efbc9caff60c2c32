"""The loops of the language, put together again by adapters that have loops of their own."""

import re
from ast import literal_eval
from collections import Counter
from contextlib import redirect_stdout
from dataclasses import replace
from io import StringIO
from pathlib import Path

import jax
import numpy as np
import pytest

from gradparity.adapters.base import Shown
from gradparity.adapters.jax import JaxAdapter
from gradparity.adapters.rolling import Rolled, rolled
from gradparity.adapters.torch import TorchAdapter
from gradparity.cases.program import Const
from gradparity.verify import load_cases
from gradparity.verify.local.cut import set_apart

CASES = {
    case.name: case
    for case in load_cases(Path(__file__).parents[2] / "cases/catalogue/control-flow.yaml")
}


def task(name):
    return CASES[name].tasks(["float64"])[-1]


@pytest.fixture
def counted(monkeypatch):
    """How often each of JAX's loops was traced, and what it was told."""
    count, told = Counter(), []

    def watching(name):
        true = getattr(jax.lax, name)

        def called(*given, **options):
            count[name] += 1
            told.append(options)
            return true(*given, **options)

        monkeypatch.setattr(jax.lax, name, called)

    watching("scan")
    watching("map")
    return count, told


@pytest.mark.thinned(5)
@pytest.mark.parametrize(
    ("name", "scans", "maps"),
    [
        ("rnn-by-scan", 1, 0),
        ("lstm-by-scan", 1, 0),
        ("scan-of-one-turn", 1, 0),
        ("scan-over-nothing", 1, 0),
        ("scan-carries-what-it-never-uses", 1, 0),
        ("map-by-hand", 0, 1),
        ("scan-of-layers", 1, 0),
    ],
)
def test_a_loop_is_jaxs_own(name, scans, maps, counted):
    count, told = counted
    JaxAdapter().run(task(name))

    assert count["map"] == 2 * maps  # for its shapes, and to be run
    assert count["scan"] == 2 * scans
    assert all(options["reverse"] == (name == "lstm-by-scan") for options in told if options)


def test_a_loop_within_a_loop_is_one_too(counted):
    count, _ = counted
    given = task("scan-within-a-scan")
    trace = JaxAdapter().run(given)

    assert 4 <= count["scan"] < 10  # not one for each of the outer loop's turns
    assert trace.steps[0].values["row/horner/return:0[2, 1]"].shape == ()
    assert trace.steps[0].grads["row/horner/return:0[2, 1]"] is not None


@pytest.mark.slow
def test_turns_stay_alike_where_every_use_is_set_apart(counted):
    count, _ = counted
    for name in ("rnn-scanned", "lstm-by-scan", "scan-within-a-scan", "scan-of-layers"):
        given = task(name)
        apart = set_apart(given.program("numpy"), given.params)
        assert any(" (use " in i.target and i.turns for i in apart.instructions)
        outer = [i for i in rolled(apart.instructions) if isinstance(i, Rolled)]
        assert len(outer) == 1
        count.clear()
        JaxAdapter().run(replace(given, programs={"*": apart}))
        assert count["scan"] >= 2


def test_turns_that_are_not_alike_are_run_one_after_the_other(counted):
    count, _ = counted
    given = task("cumulative-product-by-scan")
    program = given.program("numpy")
    edited = tuple(
        replace(i, operation="add", arguments=(i.arguments[0], Const(5.0)))
        if i.target == "times/return:0[1]"
        else i
        for i in program.instructions
    )
    other = replace(given, programs={"*": replace(program, instructions=edited)})
    step = JaxAdapter().run(other).steps[0]

    assert not count["scan"]
    assert step.values["last"] == (2.0 * 3 + 5) * 0.5


def test_only_turns_of_one_loop_are_put_together():
    program = task("scan-of-layers").program("numpy")
    without = tuple(i for i in program.instructions if i.target != "layer/h2[1]")

    assert any(isinstance(item, Rolled) for item in rolled(program.instructions))
    assert not any(isinstance(item, Rolled) for item in rolled(without))


@pytest.mark.thinned(3)
@pytest.mark.parametrize("adapter", [TorchAdapter, JaxAdapter])
@pytest.mark.parametrize(
    ("name", "loop"),
    [
        ("lstm-by-scan", "jax.lax.scan(cell, (h0, c0), (x,), length=3, reverse=True)"),
        ("scan-within-a-scan", "jax.lax.scan(horner, (start,), (given_0,), length=4)"),
        ("map-by-hand", "jax.lax.map(lambda slices_: f((), slices_)[1], (x,))"),
        ("scan-over-nothing", "jax.lax.scan(newton, (a,), (), length=6)"),
    ],
)
def test_a_snippet_has_the_loop_and_its_gradients(name, loop, adapter):
    given = task(name)
    step = adapter().run(given).steps[0]
    output = step.values[given.program("numpy").output]
    inside = next(k for k in step.values if "/" in k)
    shown = Shown((inside,), tuple(given.params), frozenset(), output)
    text = adapter().snippet(given, shown)

    assert (loop in text) == (adapter is JaxAdapter)
    assert inside not in text
    printed = StringIO()
    with redirect_stdout(printed):
        exec(text, {})  # noqa: S102  it is what was written
    _, *parts = re.split(r"(?:^| )(\w+)\.grad = ", printed.getvalue().strip())
    grads = {k: literal_eval(x) for k, x in zip(parts[::2], parts[1::2], strict=True)}
    assert set(grads) == set(given.params)
    for k, x in grads.items():
        np.testing.assert_allclose(x, step.grads[k], rtol=1e-9, atol=1e-12)
