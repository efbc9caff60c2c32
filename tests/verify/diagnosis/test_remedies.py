"""What the atlas has is told of an error like the one that it has, and of no other."""

import subprocess
import sys

import pytest

TAIL = """\
case: tail
about: A slope that rounds to nothing.
params: {x: -40.0}
program: y = expm1(x)
dtypes: [float64]
"""
#: Recorded in PyTorch's own words, without the reference's attribute.
GELU = """\
case: gelu-there
about: A value of which a digit is left.
params: {x: [-5.0, 1.0]}
program: y = gelu(x, approximate='none')
dtypes: [float32]
"""
#: What is recorded there is off by 3e-5.
POLE = """\
case: pole
about: A slope beside a pole.
params: {x: -0.999999999999}
program: {numpy: y = lgamma(x), torch: y = torch.lgamma(x)}
dtypes: [float64]
"""

#: What is changed of the slope of a function of PyTorch, and the text that calls it.
CHANGED = [("expm1", "more", TAIL), ("expm1", "nan", TAIL), ("lgamma", "half", POLE)]

#: The command, run after each change in turn; a line is printed between.
PATCHED = """\
import sys

import pytest
import torch
import pytest

from gradparity.verify import cli

changes = [word.split("-") for word in sys.argv[1].split()]
functions = {name: getattr(torch, name) for name, _ in changes}

def changed(function, change):
    class Changed(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return function(x)

        @staticmethod
        def backward(ctx, cotangent):
            with torch.enable_grad():
                x = ctx.saved_tensors[0].detach().requires_grad_()
                (slope,) = torch.autograd.grad(function(x), x, cotangent)
            return {"half": slope / 2, "more": slope + 0.5, "nan": slope * float("nan")}[change]

    return Changed.apply

now = {}
for name in functions:  # a lowering keeps what it has found
    setattr(torch, name, lambda x, name=name: now[name](x))
for k, (name, change) in enumerate(changes):
    now = {**functions, name: changed(functions[name], change)}
    sys.argv[1:] = ["run", f"{k}.yaml", "--adapters", "numpy,torch", "-j", "0"]
    try:
        cli.main()
    except SystemExit as ended:
        print("-- ended with", ended.code, flush=True)
"""


def test_what_is_recorded_is_told(failing):
    (row,) = failing(TAIL, "torch")
    assert "(the atlas, expm1-tail: " in row["remedy"]


def test_a_function_of_the_framework_is_the_operation_that_it_is_for(failing):
    row, *_ = failing(GELU, "torch", dtype="float32")
    assert "(the atlas, gelu-tail-float32: " in row["remedy"]


@pytest.mark.slow
def test_another_error_at_the_same_number_is_not_explained(tmp_path):
    """By a slope of zero, or by one that is off by far less."""
    for k, (_, _, text) in enumerate(CHANGED):
        (tmp_path / f"{k}.yaml").write_text(text, "utf-8")
    words = " ".join(f"{name}-{change}" for name, change, _ in CHANGED)
    done = subprocess.run(  # noqa: S603  our own interpreter and arguments
        [sys.executable, "-c", PATCHED, words],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    *parts, rest = done.stdout.split("-- ended with 1\n")
    assert (len(parts), rest) == (len(CHANGED), ""), done.stderr
    assert ["torch differs in grad x" in part for part in parts] == [True] * len(CHANGED)
    assert "the atlas" not in done.stdout
