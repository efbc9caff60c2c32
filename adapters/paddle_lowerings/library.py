"""Paddle as the adapter's modules name it.

It is untyped here: what checks types need not have it installed.
"""

from __future__ import annotations

import warnings
from typing import Any

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of a compiler cache that it does not find
    import paddle as _paddle  # pyright: ignore[reportMissingImports]

paddle: Any = _paddle
functional: Any = paddle.nn.functional
PyLayer: Any = paddle.autograd.PyLayer

#: A tensor, in annotations.
Tensor = Any
