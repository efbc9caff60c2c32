"""Which of PyTorch's gradients at NaN hang on how many elements there are: those that say so."""

import pytest
import torch
from torch.nn import functional

from gradparity.cases.loading import catalogue, load_files

RECORDED = {
    case.name.removeprefix("nan-").removesuffix("-at-lengths")
    for case in load_files([catalogue() / "divergences" / "nan-at-lengths.yaml"])[0]
}
FUNCTIONS = {
    **{
        name: getattr(functional, name)
        for name in (
            *("hardswish", "elu", "celu", "selu", "relu6", "hardtanh", "softshrink", "hardshrink"),
            *("relu", "leaky_relu", "hardsigmoid", "softplus", "gelu", "silu", "mish"),
            *("logsigmoid", "tanhshrink"),
        )
    },
    **{name: getattr(torch, name) for name in ("abs", "sign", "sqrt", "log", "tanh", "nan_to_num")},
    "clamp": lambda x: torch.clamp(x, -1, 1),
    "maximum": lambda x: torch.maximum(x, torch.zeros_like(x)),
    "minimum": lambda x: torch.minimum(x, torch.zeros_like(x)),
    "fmax": lambda x: torch.fmax(x, torch.zeros_like(x)),
    "amax": torch.amax,
    "softmax": lambda x: torch.softmax(x, 0),
}
#: Around the steps of the vector loops there are: 4 to 16 elements, one or two at a time.
LENGTHS = (1, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 64, 65)


def _gradients(function, dtype):
    found = set()
    for length in LENGTHS:
        x = torch.full((length,), float("nan"), dtype=dtype, requires_grad=True)
        y = function(x)
        y.backward(torch.ones_like(y))
        assert x.grad is not None
        one = x.grad * (length if function is torch.amax else 1)  # which is shared
        found |= {f"{g:.6g}" for g in one.tolist()}
    return found


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_gradient_at_nan_hangs_on_the_length_where_that_is_recorded(name):
    for dtype in (torch.float64, torch.float32):
        assert (len(_gradients(FUNCTIONS[name], dtype)) > 1) == (name in RECORDED)
