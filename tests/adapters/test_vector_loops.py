"""What at NaN and infinity hangs on how many elements there are: that which says so."""

import math
from itertools import product

import jax
import jax.numpy as jnp
import pytest
import torch
from torch.nn import functional

from gradparity.cases.loading import catalogue, load_files

CASES = {
    case.name.removesuffix("-at-lengths"): case
    for case in load_files([catalogue() / "divergences" / "nan-at-lengths.yaml"])[0]
}
RECORDED = {name.removeprefix("nan-") for name in CASES if name.startswith("nan-")}
INFINITE = {name.removeprefix("infinity-") for name in CASES if name.startswith("infinity-")}
#: Of these it hangs on the processor whether it does.
ELSEWHERE = {
    name.removeprefix("infinity-")
    for name, case in CASES.items()
    if any(d.processors == "some" for d in case.model.divergences)
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


def _classes(value, gradient):
    """What an element and its gradient are: NaN, an infinity of which sign, or a number."""

    def of(x):
        return "nan" if math.isnan(x) else x if math.isinf(x) else "number"

    return of(value), of(gradient)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_what_infinity_makes_hangs_on_the_length_where_that_is_recorded(name):
    hangs = False
    for dtype, at in product((torch.float64, torch.float32), (math.inf, -math.inf)):
        found = set()
        for length in LENGTHS:
            x = torch.full((length,), at, dtype=dtype, requires_grad=True)
            y = FUNCTIONS[name](x)
            y.backward(torch.ones_like(y))
            assert x.grad is not None
            values = y.flatten().tolist()
            found |= {_classes(values[k % len(values)], g) for k, g in enumerate(x.grad.tolist())}
        hangs |= len(found) > 1
    assert hangs == (name in INFINITE) or (name in ELSEWHERE and not hangs)


#: Those of JAX that decide by selects, or divide.
OF_JAX = {
    **{
        name: getattr(jax.nn, name)
        for name in (
            *("hard_swish", "elu", "celu", "selu", "relu6", "hard_tanh", "relu", "leaky_relu"),
            *("hard_sigmoid", "softplus", "gelu", "silu", "mish", "log_sigmoid", "soft_sign"),
        )
    },
    **{name: getattr(jnp, name) for name in ("abs", "sign", "sqrt", "log", "tanh", "sinc")},
    "exact gelu": lambda x: jax.nn.gelu(x, approximate=False),
    "clip": lambda x: jnp.clip(x, -1, 1),
    "maximum": lambda x: jnp.maximum(x, 0),
    "logsumexp": lambda x: jax.scipy.special.logsumexp(x, keepdims=True) + 0 * x,
}


@jax.jit
def _of_jax(x):
    """Every function's value and gradient."""
    found = {}
    for name, function in OF_JAX.items():
        value, pull = jax.vjp(function, x)
        found[name] = (value, *pull(jnp.ones_like(value)))
    return found


@pytest.mark.parametrize("at", [math.nan, math.inf, -math.inf])
def test_what_jax_makes_of_nan_and_infinity_hangs_on_no_length(at):
    found: dict[str, set] = {}
    for length in (1, 8, 33):
        for name, (value, gradient) in _of_jax(jnp.full((length,), at, jnp.float32)).items():
            pairs = zip(value.tolist(), gradient.tolist(), strict=True)
            found.setdefault(name, set()).update(_classes(*pair) for pair in pairs)
    assert {name: len(kinds) for name, kinds in found.items()} == dict.fromkeys(OF_JAX, 1)
