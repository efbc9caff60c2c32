"""The reference as an adapter: its truth, and its noise."""

import numpy as np
import pytest

from gradparity.adapters.numpy_reference import reference
from gradparity.cases.task import Update
from gradparity.refimpl.rounding import Noise

from .programs import close, line, one_layer, task


def test_constants_are_rounded_before_they_are_widened():
    wanted = task(line("y", "multiply", "w", 0.1), params={"w": 1.0}, dtype="float32")
    truth = reference(wanted, dtype=np.float64).steps[0]
    assert truth.values["y"] == float(np.float32(0.1))


def test_hyperparameters_are_taken_as_written():
    wanted = one_layer("float32", update=Update("sgd", {"lr": 0.1}))
    truth = reference(wanted, dtype=np.float64).steps[0]
    assert truth.params["W"] == 0.5 - 0.1


def test_the_cotangent_is_rounded_before_it_is_widened():
    wanted = task(line("y", "identity", "w"), params={"w": [1.0, 2.0]}, dtype="float32")
    truth = reference(wanted, dtype=np.float64).steps[0]
    assert truth.grads["w"].tolist() == wanted.cotangent((2,)).astype(np.float32).tolist()


def test_truth_has_the_dtype_it_was_computed_in():
    wanted = one_layer(update=Update("adam", {"lr": 0.1}))
    step = reference(wanted, dtype=np.longdouble).steps[0]
    everything = [*step.values.values(), *step.grads.values(), *step.params.values()]
    assert {x.dtype for x in everything} == {np.dtype(np.longdouble)}
    assert step.params["W"] != np.longdouble(0.4)  # adam's first step is not exactly lr


@pytest.mark.parametrize("dtype", ["float64", "float32", "bfloat16"])
def test_noise_moves_results_within_rounding_and_not_inputs(dtype):
    wanted = task(
        line("same", "identity", "w"),
        line("u", "multiply", "same", "x"),
        line("y", "exp", "u"),
        line("loss", "sum", "y"),
        params={"w": np.linspace(0.1, 1, 50)},
        inputs={"x": 0.7},
        dtype=dtype,
        update=Update("sgd", {"lr": 0.1}),
    )
    still = reference(wanted, dtype=np.float64).steps[0]
    first, again, other = (
        reference(wanted, noise=Noise(seed, dtype)).steps[0] for seed in (1, 1, 2)
    )
    assert (first.values["same"] == still.values["same"]).all()
    assert (first.values["y"] == again.values["y"]).all()
    assert (first.values["y"] != other.values["y"]).any()
    for name in ("u", "y"):
        assert close(still.values[name], first.values[name], dtype, ulps=16)
        assert (first.values[name] != still.values[name]).any()
    assert close(still.grads["w"], first.grads["w"], dtype, ulps=16)
    assert (first.grads["w"] != other.grads["w"]).any()
    assert close(still.params["w"], first.params["w"], dtype, ulps=16)
    assert (first.params["w"] != other.params["w"]).any()
    assert type(first.values["y"]) is np.ndarray
