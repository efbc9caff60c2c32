"""What every adapter owes: the same task in, the same trace out."""

from dataclasses import replace

import jax
import ml_dtypes
import numpy as np
import pytest
import torch

from gradparity.adapters.base import on_path
from gradparity.adapters.numpy_reference import reference
from gradparity.adapters.registry import make
from gradparity.adapters.values import dtype_of, rounded
from gradparity.cases.program import Program
from gradparity.cases.task import Batch, Update
from gradparity.refimpl.errors import AdapterFailed, Unsupported

from .programs import close, line, one_layer, task

ADAPTERS = ("numpy", "torch", "jax")
DTYPES = ("float64", "float32", "float16", "bfloat16", "complex128", "complex64")

each_adapter = pytest.mark.parametrize("name", ADAPTERS)


def run(name, wanted):
    return make(name).run(wanted)


def bits(x):
    return x.dtype, x.shape, x.tobytes()


@each_adapter
def test_the_worked_example_bit_for_bit(name):
    step = run(name, one_layer(update=Update("sgd", {"lr": 0.1}))).steps[0]
    assert step.values == {"W·x": 0.5, "z": 0.5, "a": 0.5, "a-y": 0.5, "loss": 0.25}
    assert step.grads == dict.fromkeys(["W", "b", "W·x", "z", "a", "a-y", "loss"], 1.0)
    assert step.params == {"W": 0.4, "b": -0.1}
    everything = [*step.values.values(), *step.grads.values(), *step.params.values()]
    assert {(type(x), x.dtype.name, x.shape) for x in everything} == {(np.ndarray, "float64", ())}


@each_adapter
def test_the_trace_is_in_program_order(name):
    wanted = one_layer()
    step = run(name, wanted).steps[0]
    program = wanted.programs["*"]
    assert list(step.values) == [i.target for i in program.instructions]
    assert list(step.grads) == on_path(program, wanted.params)


@each_adapter
def test_every_variable_of_the_whole_step_is_kept_and_of_others_the_output_alone(name):
    wanted = one_layer(update=Update("sgd", {"lr": 0.1}), steps=3)
    trace = run(name, replace(wanted, whole_step=1))
    program = wanted.programs["*"]
    every, only = [i.target for i in program.instructions], [program.output]
    assert [list(step.values) for step in trace.steps] == [only, every, only]
    ways = on_path(program, wanted.params)
    assert [list(step.grads) for step in trace.steps] == [["W", "b"], ways, ["W", "b"]]


@pytest.mark.thinned(3)
@each_adapter
@pytest.mark.parametrize("dtype", DTYPES)
def test_every_dtype_is_kept(name, dtype):
    wanted = one_layer(dtype, update=Update("adam", {"lr": 0.1}))
    step = run(name, wanted).steps[0]
    everything = [*step.values.values(), *step.grads.values(), *step.params.values()]
    assert {x.dtype for x in everything} == {np.empty(0, dtype_of(dtype)).real.dtype}


@each_adapter
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_types_are_rounded_after_each_operation(name, dtype):
    half = dtype_of(dtype)
    wanted = task(
        line("u", "multiply", "w", "x"),
        line("loss", "add", "u", 1),
        params={"w": 1.1},
        inputs={"x": 1.3},
        dtype=dtype,
    )
    step = run(name, wanted).steps[0]
    w, x = (v.astype(np.float32) for v in (np.asarray(1.1, half), np.asarray(1.3, half)))
    u = (w * x).astype(half)
    assert bits(step.values["u"]) == bits(u)
    assert step.grads["w"] == np.asarray(1.3, half)
    assert close((u.astype(np.float64) + 1), step.values["loss"], dtype, ulps=1)


@each_adapter
def test_the_truth_of_a_half_type_is_not_rounded(name):
    wanted = one_layer("bfloat16")
    truth = reference(wanted, dtype=np.float64).steps[0]
    assert {x.dtype for x in truth.values.values()} == {np.dtype(np.float64)}
    assert close(truth.values["loss"], run(name, wanted).steps[0].values["loss"], "bfloat16")


@each_adapter
@pytest.mark.parametrize(
    ("rule", "hyperparameters"),
    [
        ("sgd", {"lr": 0.1}),
        ("sgd", {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.01}),
        ("sgd", {"lr": 0.1, "momentum": 0.9, "nesterov": True, "maximize": True}),
        ("adam", {"lr": 0.1}),
        ("adam", {"lr": 0.1, "b1": 0.8, "b2": 0.99, "eps": 1e-6, "weight_decay": 0.02}),
        ("adamw", {"lr": 0.1, "weight_decay": 0.1}),
        ("adamw", {"lr": 0.1, "weight_decay": 0.1, "maximize": True}),
    ],
)
def test_update_rules_agree_over_steps(name, rule, hyperparameters):
    wanted = one_layer(steps=4, update=Update(rule, hyperparameters))
    truth, trace = reference(wanted, dtype=np.longdouble), run(name, wanted)
    assert len(trace.steps) == 4
    for expected, actual in zip(truth.steps, trace.steps, strict=True):
        assert list(actual.params) == ["W", "b"]
        # Near its minimum the loss has lost digits that the parameters still have.
        assert abs(expected.values["loss"] - actual.values["loss"]) <= 64 * 2**-53
        for parameter, x in expected.params.items():
            assert close(x, actual.params[parameter], "float64", ulps=64)
    assert trace.steps[3].params["W"] != trace.steps[2].params["W"]


@pytest.mark.parametrize("name", ["torch", "jax"])
def test_values_alone_ask_for_no_gradient(name):
    """Not every operation of a framework has a derivative to give."""
    wanted = replace(one_layer(), checks=frozenset({"value"}))
    step = run(name, wanted).steps[0]
    assert step.values == run(name, one_layer()).steps[0].values
    assert step.grads == {}


@each_adapter
def test_later_steps_have_the_output_and_the_parameters_gradients(name):
    step = run(name, one_layer(steps=2, update=Update("sgd", {"lr": 0.1}))).steps[1]
    assert (list(step.values), list(step.grads), list(step.params)) == (
        ["loss"], ["W", "b"], ["W", "b"],
    )  # fmt: skip


@each_adapter
def test_each_step_sees_its_own_rows(name):
    wanted = task(
        line("u", "multiply", "w", "x"), line("loss", "sum", "u"), params={"w": 1.0}, steps=3,
        inputs={"x": [1.0, 2.0, 3.0, 4.0]}, batch=Batch(2), update=Update("sgd", {"lr": 0.0}),
    )  # fmt: skip
    losses = [step.values["loss"] for step in run(name, wanted).steps]
    assert losses == [3.0, 7.0, 3.0]


@each_adapter
def test_dampening_is_torch_s_alone(name):
    wanted = one_layer(
        steps=2, update=Update("sgd", {"lr": 0.1, "momentum": 0.9, "dampening": 0.5})
    )
    if name == "jax":
        with pytest.raises(Unsupported, match="dampening"):
            run(name, wanted)
        return
    expected = reference(wanted, dtype=np.longdouble).steps[1].params["W"]
    assert close(expected, run(name, wanted).steps[1].params["W"], "float64")


@each_adapter
def test_an_unknown_rule_is_unsupported(name):
    with pytest.raises(Unsupported, match="nonesuch"):
        run(name, one_layer(update=Update("nonesuch", {})))


@each_adapter
@pytest.mark.parametrize("dtype", ["complex128", "complex64"])
def test_complex_gradients_follow_one_convention(name, dtype):
    """L = Re(conj(c)·z²): ∂L/∂Re z + i·∂L/∂Im z = c·conj(2z)."""
    wanted = task(
        line("y", "multiply", "z", "z"),
        params={"z": [1.0 + 2.0j, -0.5 + 0.25j]},
        dtype=dtype,
        given_cotangent=np.asarray([1.0 - 1.0j, 2.0 + 3.0j]),
    )
    step = run(name, wanted).steps[0]
    z, c = wanted.params["z"], np.asarray([1.0 - 1.0j, 2.0 + 3.0j])
    assert close(c * np.conj(2 * z), step.grads["z"], dtype)
    assert bits(step.grads["y"]) == bits(c.astype(dtype))


@each_adapter
def test_a_real_output_of_complex_variables(name):
    """L = |z|²: ∂L/∂Re z + i·∂L/∂Im z = 2z, and its own cotangent is real."""
    wanted = task(
        line("r", "abs", "z"), line("loss", "multiply", "r", "r"), params={"z": [3.0 + 4.0j]},
        dtype="complex128",
    )  # fmt: skip
    step = run(name, wanted).steps[0]
    c = step.grads["loss"]
    assert c.dtype == np.float64
    assert close(2 * c * wanted.params["z"], step.grads["z"], "float64")


@each_adapter
def test_complex_descent_goes_down(name):
    wanted = task(
        line("r", "abs", "z"), line("loss", "sum", "r"), params={"z": [3.0 + 4.0j]},
        dtype="complex128", update=Update("sgd", {"lr": 1.0}),
    )  # fmt: skip
    assert close([2.4 + 3.2j], run(name, wanted).steps[0].params["z"], "float64")


@each_adapter
def test_signed_zeros_infinities_and_nans_keep_their_bits(name):
    x = np.asarray([-0.0, 0.0, np.inf, -np.inf, np.nan, 5e-324])
    wanted = task(line("y", "identity", "x"), params={"x": x}, given_cotangent=x)
    step = run(name, wanted).steps[0]
    assert bits(step.values["y"]) == bits(x)
    assert bits(step.grads["y"]) == bits(x)
    assert bits(step.grads["x"]) == bits(x)


@each_adapter
def test_a_variable_that_is_another_has_its_own_cotangent(name):
    """Loss = a·z with a = z: ∂loss/∂a = z, while z gathers both ways."""
    wanted = task(
        line("z", "multiply", "w", 3.0),
        line("a", "positive", "z"),
        line("s", "reshape", "a", shape=()),
        line("loss", "multiply", "s", "z"),
        params={"w": 2.0},
    )
    step = run(name, wanted).steps[0]
    assert step.grads == {"w": 36.0, "z": 12.0, "a": 6.0, "s": 6.0, "loss": 1.0}


@each_adapter
def test_the_output_may_be_a_parameter(name):
    wanted = task(line("y", "multiply", "w", 2.0), params={"w": [1.0, 2.0]}, output="w")
    step = run(name, wanted).steps[0]
    assert bits(step.grads["w"]) == bits(wanted.cotangent((2,)))


@each_adapter
def test_a_non_scalar_output_is_contracted_with_the_cotangent(name):
    wanted = task(line("y", "multiply", "w", 2.0), params={"w": [1.0, 2.0, 3.0]}, dtype="float32")
    step = run(name, wanted).steps[0]
    c = wanted.cotangent((3,)).astype(np.float32)
    assert bits(step.grads["y"]) == bits(c)
    assert bits(step.grads["w"]) == bits(2 * c)


@each_adapter
def test_whole_numbers_and_booleans_come_back_as_they_are(name):
    wanted = task(
        line("later", "add", "k", 1),
        line("late", "greater", "later", 2),
        line("picked", "take", "w", "k", axis=0),
        line("loss", "sum", "picked"),
        params={"w": [1.0, 2.0, 4.0]},
        inputs={"k": np.asarray([0, 2, 2])},
        dtype="float32",
    )
    step = run(name, wanted).steps[0]
    assert bits(step.values["later"]) == bits(np.asarray([1, 3, 3]))
    assert bits(step.values["late"]) == bits(np.asarray([False, True, True]))
    assert step.grads["w"].tolist() == [1.0, 0.0, 2.0]


@each_adapter
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_a_number_takes_the_dtype_of_the_arrays_it_meets(name, dtype):
    wanted = task(
        line("left", "subtract", 0.1, "w"),
        line("right", "maximum", "w", 0.3),
        line("alone", "add", 0.1, 0.2),
        line("chosen", "where", "flag", 0.1, 0.2),
        line("low", "clip", "w", None, 0.7),
        line("sum", "add", "left", "right"),
        line("loss", "add", "sum", "low"),
        params={"w": 0.1},
        inputs={"flag": np.ones((), bool)},
        dtype=dtype,
    )
    step = run(name, wanted).steps[0]
    assert {x.dtype for x in step.values.values()} == {dtype_of(dtype)}
    assert step.values["left"] == 0
    assert step.values["right"] == np.asarray(0.3, dtype_of(dtype))
    assert step.values["chosen"] == np.asarray(0.1, dtype_of(dtype))


def test_rounding_keeps_whole_numbers_that_fit():
    assert rounded(2, "bfloat16") == 2
    assert isinstance(rounded(2, "bfloat16"), int)
    assert rounded(257, "bfloat16") == 256.0
    assert rounded(0.1, "float32") == float(np.float32(0.1))
    assert rounded(0.1 + 0.3j, "complex64") == complex(np.complex64(0.1 + 0.3j))
    assert rounded(0.1, "bfloat16") == float(ml_dtypes.bfloat16(0.1))
    assert rounded(value=True, dtype="float32") is True


@each_adapter
def test_an_operation_it_lacks_is_unsupported(name):
    wanted = task(line("y", "no_such_operation", "k"), line("loss", "sum", "w"),
                  params={"w": [1.0]}, inputs={"k": 1.0})  # fmt: skip
    assert make(name).has("no_such_operation") == ""
    with pytest.raises(Unsupported, match="no_such_operation"):
        run(name, wanted)


@each_adapter
def test_no_text_is_unsupported(name):
    wanted = task(line("y", "exp", "w"), params={"w": 1.0}, programs={"other": Program((), "w")})
    with pytest.raises(Unsupported, match=name):
        run(name, wanted)


@each_adapter
def test_what_a_framework_raises_is_wrapped(name):
    wanted = task(line("y", "add", "w", "x"), params={"w": [1.0, 2.0]}, inputs={"x": [1.0] * 3})
    with pytest.raises(AdapterFailed, match=r"Error: .*") as caught:
        run(name, wanted)
    assert caught.value.__cause__ is not None
    assert str(caught.value).startswith(type(caught.value.__cause__).__name__)


@each_adapter
def test_it_says_its_spellings_and_version(name):
    adapter = make(name)
    expected = {
        "numpy": "refimpl.layer_norm",
        "torch": "torch.nn.functional.layer_norm",
        "jax": "jax.nn.standardize",
    }
    assert adapter.has("layer_norm") == expected[name]
    versions = {"numpy": np.__version__, "torch": torch.__version__, "jax": jax.__version__}
    assert adapter.version().startswith(versions[name])


def test_composed_is_said():
    assert make("jax").has("lerp") == "composed"


@pytest.mark.parametrize("name", ["torch", "jax"])
def test_default_names_are_dotted(name):
    expected = {"torch": "torch.exp", "jax": "jax.numpy.exp"}
    assert make(name).has("exp") == expected[name]


def test_jax_s_precision_is_left_as_it_was():
    before = jax.config.read("jax_enable_x64")
    assert run("jax", one_layer()).steps[0].values["loss"].dtype == np.float64
    assert jax.config.read("jax_enable_x64") == before
    assert jax.numpy.ones(1).dtype == (np.float64 if before else np.float32)


def test_jax_s_precision_is_left_as_it_was_after_a_failure():
    before = jax.config.read("jax_enable_x64")
    wanted = task(line("y", "add", "w", "x"), params={"w": [1.0, 2.0]}, inputs={"x": [1.0] * 3})
    with pytest.raises(AdapterFailed):
        run("jax", wanted)
    assert jax.config.read("jax_enable_x64") == before


def test_torch_s_threads_are_left_as_they_were():
    before = torch.get_num_threads(), torch.get_default_dtype()
    run("torch", one_layer())
    assert (torch.get_num_threads(), torch.get_default_dtype()) == before


@each_adapter
def test_arrays_are_left_as_they_were(name):
    wanted = one_layer(steps=2, update=Update("adam", {"lr": 0.1}))
    before = {k: x.copy() for k, x in {**wanted.params, **wanted.inputs}.items()}
    run(name, wanted)
    assert before == {**wanted.params, **wanted.inputs}
