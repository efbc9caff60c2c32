"""A side whose own code raises as it is called."""

import pytest
import torch
from torch import nn

import gradparity as gp


def port(p, x):
    return x @ p["w"].T + p["b"]


def no_arguments():
    return 1


CONVERTED = {
    "right": lambda state: {"w": state["weight"], "b": state["bias"]},
    "transposed": lambda state: {"w": state["weight"].T, "b": state["bias"]},
    "a leaf short": lambda state: {"w": state["weight"]},
    "nothing": lambda _: None,
}

LINE = r'\(test_calling.py:\d+: return x @ p\["w"\].T \+ p\["b"\]\)'


@pytest.mark.parametrize(
    ("code", "params", "shape", "said"),
    [
        (port, "transposed", [4, 3], f"jax raises as it is called: TypeError: .*{LINE}"),
        (port, "a leaf short", [4, 3], f"jax raises as it is called: KeyError: 'b' {LINE}"),
        (port, "nothing", [4, 3], f"jax raises as it is called: TypeError: .*None.* {LINE}"),
        (no_arguments, "right", [4, 3], "jax raises as it is called: TypeError: no_arguments"),
        (port, "right", [4, 5], "torch raises as it is called: RuntimeError: .*4x5 and 3x2"),
    ],
)
def test_what_a_side_raises_is_bad_usage_with_its_line(code, params, shape, said, capfd):
    with pytest.raises(gp.BadUsage, match=said):
        gp.compare(nn.Linear(3, 2), code, {"input": {"normal": shape}}, CONVERTED[params])
    assert "Traceback" not in capfd.readouterr().err


def test_an_input_that_a_module_has_not_is_bad_usage():
    with pytest.raises(gp.BadUsage, match="unexpected keyword argument 'y'"):
        gp.compare(nn.Linear(3, 2), port, {"y": torch.ones(4, 3)}, CONVERTED["right"])
