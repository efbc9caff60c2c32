"""Conds of the language: run in one branch alone, and JAX's own in JAX."""

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
from gradparity.adapters.jax_control import RAN
from gradparity.adapters.numpy_reference import NumpyAdapter
from gradparity.adapters.rolling import Branched, Rolled, rolled
from gradparity.adapters.torch import TorchAdapter
from gradparity.cases import load_text
from gradparity.refimpl.errors import Unsupported
from gradparity.verify import load_cases
from gradparity.verify.local.cut import set_apart

CASES = {
    case.name: case
    for case in load_cases(Path(__file__).parents[2] / "cases/catalogue/control-flow.yaml")
}
BOTH = "cond-takes-either-branch"
SCANNED = "cond-within-a-scan"


def task(name, point=0):
    return CASES[name].tasks(["float64"])[point]


@pytest.fixture
def counted(monkeypatch):
    """How often each of JAX's own was traced."""
    count = Counter()
    for name in ("scan", "map", "cond", "while_loop"):
        true = getattr(jax.lax, name)

        def called(*given, name=name, true=true, **options):
            count[name] += 1
            return true(*given, **options)

        monkeypatch.setattr(jax.lax, name, called)
    return count


@pytest.mark.thinned(5)
@pytest.mark.parametrize(
    ("name", "conds", "loops"),
    [
        (BOTH, 1, {}),
        ("cond-reads-what-is-outside", 1, {}),
        (SCANNED, 1, {"scan": 1}),
        ("while-halves-until-it-is-small", 1, {"scan": 1}),
        ("while-ends-at-its-bound", 1, {"scan": 1}),
        ("while-within-a-map", 1, {"scan": 1, "map": 1}),
    ],
)
def test_a_cond_is_jaxs_own_and_stands_in_loops_of_its_own(name, conds, loops, counted):
    JaxAdapter().run(task(name))

    assert {k for k, n in counted.items() if n} == {"cond", *loops}
    assert counted["cond"] < 12  # not one for each turn, and twice for its shapes
    assert counted["cond"] >= 2 * conds


@pytest.mark.parametrize("adapter", [NumpyAdapter, TorchAdapter, JaxAdapter])
@pytest.mark.parametrize(
    ("point", "there", "gone"), [(0, "bent", "straight"), (1, "straight", "bent")]
)
def test_only_what_was_run_is_in_a_trace(adapter, point, there, gone):
    step = adapter().run(task(BOTH, point)).steps[0]

    for found in (step.values, step.grads):
        assert any(name.startswith(f"{there}/return") for name in found)
        assert not any(name.startswith(f"{gone}/") and ":given" not in name for name in found)
        assert not any(name.endswith(RAN) for name in found)


@pytest.mark.parametrize("adapter", [NumpyAdapter, TorchAdapter, JaxAdapter])
def test_each_turn_of_a_loop_takes_its_own_branch(adapter):
    given = task(SCANNED)
    values = adapter().run(given).steps[0].values
    rose = [f"step/rising/return:0[{k}]" in values for k in range(4)]
    fell = [f"step/falling/return:0[{k}]" in values for k in range(4)]

    assert rose == [True, False, True, False] == [not x for x in fell]


@pytest.mark.parametrize("adapter", [NumpyAdapter, TorchAdapter, JaxAdapter])
def test_a_while_ends_where_its_condition_does(adapter):
    values = adapter().run(task("while-halves-until-it-is-small")).steps[0].values
    went = [f"newton/return:0[{k}]" in values for k in range(8)]

    assert went == sorted(went, reverse=True)
    assert 1 < sum(went) < 8
    assert [bool(values[f"newton/far/return:0[{k}]"]) for k in range(8)] == went


@pytest.mark.parametrize("adapter", [NumpyAdapter, TorchAdapter, JaxAdapter])
def test_the_branch_that_is_not_taken_leaves_no_nan(adapter):
    given = task("cond-keeps-a-square-root-from-what-it-has-no-slope-at", 1)
    step = adapter().run(given).steps[0]

    assert step.values["y"] == 2.25**2
    assert step.grads["x"] == 2 * 2.25
    assert adapter().jvp(given)["y"] == 2 * -2.25 * -given.tangents()["x"]
    np.testing.assert_allclose(adapter().hvp(given)["x"], 2 * given.tangents()["x"], rtol=1e-15)


def test_a_batch_of_both_branches_is_jaxs_select_and_right():
    given = task("cond-keeps-a-square-root-from-what-it-has-no-slope-at", 1)
    found = JaxAdapter().vmap(given, "sign")

    assert found["x"] == 2 * 2.25


@pytest.mark.slow
def test_a_cond_stays_one_where_every_use_is_set_apart(counted):
    for name in (BOTH, SCANNED, "cond-within-a-cond", "while-ends-at-its-bound"):
        given = task(name)
        apart = set_apart(given.program("numpy"), given.params)
        assert any(" (use " in i.target and i.turns for i in apart.instructions)
        items = [i for i in rolled(apart.instructions) if isinstance(i, Branched | Rolled)]
        assert len(items) == 1
        counted.clear()
        own = replace(given, programs={"*": apart})
        step = JaxAdapter().run(own).steps[0]
        assert 2 <= counted["cond"] < 30
        want = NumpyAdapter().run(own).steps[0]
        assert step.values.keys() == want.values.keys()
        for k, x in want.grads.items():
            np.testing.assert_allclose(step.grads[k], 0 if x is None else x, atol=1e-12)


def test_turns_of_unlike_branches_are_no_loop():
    program = task(SCANNED).program("numpy")
    (loop,) = (i for i in rolled(program.instructions) if isinstance(i, Rolled))
    assert any(isinstance(item, Branched) for item in rolled(loop.turns[0], 1))

    def swapped(i):
        """Of the third turn, what decides is what decides in the second."""
        turns = [replace(t, guard=t.guard.replace("[2]", "[1]")) if t.guard else t for t in i.turns]
        return replace(i, turns=tuple(turns))

    other = [swapped(i) for i in program.instructions]
    assert not any(isinstance(item, Rolled) for item in rolled(other))


def test_what_a_branch_is_made_of_is_run_where_it_is_asked_by_itself():
    given = task(BOTH, 1)
    program = given.program("numpy")
    (one,) = (i for i in program.instructions if i.target == "bent/return:0")
    values = {"bent/t": np.array([2.0]), "bent/b": np.array([3.0])}
    asked = replace(
        given,
        programs={"*": replace(program, instructions=(one,), output=one.target)},
        inputs={},
        params=values,
        checks=frozenset(("value", "grad")),
    )
    for adapter in (NumpyAdapter(), TorchAdapter(), JaxAdapter()):
        assert adapter.run(asked).steps[0].values["bent/return:0"] == [6.0]


@pytest.mark.thinned(3)
@pytest.mark.parametrize("adapter", [TorchAdapter, JaxAdapter])
@pytest.mark.parametrize("point", [0, 1])
@pytest.mark.parametrize(
    ("name", "jaxs", "pythons"),
    [
        (BOTH, "jax.lax.cond(s > 0, bent, straight, x, w)", "if s > 0:\n"),
        ("cond-within-a-cond", "jax.lax.cond(jax.numpy.sum(u) > 4, large, small, u)", "    else:"),
        ("while-ends-at-its-bound", "step_or_stay = jax.lax.cond(", "def stay(*_):"),
    ],
)
def test_a_snippet_has_the_cond_and_its_gradients(name, jaxs, pythons, point, adapter):
    tasks = CASES[name].tasks(["float64"])
    given = tasks[min(point, len(tasks) - 1)]
    step = adapter().run(given).steps[0]
    output = step.values[given.program("numpy").output]
    text = adapter().snippet(given, Shown((), tuple(given.params), frozenset(), output))

    assert (jaxs if adapter is JaxAdapter else pythons) in text
    printed = StringIO()
    with redirect_stdout(printed):
        exec(text, {})  # noqa: S102  it is what was written
    _, *parts = re.split(r"(?:^| )(\w+)\.grad = ", printed.getvalue().strip())
    grads = {k: literal_eval(x) for k, x in zip(parts[::2], parts[1::2], strict=True)}
    assert set(grads) == set(given.params)
    for k, x in grads.items():
        np.testing.assert_allclose(x, step.grads[k], rtol=1e-9, atol=1e-12)


PRODUCT = "segment_prod(x, i, num_segments=2)"
REFUSED = {
    "cond": [
        "def f(x):",
        f"    return {PRODUCT}",
        "def g(x):",
        "    return x[:2]",
        "y = cond(s > 0, f, g, x)",
    ],
    "scan": [
        "def turn(x, _):",
        f"    return x, {PRODUCT} * s",
        "_, ys = scan(turn, x, None, length=2)",
        "y = ys[0]",
    ],
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_jax_refuses_in_a_body_is_unsupported(name):
    text = (
        "case: a\nabout: b\ninputs: {s: 1.0, i: {integers: [3], low: 0, high: 2}}\n"
        "params: {x: {normal: [3]}}\nprogram: |\n"
    )
    body = "".join(f"  {line}\n" for line in REFUSED[name])
    (case,), faults = load_text(f"{text}{body}", Path("made-up.yaml"))
    assert not faults
    with pytest.raises(Unsupported, match="jax refuses it: scatter_mul gradients"):
        JaxAdapter().run(case.tasks(["float64"])[0])
