"""Edits of one attribute: another default of the same-named function, or what was not passed on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from ...cases.program import Instruction
from ...refimpl.ops import TABLE
from .edit import Edit, Known, differing, number, of
from .written import attributes_of

#: Attribute → the values that it has by default somewhere, or that are often meant by it.
USUAL: dict[str, tuple[Any, ...]] = {
    "alpha": (1.0, 0.0, 0.25, 0.5, 0.2, 1.6732632423543772, 1e-4),
    "approximate": ("none", "tanh"),
    "b": (4.0, 1.0),
    "beta": (1.0, 0.75),
    "correction": (0, 1),
    "delta": (1.0, 0.5, 2.0),
    "dilation": (1,),
    "gamma": (2.0, 0.0, 1.0),
    "groups": (1,),
    "ignore_index": (None, -100, 0, -1),
    "k": (0, 1, -1, 1.0, 2.0),
    "label_smoothing": (0.0, 0.1),
    "lambd": (0.5, 0.0, 1.0),
    "margin": (0.0, 1.0, 0.5, 0.3),
    "max_val": (1.0, 6.0),
    "min_val": (-1.0, 0.0),
    "mode": (
        *("nearest", "nearest-exact", "linear", "cubic", "bilinear"),
        *("constant", "reflect", "edge", "symmetric", "wrap", "replicate"),
    ),
    "negative_slope": (0.01, 0.1, 0.2, 0.3, 0.0, 1 / 3, 1 / 5.5),
    "nonlinearity": ("tanh", "relu"),
    "norm": ("backward", "forward", "ortho"),
    "offset": (0, 1, -1),
    "ord": (1, 2, "fro", float("inf")),
    "p": (2.0, 1.0, 1, 2, float("inf")),
    "padding_idx": (None, 0),
    "padding_mode": ("zeros", "border", "reflection"),
    "reduction": ("mean", "sum", "batchmean"),
    "smooth": (1.0, 0.0, 1e-5, 1e-6),
    "temperature": (1.0, 0.07, 0.1, 0.5),
}

#: A whole number beyond this is none that an attribute has.
LARGEST = 2.0**31

#: What is edited by makers of their own.
_ELSEWHERE = {
    ("gelu", "approximate"),
    ("group_norm", "num_groups"),
    ("scaled_dot_product_attention", "is_causal"),
    ("avg_pool", "count_include_pad"),
    ("var", "correction"),
    ("std", "correction"),
    ("dropout", "p"),
    ("stack", "axis"),
}


@of()
def _attribute(i: Instruction, known: Known) -> Iterator[Edit]:
    row = TABLE.get(i.operation)
    if row is None or i.native:
        return
    held = attributes_of(i)
    for key in row.attributes:
        if key in held and (i.operation, key) not in _ELSEWHERE:
            for there in _others(i, known, key, held[key]):
                said = f"{key} is {_text(there)} in {{there}}, {_text(held[key])} in {{here}}"
                new = replace(i, attributes={**i.attributes, key: there})
                yield Edit(
                    said,
                    (new,),
                    f"{key}={_text(held[key])}",
                    number=there if isinstance(there, float) else None,
                )


def _others(i: Instruction, known: Known, key: str, here: Any) -> Iterator[Any]:
    """What an attribute may be on the other side, the likeliest first."""
    if isinstance(here, bool):
        yield from () if key == "keepdims" else (not here,)
    elif key == "axis" and isinstance(here, int):
        rank = len(known.shape(i.arguments[0])) if i.arguments else 0
        yield from (k for k in range(rank) if k != here % rank)
    elif key in ("shift", "k", "offset") and isinstance(here, int):
        yield from dict.fromkeys(x for x in (-here, here + 1, here - 1) if x != here)
    else:
        seen: list[Any] = [here]
        for there in _usual(known, key, here):
            new = not any(there == x and type(there) is type(x) for x in seen)
            if new and _like(key, here, there):
                seen.append(there)
                if there != here:
                    yield there


def _usual(known: Known, key: str, here: Any) -> list[Any]:
    """Numbers of the other side, and what the attribute is by default somewhere."""
    usual = list(USUAL.get(key, ()))
    if isinstance(here, float) and key != "eps":
        return [*known.every_number, *usual]
    if here is None or isinstance(here, int):
        whole = (x for x in known.every_number if x.is_integer() and abs(x) < LARGEST)
        return usual + [int(x) for x in whole if key in USUAL]
    return usual if isinstance(here, str) else []


def _like(key: str, here: Any, there: Any) -> bool:
    """Whether an attribute that is one may be the other."""
    if isinstance(here, str) or isinstance(there, str):
        return isinstance(here, str) and isinstance(there, str)
    return there is not None or key in ("ignore_index", "padding_idx")


def _text(x: Any) -> str:
    return number(x) if isinstance(x, float) else repr(x)


@of()
def _default_eps(i: Instruction, known: Known) -> Iterator[Edit]:
    """An eps that the text leaves at its default."""
    here = attributes_of(i).get("eps")
    if here is None or "eps" in i.attributes or i.native:
        return
    likely = [x for x in known.every_number if 0 < x <= 1e-2]
    for there in dict.fromkeys((*likely, 1e-6, 1e-5, 1e-8, 1e-7, 1e-12, 1e-3, 0.0)):
        if there != here:
            said = f"eps is {differing(there, here)}"
            new = replace(i, attributes={**i.attributes, "eps": there})
            yield Edit(said, (new,), f"eps={number(here)}", number=there)
