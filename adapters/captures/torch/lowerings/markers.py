"""Operations of our own, which stand in a graph for what aten has no word for."""

from __future__ import annotations

import torch

from .common import Lowering

_LIBRARY = torch.library.Library("gradparity", "FRAGMENT")
_LIBRARY.define("straight_through(Tensor x, Tensor hard) -> Tensor")
_LIBRARY.impl("straight_through", lambda x, hard: hard.clone(), "CompositeExplicitAutograd")

#: The value of ``hard``, with the gradient of ``x``.
STRAIGHT_THROUGH = torch.ops.gradparity.straight_through.default

ROWS: dict[str, Lowering] = {
    "straight_through": lambda w, x, hard: w.emit(
        "straight_through", x, w.emit("stop_gradient", hard)
    ),
}
