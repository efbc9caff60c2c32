"""Another function is told from the rounding of a narrow dtype, where its text can be run."""

from pathlib import Path

import pytest

from gradparity.cases import load_text
from gradparity.verify.engine.runner import Runner

CASE = """\
case: apart
about: Two texts.
params: {{x: {{normal: [64], loc: 2, scale: 0.3}}}}
program:
  numpy: {ours}
  torch: {theirs}
dtypes: [{dtype}]
"""


def verdicts(ours, theirs, dtype="bfloat16"):
    text = CASE.format(ours=ours, theirs=theirs, dtype=dtype)
    cases, faults = load_text(text, Path("apart.yaml"))
    assert not faults
    rows = Runner(["torch"]).rows(cases[0].tasks()[0])
    return {row["verdict"]: row["reason"] for row in rows}


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("loss = mean(x * x)", "loss = sum(x * x) / 62"),
        ("loss = logsumexp(x)", "loss = logsumexp(x) * 1.05"),
        ("loss = logsumexp(x)", "loss = torch.logsumexp(x, 0) * 1.05"),
        ("loss = mean(sqrt(x))", "loss = mean(sqrt(x + 0.15))"),
    ],
)
def test_another_function_does_not_pass_for_rounding(ours, theirs):
    found = verdicts(ours, theirs)
    assert "its own text comes to" in found.get("differs", ""), found


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("loss = sum(log2(x))", "loss = torch.sum(torch.log2(x)) * (1 + 1e-6)"),
        ("loss = var(x + 300, correction=0)", "loss = torch.var(x + 300, correction=0) * 1.001"),
    ],
)
def test_of_single_precision_nor_do_calls_of_the_framework_s_own(ours, theirs):
    found = verdicts(ours, theirs, "float32")
    assert "its own text comes to" in found.get("differs", ""), found


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("loss = mean(x * x)", "loss = sum(x * x) / 64"),
        ("loss = var(x + 300, correction=0)", "loss = torch.var(x + 300, correction=0)"),
        ("loss = logsumexp(x)", "loss = log(sum(exp(x - 2))) + 2"),
        ("loss = mean(tanh(x))", "loss = mean(2 * sigmoid(2 * x) - 1)"),
        ("loss = mean(softplus(x))", "loss = torch.nn.functional.softplus(x).mean()"),
        ("loss = sum(x / 3)", "loss = sum(x * 0.3333333333333333)"),
    ],
)
@pytest.mark.parametrize("dtype", ["bfloat16", "float16", "float32"])
def test_the_same_function_otherwise_rounded_passes(ours, theirs, dtype):
    assert "differs" not in verdicts(ours, theirs, dtype)
