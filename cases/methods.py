"""Methods of a framework's arrays, as the functions that they are: ``x.sum(dim=0)``.

In a text for one framework only, where the array is known and what its methods mean.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

#: Methods that are functions of the same name and arguments, the array being the first.
_TORCH = """
abs acos add all amax amin any argmax argmin argsort asin atan atan2 bmm ceil clamp clamp_max
clamp_min clip clone conj copysign cos cosh count_nonzero cross cummax cummin cumprod cumsum diag
diagonal diff div divide dot eq erf erfc exp exp2 expm1 flatten float_power floor fmax fmin
fmod gather ge greater gt heaviside index_select kthvalue le lerp less lgamma log log10 log1p log2
log_softmax logaddexp logcumsumexp logit logsumexp lt masked_fill matmul max maximum mean median min
minimum mm movedim moveaxis mul multiply mv nan_to_num nanmean nansum narrow ne neg norm outer pow
prod quantile ravel reciprocal relu remainder repeat_interleave roll round rsqrt select sigmoid sign
sin sinc sinh softmax sort split sqrt square squeeze std sub subtract sum swapaxes swapdims t
take_along_dim tan tanh topk trace transpose tril triu trunc unbind unflatten unsqueeze var
xlogy
"""
_JAX = """
all any argmax argmin argsort clip conj cumprod cumsum diagonal dot max mean min prod ravel repeat
round sort squeeze std sum swapaxes take trace var
"""


@dataclass(frozen=True)
class Method:
    """A method: the function that it is, and whether it takes a shape one number at a time."""

    function: str
    shape: bool = False


#: Framework → method → what it is; an operation of the table where the name has no dot.
METHODS: Mapping[str, Mapping[str, Method]] = {
    "torch": {
        **{name: Method(f"torch.{name}") for name in _TORCH.split()},
        "view": Method("torch.reshape", shape=True),
        "reshape": Method("torch.reshape", shape=True),
        "permute": Method("torch.permute", shape=True),
        "repeat": Method("torch.tile", shape=True),
        "tile": Method("torch.tile", shape=True),
        "flip": Method("torch.flip", shape=True),
        "detach": Method("stop_gradient"),
        "contiguous": Method("identity"),
    },
    "jax": {
        **{name: Method(f"jax.numpy.{name}") for name in _JAX.split()},
        "reshape": Method("jax.numpy.reshape", shape=True),
        "transpose": Method("jax.numpy.transpose", shape=True),
        "flatten": Method("jax.numpy.ravel"),
    },
}
