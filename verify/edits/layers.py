"""Edits of activations, norms, attention, recurrent layers and pools."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from ...cases.program import Const, Instruction, Ref
from .edit import Edit, Known, Making, differing, number, of, only, with_argument

#: Activations that take one's place for another's, with their attributes.
ACTIVATIONS: dict[str, dict[str, object]] = {
    "relu": {},
    "silu": {},
    "tanh": {},
    "sigmoid": {},
    "softplus": {},
    "leaky_relu": {"negative_slope": 0.01},
    "relu6": {},
    "elu": {"alpha": 1.0},
    "mish": {},
    "softsign": {},
    "identity": {},
}


@of("gelu")
def _gelu(i: Instruction, known: Known) -> Iterator[Edit]:  # noqa: ARG001
    here = i.attributes["approximate"]
    there = "none" if here == "tanh" else "tanh"
    said = f"gelu is approximate={there!r} in {{there}}, {here!r} in {{here}}"
    words = "approximate='tanh'" if here == "tanh" else "approximate='none' (the erf form)"
    yield Edit(said, (replace(i, attributes={"approximate": there}),), f"gelu, {words}")
    made = Making(i)
    x = i.arguments[0]
    gate = made.add("sigmoid", made.add("multiply", Const(1.702), x))
    quick = made.last("multiply", x, gate)
    yield Edit("gelu is x·sigmoid(1.702·x) in {there}", quick, f"gelu, {words}")


@of(*ACTIVATIONS, "gelu")
def _activation(i: Instruction, known: Known) -> Iterator[Edit]:  # noqa: ARG001
    if i.operation == "identity":
        return
    others = list(ACTIVATIONS.items())
    others += [("gelu", {"approximate": form}) for form in ("none", "tanh")]
    for name, attributes in others:
        if name == i.operation:
            continue
        new = Instruction(i.target, name, i.arguments[:1], dict(attributes), named=False)
        form = f" (approximate={attributes['approximate']!r})" if name == "gelu" else ""
        said = f"{{there}} has {name}{form} in place of {i.operation}"
        if name == "identity":
            said = f"{{there}} leaves {i.operation} out"
        yield Edit(said, (new,), i.operation, part=name == "identity")


@of("leaky_relu", "elu", "celu", "threshold", "softplus")
def _parameters(i: Instruction, known: Known) -> Iterator[Edit]:
    for key, here in i.attributes.items():
        if isinstance(here, float):
            for there in (*known.every_number, 0.01, 0.1, 0.2, 0.3, 1.0):
                if there != here:
                    said = f"{key} is {differing(there, here)}"
                    yield Edit(
                        said,
                        (replace(i, attributes={**i.attributes, key: there}),),
                        f"{key}={number(here)}",
                    )


@of("layer_norm", "batch_norm", "group_norm", "rms_norm", "instance_norm", "conv")
def _affine(i: Instruction, known: Known) -> Iterator[Edit]:  # noqa: ARG001
    for k, word in ((2, "bias"), (1, "weight")):
        if i.operation == "conv" and k == 1:
            continue
        if len(i.arguments) > k and i.arguments[k] is not None:
            said = f"the {word} of {i.operation} is left out in {{there}}"
            yield Edit(said, with_argument(i, k, None), f"the {word}", part=True)


@of("layer_norm", "batch_norm", "group_norm", "rms_norm", "instance_norm")
def _norm_left_out(i: Instruction, known: Known) -> Iterator[Edit]:  # noqa: ARG001
    yield Edit(f"{{there}} leaves {i.operation} out", only(i, i.arguments[0]), i.operation)


@of("layer_norm")
def _layer_norm(i: Instruction, known: Known) -> Iterator[Edit]:
    x, axis, eps = i.arguments[0], i.attributes.get("axis", -1), i.attributes["eps"]
    weight, bias = (*i.arguments[1:], None, None)[:2]
    made = Making(i)
    bare = made.add("rms_norm", x, axis=axis, eps=eps)
    yield Edit(
        "{there} subtracts no mean (an RMS norm)",
        _scaled(made, bare, weight, bias),
        "subtract the mean",
    )
    made = Making(i)
    v = made.add("var", x, axis=axis, correction=0, keepdims=True)
    bare = made.add("divide", x, made.add("sqrt", made.add("add", v, Const(eps))))
    yield Edit(
        "{there} subtracts no mean from what it divides by the deviation",
        _scaled(made, bare, weight, bias),
        "subtract the mean",
    )
    for said, correction, inside, wanted in (
        ("the variance is divided by n - 1 in {there}, by n in {here}", 1, True, "ddof=0"),
        ("eps is added to the standard deviation in {there}", 0, False, "eps inside the root"),
        (
            "{there} divides by n - 1 and adds eps to the deviation",
            1,
            False,
            "ddof=0, sqrt(v + eps)",
        ),
    ):
        for value in dict.fromkeys((eps, *(c for c in known.every_number if 0 < c <= 1e-2))):
            made = Making(i)
            centred = made.add("subtract", x, made.add("mean", x, axis=axis, keepdims=True))
            v = made.add("var", x, axis=axis, correction=correction, keepdims=True)
            if inside:
                deviation = made.add("sqrt", made.add("add", v, Const(value)))
            else:
                deviation = made.add("add", made.add("sqrt", v), Const(value))
            bare = made.add("divide", centred, deviation)
            words = said if value == eps else f"{said}, and eps is {number(value)}"
            yield Edit(words, _scaled(made, bare, weight, bias), f"{wanted}, eps={number(eps)}")


@of("rms_norm")
def _rms_norm(i: Instruction, known: Known) -> Iterator[Edit]:  # noqa: ARG001
    weight = (*i.arguments[1:], None)[0]
    new = Instruction(i.target, "layer_norm", (i.arguments[0], weight), dict(i.attributes))
    yield Edit("{there} subtracts the mean (a layer norm)", (new,), "no mean (an RMS norm)")


def _scaled(made: Making, bare: Ref, weight: object, bias: object) -> tuple[Instruction, ...]:
    if weight is not None:
        bare = made.add("multiply", bare, weight)
    if bias is not None:
        bare = made.add("add", bare, bias)
    return made.last("identity", bare)


@of("group_norm")
def _groups(i: Instruction, known: Known) -> Iterator[Edit]:
    channels, here = known.shape(i.arguments[0])[1], i.attributes["num_groups"]
    likely = [int(x) for x in known.every_number if float(x).is_integer() and 0 < x <= channels]
    for there in dict.fromkeys((*likely, *range(1, channels + 1))):
        if channels % there == 0 and there != here:
            said = f"the groups are {there} in {{there}}, {here} in {{here}}"
            new = replace(i, attributes={**i.attributes, "num_groups": there})
            yield Edit(said, (new,), f"num_groups={here}")


#: Attention is scaled by no more.
LARGEST_SCALE = 4.0


@of("scaled_dot_product_attention")
def _attention(i: Instruction, known: Known) -> Iterator[Edit]:
    width = known.shape(i.arguments[0])[-1]
    causal = i.attributes.get("is_causal", False)
    scale = i.attributes.get("scale") or width**-0.5
    for said, there in (
        ("{there} does not scale the attention", 1.0),
        ("{there} scales the attention twice", 1.0 / width),
        ("{there} divides the attention by the width, not its root", scale**2),
    ):
        new = replace(i, attributes={**i.attributes, "scale": there})
        yield Edit(said, (new,), f"scale={number(scale)}")
    told = {s for x in known.every_number if x > 0 for s in (x, 1 / x) if s <= LARGEST_SCALE}
    for there in sorted(told - {scale}):
        said = f"the scale is {differing(there, scale)}"
        new = replace(i, attributes={**i.attributes, "scale": there})
        yield Edit(said, (new,), f"scale={number(scale)}", number=there)
    query, key, value = i.arguments[:3]
    mask = _mask_of(i, known)
    hides = [-np.inf, *(x for x in known.every_number if mask is not None and x < 0)]
    if not causal:
        rank = len(known.shape(query))
        for axis, hidden in itertools.product(range(-2, -rank - 1, -1), hides):
            made = Making(i)
            weights = made.add("softmax", _scores(i, made, scale, known, hidden), axis=axis)
            over = {-2: "queries", -3: "heads"}.get(axis, f"axis {axis + rank}")
            said = f"{{there}} takes the softmax over {over}, {{here}} over keys"
            agree = "the softmax along the last axis"
            yield Edit(said, made.last("matmul", weights, value), agree)
        if known.shape(query) == known.shape(key):
            new = replace(i, arguments=(key, query, *i.arguments[2:]))
            yield Edit("queries and keys are exchanged in {there}", (new,), "queries by keys")
    said = "{there} has no causal mask" if causal else "{there} has a causal mask"
    new = replace(i, attributes={**i.attributes, "is_causal": not causal})
    yield Edit(said, (new,), f"is_causal={causal}")
    if len(i.arguments) > 3 and i.arguments[3] is not None:
        yield Edit("the mask is left out in {there}", with_argument(i, 3, None), "the mask")
    if not causal and mask is not None:
        for hidden in hides[1:]:
            made = Making(i)
            weights = made.add("softmax", _scores(i, made, scale, known, hidden), axis=-1)
            said = f"what is hidden is {number(hidden)} in {{there}}, -inf in {{here}}"
            yield Edit(said, made.last("matmul", weights, value), "-inf", number=hidden)
        made = Making(i)
        weights = made.add("softmax", _scores(i, made, scale, known, None), axis=-1)
        seen = made.add("where", mask, weights, Const(0.0))
        said = "{there} hides by a mask after the softmax, {here} before it"
        yield Edit(said, made.last("matmul", seen, value), "the mask before the softmax")


def _mask_of(i: Instruction, known: Known) -> Ref | None:
    """An attention's mask, where it is one of booleans."""
    mask = i.arguments[3] if len(i.arguments) > 3 else None
    if isinstance(mask, Ref) and known.values[mask.name].dtype == np.bool_:
        return mask
    return None


def _scores(i: Instruction, made: Making, scale: float, known: Known, hidden: float | None) -> Ref:
    """The scaled scores of an attention, with ``hidden`` in the place of what is; None: seen."""
    query, key, _, *masks = i.arguments
    scores = made.add("matmul", query, made.add("matrix_transpose", key))
    scores = made.add("multiply", scores, Const(scale))
    mask = masks[0] if masks else None
    if mask is None or hidden is None:
        return scores
    if _mask_of(i, known) is not None:
        return made.add("where", mask, scores, Const(hidden))
    return made.add("add", scores, mask)


@of("scaled_dot_product_attention")
def _causal(i: Instruction, known: Known) -> Iterator[Edit]:
    """A mask that is written out in the place of a causal one: another diagonal, a window."""
    query, key, value, *masks = i.arguments
    queries, keys = known.shape(query)[-2:-1], known.shape(key)[-2:-1]
    if not i.attributes.get("is_causal") or any(x is not None for x in masks):
        return
    held = np.tril(np.ones((*queries, *keys), np.bool_))
    for name, array in known.arrays:
        if array.shape[-2:] != held.shape or array.ndim > len(known.shape(query)):
            continue
        for negated in (False, True) if array.dtype == np.bool_ else ():
            seen = array != negated
            if not (seen != held).any():
                continue
            at = tuple(map(int, np.argwhere(seen != held)[0]))
            words = "query {} sees key {}".format(*at[-2:])
            sides = ("{there}", "{here}") if seen[at] else ("{here}", "{there}")
            said = f"{words} in {sides[0]}, and does not in {sides[1]}"
            made = Making(i)
            mask: Ref = Ref(f"there:{name}")
            mask = made.add("logical_not", mask) if negated else mask
            new = made.again(query, key, value, mask, is_causal=False)
            yield Edit(said, new, "a query that sees the keys up to its own place (tril)")


@of("where", "masked_fill")
def _masks(i: Instruction, known: Known) -> Iterator[Edit]:
    if i.operation == "where":
        for k in (1, 2):
            if known.shape(i.arguments[k]) == known.values[i.target].shape:
                words = "the mask is left out in {there}"
                yield Edit(words, only(i, i.arguments[k]), "the mask", part=True)
        made = Making(i)
        inverted = made.add("logical_not", i.arguments[0])
        words = "the mask is inverted in {there}"
        yield Edit(words, made.again(inverted, *i.arguments[1:]), "the mask, not inverted")
    else:
        words = "the mask is left out in {there}"
        yield Edit(words, only(i, i.arguments[0]), "the mask", part=True)


@of("where", "masked_fill")
def _combined(i: Instruction, known: Known) -> Iterator[Edit]:
    """A mask of numbers that is added or multiplied, in the place of what is filled in."""
    shape = known.values[i.target].shape
    if not any(isinstance(x, Const) for x in i.arguments):
        return
    x = next((a for a in i.arguments if isinstance(a, Ref) and known.shape(a) == shape), None)
    if x is None or x.name in known.constants:
        return
    for name, array in known.arrays:
        stands = array.ndim <= len(shape) and all(
            n in (1, m) for n, m in zip(array.shape[::-1], shape[::-1], strict=False)
        )
        if not stands or array.dtype.kind != "f":
            continue
        hidden = float(array.min())
        if hidden < 0 == float(array.max()):
            said = f"{{there}} adds {number(hidden)} to what is hidden, {{here}} fills it in"
            new = replace(i, operation="add", arguments=(x, Ref(f"there:{name}")), attributes={})
            yield Edit(said, (new,), "what is hidden filled in")
        elif hidden == 0 and float(array.max()) == 1:
            said = "{there} multiplies by the mask, {here} fills in what is hidden"
            operands = (x, Ref(f"there:{name}"))
            new = replace(i, operation="multiply", arguments=operands, attributes={})
            yield Edit(said, (new,), "what is hidden filled in")


@of("sigmoid")
def _forget_bias(i: Instruction, known: Known) -> Iterator[Edit]:
    """A number that is added in a gate, as 1 to an LSTM's forget gate."""
    for there in sorted(known.numbers.get("add", ())):
        made = Making(i)
        moved = made.add("add", i.arguments[0], Const(there))
        said = f"{{there}} adds {number(there)} to what goes through the sigmoid"
        yield Edit(said, made.again(moved), f"no {number(there)} in the gate", number=there)


@of("prelu")
def _slopes(i: Instruction, known: Known) -> Iterator[Edit]:
    """Slopes along another axis than the channels'."""
    x, weight = i.arguments
    shape, size = known.shape(x), known.shape(weight)
    for axis in range(len(shape)):
        if axis == 1 or size != (shape[axis],):
            continue
        made = Making(i)
        slopes = made.add("reshape", weight, shape=(-1, *(1 for _ in shape[axis + 1 :])))
        below = made.add("multiply", slopes, x)
        new = made.last("where", made.add("greater", x, Const(0.0)), x, below)
        said = f"the slopes of prelu are along axis {axis} in {{there}}, along the channels' "
        yield Edit(f"{said}(axis 1) in {{here}}", new, "a slope for each channel, on axis 1")


@of("lstm", "gru")
def _gates(i: Instruction, known: Known) -> Iterator[Edit]:
    names = "ifgo" if i.operation == "lstm" else "rzn"
    size = known.shape(i.arguments[2])[1]
    for order in itertools.permutations(range(len(names))):
        if order == tuple(range(len(names))):
            continue
        made = Making(i)
        index = np.concatenate([np.arange(size) + gate * size for gate in order])
        arguments = [
            made.add("getitem", a, index=(index,)) if 1 <= k <= 4 and isinstance(a, Ref) else a
            for k, a in enumerate(i.arguments)
        ]
        there = "".join(names[gate] for gate in order)
        said = f"the gates' order is {there} in {{there}}, {names} in {{here}}"
        yield Edit(said, made.again(*arguments), f"gates in the order {names}")
    for k, word in ((4, "b_hh"), (3, "b_ih")):
        if len(i.arguments) > k and i.arguments[k] is not None:
            said = f"the {'second' if k == 4 else 'first'} bias ({word}) is left out in {{there}}"
            yield Edit(said, with_argument(i, k, None), f"b_ih + b_hh, with {word}")
    for which, word in (((4,), "second bias (b_hh)"), ((3,), "first bias (b_ih)"), ((3, 4), "")):
        if all(len(i.arguments) > k and i.arguments[k] is not None for k in which):
            made, arguments = Making(i), list(i.arguments)
            for k in which:
                arguments[k] = made.add("multiply", i.arguments[k], Const(2.0))
            said = f"the {word} is" if word else "both biases are"
            again = made.again(*arguments)
            yield Edit(f"{said} counted twice in {{there}}", again, "b_ih + b_hh, each once")


@of("avg_pool")
def _pool(i: Instruction, known: Known) -> Iterator[Edit]:  # noqa: ARG001
    here = i.attributes.get("count_include_pad", True)
    said = f"{{there}} {'leaves out' if here else 'counts'} padding in its averages"
    new = replace(i, attributes={**i.attributes, "count_include_pad": not here})
    yield Edit(said, (new,), f"count_include_pad={here}")
    new = replace(i, operation="max_pool", attributes=_without(i, "count_include_pad"))
    yield Edit("{there} has a max pool in place of an average", (new,), "an average pool")


@of("max_pool")
def _max_pool(i: Instruction, known: Known) -> Iterator[Edit]:  # noqa: ARG001
    attributes = {**_without(i, "dilation"), "count_include_pad": False}
    new = replace(i, operation="avg_pool", attributes=attributes)
    yield Edit("{there} has an average pool in place of a maximum", (new,), "a max pool")


def _without(i: Instruction, key: str) -> dict[str, object]:
    return {k: x for k, x in i.attributes.items() if k != key}
