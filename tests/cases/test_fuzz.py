"""Whatever a stranger writes, the answer is cases and faults, never an exception, and soon."""

import gc
import time
from pathlib import Path

import hypothesis.strategies as st
from hypothesis import given, settings
from ruamel.yaml import YAML
from ruamel.yaml.compat import StringIO

from gradparity.cases import load_text
from gradparity.cases.models import CaseModel
from gradparity.cases.tensor_kinds import SPECS
from gradparity.refimpl.errors import BadCase

WHOLE = """\
case: a
about: b
inputs: {x: {normal: [4, 3]}, y: [1, 2]}
params: {w: {normal: [3, n]}, b: 0.5}
sweep: {n: [2, 3], act: [relu, tanh]}
program: |
  h[0] = x @ w + b
  for i in range(2):
      h[i + 1] = $act(h[i] * y[0])
  q, r = linalg.qr(h[2])
  loss = mean((h[2][1:, None] - 1e-3) ** 2) + sum(q)
optimizer: {sgd: {lr: 0.1}}
steps: 3
expect:
  - {at: {n: 2}, value: {loss: {is: 0.5, within: 1e-3}}}
tolerance: {rel: 1e-3, because: c}
"""

KEYS = st.sampled_from([*CaseModel.model_fields, *SPECS, "x", "w", "is", "at", "re", "im"])
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats()
    | st.sampled_from(["w", "x", "n", "loss = w", "float64", "jax", "grad", "", "$act(w)"])
    | st.text(max_size=8)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=20,
)
TOKENS = st.sampled_from(
    [
        *"()[]{}:,.=+-*/@<>$%!|&^~'\"#\\ \n",
        *(
            "w",
            "x",
            "h",
            "i",
            "for",
            "in",
            "range",
            "3",
            "1e9",
            "sum",
            "axis=",
            "None",
            "...",
            "if",
        ),
        *("lambda", "torch.tanh", "jax.numpy.tanh", "**", "==", "\n  ", "\t", "é", "\0", "loss = "),
    ]
)


def answered(text):
    """Load, and hold what comes back to what was promised."""
    gc.disable()  # what other tests have left is no part of it
    try:
        started = time.process_time()
        cases, faults = load_text(text, Path("t.yaml"))
        assert time.process_time() - started < 1.5
    finally:
        gc.enable()
    assert cases or faults
    for fault in faults:
        assert isinstance(fault, BadCase)
        assert fault.where.startswith("t.yaml")
        assert "\n" not in fault.message
    return cases, faults


@settings(max_examples=300)
@given(st.text())
def test_any_text(text):
    answered(text)


@settings(max_examples=300)
@given(st.binary())
def test_any_bytes(raw):
    answered(raw)


@settings(max_examples=300)
@given(st.dictionaries(KEYS, VALUES, max_size=8))
def test_any_yaml(data):
    stream = StringIO()
    YAML(typ="safe", pure=True).dump(data, stream)

    answered(stream.getvalue())


@settings(max_examples=300)
@given(st.sampled_from(list(CaseModel.model_fields)), VALUES)
def test_any_value_of_any_key_of_a_sound_case(key, value):
    data = YAML(typ="safe", pure=True).load(WHOLE)
    stream = StringIO()
    YAML(typ="safe", pure=True).dump({**data, key: value}, stream)

    cases, _ = answered(stream.getvalue())

    for case in cases:
        for task in case.iter_tasks():
            assert task.case == case.name
            break


@settings(max_examples=400)
@given(st.lists(TOKENS, max_size=40))
def test_any_program(tokens):
    lines = "".join(tokens).split("\n")
    body = "".join(f"  {line}\n" for line in lines)

    answered(f"case: a\nabout: b\nparams: {{w: 1.0}}\nprogram: |\n{body}")


@settings(max_examples=400)
@given(st.integers(0, len(WHOLE) - 1), st.integers(0, 12), st.lists(TOKENS, max_size=3))
def test_any_slip_of_the_pen(start, length, tokens):
    answered(WHOLE[:start] + "".join(tokens) + WHOLE[start + length :])


def test_the_case_that_is_cut_up_here_is_sound():
    cases, faults = answered(WHOLE)

    assert [str(fault) for fault in faults] == []
    assert len(cases[0].tasks()) == 8
