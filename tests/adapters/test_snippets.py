"""A task as text: what it prints is what the adapter returns."""

import contextlib
import io
import re
from math import inf, nan
from pathlib import Path

import numpy as np
import pytest
import torch

from gradparity.adapters.base import Shown
from gradparity.adapters.registry import make
from gradparity.adapters.snippets.code import Code, data, text_of
from gradparity.cases import load_text

CASES = {
    "standard operations": (
        "params: {x: [[1.0, 3.0], [2.0, -1.0]]}\n"
        "program: |\n  a = max(x, axis=1)\n  y = mean(a * 2 - x[0] ** 2)\n"
    ),
    "several results": (
        "params: {x: [1.0, 3.0, 2.0]}\ninputs: {c: [1.0, 10.0]}\n"
        "program: |\n  v, i = top_k(x, k=2)\n  y = v * c\ncotangent: 1.0\n"
    ),
    "a composed operation": (
        "params: {x: [[1.0, 3.0], [2.0, -1.0]]}\ninputs: {t: [0, 1]}\n"
        "program: y = cross_entropy(x, t, reduction='mean')\n"
    ),
    "a cotangent": "params: {x: [1.0, 3.0]}\nprogram: y = exp(-x)\ncotangent: [2.0, -1.0]\n",
    "an index and a number": "params: {x: [4.0, -2.0]}\nprogram: y = 1.0 / x[1] - (-x[0]) * x[1]\n",
    "not finite": "params: {x: [.inf, .nan, 0.0]}\nprogram: y = sum(abs(x))\n",
    "no elements": (
        "params: {x: {zeros: [0, 2]}, w: [1.0, 2.0]}\nprogram: y = sum(x * w) + sum(w * w)\n"
    ),
    "complex": (
        "params: {x: {complex: {re: [1.0, 2.0], im: [3.0, -1.0]}}}\n"
        "program: y = x * x\ncotangent: {complex: {re: [1.0, 0.5], im: [0.25, 2.0]}}\n"
        "dtypes: [complex128]\n"
    ),
    "a complex scalar": (
        "params: {x: {complex: {re: [1.0, 2.0], im: [3.0, -1.0]}}}\n"
        "program: y = prod(x)\ndtypes: [complex128]\n"
    ),
    "a type": (
        "params: {x: [1.0, 2.0, 3.0]}\ninputs: {k: [2, 0]}\n"
        "program: y = one_hot(k, num_classes=3) * x\n"
    ),
    "a function of ours that is mapped": (
        "params: {x: [[[[1.0, 3.0], [2.0, -1.0]]]], grid: [[[[0.25, -0.5]]]]}\n"
        "program: y = grid_sample(x, grid, mode='bilinear', padding_mode='zeros', "
        "align_corners=True)\n"
    ),
    "arrays in another order than the operation's": (
        "params: {w: [[1.0, 3.0], [2.0, -1.0]], v: 5.0}\n"
        "inputs: {i: [1, 0], m: [[true, false], [false, false]]}\n"
        "program: |\n  e = embedding(i, w)\n  y = sum(masked_fill(e, m, v) ** 2)\n"
    ),
    "what is composed for any framework": (
        "params: {x: [[1.0, 3.0], [2.0, -1.0]]}\nprogram: y = sum(geglu(x, approximate='none'))\n"
    ),
    "arrays in a tuple": (
        "params: {a: [[2.0, 0.0], [1.0, 3.0]], b: [[1.0], [2.0]]}\n"
        "program: y = sum(linalg.cholesky_solve(a, b))\n"
    ),
    "a function whose name tells the number of axes": (
        "params: {x: [[[1.0, 3.0, 2.0]]], w: [[[0.5, -1.0]]]}\n"
        "program: |\n  z = exp(x)\n  y = conv_transpose(z, w)\n"
    ),
    "axes in another order than the framework's": (
        "inputs: {q: [[[[1.0, 0.5]]]]}\n"
        "params: {k: [[[[1.0, 0.5], [-1.0, 0.25]]]], v: [[[[1.0, 2.0], [-1.0, 0.5]]]]}\n"
        "program: y = scaled_dot_product_attention(q, k, v)\n"
    ),
    "the first result of several": (
        "params: {x: [[[1.0]], [[-0.5]]], w: [[0.5], [0.25], [2.0]], u: [[0.75], [1.0], [0.5]]}\n"
        "program: |\n  h, _ = gru(x, w, u)\n  y = h * h\n"
    ),
    "a later result of several": (
        "params: {x: [[2.0, 0.5], [0.25, -1.0]]}\n"
        "program: |\n  _, d = linalg.slogdet(x)\n  y = d + sum(x)\n"
    ),
    "the solution among other results": (
        "params: {A: [[2.0, 0.0], [1.0, 3.0], [0.5, 1.0]], b: [1.0, 2.0, 0.5]}\n"
        "program: y = sum(linalg.lstsq(A, b) ** 2)\n"
    ),
    "results that are put in order": (
        "params: {x: [[2.0, 1.0], [0.5, -1.0]]}\nprogram: y = real(linalg.eigvals(x))\n"
    ),
    "a number of Python's": "params: {x: [0.886, 0.25]}\nprogram: y = log1mexp(x)\n",
    "numbers in place of arrays": (
        "params: {x: [[1.0, 3.0], [2.0, -1.0]]}\ninputs: {n: [[1, 0], [-2, 4]]}\n"
        "program: y = sum(x * where(n > 0, 1.0, 2.0))\ndtypes: [float32]\n"
    ),
    "a step backwards": (
        "params: {x: [[1.0, 3.0, 2.0], [2.0, -1.0, 0.5]]}\nprogram: y = x[::-1, 1:] ** 2\n"
    ),
    "a number and an array to clip at": (
        "params: {x: [0.5, 0.1], b: [1.0, 0.25]}\nprogram: y = clip(x, -1.0, b)\n"
    ),
    "an input that has no derivative": (
        "inputs: {a: [2.0, 3.0]}\nparams: {u: [0.25, 0.5]}\nprogram: y = betainc(a, 1.5, u)\n"
    ),
}

#: What PyTorch has no function for.
NOT_IN_TORCH = {"an input that has no derivative"}


def task(body):
    body += "" if "dtypes" in body else "dtypes: [float64]\n"
    (case,), faults = load_text(f"case: c\nabout: d\n{body}", Path("made-up.yaml"))
    assert not faults
    return case.tasks()[0]


def printed(snippet):
    text, before = io.StringIO(), torch.get_default_dtype()
    try:
        with contextlib.redirect_stdout(text):
            exec(snippet, {})  # noqa: S102  ours
    finally:
        torch.set_default_dtype(before)  # which a loop of training sets
    return text.getvalue()


#: By how much a number that is printed may miss the same one, compiled otherwise.
TIGHT = {"float64": 1e-14, "float32": 1e-6, "complex128": 1e-14}

#: What autograd has: no order, no losses, no images.
AUTOGRAD = [
    "standard operations",
    "a cotangent",
    "an index and a number",
    "not finite",
    "no elements",
    "complex",
    "a complex scalar",
    "a type",
]


@pytest.mark.thinned(16)
@pytest.mark.parametrize(
    ("case", "name"),
    [(c, n) for n in ("torch", "jax") for c in CASES if n == "jax" or c not in NOT_IN_TORCH]
    + [(c, "autograd") for c in AUTOGRAD],
)
def test_a_snippet_prints_what_the_adapter_returns(case, name):
    given, adapter = task(CASES[case]), make(name)
    step = adapter.run(given).steps[0]
    shown = Shown(("y",), tuple(given.params), frozenset(), step.values["y"])
    with np.errstate(all="ignore"):
        found = printed(adapter.snippet(given, shown))
    labels = ["y", *(f"{k}.grad" for k in given.params)]
    parts = re.split("|".join(f"(?:^| ){re.escape(label)} = " for label in labels), found.strip())
    expected = [step.values["y"], *(step.grads[k] for k in given.params)]
    for text, array in zip(parts[1:], expected, strict=True):
        got = np.asarray(eval(text, {"nan": nan, "inf": inf}))  # noqa: S307  printed by us
        np.testing.assert_allclose(got.reshape(array.shape), array, rtol=TIGHT[given.dtype])


TRAINED = {
    "batches": (
        "inputs: {g: {file: gradients.npz, key: dense}}\nparams: {W: {normal: [6]}}\n"
        "program: loss = sum(g * W)\noptimizer: {adam: {lr: 0.05}}\n"
        "batch: {size: 1, order: sequential}\nsteps: 3\n"
    ),
    "an array that is called as the loop calls its own": (
        "inputs: {state: [1.0, -0.5]}\nparams: {W: [0.25, 0.5]}\nprogram: loss = sum(state * W)\n"
        "optimizer: {adam: {lr: 0.05}}\nsteps: 2\n"
    ),
}


@pytest.mark.parametrize("name", ["torch", "jax"])
@pytest.mark.parametrize("body", TRAINED.values(), ids=TRAINED)
def test_a_training_loop_ends_where_the_adapter_does(body, name):
    given, adapter = task(body), make(name)
    trace = adapter.run(given)
    shown = Shown((), (), frozenset(), trace.steps[0].values["loss"])
    text = printed(adapter.snippet(given, shown))
    got = eval(text.removeprefix("W = "))  # noqa: S307  printed by us
    np.testing.assert_allclose(got, trace.steps[-1].params["W"], rtol=1e-12)


#: What goes around a step, as a case writes it.
AROUND = {
    "passes": "accumulate: {passes: 2, as: mean}",
    "a sum of passes that is clipped": (
        "accumulate: {passes: 2, as: sum}\nclip: {value: {max: 0.5}}"
    ),
    "a scale": "loss-scale: {init: 1024, every: 2}",
    "a scale and passes": (
        "accumulate: {passes: 2, as: mean}\nloss-scale: {init: 64, every: 1, growth: 4}"
    ),
    "an average": "ema: {decay: 0.9, start: params}",
    "an average of zeros": "ema: {decay: 0.9, start: zeros, debias: true}",
    "an average of the first": "ema: {decay: 0.9, start: first, debias: true}",
    "an average beside passes": "ema: {decay: 0.9, start: first}\naccumulate: {passes: 3, as: sum}",
    "a frozen scale and an average": "loss-scale: {init: 8}\nema: {decay: 0.5, start: params}",
    "own averages": (
        "ema: {decay: 0.9, start: params}\nnative:\n  torch: {ema: {AveragedModel: {}}}\n"
        "  jax: {ema: {ema: {decay: 0.8}}}"
    ),
    "own passes and scales": (
        "accumulate: {passes: 2, as: mean}\nloss-scale: {init: 64}\nnative:\n"
        "  torch: {loss-scale: {GradScaler: {init_scale: 32}}}\n"
        "  jax: {accumulate: {MultiSteps: {every_k_schedule: 3}}}"
    ),
    "state": "state: {m: {from: {zeros: [3]}, next: n}}",
    "state beside the rest": (
        "state: {m: {from: {ones: [3]}, next: n}}\naccumulate: {passes: 2, as: sum}\n"
        "ema: {decay: 0.9, start: params}\nloss-scale: {init: 16, every: 2}"
    ),
}

LOOP = """
inputs: {{x: {{normal: [8, 3]}}, t: {{normal: [8]}}}}
params: {{W: {{normal: [3]}}}}
program: |
  z = x @ W
{state}
  loss = mse(z, t){more}
optimizer: {{adam: {{lr: 0.1}}}}
batch: {{size: 2}}
steps: 7
{around}
"""


@pytest.mark.thinned(15)
@pytest.mark.parametrize("name", ["torch", "jax"])
@pytest.mark.parametrize("around", AROUND)
def test_what_goes_around_a_step_is_in_the_loop(around, name):
    carries = "state:" in AROUND[around]
    state = "  n = 0.5 * m + 0.5 * mean(x, axis=0)" if carries else "  # nothing is carried"
    more = " + sum(m * W)" if carries else ""
    given = task(LOOP.format(state=state, more=more, around=AROUND[around]))
    adapter = make(name)
    trace = adapter.run(given)
    last = trace.steps[-1]
    shown = Shown((), (), frozenset(), trace.steps[0].values["loss"])
    text = printed(adapter.snippet(given, shown))
    expected = {"W": last.params["W"]}
    expected |= {k: x for k, x in last.slots.items() if k.endswith((".ema", ".scale"))}
    found = dict(re.findall(r"(\S+) = (\[.*?\]|\S+)", text))
    assert found.keys() == expected.keys()
    for label, array in expected.items():
        np.testing.assert_allclose(eval(found[label]), array, rtol=1e-12)  # noqa: S307  ours


def test_updates_that_a_scale_leaves_out_are_left_out_in_the_loop():
    body = (
        "inputs: {x: [[1.0, 2.0], [1e200, 1e200], [0.5, 0.25]], t: [1.0, 1.0, 2.0]}\n"
        "params: {W: [0.5, -0.25]}\nprogram: loss = mse(x @ W, t)\n"
        "optimizer: {sgd: {lr: 0.1, momentum: 0.9}}\nbatch: {size: 1}\nsteps: 6\n"
        "loss-scale: {init: 1024}\nema: {decay: 0.5, start: params}\n"
    )
    given = task(body)
    for name in ("torch", "jax"):
        adapter = make(name)
        last = adapter.run(given).steps[-1]
        text = printed(adapter.snippet(given, Shown((), (), frozenset(), np.ones(()))))
        found = dict(re.findall(r"(\S+) = (\[.*?\]|\S+)", text))
        np.testing.assert_allclose(eval(found["W"]), last.params["W"], rtol=1e-12)  # noqa: S307
        np.testing.assert_allclose(eval(found["W.ema"]), last.slots["W.ema"], rtol=1e-12)  # noqa: S307
        assert float(found["loss.scale"]) == last.slots["loss.scale"] == 256


def test_casts_are_in_a_snippet():
    body = (
        "params: {x: {normal: [3, 4]}, W: {normal: [4, 2]}}\n"
        "program: |\n  h = astype(x, dtype='float32') @ astype(W, dtype='float32')\n"
        "  y = sum(astype(h, dtype='float64') ** 2)\n"
    )
    given = task(body)
    for name in ("torch", "jax"):
        adapter = make(name)
        step = adapter.run(given).steps[0]
        shown = Shown(("y",), ("x",), frozenset(), step.values["y"])
        text = printed(adapter.snippet(given, shown))
        assert eval(text.split()[2]) == step.values["y"]  # noqa: S307  printed by us


def test_code_is_written_with_the_parentheses_it_needs():
    x, y = Code("x"), Code("y")
    assert ((x + y) * 2).text == "(x + y) * 2"
    assert (2**-x).text == "2 ** (-x)"
    assert (x - (-1.0)).text == "x - (-1.0)"
    assert x[..., 1:, None].text == "x[..., 1:, None]"
    assert Code("f")(x, [1.0], axis=(0,)).text == "f(x, [1.0], axis=(0,))"


def test_numbers_are_written_exactly():
    assert text_of(float("-inf")) == "float('-inf')"
    assert data(np.array([0.1], np.float32)) == "[0.10000000149011612]"
    assert data(np.array([True])) == "[True]"


#: Ways in which a framework is run that are written down, and what they are told from.
WRITTEN = {
    "torch-create-graph": "create_graph=True",
    "torch-func": "torch.func.vjp(f",
    "torch-checkpoint": "torch.utils.checkpoint.checkpoint(f",
    "torch-decomposed": "with Decomposing()",
    "torch-autocast": "with torch.autocast",
    "jax-eager": ": f(x, w, k), x, w",
    "jax-checkpoint": "jax.checkpoint(",
    "jax-scan": "jax.lax.scan(",
}


@pytest.mark.thinned(4)
@pytest.mark.parametrize("name", [*WRITTEN, pytest.param("torch-compile", marks=pytest.mark.slow)])
@pytest.mark.parametrize("values", [("y",), ("y", "a")])
def test_a_variant_s_snippet_runs_in_its_way(name, values):
    half = name == "torch-autocast"
    given = task(
        "inputs: {k: [0.5, -1.5, 0.25]}\nparams: {x: [[1.0, 3.0, 2.0]], w: [0.25, -2.0, 1.0]}\n"
        f"program: |\n  a = x * w + k\n  y = tanh(a) * 2.0\ncotangent: [[2.0, -1.0, 0.5]]\n"
        f"dtypes: [{'bfloat16' if half else 'float64'}]\n"
    )
    adapter = make(name)
    step = adapter.run(given).steps[0]
    snippet = adapter.snippet(given, Shown(values, ("x", "w"), frozenset(), step.values["y"]))
    assert WRITTEN.get(name, "torch.compile(f") in snippet
    labels = [*values, "x.grad", "w.grad"]
    pattern = "|".join(f"(?:^| ){re.escape(label)} = " for label in labels)
    parts = re.split(pattern, printed(snippet).strip().replace("\n", " "))
    expected = [*(step.values[k] for k in values), step.grads["x"], step.grads["w"]]
    for text, array in zip(parts[1:], expected, strict=True):
        got = np.asarray(eval(text))  # noqa: S307  printed by us
        np.testing.assert_allclose(got.reshape(array.shape), array.astype(float), rtol=1e-14)


@pytest.mark.parametrize("name", ["torch-checkpoint", "jax-scan"])
def test_a_variant_s_loop_of_training_is_not_told(name):
    given = task("params: {W: [1.0]}\nprogram: y = sum(W ** 2)\noptimizer: {sgd: {lr: 0.1}}\n")
    shown = Shown((), (), frozenset(), np.ones(()))
    assert make(name).snippet(given, shown) == ""
