"""Programs: texts become single assignments, one operation each."""

import math

import pytest

from gradparity.cases.program import Const, Ref


def shape_of(instruction):
    return instruction.target, instruction.operation, instruction.arguments, instruction.attributes


def first(program):
    return shape_of(program.instructions[0])


def test_nested_expressions_become_unnamed_variables_in_order(program):
    read = program("y = (w - 3) ** 2 / x")

    assert [shape_of(i) for i in read.instructions[:3]] == [
        ("y.1", "subtract", (Ref("w"), Const(3)), {}),
        ("y.2", "pow", (Ref("y.1"), Const(2)), {}),
        ("y", "divide", (Ref("y.2"), Ref("x")), {}),
    ]
    assert [i.named for i in read.instructions[:3]] == [False, False, True]
    assert read.named == ("y", "loss")


def test_instructions_keep_their_text_and_place(case):
    read = case(
        "case: a\nabout: b\nparams: {w: 1.0}\nprogram: |\n  # é\n  y = tanh(w   *\n    2)\n"
    ).programs[0]["*"]

    assert [(i.text, i.line, i.column) for i in read.instructions] == [
        ("w * 2", 6, 12),
        ("tanh(w * 2)", 6, 7),
    ]


@pytest.mark.parametrize(
    ("text", "operation"),
    [
        ("v + x", "add"),
        ("v - x", "subtract"),
        ("v * x", "multiply"),
        ("v / x", "divide"),
        ("v @ x", "matmul"),
        ("v ** x", "pow"),
        ("v > x", "greater"),
        ("v >= x", "greater_equal"),
        ("v < x", "less"),
        ("v <= x", "less_equal"),
        ("v == x", "equal"),
        ("v != x", "not_equal"),
    ],
)
def test_an_operator_is_an_operation(program, text, operation):
    assert first(program(f"y = {text}")) == ("y", operation, (Ref("v"), Ref("x")), {})


def test_minus_and_another_name_are_operations(program):
    assert first(program("y = -v")) == ("y", "negative", (Ref("v"),), {})
    assert first(program("y = v")) == ("y", "identity", (Ref("v"),), {})


@pytest.mark.parametrize(
    ("text", "index"),
    [
        ("v[0]", (0,)),
        ("v[-1]", (-1,)),
        ("v[1:]", (slice(1, None, None),)),
        ("v[::2, None]", (slice(None, None, 2), None)),
        ("v[..., 0]", (Ellipsis, 0)),
        ("v[2 - 1]", (1,)),
        ("v[:n]", (slice(None, 1, None),)),
    ],
)
def test_an_index_is_an_attribute(program, text, index):
    read = program(f"n = 1\ny = {text}")

    assert first(read) == ("y", "getitem", (Ref("v"),), {"index": index})


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2 + 3 * 4", 14),
        ("7 // 2", 3),
        ("-7 % 4", 1),
        ("2 ** -1", 0.5),
        ("2.0 ** 0.5", math.sqrt(2.0)),
        ("pi / 2", math.pi / 2),
        ("-inf", -math.inf),
        ("1e-8", 1e-8),
        ("True", True),
        ("2j", 2j),
        ("2 < 3", True),
        ("(1, 2)[1]", 2),
    ],
)
def test_constants_are_folded(program, text, value):
    read = program(f"y = v * ({text})")

    (_, constant) = read.instructions[0].arguments
    assert constant == Const(value)
    assert type(constant.value) is type(value)


@pytest.mark.parametrize("module", ["math", "np", "numpy", "torch", "jnp", "jax.numpy"])
def test_a_module_s_number_is_the_number(program, module):
    (_, constant) = program(f"y = v * ({module}.pi / 2)").instructions[0].arguments

    assert constant == Const(math.pi / 2)


def test_nan_is_a_constant(program):
    (_, constant) = program("y = v * nan").instructions[0].arguments

    assert math.isnan(constant.value)


def test_a_named_constant_is_no_variable(program):
    read = program("eps = 1e-5\ny = v + eps")

    assert first(read) == ("y", "add", (Ref("v"), Const(1e-5)), {})
    assert "eps" not in read.named


def test_attributes_are_constants_by_keyword(program):
    read = program("y = sum(v, axis=-1, keepdims=True)")

    assert first(read) == ("y", "sum", (Ref("v"),), {"axis": -1, "keepdims": True})


@pytest.mark.parametrize("text", ["concat(v, x, axis=0)", "concat([v, x], axis=0)"])
def test_any_number_of_arrays_also_as_a_list(program, text):
    assert first(program(f"y = {text}")) == (
        "y",
        "concat",
        (Ref("v"), Ref("x")),
        {"axis": 0},
    )


def test_an_array_may_be_left_out_where_it_is_optional(program):
    read = program("y = layer_norm(v, None, x, eps=1e-5)")

    assert read.instructions[0].arguments == (Ref("v"), None, Ref("x"))


def test_a_loop_is_unrolled_into_a_family(program):
    read = program("h[0] = v * x\nfor i in range(1, 3):\n    h[i] = tanh(h[i - 1])\ny = h[2]")

    assert [shape_of(i) for i in read.instructions[:4]] == [
        ("h[0]", "multiply", (Ref("v"), Ref("x")), {}),
        ("h[1]", "tanh", (Ref("h[0]"),), {}),
        ("h[2]", "tanh", (Ref("h[1]"),), {}),
        ("y", "identity", (Ref("h[2]"),), {}),
    ]


def test_loops_nest_and_the_inner_may_depend_on_the_outer(program):
    read = program(
        "for i in range(3):\n    for j in range(i):\n        t[i, j] = v * (10 * i + j)\n"
        "y = t[2, 1]"
    )

    assert read.named[:4] == ("t[1, 0]", "t[2, 0]", "t[2, 1]", "y")


def test_an_array_in_a_loop_is_indexed_not_a_family(program):
    read = program("for i in range(2):\n    e[i] = v[i] * 2\ny = e[0] + e[1]")

    assert shape_of(read.instructions[0]) == ("e[0].1", "getitem", (Ref("v"),), {"index": (0,)})
    assert shape_of(read.instructions[1]) == ("e[0]", "multiply", (Ref("e[0].1"), Const(2)), {})


def test_several_results_are_selected(case):
    read = case(
        "case: a\nabout: b\nparams: {w: {spd: 3}}\n"
        "program: |\n  q, _ = linalg.qr(w)\n  loss = sum(q)\n"
    ).programs[0]["*"]

    assert [shape_of(i) for i in read.instructions[:2]] == [
        ("q.1", "linalg.qr", (Ref("w"),), {}),
        ("q", "select", (Ref("q.1"),), {"index": 0}),
    ]


def test_sweep_names_are_constants_and_operation_names(case):
    found = case(
        "case: a\nabout: b\nparams: {w: {normal: [n, 3]}}\n"
        "sweep: {act: [relu, tanh], n: [2, 4], axis: [0, null]}\n"
        "program: |\n  a = $act(w * n)\n  loss = sum(sum(a, axis=axis))\n"
    )

    points = found.points()
    last = found.programs[-1]["*"].instructions
    assert len(points) == 8
    assert points[0] == {"act": "relu", "n": 2, "axis": 0}
    assert points[-1] == {"act": "tanh", "n": 4, "axis": None}
    assert [(i.operation, i.attributes) for i in last[1:3]] == [
        ("tanh", {}),
        ("sum", {"axis": None}),
    ]
    assert last[0].arguments == (Ref("w"), Const(4))


def test_the_output_is_loss_or_the_last_name_or_what_the_case_says(case):
    head = "case: a\nabout: b\nparams: {w: 1.0}\n"

    assert case(head + "program: |\n  loss = w\n  z = w * 2\n").programs[0]["*"].output == "loss"
    assert case(head + "program: |\n  y = w\n  z = w * 2\n").programs[0]["*"].output == "z"
    assert (
        case(head + "output: y\nprogram: |\n  y = w\n  z = w * 2\n").programs[0]["*"].output == "y"
    )


def test_each_framework_may_have_its_own_text(case):
    programs = case(
        "case: a\nabout: b\nparams: {w: 1.0}\nprogram:\n"
        "  numpy: y = tanh(w)\n"
        "  torch: y = torch.nn.functional.gelu(w, approximate='tanh')\n"
        "  jax: |\n    h = jax.nn.gelu(w, approximate=True)\n    y = optax.losses.log_cosh(h)\n"
    ).programs[0]

    assert {name: p.native for name, p in programs.items()} == {
        "numpy": False,
        "torch": True,
        "jax": True,
    }
    assert shape_of(programs["torch"].instructions[0]) == (
        "y",
        "torch.nn.functional.gelu",
        (Ref("w"),),
        {"approximate": "tanh"},
    )
