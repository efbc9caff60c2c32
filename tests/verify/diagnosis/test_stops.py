"""A gradient that is stopped on purpose is no derivative: nobody is wrong by differences there."""

import re

import pytest

CASE = """
case: stopped
about: A gradient that one text stops.
{tensors}
program:
  numpy: |
    # what the reference says
{reference}
  {adapter}: |
{own}
dtypes: [float64]
"""


TENSORS = {
    "inputs": {"x": "{normal: [6, 3]}", "k": "[2, 0, 2]"},
    "params": {"W": "{normal: [3, 2]}", "b": "[0.5, -1.5]"},
}


def case(reference, own, adapter="jax"):
    """Of the tensors, those that the reference's text uses."""
    words = set(re.findall(r"\w+", reference))
    tensors = "\n".join(
        f"{kind}: {{{', '.join(f'{k}: {v}' for k, v in held.items() if k in words)}}}"
        for kind, held in TENSORS.items()
    )
    texts = ("\n".join(f"    {line}" for line in text.split("; ")) for text in (reference, own))
    return CASE.format(tensors=tensors, adapter=adapter, reference=next(texts), own=next(texts))


FORGOTTEN = (
    "q = tanh(x @ W + b); target = stop_gradient(0.9 * q + 0.1); loss = mean((q - target) ** 2)",
    "q = tanh(x @ W + b); target = 0.9 * q + 0.1; loss = mean((q - target) ** 2)",
)


def test_a_forgotten_stop_is_told_with_both_texts_and_lines(failing):
    rows = failing(case(*FORGOTTEN), "jax")
    assert {row["tensor"] for row in rows} == {"W", "b", "q"}
    for row in rows:
        assert row["outlier"] == "jax"
        assert "the reference is wrong" not in row["reason"]
        assert (
            "the gradient is stopped on purpose at `target = stop_gradient(0.9 * q + 0.1)`, line 3 "
            "of the reference's text; jax's text does not stop it, where it has "
            "`target = 0.9 * q + 0.1`, line 2"
        ) in row["reason"]
        assert "blamed: `target = 0.9 * q + 0.1`, line 2 of jax's text" in row["reason"]
        assert row["blame"] == "target"


def test_finite_differences_do_not_vote_where_a_way_passes_a_stop(failing):
    rows = failing(case(*FORGOTTEN), "jax")
    assert not any("differences" in row["reason"] for row in rows)


@pytest.mark.thinned(4)
@pytest.mark.parametrize(
    ("reference", "own"),
    [
        ("y = sum(straight_through(b, sign(b)) * b)", "y = jax.numpy.sum(jax.numpy.sign(b) * b)"),
        ("y = sum(straight_through(b, round(b)) * b)", "y = sum(round(b) * b)"),
        ("y = sum(reverse_gradient(b, scale=2.0) ** 2)", "y = jax.numpy.sum(b ** 2)"),
        (
            "y = sum(embedding(k, W, padding_idx=0) ** 2) + sum(b)",
            "y = jax.numpy.sum(take(W, k, axis=0) ** 2) + sum(b)",
        ),
    ],
)
def test_the_reference_is_not_wrong_where_it_means_another_gradient(failing, reference, own):
    rows = failing(case(reference, own), "jax")
    assert rows
    for row in rows:
        assert row["outlier"] == "jax"
        assert "the gradient is stopped on purpose at" in row["reason"]
        assert "jax's text does not stop it" in row["reason"]
        assert "the reference is wrong" not in row["reason"]


def test_a_stop_that_only_the_other_text_has_is_told_and_differences_vote(failing):
    own = "q = tanh(x @ W + jax.lax.stop_gradient(b)); loss = mean(q ** 2)"
    rows = failing(case("q = tanh(x @ W + b); loss = mean(q ** 2)", own), "jax")
    (row,) = (row for row in rows if row["tensor"] == "b")
    assert "stopped on purpose at `jax.lax.stop_gradient(b)`, line 1 of jax's text" in row["reason"]
    assert "the reference's text does not stop it" in row["reason"]
    assert "confirm the reference" in row["reason"]
    assert row["blame"] == "q"


def test_an_update_that_follows_from_a_stop_is_not_the_rules_fault(failing):
    text = case("y = sum(b * b)", "y = sum(b * stop_gradient(b))", "torch")
    rows = failing(text + "optimizer: {sgd: {lr: 0.1}}\n", "torch")
    assert {row["blame"] for row in rows} == {"y"}
    assert all("update rule" not in row["reason"] for row in rows)


def test_a_wrong_reference_is_still_told_where_the_stop_is_on_another_way(failing):
    """A where trap in W; a stop behind b alone."""
    reference = "y = sum(where(W > 9, sqrt(-1 * W * W), W)) + sum(stop_gradient(b) * b)"
    rows = failing(case(reference, "y = jax.numpy.sum(W) + jax.numpy.sum(b * b)"), "jax")
    (row,) = (row for row in rows if row["tensor"] == "W")
    assert row["outlier"] == "reference"
    assert "give 1: the chain rule through the reference's text gives no number" in row["reason"]


def test_no_number_by_right_rules_is_not_called_a_wrong_rule(failing):
    """Every rule on the way to sqrt(x)·x is right, and there is a slope of 0."""
    text = "case: sx\nabout: 0 times infinity.\nparams: {x: [0.0, 1.0]}\nprogram: y = sqrt(x) * x\n"
    rows = failing(text, "torch")
    assert {row["tensor"] for row in rows} == {"x"}
    assert all("the reference is wrong" not in row["reason"] for row in rows)
    assert all("meets 0·∞" in row["reason"] for row in rows)


@pytest.mark.parametrize(
    ("at", "text"), [(-40.0, "expm1(x)"), (40.0, "sigmoid(x)")], ids=["expm1", "sigmoid"]
)
def test_a_gradient_that_is_zero_for_it_is_small_is_not_stopped(failing, at, text):
    """Nor is it of a function that is flat there: at other numbers the framework has slopes."""
    case_ = f"case: tail\nabout: A slope that rounds to nothing.\nparams: {{x: {at}}}\n"
    (row,) = failing(f"{case_}program: y = {text}\ndtypes: [float64]\n", "torch")
    assert row["tensor"] == "x"
    assert row["cause"] == ""
    assert "(the atlas, " in row["remedy"]


def test_a_row_of_a_table_without_a_gradient_is_the_padding_s(failing):
    text = (
        "case: padded\nabout: A row that learns nothing.\ninputs: {i: [1, 0, 3, 0]}\n"
        "params: {E: {normal: [4, 2]}}\nprogram:\n  numpy: y = take(E, i, axis=0)\n"
        "  torch: y = torch.nn.functional.embedding(i, E, padding_idx=0)\ndtypes: [float64]\n"
    )
    (row,) = failing(text, "torch")
    assert row["cause"].startswith("row 0 of `E` has no gradient in torch, as of padding_idx=0")
