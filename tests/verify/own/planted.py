"""Ports with a bug, where it is, and why; and ports without one."""

import functools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from . import modules, ports

BLOCK = {"x": {"normal": [2, 5, 16]}}


@dataclass(frozen=True)
class Port:
    """A module, its port, and what is to be found: patterns of the torch line and of the cause."""

    name: str
    module: type
    port: Callable[..., Any]
    params: Callable[..., Any]
    inputs: dict[str, Any] = field(default_factory=lambda: BLOCK)
    line: str = ""
    cause: str = ""
    options: dict[str, Any] = field(default_factory=dict)
    #: Whether nothing is wrong with it.
    right: bool = False


def _block(name, line="", cause="", params=ports.block_params, *, right=False, **bug):
    return Port(
        name, modules.Block, ports.block(**bug), params, line=line, cause=cause, right=right
    )


def _with(proj):
    return functools.partial(ports.block_params, proj=proj)


def _lstm(name, line="", cause="", *, right=False, **bug):
    params = functools.partial(ports.recurrent_params, **bug)
    inputs = {"x": {"normal": [2, 4, 6]}}
    return Port(name, modules.Recurrent, ports.recurrent, params, inputs, line, cause, right=right)


def _convnet(name, line="", cause="", *, right=False, **bug):
    return Port(
        name,
        modules.ConvNet,
        ports.convnet(**bug),
        ports.convnet_params,
        {"x": {"normal": [2, 3, 16, 16]}},
        line,
        cause,
        {"to_jax": ports.channels_last},
        right=right,
    )


def _unet(name, line="", cause="", *, right=False, **bug):
    return Port(
        name,
        modules.UNet,
        ports.unet(**bug),
        ports.unet_params,
        {"x": {"normal": [2, 8, 6, 6]}, "t": {"normal": [2, 6]}},
        line,
        cause,
        {"to_jax": ports.channels_last, "from_jax": ports.channels_first},
        right=right,
    )


PORTS = [
    _block("right", right=True),
    _block("right, additive mask", right=True, mask="additive"),
    _lstm("right lstm", right=True),
    _convnet("right convnet", right=True),
    _unet("right unet", right=True),
    _block("eps of the layer norm", "ln1", "eps is 1e-06 in jax, 1e-05 in torch", eps=1e-6),
    _block("eps of the rms norm", "rsqrt", "1e-05 in jax, 1e-06 in torch", rms_eps=1e-5),
    _block("variance by n - 1", "ln1", "divided by n - 1 in jax", ddof=1),
    _block("bias lost", "proj", "proj.bias` is not added in jax", _with(ports.without_bias)),
    _block("gelu exact", "gelu", "approximate='none' in jax, 'tanh' in torch", act="erf"),
    _block("silu for gelu", "gelu", "jax has silu in place of gelu", act="silu"),
    _block(
        "unscaled", "math.sqrt", "jax leaves out a factor: it does not divide by 2", scaled=False
    ),
    _block("not transposed", "proj", "transposed in jax", _with(ports.not_transposed)),
    _block("mask off by one", "masked_fill", "mask differs first at .0, 0, 0, 1.", mask="off"),
    _block("boolean mask added", "masked_fill", mask="boolean"),
    _block("mask of -10", "masked_fill", "-10 in jax, -inf in torch", mask="small"),
    _block("mask left out", "masked_fill", "the mask is left out in jax", mask="none"),
    _block(
        "rope interleaved",
        "torch.cat",
        "jax pairs neighbours along the last axis",
        rope=ports.interleaved,
    ),
    _block("heads split wrongly", "view", "operand are in another order", heads_first=True),
    _block("heads merged wrongly", "transpose\\(1, 2\\)|proj", "reshapes|order", merged=False),
    _block("residual after the norm", "x = x \\+ y", residual=False),
    _block("dropout left on", "x \\+ y|self.out", dropout=True),
    _block("gradient stopped", "softmax|masked_fill", "jax lets no gradient pass", stopped=True),
    _block("custom rule of gelu", "", "custom rule of quick_gelu", act="custom"),
    _block("float32 inside", "", "jax computes in float32 here", act="narrow"),
    _block("eps and gelu", "ln1", "eps is 1e-06 in jax.*gelu is", eps=1e-6, act="erf"),
    _lstm("gates in another order", "cells", "igfo in jax, ifgo in torch", order="igfo"),
    _lstm("one bias of two", "cells", "b_hh. is left out in jax", both=False),
    _convnet("flattened NHWC", "flatten", "channels last", channels_first=False),
    _unet("groups", "n1", "groups are 2 in jax, 4 in torch", groups=2),
    _unet("eps of the group norm", "n1", "eps is 1e-06 in jax, 1e-05", eps=1e-6),
    _unet("skip lost", "skip", "is not added in jax", skip=False),
]
