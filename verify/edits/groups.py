"""Edits of which elements a norm over groups of channels takes together."""

from __future__ import annotations

import math
from collections.abc import Iterator

from ...cases.program import Instruction
from .edit import Edit, Known, of
from .written import arguments_of, attributes_of, written


@of("group_norm")
def _members(i: Instruction, known: Known) -> Iterator[Edit]:
    """Channels that alternate between groups; and a norm of each position alone."""
    shape, groups = known.shape(i.arguments[0]), attributes_of(i)["num_groups"]
    size, rest = shape[1] // groups, math.prod(shape[2:])
    given = arguments_of(i)
    wide = (1, shape[1], *(1 for _ in shape[2:]))
    affine = f" * reshape(weight, shape={wide})" if "weight" in given else ""
    affine += f" + reshape(bias, shape={wide})" if "bias" in given else ""
    parts = (shape[0], groups, size, rest)
    turned = (shape[0], size, groups, rest)
    apart = (
        f"u = swapaxes(reshape(x, shape={turned}), axis1=1, axis2=2)\n"
        f"z = group_norm(reshape(u, shape={shape}), num_groups=num_groups, eps=eps)\n"
        f"b = swapaxes(reshape(z, shape={parts}), axis1=1, axis2=2)\n"
        f"y = reshape(b, shape={shape}){affine}"
    )
    alone = (
        f"p = reshape(x, shape={parts})\nc = p - mean(p, axis=2, keepdims=True)\n"
        "z = c / sqrt(var(p, axis=2, correction=0, keepdims=True) + eps)\n"
        f"y = reshape(z, shape={shape}){affine}"
    )
    for said, text, agree in (
        (
            f"a group's channels stand {groups} apart in {{there}}, side by side in {{here}}",
            apart if 1 < groups < shape[1] else "",
            "groups of channels that stand side by side",
        ),
        (
            "mean and variance are at each position in {there}, over all positions in {here}",
            alone if rest > 1 and size > 1 else "",
            "mean and variance over a group's channels and all positions",
        ),
    ):
        made = written(i, text) if text else None
        if made is not None:
            yield Edit(said, made, agree)
