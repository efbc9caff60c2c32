"""Tangents, Hessian-vector products and slices of batches: each adapter's against mathematics."""

from dataclasses import replace
from operator import attrgetter
from pathlib import Path

import numpy as np
import pytest

from gradparity.adapters.asking import answers
from gradparity.adapters.base import Adapter
from gradparity.adapters.jax import JaxAdapter
from gradparity.adapters.numpy_reference import NumpyAdapter, reference
from gradparity.adapters.reference_ways import ways
from gradparity.adapters.torch import TorchAdapter
from gradparity.cases import load_text
from gradparity.cases.ways import along, of_slice, over, products, slices
from gradparity.refimpl.errors import AdapterFailed, Unsupported
from gradparity.refimpl.ops import TABLE
from gradparity.verify import run
from gradparity.verify.selftest.operations import plantable, tasks_of

ADAPTERS = [NumpyAdapter, TorchAdapter, JaxAdapter]

KNOWN = """
case: known
about: y = w² x along a given direction; its derivatives are on paper.
inputs: {x: [2.0, 3.0]}
params: {w: [0.5, 1.5], u: 2.0}
tangents: {w: [1.0, -2.0]}
program: |
  y = w ** 2 * x
  z = u * y
  loss = sum(z)
checks: [value, grad, jvp, hvp, vmap]
"""

COMPLEX = """
case: complex
about: A function of complex numbers that is not analytic.
params: {a: {normal: [3]}, b: {normal: [3]}}
program: |
  p = a * b
  y = conj(p) * a
checks: [value, grad, jvp, hvp, vmap]
dtypes: [complex128]
"""


def task_of(text, dtype="float64"):
    cases, faults = load_text(text, Path("made-up.yaml"))
    assert not faults, faults
    return cases[0].tasks([dtype])[0]


@pytest.mark.parametrize("adapter", ADAPTERS)
def test_tangents_and_products_are_those_on_paper(adapter):
    task = task_of(KNOWN)
    tangents, products = adapter().jvp(task), adapter().hvp(task)

    np.testing.assert_allclose(tangents["y"], [2 * 0.5 * 2, 2 * 1.5 * 3 * -2], rtol=1e-14)
    np.testing.assert_allclose(tangents["loss"], 2 * (2 - 18), rtol=1e-14)
    np.testing.assert_allclose(products["w"], [2 * 2 * 2 * 1, 2 * 2 * 3 * -2], rtol=1e-14)
    np.testing.assert_allclose(products["u"], 2 - 18, rtol=1e-14)


@pytest.mark.parametrize("adapter", ADAPTERS)
def test_complex_tangents_and_products_follow_the_contract(adapter):
    task = task_of(COMPLEX, "complex128")
    a, b = task.params.values()
    v, w = task.tangents().values()
    moved = np.conj(v * b + a * w) * a + np.conj(a * b) * v
    np.testing.assert_allclose(adapter().jvp(task)["y"], moved, rtol=1e-13)

    def gradients(h):
        along = {"a": a + h * v, "b": b + h * w}
        grads = reference(replace(task, params=along), dtype=np.clongdouble).steps[0].grads
        return {name: grads[name] for name in along}

    h = np.longdouble(2.0**-12)
    ends = gradients(h), gradients(-h)
    for name, found in adapter().hvp(task).items():
        want = (ends[0][name] - ends[1][name]) / (2 * h)
        np.testing.assert_allclose(found, want.astype(complex), rtol=1e-6, atol=1e-7)


LARGE = """
case: large
about: A tangent of more elements than are pushed forward one by one.
inputs: {x: {normal: [40, 30]}}
params: {w: {normal: [30, 40]}, b: 0.5}
program: |
  y = tanh(x @ w + b)
  loss = sum(y * y)
checks: [value, grad, jvp]
"""


def moved(task):
    """The tangent of LARGE's y, by hand."""
    x, (w, b), (v, c) = task.inputs["x"], task.params.values(), task.tangents().values()
    return (x @ v + c) / np.cosh(x @ w + b) ** 2


def test_a_large_tangent_is_multiplied_with_cotangents_from_behind():
    task = task_of(LARGE)
    found = NumpyAdapter().jvp(task)
    whole = moved(task)
    want = products(whole, task.seed_along("y"))
    assert want.shape == (4,)
    np.testing.assert_allclose(found[along("y")], want, rtol=1e-12)
    y = np.tanh(task.inputs["x"] @ task.params["w"] + task.params["b"])
    want = products(np.sum(2 * y * whole), task.seed_along("loss"))
    np.testing.assert_allclose(found[along("loss")], want, rtol=1e-12)
    np.testing.assert_allclose(TorchAdapter().jvp(task)["y"], whole, rtol=1e-10, atol=1e-12)


class Slip(NumpyAdapter):
    """An adapter whose large tangent is off in one element."""

    def jvp(self, task):
        whole = moved(task)
        whole[17, 23] *= 1 + 1e-6
        return {"y": whole, along("loss"): super().jvp(task)[along("loss")]}


def test_one_element_of_a_large_tangent_is_seen(tmp_path):
    path = tmp_path / "large.yaml"
    path.write_text(LARGE, "utf-8")
    right, off = (run(path, adapters=[made], dtypes=["float64"]) for made in (Kept(), Slip()))
    assert set(right[right.check == "jvp"].verdict) == {"agree"}
    (row,) = off[(off.check == "jvp") & (off.tensor == along("y"))].to_dict("records")
    assert row["verdict"] == "differs"


class Kept(Slip):
    """The same, as it is."""

    def jvp(self, task):
        return {**super().jvp(task), "y": moved(task)}


@pytest.mark.parametrize("adapter", ADAPTERS)
@pytest.mark.parametrize("batched", ["x", "w", "the cotangent", "all arguments"])
def test_a_slice_of_a_batch_is_the_task_itself(adapter, batched):
    task = task_of(KNOWN)
    found = adapter().vmap(task, batched)
    step = reference(task).steps[0]
    np.testing.assert_allclose(found["loss"], step.values["loss"], rtol=1e-14)
    np.testing.assert_allclose(found["w"], step.grads["w"], rtol=1e-14)
    np.testing.assert_allclose(found["u"], step.grads["u"], rtol=1e-14)


def test_the_other_slices_hold_other_numbers():
    for x in (np.array([1.0, -2.0]), np.array([2, 0, 1]), np.array([True, False, False])):
        batch = slices(x)
        assert batch.shape == (3, *x.shape)
        assert batch.dtype == x.dtype
        np.testing.assert_array_equal(of_slice(batch), x)
        assert not (batch[0] == x).all()
        assert not (batch[2] == x).all()


@pytest.mark.parametrize(
    "name",
    ["tanh", "matmul", "linalg.solve", "layer_norm", "conv", "fft.rfft", "linalg.qr", "lstm"],
)
def test_tangents_are_the_transposes_of_gradients(name):
    """⟨g, J v⟩ = ⟨Jᵀ g, v⟩, in the precision of the truth."""
    for task in tasks_of(TABLE[name], "float64")[:3]:
        asked = replace(task, checks=frozenset(("jvp",)), steps=1, update=None)
        wide = ways(asked, dtype=np.longdouble)
        grads = reference(asked, dtype=np.longdouble).steps[0].grads
        output = asked.programs["*"].output
        shares = [np.sum(grads[name] * v) for name, v in asked.tangents().items()]
        size = sum(map(abs, shares))
        assert abs(wide["jvp", output, 0] - sum(shares)) <= 1e-16 * size


@pytest.mark.slow
@pytest.mark.parametrize(
    "row", [row for row in TABLE.values() if plantable(row)], ids=attrgetter("name")
)
def test_tangents_are_the_transposes_of_gradients_everywhere(row):
    compared = 0
    for task in tasks_of(row, "float64"):
        asked = replace(task, checks=frozenset(("jvp",)), steps=1, update=None)
        wide = ways(asked, dtype=np.longdouble)
        grads = reference(asked, dtype=np.longdouble).steps[0].grads
        output = asked.programs["*"].output
        pairs = [(grads[name], v) for name, v in asked.tangents().items()]
        shares = [np.sum(np.real(np.conj(g) * v)) for g, v in pairs if g is not None]
        sizes = [np.sum(np.abs(g * v)) for g, v in pairs if g is not None]
        assert abs(wide["jvp", output, 0] - sum(shares)) <= 1e-15 * sum(sizes)
        compared += 1
    assert compared


class Mute(Adapter):
    """An adapter that has no other way, or that fails in one."""

    name = "numpy"

    def __init__(self, jvp=None):
        self._jvp = jvp

    def version(self):
        return "0"

    def has(self, operation):
        return operation

    def run(self, task):
        return NumpyAdapter().run(task)

    def jvp(self, task):
        return super().jvp(task) if self._jvp is None else self._jvp(task)


def test_what_an_adapter_lacks_is_unsupported_way_by_way():
    found = answers(Mute(), task_of(KNOWN))
    assert not found.found
    assert set(found.failed) == {
        ("jvp", ""),
        ("hvp", ""),
        *(("vmap", b) for b in ("x", "w", "u", "the cotangent", "all arguments")),
    }
    assert all(isinstance(failure, Unsupported) for failure in found.failed.values())


@pytest.mark.parametrize(
    "jvp", [lambda _: 3, lambda _: {"y": "text"}, lambda _: 1 / 0, lambda _: {1: np.zeros(2)}]
)
def test_what_is_no_mapping_of_arrays_is_a_failure_of_that_way_alone(jvp):
    found = answers(Mute(jvp), task_of(KNOWN.replace(", hvp, vmap", "")))
    assert isinstance(found.failed["jvp", ""], AdapterFailed)


def test_what_torch_has_no_forward_mode_for_is_unsupported():
    text = """
case: distances
about: torch has no forward mode of cdist.
params: {a: {normal: [3, 2]}, b: {normal: [4, 2]}}
program: |
  y = cdist(a, b, p=2.0)
checks: [jvp]
dtypes: [float64]
"""
    failure = answers(TorchAdapter(), task_of(text)).failed["jvp", ""]
    assert isinstance(failure, Unsupported)
    assert "forward AD" in str(failure)


def test_names_of_batches_are_no_variables():
    assert over("W", "the cotangent") == "W over the cotangent"
