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

#: The command, run after the slope of a function of PyTorch has been changed.
PATCHED = """\
import sys
import torch

name, change = sys.argv[1:3]
del sys.argv[1:3]
function = getattr(torch, name)

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

setattr(torch, name, Changed.apply)
from gradparity.verify import cli
cli.main()
"""


def test_what_is_recorded_is_told(failing):
    (row,) = failing(TAIL, "torch")
    assert "(the atlas, expm1-tail: " in row["remedy"]


def test_a_function_of_the_framework_is_the_operation_that_it_is_for(failing):
    row, *_ = failing(GELU, "torch", dtype="float32")
    assert "(the atlas, gelu-tail-float32: " in row["remedy"]


@pytest.mark.parametrize(
    ("text", "name", "change"),
    [(TAIL, "expm1", "more"), (TAIL, "expm1", "nan"), (POLE, "lgamma", "half")],
)
def test_another_error_at_the_same_number_is_not_explained(tmp_path, text, name, change):
    """By a slope of zero, or by one that is off by far less."""
    (tmp_path / "case.yaml").write_text(text, "utf-8")
    command = [sys.executable, "-c", PATCHED, name, change]
    arguments = ["run", "case.yaml", "--adapters", "numpy,torch", "-j", "0"]
    done = subprocess.run(  # noqa: S603  our own interpreter and arguments
        [*command, *arguments], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1, done.stderr
    assert "torch differs in grad x" in done.stdout
    assert "the atlas" not in done.stdout
