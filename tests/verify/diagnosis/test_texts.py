"""Texts that are spelled for each framework: where they part, and if a text or a tool is off."""

import pytest

from gradparity.adapters.numpy_reference import NumpyAdapter
from gradparity.refimpl.ops import TABLE
from gradparity.verify.diagnosis.blame import blame
from gradparity.verify.judging import verdicts
from gradparity.verify.selftest.operation_faults import spoiled

from .conftest import one_task

SPELLED = """
case: spelled
about: A port with another gelu in the middle.
inputs: {x: {normal: [5, 4]}}
params: {W: {normal: [4, 3]}, b: {normal: [3]}}
program:
  numpy: |
    z = x @ W + b
    a = gelu(z, approximate='none')
    p = softmax(a, axis=-1)
    loss = mean(p ** 2)
  torch: |
    # another line
    z = x @ W + b
    a = torch.nn.functional.gelu(z)
    p = torch.softmax(a, dim=-1)
    loss = torch.mean(p ** 2)
  jax: |
    z = x @ W + b
    a = jax.nn.gelu(z)
    p = jax.nn.softmax(a, axis=-1)
    loss = jax.numpy.mean(p ** 2)
"""


@pytest.mark.thinned(2)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_the_first_variable_that_parts_is_blamed_with_its_line(failing, dtype):
    rows = failing(SPELLED, "torch", "jax", dtype=dtype)
    assert {row["adapter"] for row in rows} == {"jax"}
    assert {row["blame"] for row in rows} == {"a"}
    for row in rows:
        assert (
            "blamed: `a = jax.nn.gelu(z)`, line 2 of jax's text: its inputs agree, its value does "
            "not (error"
        ) in row["reason"]
        assert (
            "jax's text says something else: jax computes the reference's text, "
            "`a = gelu(z, approximate='none')`, right"
        ) in row["reason"]
    assert {r["path"] for r in rows if (r["check"], r["tensor"]) == ("grad", "W")} == {"a → z → W"}


def test_a_line_is_counted_from_the_top_of_its_text(failing):
    text = SPELLED.replace("torch.nn.functional.gelu(z)", "torch.tanh(z)")
    rows = failing(text, "torch")
    assert all("`a = torch.tanh(z)`, line 3 of torch's text" in row["reason"] for row in rows)


BACKWARDS = """
case: backwards
about: The same value, of another gradient.
params: {x: [0.5, -1.5, 2.0]}
program:
  numpy: |
    u = exp(x)
    v = u * u
    loss = sum(v * x)
  torch: |
    u = torch.exp(x)
    v = u * stop_gradient(u)
    loss = torch.sum(v * x)
dtypes: [float64]
"""


def test_a_cotangent_that_parts_is_blamed_on_what_hands_it_back(failing):
    rows = failing(BACKWARDS, "torch")
    assert {row["tensor"] for row in rows} == {"u", "x"}
    for row in rows:
        assert row["blame"] == "v"
        assert (
            "`v = u * stop_gradient(u)`, line 2 of torch's text: its cotangent agrees, that of u "
            "does not"
        ) in row["reason"]


TINY = """
case: tiny
about: JAX's hypot of numbers whose squares are nothing.
params: {a: 3.0e-20, b: 4.0e-20}
program:
  numpy: y = hypot(a, b)
  jax: z = jax.numpy.hypot(a, b)
dtypes: [float32]
output: null
"""


def test_a_framework_that_is_off_is_told_from_a_text(failing):
    rows = failing(TINY.replace("output: null\n", "").replace("z =", "y ="), "jax", dtype="float32")
    assert {row["tensor"] for row in rows} == {"a", "b"}
    for row in rows:
        assert row["blame"] == "y"
        assert "jax is off: so it is where it runs the reference's text" in row["reason"]
        assert "kink" not in row["reason"]


ROUNDED = """
case: rounded
about: The same function, which one text rounds away.
params: {x: [-12.0, -11.5]}
program:
  numpy: |
    y = log1p(exp(x))
    loss = sum(y)
  torch: |
    y = torch.log(1 + torch.exp(x))
    loss = torch.sum(y)
dtypes: [float64, float32]
"""


@pytest.fixture
def uncaptured(monkeypatch):
    """Calls of a framework's own that cannot be written in the reference's operations."""
    monkeypatch.setattr(verdicts, "beside_captured", lambda *_: None)


@pytest.mark.usefixtures("uncaptured")
@pytest.mark.parametrize("own", ["torch.log(1 + torch.exp(x))", "log(1 + exp(x))"])
def test_a_text_that_says_the_same_and_rounds_otherwise_is_no_other_text(failing, own):
    rows = failing(ROUNDED.replace("torch.log(1 + torch.exp(x))", own), "torch", dtype="float32")
    assert {row["blame"] for row in rows} == {"y"}
    for row in rows:
        assert "torch's text says the same and rounds otherwise" in row["reason"]


@pytest.mark.usefixtures("uncaptured")
def test_what_a_text_says_is_known_in_the_finest_precision_too(failing):
    own, other = "log(1 + exp(x))", "log(1 + exp(x) + 0.000000000000001)"
    for text, said in ((own, "says the same and rounds"), (other, "says something else")):
        rows = failing(ROUNDED.replace("torch.log(1 + torch.exp(x))", text), "torch")
        assert {row["blame"] for row in rows} == {"y"}
        assert all(f"torch's text {said}" in row["reason"] for row in rows), text


def test_an_output_of_another_name_is_the_same_variable():
    text = BACKWARDS.replace("loss = torch.sum(v * x)", "total = torch.sum(v * x * 2)")
    found = blame(one_task(text.replace("u * stop_gradient(u)", "u * u")), torch_adapter())
    assert found is not None
    assert (found.variable, found.direction, found.line) == ("total", "forward", 3)


def torch_adapter():
    from gradparity.adapters import registry  # noqa: PLC0415

    return registry.make("torch")


def test_nothing_parts_where_the_texts_say_the_same():
    text = BACKWARDS.replace("stop_gradient(u)", "u")
    assert blame(one_task(text), torch_adapter()) is None


def test_an_operation_of_an_own_text_that_is_off_by_itself_is_blamed_before_the_text():
    class Other(NumpyAdapter):
        name = "torch"

    own = "u = exp(x)\n    v = square(u)\n    loss = sum(v * x)"
    text = BACKWARDS.partition("  torch: |")[0] + f"  torch: |\n    {own}\ndtypes: [float64]\n"
    wrong = spoiled(TABLE["square"], 0, lambda c, *_: c * 1.01)
    found = blame(one_task(text), Other({**TABLE, "square": wrong}))
    assert found is not None
    assert (found.operation, found.variable, found.direction) == ("square", "v", "backward")
    assert "`v = square(u)`, line 2 of torch's text" in str(found)
    assert blame(one_task(text), Other()) is None


NESTED = """
case: nested
about: All in one line.
params: {x: [[0.5, -1.5], [2.0, 0.25]]}
program:
  numpy: loss = sum(softmax(gelu(x * 2, approximate='none'), axis=-1) ** 2)
  jax: loss = jax.numpy.sum(jax.nn.softmax(jax.nn.gelu(x * 2), axis=-1) ** 2)
dtypes: [float64]
"""


@pytest.mark.thinned(2)
@pytest.mark.parametrize(
    ("own", "said"),
    [
        ("jax.nn.gelu(x * 2), axis=-1", "`jax.nn.gelu(x * 2)` is the first"),
        (
            "jax.nn.gelu(x * 2, approximate=False), axis=0",
            "`jax.nn.softmax(jax.nn.gelu(x * 2, approximate=False), axis=0)` is the first",
        ),
    ],
)
def test_in_a_line_of_several_calls_the_first_without_its_like_is_named(failing, own, said):
    rows = failing(NESTED.replace("jax.nn.gelu(x * 2), axis=-1", own), "jax")
    assert {row["blame"] for row in rows} == {"loss"}
    assert all(
        f"in it {said} that the reference's text has nothing like" in r["reason"] for r in rows
    )


def test_a_slope_that_is_off_elsewhere_clears_no_text_of_its_value(failing):
    """PyTorch's sigmoid' at 40 is 0; its value at ½ is right, and the text's is not."""
    text = (
        "case: sig\nabout: A factor that the reference has not.\nparams: {x: [40.0, 0.5]}\n"
        "program:\n  numpy: loss = sum(sigmoid(x))\n  torch: loss = sum(sigmoid(x) * 1.01)\n"
    )
    rows = failing(text, "torch")
    (value,) = (row for row in rows if row["check"] == "value")
    assert "torch is off" not in value["reason"]


def test_what_a_compiler_fuses_is_not_blamed_for_what_a_text_says(failing):
    """JAX makes (x + 100) - 100 into x, which by itself is no subtraction's result."""
    rows = failing(
        """
case: fused
about: A factor after a sum that a compiler leaves out.
inputs: {c: [1.0, 2.0, 3.0]}
params: {x: [0.3, -1.7, 0.9]}
program:
  numpy: |
    y = (x + 100) - 100
    loss = sum(y**2 * c)
  jax: |
    y = ((x + 100) - 100) * (1 + 1e-4)
    loss = jnp.sum(y**2 * c)
dtypes: [float32]
""",
        "jax",
        dtype="float32",
    )
    assert "blamed: `y = ((x + 100) - 100) * (1 + 1e-4)`, line 1" in rows[0]["reason"]
    assert "subtract" not in rows[0]["reason"]
