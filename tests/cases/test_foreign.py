"""Names of frameworks are answered with ours."""

import pytest

from gradparity.cases import foreign
from gradparity.cases.foreign import meant, unknown_operation
from gradparity.cases.native import unabridged
from gradparity.refimpl.ops import TABLE
from gradparity.refimpl.optimizers.schedules import SCHEDULES

HEAD = "case: a\nabout: b\ninputs: {x: {normal: [2, 2]}}\nparams: {w: {normal: [2, 2]}}\n"


@pytest.mark.parametrize(
    ("theirs", "ours"),
    {
        "mse_loss": "mse",
        "F.cross_entropy": "cross_entropy",
        "jnp.mean": "mean",
        "torch.mean": "mean",
        "jnp.sum": "sum",
        "linear": "x @ W.T + b",
        "cumsum": "cumulative_sum",
        "torch.linalg.qr": "linalg.qr",
        "jnp.fft.rfft": "fft.rfft",
        "F.conv2d": "conv",
        "nn.MSELoss": "mse",
        "tf.reduce_mean": "mean",
        "np.concatenate": "concat",
        "unsqeeze": "expand_dims",
    }.items(),
)
def test_an_operation_of_another_s_name_is_answered_with_ours(theirs, ours):
    assert unknown_operation(theirs).endswith(f"; did you mean {ours!r}?")


def test_a_name_like_none_is_answered_with_none():
    assert "did you mean" not in unknown_operation("qqqqqqqq")


def test_no_name_of_ours_is_taken_for_another_s():
    assert all(meant(name) == name for name in TABLE)


@pytest.mark.parametrize(
    ("line", "said"),
    {
        "loss = sum(x * w, dim=0)": "; did you mean 'axis'?",
        "loss = sum(x * w, axis=0, keepdim=True)": "; did you mean 'keepdims'?",
        "loss = torch.sum(x * w)": "; did you mean 'sum'?",
        "loss = F.mse_loss(x, w)": "; did you mean 'mse'?",
    }.items(),
)
def test_a_program_s_fault_has_the_name_that_is_meant(faults, line, said):
    (fault,) = faults(f"{HEAD}program: {line}\n")
    assert fault.startswith("t.yaml:5:")
    assert fault.endswith(said)


@pytest.mark.parametrize(
    ("training", "place", "said"),
    [
        ("optimizer: {adam: {learning_rate: 0.1}}", "6:20", "'lr'"),
        ("optimizer: {adam: {lr: 0.1, betas: 0.9}}", "6:29", "'b1'"),
        ("optimizer: {sgd: {lr: 1}}\nclip: {value: {max_norm: 1}}", "7:16", "'max'"),
    ],
)
def test_so_has_a_rule_s(faults, training, place, said):
    found = faults(f"{HEAD}program: loss = sum(x * w)\n{training}\n")
    assert any(f.startswith(f"t.yaml:{place}: ") and f.endswith(f"mean {said}?") for f in found)


def test_the_usual_short_forms_of_modules_are_read(case):
    programs = case(
        f"{HEAD}program:\n  numpy: loss = mse(x @ w, x)\n"
        "  torch: loss = F.mse_loss(x @ w, x)\n  jax: loss = jnp.mean((x @ w - x) ** 2)\n"
    ).programs[0]
    assert programs["torch"].instructions[-1].operation == "torch.nn.functional.mse_loss"
    assert programs["jax"].instructions[-1].operation == "jax.numpy.mean"
    assert unabridged("F.relu", "jax") == "F.relu"


NATIVE = f"""{HEAD}program: loss = sum(x * w)
optimizer: {{sgd: {{lr: 0.1}}}}
"""


@pytest.mark.parametrize(
    ("native", "place", "said"),
    [
        ("jax: {optimizer: {sgd: {}}}", "8:21", "sgd of jax lacks learning_rate"),
        (
            "jax: {schedule: {linear_schedule: {init_value: 1}}}",
            "8:20",
            "linear_schedule of jax lacks end_value, transition_steps",
        ),
        (
            "torch: {clip: {clip_grad_norm_: {max_norm: 1}}}",
            "8:11",
            "native clips in torch and the case clips nothing",
        ),
    ],
)
def test_a_native_part_that_cannot_be_called_is_a_fault(faults, native, place, said):
    (fault,) = faults(f"{NATIVE}native:\n  {native}\n")
    assert fault.startswith(f"t.yaml:{place}: {said}")


def test_unless_the_case_records_what_it_raises(case):
    record = "{adapters: [jax], check: update, tensor: w, kind: default, raises: rate, because: y}"
    assert case(f"{NATIVE}native: {{jax: {{optimizer: {{sgd: {{}}}}}}}}\ndivergences: [{record}]\n")


def test_words_of_yaml_and_a_matrix_s_transpose_are_read(program):
    read = program("m = outer(x, x).T\nt = sum(m, axis=0, keepdims=true)")
    by_name = {i.target: i for i in read.instructions}
    assert by_name["m"].attributes == {"axes": (1, 0)}
    assert by_name["t"].attributes["keepdims"] is True


def test_native_calls_take_arrays_by_keyword(case):
    head = HEAD.replace("params: {w: {normal: [2, 2]}}", "params: {v: {ones: [2]}}")
    (programs,) = case(
        f"{head}program:\n  numpy: loss = sum(layer_norm(x, v, eps=1e-5) ** 3)\n"
        "  torch: loss = torch.sum(F.layer_norm(input=x, normalized_shape=[2], weight=v) ** 3)\n"
    ).programs
    call = programs["torch"].instructions[0]
    assert call.refs == ("x", "v")
    assert call.passed(["X", "V"]) == ([], {"input": "X", "weight": "V"})
    assert call.attributes == {"normalized_shape": (2,)}


@pytest.mark.parametrize(
    ("call", "arguments", "passed"),
    [
        ("torch.stack([x, w])", "ab", [["a", "b"]]),
        ("torch.cat((x, w), dim=1)", "ab", [["a", "b"]]),
        ("torch.cat([w * x])", "a", [["a"]]),
        ("torch.cat([w * x, 1.0], 0)", "abc", [["a", "b"], "c"]),
    ],
)
def test_native_calls_take_lists_of_arrays(case, call, arguments, passed):
    head = HEAD.replace("params: {w: {normal: [2, 2]}}", "params: {w: {ones: [2, 2]}}")
    text = f"{head}program:\n  numpy: loss = sum(w)\n  torch: loss = torch.sum({call})\n"
    (programs,) = case(text).programs
    one = next(i for i in programs["torch"].instructions if i.text == call)
    assert one.passed(arguments) == (passed, {})


def test_lists_within_lists_are_refused(faults):
    (fault,) = faults(
        f"{HEAD}program:\n  numpy: loss = sum(w * x)\n"
        "  torch: loss = torch.sum(torch.cat([[w, x]]))\n"
    )
    assert "lists within a list of arrays" in fault


@pytest.mark.parametrize(
    "call",
    [
        "F.relu(x, inplace=w)",
        "F.embedding(x, w, max_norm=w)",
        "torch.sum(dim=0)",
        "F.pad(x, p=[w])",
    ],
)
def test_an_array_by_keyword_opens_no_door(faults, call):
    (fault, *_) = faults(f"{HEAD}program:\n  numpy: loss = sum(x * w)\n  torch: loss = {call}\n")
    assert fault.startswith("t.yaml:7:")


def test_a_text_says_which_operation_a_sweep_s_name_is(case):
    programs = case(f"{HEAD}sweep: {{f: [sin, tanh]}}\nprogram: loss = sum($f(x * w))\n").programs
    assert [p["*"].instructions[1].text for p in programs] == ["sin(x * w)", "tanh(x * w)"]


def test_schedules_of_other_names_are_some_of_ours():
    assert set(foreign._SCHEDULES) <= set(SCHEDULES)
